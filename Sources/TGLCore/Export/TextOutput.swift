import Foundation

/// Text on its way to a file or a pipe, gathered into large writes.
final class TextOutput {
  private static let chunk = 256 * 1024

  /// What is not written yet; add to it, then call `flushIfFull` now and then.
  var text = TextBuffer()
  private let path: String
  private let descriptor: CInt
  private var file: AtomicFile?

  /// A file that appears when it is finished.
  init(path: String) throws(EncryptedFileError) {
    self.path = path
    let file = try AtomicFile(path: path)
    descriptor = file.descriptor
    self.file = consume file
    text.reserve(Self.chunk + 64 * 1024)
  }

  /// What somebody else has opened.
  init(descriptor: CInt, name: String) {
    path = name
    self.descriptor = descriptor
    text.reserve(Self.chunk + 64 * 1024)
  }

  func flushIfFull() throws(EncryptedFileError) {
    if text.count >= Self.chunk { try flush() }
  }

  private func flush() throws(EncryptedFileError) {
    try AtomicFile.write(text.bytes, to: descriptor, path)
    text.clear()
  }

  /// Writes the rest, and gives the file its name.
  func finish(replacing: Bool, flushes: Bool = true) throws(EncryptedFileError) {
    try flush()
    if let file = file.take() { try file.commit(replacing: replacing, flushes: flushes) }
  }
}

/// UTF-8 text that grows at its end.
struct TextBuffer {
  private(set) var bytes: [UInt8] = []

  var count: Int { bytes.count }
  var string: String { String(decoding: bytes, as: UTF8.self) }

  mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }
  mutating func clear() { bytes.removeAll(keepingCapacity: true) }
  mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
  mutating func append(_ byte: UInt8) { bytes.append(byte) }
  mutating func append(_ other: TextBuffer) { bytes.append(contentsOf: other.bytes) }
  mutating func append(_ other: some Sequence<UInt8>) { bytes.append(contentsOf: other) }

  /// Adds the text with some of its bytes, which must be ASCII, replaced.
  @inline(__always)
  mutating func append(_ text: String, replacing replacement: (UInt8) -> StaticString?) {
    var text = text
    text.withUTF8 { utf8 in
      var start = 0
      for (index, byte) in utf8.enumerated() {
        guard let other = replacement(byte) else { continue }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<index]))
        bytes.append(contentsOf: UnsafeBufferPointer(start: other.utf8Start, count: other.utf8CodeUnitCount))
        start = index + 1
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start...]))
    }
  }
}
