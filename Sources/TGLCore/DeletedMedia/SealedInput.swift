import Foundation
import MTProtoCrypto

/// An encrypted file that is about to be opened: its parts are known, its contents are not verified.
struct SealedInput: Sendable {
  let file: InputFile
  /// Of the plaintext, in bytes.
  let size: Int64
  let nonce: [UInt8]
  let tag: [UInt8]
  /// The first bytes of the ciphertext.
  private let head: [UInt8]
  private let progress: Decryption.Progress?

  /// - Throws: `EncryptedFileError.truncated`, `.tooLarge`, `.system`.
  init(path: String, progress: Decryption.Progress? = nil) throws(EncryptedFileError) {
    self.progress = progress
    file = try InputFile(path: path)
    guard file.size >= EncryptedFile.overhead else { throw .truncated(path: path, size: file.size) }
    size = file.size - Int64(EncryptedFile.overhead)
    guard size <= AESGCM.plaintextLimit else { throw .tooLarge(path: path, size: size) }
    nonce = try file.bytes(AESGCM.nonceLength, at: 0)
    tag = try file.bytes(AESGCM.tagLength, at: file.size - Int64(AESGCM.tagLength))
    head = try file.bytes(Int(min(size, Int64(ContentKind.headLength))), at: Int64(AESGCM.nonceLength))
  }

  /// Decrypts to a file; false when the key does not fit or the file is not what was sealed.
  func open(
    to output: String, key: [UInt8], replacing: Bool, _ cancellation: BlockingWork.Cancellation
  ) throws(EncryptedFileError) -> Bool {
    var result = try AtomicFile(path: output)
    let isOpen = try pass(key: key, cancellation) { bytes throws(EncryptedFileError) in try result.write(bytes) }
    guard isOpen else { return false }
    try result.commit(replacing: replacing, times: file.times)
    return true
  }

  /// Decrypts to a descriptor after a first pass that only verifies.
  func open(
    to descriptor: CInt, name: String, key: [UInt8], _ cancellation: BlockingWork.Cancellation
  ) throws(EncryptedFileError) -> Bool {
    guard try verify(key: key, cancellation) else { return false }
    let isStill = try pass(key: key, cancellation) { bytes throws(EncryptedFileError) in
      try AtomicFile.write(bytes, to: descriptor, name)
    }
    guard isStill else { throw .changed(path: file.path) }
    return true
  }

  /// Whether the key opens the file.
  func verify(key: [UInt8], _ cancellation: BlockingWork.Cancellation) throws(EncryptedFileError) -> Bool {
    try pass(key: key, cancellation) { _ in }
  }

  /// Decrypts all of it, and says in the end whether what `take` got may be believed.
  private func pass(
    key: [UInt8], _ cancellation: BlockingWork.Cancellation,
    take: (UnsafeRawBufferPointer) throws(EncryptedFileError) -> Void
  ) throws(EncryptedFileError) -> Bool {
    let chunk = Chunk()
    defer { chunk.deallocate() }
    file.willReadAll()
    do {
      var opener = try AESGCM.Opener(key: key, nonce: nonce)
      var done: Int64 = 0
      while done < size {
        try cancellation.check()
        let bytes = try chunk.fill(from: file, at: Int64(AESGCM.nonceLength) + done, limit: size - done)
        guard !bytes.isEmpty else { throw EncryptedFileError.changed(path: file.path) }
        try opener.apply(bytes)
        try take(UnsafeRawBufferPointer(bytes))
        done += Int64(bytes.count)
        progress?.add(bytes.count)
      }
      try opener.finish(tag: tag)
      return true
    } catch CryptoError.authenticationFailed {
      return false
    } catch {
      throw EncryptedFileError(error, path: file.path)
    }
  }

  // Counter mode shows the beginning of a file before all of it was read. It proves nothing, so nobody gets to see it;
  // but a beginning that makes sense is a sign that the key is the right one.

  private func beginning(key: [UInt8]) -> [UInt8] {
    var head = head
    let isDecrypted: Void? = try? head.withUnsafeMutableBytes { bytes in
      try AESGCM.decrypt(bytes, at: 0, key: key, nonce: nonce)
    }
    return isDecrypted == nil ? [] : head
  }

  /// The places of `keys`, first those that make sense of the beginning: a large file is to be read once.
  func likelyOrder(of keys: [Secret<[UInt8]>]) -> [Int] {
    guard keys.count > 1 else { return Array(keys.indices) }
    let likely = keys.indices.filter { ContentKind(head: beginning(key: keys[$0].exposed)) != nil }
    return likely + keys.indices.filter { !likely.contains($0) }
  }

  /// Why none of the keys opened the file, as far as its beginning tells.
  func explainFailure(keys: [Secret<[UInt8]>]) -> EncryptedFileError {
    guard file.hasItsSize else { return .changed(path: file.path) }
    if keys.contains(where: { ContentKind(head: beginning(key: $0.exposed)) != nil }) {
      return .damaged(path: file.path)
    }
    let name = (file.path as NSString).lastPathComponent
    return ContentKind.isRecognizable(name: name, size: size)
      ? .wrongKey(path: file.path) : .notAuthentic(path: file.path)
  }
}
