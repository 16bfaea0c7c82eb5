import Foundation
import MTProtoCrypto
public import NIOCore
public import TelegramClient

/// The plaintext of an encrypted file, read at any place: to send it without putting it on a disk.
public final class EncryptedFileReader: UploadSource {
  /// Of the plaintext, in bytes.
  public let size: Int64
  private let input: SealedInput
  private let key: Secret<[UInt8]>

  private init(_ input: SealedInput, key: Secret<[UInt8]>) {
    self.input = input
    self.key = key
    size = input.size
  }

  /// Opens a file and verifies all of it.
  ///
  /// - Parameter keys: of 32 bytes; the one that fits is used.
  /// - Throws: `EncryptedFileError`.
  public static func open(
    _ path: String, keys: [Secret<[UInt8]>]
  ) async throws(EncryptedFileError) -> EncryptedFileReader {
    try await BlockingWork.run { cancellation throws(EncryptedFileError) in
      let input = try SealedInput(path: path)
      for index in input.likelyOrder(of: keys) {
        let key = keys[index]
        if try input.verify(key: key.exposed, cancellation) { return EncryptedFileReader(input, key: key) }
      }
      throw input.explainFailure(keys: keys)
    }
  }

  /// `count` bytes of the plaintext from `offset` on.
  ///
  /// They were verified when the file was opened; who can write to it could have changed them since.
  /// - Throws: `TelegramError.file` when they are not there, or when the file's size has changed; `.cancelled`.
  public func read(count: Int, at offset: Int64) async throws(TelegramError) -> ByteBuffer {
    guard count >= 0, offset >= 0, offset <= size, Int64(count) <= size - offset else {
      throw .file("\(input.file.path): there are no \(count) bytes at \(offset)")
    }
    do {
      return try await BlockingWork.run { _ throws(EncryptedFileError) in try self.readNow(count, offset) }
    } catch {
      if case .cancelled = error { throw .cancelled }
      throw .file("\(error)")
    }
  }

  private func readNow(_ count: Int, _ offset: Int64) throws(EncryptedFileError) -> ByteBuffer {
    var buffer = ByteBuffer()
    var failure: EncryptedFileError?
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
      let bytes = UnsafeMutableRawBufferPointer(rebasing: space.prefix(count))
      do {
        let done = try input.file.read(into: bytes, at: Int64(AESGCM.nonceLength) + offset)
        guard done == count, input.file.hasItsSize else { throw EncryptedFileError.changed(path: input.file.path) }
        try AESGCM.decrypt(bytes, at: offset, key: key.exposed, nonce: input.nonce)
        return count
      } catch {
        failure = EncryptedFileError(error, path: input.file.path)
        return 0
      }
    }
    if let failure { throw failure }
    return buffer
  }
}
