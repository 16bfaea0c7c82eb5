import ArgumentParser
import TGLCore
import TelegramClient

/// A length of time as people write it: `90m`, `12h`, `30d`, `2w`.
struct AgeArgument: ExpressibleByArgument {
  let seconds: Int64

  init?(argument: String) {
    guard let seconds = MomentText.age(argument) else { return nil }
    self.seconds = seconds
  }
}

/// A moment as people write it: a date, a date with a time, or how long ago.
struct TimeArgument: ExpressibleByArgument {
  /// Since 1970.
  let seconds: Int64

  init?(argument: String) {
    guard let seconds = MomentText.parse(argument) else { return nil }
    self.seconds = seconds
  }

  static let accepts = "2026-11-23, 2026-11-23T10:00, or how long ago, as in 7d"
}

/// A chat or person, by id or @name.
struct PeerArgument: ExpressibleByArgument {
  let text: String
  let reference: PeerReference

  init?(argument: String) {
    guard let reference = PeerReference(argument) else { return nil }
    text = argument
    self.reference = reference
  }
}

/// A chat that is not in the archive.
struct UnknownPeer: Error, CustomStringConvertible {
  let text: String
  var description: String { "'\(text)' was never seen; give its id" }
}

extension Archive {
  func resolve(_ arguments: [PeerArgument]) async throws -> Set<PeerID> {
    var peers: Set<PeerID> = []
    for argument in arguments {
      guard let peer = try await resolve(argument.reference) else { throw UnknownPeer(text: argument.text) }
      peers.insert(peer)
    }
    return peers
  }
}
