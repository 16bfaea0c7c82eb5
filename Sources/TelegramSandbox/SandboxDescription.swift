/// How to reach a running sandbox, and who and what is in it: the JSON that `tgl-sandbox serve` prints.
public struct SandboxDescription: Codable, Sendable {
  public struct DataCenter: Codable, Sendable {
    public var id: Int32
    public var host: String
    public var port: Int
  }

  public struct User: Codable, Sendable {
    public var name: String
    public var id: Int64
    /// With `+`.
    public var phone: String
    public var code: String
    /// The two-factor password, if the account has one.
    public var password: String?

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(id, forKey: .id)
      try container.encode(phone, forKey: .phone)
      try container.encode(code, forKey: .code)
      // null rather than nothing: a script can ask without knowing who has one.
      try container.encode(password, forKey: .password)
    }
  }

  public var dcs: [DataCenter]
  /// The CDN data centre, which has a key of its own.
  public var cdn: DataCenter?
  public var homeDC: Int32
  /// Path of the servers' public key in PEM.
  public var rsaPublicKey: String
  public var apiID: Int32
  public var apiHash: String
  public var users: [User]
  /// Bot API ids.
  public var logChatID: Int64
  public var groupID: Int64
  public var supergroupID: Int64
  public var channelID: Int64
  /// Bot API ids of what else the scenario has, by name.
  public var others: [String: Int64]
  /// Address of the control server.
  public var control: String

  enum CodingKeys: String, CodingKey {
    case dcs, cdn, users, others, control
    case homeDC = "home_dc"
    case rsaPublicKey = "rsa_public_key"
    case apiID = "api_id"
    case apiHash = "api_hash"
    case logChatID = "log_chat_id"
    case groupID = "group_id"
    case supergroupID = "supergroup_id"
    case channelID = "channel_id"
  }
}
