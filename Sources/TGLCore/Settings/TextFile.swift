import Foundation
import MTProtoCrypto

/// Reads the small text files that settings name: also pipes and devices, as in `--env-file <(decrypt tgl.env)`.
enum TextFile {
  /// Why there is no text, as it follows the file's name in a sentence; what a person can act on.
  struct Failure: Error { let reason: String }

  /// Bytes; more is no file of settings or keys.
  static let largest = 1 << 20

  /// - Parameter isSecret: whether a file that every user of the machine can read is refused, and nothing of what is
  ///   read stays in memory but the result.
  static func read(_ path: String, isSecret: Bool = false) throws(Failure) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(reason: "cannot be read: \(systemReason())") }
    defer { close(descriptor) }
    if isSecret, let remedy = FilePrivacy.remedy(for: descriptor, path: path, allowed: 0o770) {
      throw Failure(reason: "can be read by every user of this machine; \(remedy)")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    defer {
      if isSecret {
        wipe(&bytes)
        wipe(&chunk)
      }
    }
    while true {
      let count = chunk.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Failure(reason: "cannot be read: \(systemReason())") }
      guard count > 0 else { break }
      bytes += chunk[..<count]
      guard bytes.count <= largest else {
        throw Failure(reason: "cannot be read: it is larger than \(largest >> 20) MiB")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(reason: "cannot be read: it is not UTF-8 text")
    }
    return text
  }

  private static func systemReason() -> String {
    let text = String(cString: strerror(errno))
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}
