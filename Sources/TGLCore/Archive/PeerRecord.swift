public import TelegramClient

/// What a chat or an account is, as far as notices and settings tell them apart.
public enum PeerType: String, Sendable, Codable, CaseIterable {
  case user, bot
  /// A basic group.
  case group
  case supergroup
  /// A broadcast channel.
  case channel

  /// The type of a message's chat without looking it up: bots count as users.
  init(chatOf message: MessageRecord) {
    switch message.chat.kind {
    case .user: self = .user
    case .basicGroup: self = .group
    case .channel: self = message.isPost ? .channel : .supergroup
    }
  }
}

/// A user, bot, group or channel as it was last seen.
public struct PeerRecord: Sendable, Hashable {
  public var id: PeerID
  public var type: PeerType
  /// Nil when not known; basic groups need none.
  public var accessHash: Int64?
  /// Seen only in passing: its access hash is good only together with the message it was seen in.
  ///
  /// Source: "Min constructors", core.telegram.org/api/min.
  public var isMin: Bool
  /// Without "@".
  public var username: String?
  /// International, digits only.
  public var phone: String?
  public var firstName: String?
  public var lastName: String?
  /// Of groups and channels.
  public var title: String?
  public var noforwards: Bool
  public var isForum: Bool

  public init(
    id: PeerID, type: PeerType, accessHash: Int64? = nil, isMin: Bool = false, username: String? = nil,
    phone: String? = nil, firstName: String? = nil, lastName: String? = nil, title: String? = nil,
    noforwards: Bool = false, isForum: Bool = false
  ) {
    self.id = id
    self.type = type
    self.accessHash = accessHash
    self.isMin = isMin
    self.username = username
    self.phone = phone
    self.firstName = firstName
    self.lastName = lastName
    self.title = title
    self.noforwards = noforwards
    self.isForum = isForum
  }

  /// The title, or first and last name; nil when there is neither.
  public var name: String? {
    if let title { return title }
    let name = [firstName, lastName].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " ")
    return name.isEmpty ? nil : name
  }
}
