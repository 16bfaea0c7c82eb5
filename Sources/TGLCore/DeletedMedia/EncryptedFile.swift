import Foundation
import MTProtoCrypto

/// The files of `media_deleted/` that only the holder of the key can read.
///
/// A 12-byte random nonce, the ciphertext, a 16-byte tag; AES-256-GCM without associated data, as the Python service
/// wrote them. Memory stays the same whatever a file's size.
public enum EncryptedFile {
  /// What encryption adds to a file, in bytes.
  public static let overhead = AESGCM.nonceLength + AESGCM.tagLength
  /// What an encrypted file's name ends with.
  public static let suffix = ".enc"

  /// What is encrypted.
  public enum Input: Sendable {
    case path(String)
    /// An open regular file, read from its beginning; `name` is what it is called in errors.
    case descriptor(CInt, name: String)
  }

  /// Where the plaintext of a file that has been opened goes.
  public enum Output: Sendable {
    case path(String)
    /// An open file or pipe, which gets nothing before the whole input was verified; the plaintext is on no disk.
    case descriptor(CInt, name: String)
  }

  /// Encrypts a file.
  ///
  /// The output appears under its name when it is complete and on disk, readable by its owner only, with the times of
  /// the input.
  /// - Parameters:
  ///   - key: 32 bytes.
  ///   - replacing: whether a file that has the output's name may be replaced.
  /// - Returns: the size of the plaintext, in bytes.
  /// - Throws: `EncryptedFileError`.
  @discardableResult
  public static func seal(
    _ input: Input, to output: String, key: Secret<[UInt8]>, replacing: Bool = false
  ) async throws(EncryptedFileError) -> Int64 {
    // A nonce may be used once with a key; 96 random bits suffice for 2^32 files (NIST SP 800-38D, 8.3).
    var generator = SystemRandomNumberGenerator()
    let nonce = (0..<AESGCM.nonceLength).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    return try await BlockingWork.run { cancellation throws(EncryptedFileError) in
      let file =
        switch input {
        case .path(let path): try InputFile(path: path)
        case .descriptor(let descriptor, let name): try InputFile(descriptor: descriptor, path: name)
        }
      return try seal(file, to: output, key: key.exposed, nonce: nonce, replacing: replacing, cancellation)
    }
  }

  private static func seal(
    _ input: InputFile, to output: String, key: [UInt8], nonce: [UInt8], replacing: Bool,
    _ cancellation: BlockingWork.Cancellation
  ) throws(EncryptedFileError) -> Int64 {
    guard input.size <= AESGCM.plaintextLimit else { throw .tooLarge(path: input.path, size: input.size) }
    try refuseExisting(output, replacing)
    var file = try AtomicFile(path: output)
    let chunk = Chunk()
    defer { chunk.deallocate() }
    try file.write(nonce)
    input.willReadAll()
    var size: Int64 = 0
    do {
      var sealer = try AESGCM.Sealer(key: key, nonce: nonce)
      while true {
        try cancellation.check()
        let bytes = try chunk.fill(from: input, at: size, limit: .max)
        if bytes.isEmpty { break }
        size += Int64(bytes.count)
        guard size <= AESGCM.plaintextLimit else {
          throw EncryptedFileError.tooLarge(path: input.path, size: size)
        }
        try sealer.apply(bytes)
        try file.write(UnsafeRawBufferPointer(bytes))
      }
      try file.write(try sealer.finish())
    } catch { throw EncryptedFileError(error, path: input.path) }
    try file.commit(replacing: replacing, times: input.times)
    return size
  }

  /// Decrypts a file.
  ///
  /// Until its tag was verified the plaintext is in a temporary file beside the output, or nowhere when the output is a
  /// descriptor; then it appears as `seal`'s output does.
  /// - Parameters:
  ///   - keys: of 32 bytes, the likeliest first: the one that fits is used.
  ///   - replacing: whether a file that has the output's name may be replaced.
  ///   - progress: counts what is read.
  /// - Returns: which key fitted, and the size of the plaintext in bytes.
  /// - Throws: `EncryptedFileError`.
  @discardableResult
  public static func open(
    _ path: String, to output: Output, keys: [Secret<[UInt8]>], replacing: Bool = false,
    progress: Decryption.Progress? = nil
  ) async throws(EncryptedFileError) -> (key: Int, size: Int64) {
    try await BlockingWork.run { cancellation throws(EncryptedFileError) in
      let sealed = try SealedInput(path: path, progress: progress)
      if case .path(let path) = output { try refuseExisting(path, replacing) }
      for index in sealed.likelyOrder(of: keys) {
        let key = keys[index].exposed
        let isOpen =
          switch output {
          case .path(let path): try sealed.open(to: path, key: key, replacing: replacing, cancellation)
          case .descriptor(let descriptor, let name):
            try sealed.open(to: descriptor, name: name, key: key, cancellation)
          }
        if isOpen { return (index, sealed.size) }
      }
      throw sealed.explainFailure(keys: keys)
    }
  }

  /// Reads all of a file and says which of the keys opens it; nothing is written.
  ///
  /// - Throws: `EncryptedFileError` when none does.
  public static func verify(_ path: String, keys: [Secret<[UInt8]>]) async throws(EncryptedFileError) -> Int {
    try await BlockingWork.run { cancellation throws(EncryptedFileError) in
      let sealed = try SealedInput(path: path)
      for index in sealed.likelyOrder(of: keys) {
        if try sealed.verify(key: keys[index].exposed, cancellation) { return index }
      }
      throw sealed.explainFailure(keys: keys)
    }
  }

  /// Says early what `AtomicFile.commit` would say at the end.
  static func refuseExisting(_ path: String, _ replacing: Bool) throws(EncryptedFileError) {
    if !replacing, FileStatus(path, followingLinks: false) != nil { throw .outputExists(path: path) }
  }
}
