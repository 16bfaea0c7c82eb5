/// A data centre as a session file keeps it: where it was last reached, and the key agreed with it.
public struct StoredDC: Sendable, Hashable {
  public var id: Int
  /// An IP address, or a host name.
  public var host: String
  public var port: Int
  /// The 256 bytes of the authorization key; nil when none has been agreed.
  public var authKey: [UInt8]?

  public init(id: Int, host: String, port: Int, authKey: [UInt8]? = nil) {
    self.id = id
    self.host = host
    self.port = port
    self.authKey = authKey
  }
}

extension StoredDC: CustomStringConvertible, CustomReflectable {
  public var customMirror: Mirror { Mirror(self, children: []) }
  /// Never shows the key.
  public var description: String { "DC\(id) \(host):\(port)\(authKey == nil ? "" : ", with a key")" }
}

/// The salt and the clock correction that were right when last heard of.
public struct StoredSessionHint: Sendable, Hashable {
  public var dc: Int
  public var salt: Int64
  /// Server time minus local time.
  public var timeOffset: Duration

  public init(dc: Int, salt: Int64, timeOffset: Duration) {
    self.dc = dc
    self.salt = salt
    self.timeOffset = timeOffset
  }
}

/// A peer the account has met: what is needed to address it, and to name it.
public struct StoredEntity: Sendable, Hashable {
  public var id: PeerID
  /// 0 for basic groups, which need none.
  public var accessHash: Int64
  /// Without "@".
  public var username: String?
  /// International, digits only.
  public var phone: String?
  public var name: String?
  /// When it was last seen in an answer, in seconds since 1970.
  public var date: Int64?

  public init(
    id: PeerID, accessHash: Int64, username: String? = nil, phone: String? = nil, name: String? = nil,
    date: Int64? = nil
  ) {
    self.id = id
    self.accessHash = accessHash
    self.username = username
    self.phone = phone
    self.name = name
    self.date = date
  }
}
