public import Foundation
import MTProto
import TL
public import TelegramClient

/// Something that failed for good, or could not be read, while everything else went on.
///
/// It is looked at again later: after a while, when a version of this program starts that knows a newer layer of
/// Telegram's schema, or when its scope is heard of again.
public struct SetAside: Sendable, Hashable {
  /// What it is; the words stand in the archive and in `/metrics`.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The updates of a scope: its difference is refused.
    case updates
    /// A message or update that cannot be read, kept as it came.
    case object
    /// Earlier messages of a chat, or messages of a gap.
    case history
    /// The comparison of stored messages with Telegram's.
    case comparison
    case file
    case link
    case post
  }

  /// The words for people, as in "updates of Team (-100600)".
  public static let nouns: [Kind: String] = [
    .updates: "updates", .object: "unreadable message", .history: "history", .comparison: "comparison", .file: "file",
    .link: "link", .post: "notice",
  ]

  public var kind: Kind
  public var scope: MessageScope = .common
  public var chat: PeerID?
  public var message: Int64?
  public var pts: Int32?
  /// Why, in the server's words or ours.
  public var reason: String
  /// When it was set aside first, in seconds since 1970.
  public var since: Int64
  /// When it is looked at again, in seconds since 1970.
  public var lookAgainAt: Int64
  /// How often it has failed.
  public var attempts = 1
  /// The layer of the schema it was looked at with last.
  public var layer: Int64
  /// The bytes as they came; nil when there are none, or more than are kept.
  public var raw: Data?

  /// The layer of Telegram's schema that this program knows.
  public static let knownLayer = Int64(API.layer)
  /// How long something that was set aside is left alone.
  public static let rest: Int64 = 86_400
  /// Bytes of a reason that are kept; a server may say anything.
  static let maximumReason = 500
  /// Bytes of one object that are kept.
  public static let maximumBytes = 1 << 20
  /// Bytes of all objects together.
  public static let maximumTotalBytes: Int64 = 64 << 20
  /// Rows; the oldest go first.
  public static let maximumRows = 10_000

  public init(
    kind: Kind, scope: MessageScope = .common, chat: PeerID? = nil, message: Int64? = nil, pts: Int32? = nil,
    reason: String, now: Int64, layer: Int64 = Self.knownLayer, raw: Data? = nil
  ) {
    self.kind = kind
    self.scope = scope
    self.chat = chat
    self.message = message
    self.pts = pts
    self.reason = reason
    since = now
    lookAgainAt = now.addingReportingOverflow(Self.rest).partialValue
    self.layer = layer
    self.raw = raw
  }
}

/// What is set aside, for whoever watches the service.
public struct SetAsideSummary: Sendable, Hashable {
  /// One row, in words.
  public struct Entry: Sendable, Hashable {
    public var kind: SetAside.Kind
    public var scope: MessageScope
    /// The chat it is about; for updates of a channel that channel.
    public var chat: PeerID?
    public var title: String?
    public var reason: String
  }

  /// How many entries are named; the others are only counted.
  static let named = 5

  public var counts: [SetAside.Kind: Int] = [:]
  public var bytes: Int64 = 0
  /// The newest, at most five.
  public var entries: [Entry] = []

  public var total: Int { counts.values.reduce(0, +) }

  /// For people, a reason each.
  public var reasons: [String] {
    var reasons = entries.map { entry in
      let noun = SetAside.nouns[entry.kind] ?? entry.kind.rawValue
      return "set aside: \(noun) of \(Self.name(entry)): \(entry.reason)"
    }
    if total > entries.count { reasons.append("set aside: \(total - entries.count) more") }
    return reasons
  }

  private static func name(_ entry: Entry) -> String {
    guard let chat = entry.chat else { return "private chats and basic groups" }
    return entry.title.map { "\($0) (\(chat))" } ?? "\(chat)"
  }
}

extension MessageScope {
  /// Nil for private chats and basic groups.
  var channel: PeerID? { if case .channel(let id) = self { id } else { nil } }
}

extension PeerID {
  init?(_ peer: UnreadableMessage.Peer) {
    let id =
      switch peer {
      case .user(let id): PeerID.user(id)
      case .group(let id): PeerID.basicGroup(id)
      case .channel(let id): PeerID.channel(id)
      }
    guard let id else { return nil }
    self = id
  }
}
