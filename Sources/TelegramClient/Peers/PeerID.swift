/// A user, basic group or channel by its Bot-API style id: the number alone tells which of the three it is.
///
/// Users are positive, basic groups negative, channels and supergroups -1000000000001 and below.
/// Source: "Bot API dialog IDs", core.telegram.org/api/bots/ids.
public struct PeerID: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case user
    case basicGroup
    /// A broadcast channel, supergroup, gigagroup or monoforum.
    case channel
  }

  /// The Bot-API style id; never 0, always in one of the documented ranges.
  public let rawValue: Int64
  public let kind: Kind

  /// Nil for 0 and for numbers outside the documented ranges, among them those of secret chats.
  public init?(rawValue: Int64) {
    switch rawValue {
    case Self.users: kind = .user
    case Self.basicGroups: kind = .basicGroup
    case Self.channels, Self.monoforums: kind = .channel
    default: return nil
    }
    self.rawValue = rawValue
  }

  /// The peer the schema calls by `kind` and `bareID`; nil when Telegram gives no such id to that kind.
  public init?(kind: Kind, bareID: Int64) {
    guard bareID > 0, bareID <= Self.largestBareID else { return nil }
    let rawValue =
      switch kind {
      case .user: bareID
      case .basicGroup: -bareID
      case .channel: Self.channelOffset - bareID
      }
    self.init(rawValue: rawValue)
    guard self.kind == kind else { return nil }
  }

  /// The schema's `user_id`, `chat_id` or `channel_id`; positive.
  public var bareID: Int64 {
    switch kind {
    case .user: rawValue
    case .basicGroup: -rawValue
    case .channel: Self.channelOffset - rawValue
    }
  }

  public static func user(_ id: Int64) -> PeerID? { PeerID(kind: .user, bareID: id) }
  public static func basicGroup(_ id: Int64) -> PeerID? { PeerID(kind: .basicGroup, bareID: id) }
  public static func channel(_ id: Int64) -> PeerID? { PeerID(kind: .channel, bareID: id) }

  private static let channelOffset: Int64 = -1_000_000_000_000
  private static let largestBareID: Int64 = 3_000_000_000_000
  private static let users: ClosedRange<Int64> = 1...0xFF_FFFF_FFFF
  private static let basicGroups: ClosedRange<Int64> = -999_999_999_999 ... -1
  private static let channels: ClosedRange<Int64> = -1_997_852_516_352 ... -1_000_000_000_001
  private static let monoforums: ClosedRange<Int64> = -4_000_000_000_000 ... -2_002_147_483_649
}

extension PeerID: Comparable {
  public static func < (left: PeerID, right: PeerID) -> Bool { left.rawValue < right.rawValue }
}

extension PeerID: CustomStringConvertible {
  public var description: String { String(rawValue) }
}

extension PeerID: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let number = try container.decode(Int64.self)
    guard let peer = PeerID(rawValue: number) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(number) is no id of a Telegram peer")
    }
    self = peer
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}
