public import NIOCore

/// What an upload reads from: a file, or what is made of one on the way, such as its decrypted form.
public protocol UploadSource: Sendable {
  /// In bytes; does not change.
  var size: Int64 { get }
  /// Exactly `count` bytes from `offset`, which lie within `size`; asked for several places at a time.
  ///
  /// - Throws: `TelegramError.file`.
  func read(count: Int, at offset: Int64) async throws(TelegramError) -> ByteBuffer
}
