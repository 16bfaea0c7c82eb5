/// Memory for a stretch of a file on its way through the cipher.
///
/// Whoever allocates it frees it, behind the last use of what it returned.
struct Chunk {
  /// Fits the processor's second cache, and is large enough for a system call to cost nothing.
  static let size = 256 * 1024

  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)

  func deallocate() { memory.deallocate() }

  /// The bytes from `offset` on, at most `limit`; none at the end of the file.
  func fill(
    from input: InputFile, at offset: Int64, limit: Int64
  ) throws(EncryptedFileError) -> UnsafeMutableRawBufferPointer {
    let space = UnsafeMutableRawBufferPointer(rebasing: memory.prefix(Int(min(limit, Int64(Self.size)))))
    let count = try input.read(into: space, at: offset)
    return UnsafeMutableRawBufferPointer(rebasing: space.prefix(count))
  }
}
