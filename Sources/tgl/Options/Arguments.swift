import ArgumentParser
import Foundation
import TGLCore
import TelegramClient

/// A length of time as people write it: `90m`, `12h`, `30d`, `2w`.
struct AgeArgument: ExpressibleByArgument {
  let seconds: Int64

  init?(argument: String) {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
    guard let unit = argument.last.flatMap({ units[$0] }), argument.dropLast().allSatisfy(\.isASCII),
      let number = Int64(argument.dropLast()), number >= 0
    else { return nil }
    let (seconds, isTooLong) = number.multipliedReportingOverflow(by: unit)
    // 1,000 years: everything measured back from now stays a date.
    guard !isTooLong, seconds <= 31_557_600_000 else { return nil }
    self.seconds = seconds
  }
}

/// A moment as people write it: a date, a date with a time, or how long ago.
struct TimeArgument: ExpressibleByArgument {
  /// Since 1970.
  let seconds: Int64

  init?(argument: String) {
    if let age = AgeArgument(argument: argument) {
      seconds = Int64(Date().timeIntervalSince1970) - age.seconds
      return
    }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.isLenient = false
    for format in ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ssXXXXX"] {
      formatter.dateFormat = format
      if let date = formatter.date(from: argument.replacing(" ", with: "T")) {
        seconds = Int64(date.timeIntervalSince1970)
        return
      }
    }
    return nil
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
