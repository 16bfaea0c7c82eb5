import Synchronization
import TelegramClient

/// The users notices name, of whom it is mostly the same ones.
///
/// An access hash is good for as long as the session: it is looked up once. Where a user was met changes, and is not kept.
final class KnownUsers: Sendable {
  private let archive: Archive
  private let known = Mutex<[Int64: UserReference]>([:])
  /// Users that are kept, at most.
  private static let limit = 1_000

  init(archive: Archive) { self.archive = archive }

  /// How users can be named, by their bare ids, as far as it is known.
  ///
  /// - Parameter chat: where users were met whose access hash is not good by itself.
  func references(to users: Set<Int64>, metIn chat: PeerID?) async -> [Int64: UserReference] {
    var references: [Int64: UserReference] = [:]
    known.withLock { known in for user in users { references[user] = known[user] } }
    let rest = users.subtracting(references.keys)
    // A mention that cannot be looked up is no reason not to post the text.
    guard !rest.isEmpty, let found = try? await archive.references(toUsers: rest, metIn: chat) else {
      return references
    }
    references.merge(found) { $1 }
    known.withLock { known in
      if known.count + found.count > Self.limit { known.removeAll() }
      for case (let user, .accessHash(let hash)) in found { known[user] = .accessHash(hash) }
    }
    return references
  }
}
