import Foundation
import MTProtoCrypto

/// Digests of files, in hexadecimal.
enum FileHash {
  /// - Throws: `ArchiveError`.
  static func sha256(of path: String) throws(ArchiveError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ArchiveError(errno: errno, path: path) }
    defer { close(descriptor) }
    var hash = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count >= 0 || errno == EINTR else { throw ArchiveError(errno: errno, path: path) }
      if count == 0 { break }
      buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0.prefix(max(count, 0)))) }
    }
    return hexadecimal(hash.finish())
  }

  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0\(digits)" : digits
    }.joined()
  }
}
