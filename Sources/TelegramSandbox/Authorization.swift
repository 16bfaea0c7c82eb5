import TL

/// An auth key of a data centre: keys of the same id on two data centres are two keys.
struct AuthKeyAddress: Hashable, Sendable {
  let dc: Int32
  let id: Int64
}

/// What a data centre knows about an auth key.
struct Authorization: Sendable {
  struct Device: Sendable {
    let apiID: Int32
    var model = ""
    var systemVersion = ""
    var appVersion = ""
  }

  /// Unix time.
  let createdAt: Int32
  var activeAt: Int32 = 0
  var layer: Int32 = 0
  var device: Device?
  /// Who is signed in.
  var user: Int64?
  /// Who has entered the code and must still prove the password.
  var passwordUser: Int64?
  /// Ended from elsewhere: every call is answered SESSION_REVOKED.
  var isRevoked = false
  /// The password check under way, by its id.
  var passwordChecks: [Int64: PasswordCheck] = [:]

  init(createdAt: Int32) { self.createdAt = createdAt }
}

/// A sign-in code on its way.
struct SentCode: Sendable {
  enum Delivery: Sendable { case app, sms, call }

  let hash: String
  let code: String
  var delivery: Delivery
  /// Unix time.
  let expires: Int32
}

/// What a QR code stands for: a device that waits to be let in.
struct LoginToken: Sendable {
  /// Who waits; only there, and once accepted on the account's own data centre, is the token of any use.
  let key: AuthKeyAddress
  /// Unix time.
  let expires: Int32
  var acceptedBy: Int64?
}

/// An authorization that another data centre may take over.
struct ExportedAuthorization: Sendable {
  let user: Int64
  let dc: Int32
}
