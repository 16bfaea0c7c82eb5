/// A person of the sandbox.
struct Account: Sendable {
  let id: Int64
  /// The name the control address knows the account by.
  let name: String
  var firstName: String
  var lastName: String?
  var username: String?
  /// Digits without `+`.
  let phone: String
  let code: String
  var password: AccountPassword?
  var contacts: Set<Int64> = []
  var box = MessageBox()
  /// Highest read id a conversation, in the numbers of this account's box (a channel's own numbers for channels).
  var readInbox: [PeerKey: Int32] = [:]
  var readOutbox: [PeerKey: Int32] = [:]
  /// Unix time until which the account counts as online.
  var onlineUntil: Int32 = 0
  var lastSeen: Int32 = 0
  /// `random_id` of what the account has sent.
  var sentRandomIDs: Set<Int64> = []
}

/// A two-factor password as the server keeps it: never the password itself.
struct AccountPassword: Sendable {
  var plain: String
  var hint: String
  var salt1: [UInt8]
  var salt2: [UInt8]
  var verifier: [UInt8]
}
