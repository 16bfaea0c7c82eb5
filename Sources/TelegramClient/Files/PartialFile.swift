import Glibc
import MTProtoCrypto
import NIOCore
import NIOPosix
import Synchronization

/// A file that grows at its end while its digest is taken, off the event loops and the cooperative threads.
///
/// Its length says how much of it there is: nothing is written anywhere but at the end.
final class PartialFile: Sendable {
  private struct State: ~Copyable {
    var hasher = SHA256()
    /// Everything before it is on disk and in the digest.
    var length: Int64 = 0
    var writeBehind = WriteBehind()
  }

  let path: String
  private let descriptor: CInt
  private let pool: NIOThreadPool
  private let state = Mutex(State())

  /// Opens the file, or makes it, for its owner alone, and keeps what there is of it as far as it is of use.
  ///
  /// Links are not followed, and a file that is being written by somebody else is refused.
  /// - Parameter kept: how many of so many bytes are kept, which go into the digest; the others are cut off.
  static func open(
    _ path: String, pool: NIOThreadPool = .singleton, keeping kept: @escaping @Sendable (_ length: Int64) -> Int64
  ) async throws(DownloadError) -> PartialFile {
    try await offLoad(pool) { () throws(DownloadError) in
      let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
      guard descriptor >= 0 else { throw failure(path) }
      let file = PartialFile(path: path, descriptor: descriptor, pool: pool)
      var information = stat()
      guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
        throw .file("\(path): not a regular file")
      }
      // FAT and CIFS know no modes of single files: what the whole disk has holds.
      guard
        information.st_mode & 0o777 == 0o600 || fchmod(descriptor, 0o600) == 0
          || information.st_uid == geteuid() && [EPERM, EINVAL, ENOTSUP].contains(errno)
      else { throw failure(path) }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .file("\(path): another download writes it") }
      let length = Int64(information.st_size)
      try file.cut(at: min(kept(length), length), of: length)
      return file
    }
  }

  private init(path: String, descriptor: CInt, pool: NIOThreadPool) {
    self.path = path
    self.descriptor = descriptor
    self.pool = pool
  }

  deinit { close(descriptor) }

  /// How much of it there is, in bytes.
  var length: Int64 { state.withLock { $0.length } }

  /// Begins again with nothing.
  func clear() async throws(DownloadError) {
    try await Self.offLoad(pool) { [self] () throws(DownloadError) in try cut(at: 0, of: nil) }
  }

  /// Keeps the first `length` bytes, which go into the digest.
  ///
  /// - Parameter size: what there is; nil where that is not known.
  private func cut(at length: Int64, of size: Int64?) throws(DownloadError) {
    guard size == length || ftruncate(descriptor, off_t(length)) == 0 else { throw Self.failure(path) }
    let outcome: Result<Void, DownloadError> = state.withLock { state in
      state = State()
      if length == 0 { return .success(()) }
      let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
      defer { chunk.deallocate() }
      while state.length < length {
        let wanted = min(chunk.count, Int(length - state.length))
        let count = pread(descriptor, chunk.baseAddress, wanted, off_t(state.length))
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return .failure(count < 0 ? Self.failure(path) : .file("\(path): became shorter")) }
        state.hasher.update(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
        state.length += Int64(count)
      }
      state.writeBehind = WriteBehind(from: state.length)
      return .success(())
    }
    try outcome.get()
  }

  /// Writes parts at the end, one after another.
  func append(_ parts: [ByteBuffer]) async throws(DownloadError) {
    guard !parts.isEmpty else { return }
    try await Self.offLoad(pool) { [self] () throws(DownloadError) in
      let outcome: Result<Void, DownloadError> = state.withLock { state in
        for part in parts {
          let written = part.withUnsafeReadableBytes { write($0, at: state.length) }
          guard case .success = written else { return written }
          part.withUnsafeReadableBytes { state.hasher.update($0) }
          state.length += Int64(part.readableBytes)
        }
        state.writeBehind.wrote(upTo: state.length, to: descriptor)
        return .success(())
      }
      try outcome.get()
    }
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Result<Void, DownloadError> {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return .failure(Self.failure(path)) }
      done += count
    }
    return .success(())
  }

  /// Makes everything durable and ends the digest.
  func finish() async throws(DownloadError) -> DownloadedFile {
    try await Self.offLoad(pool) { [self] () throws(DownloadError) in
      guard fsync(descriptor) == 0 else { throw Self.failure(path) }
      return state.withLock { state in
        let size = state.length
        let hasher = exchange(&state.hasher, with: SHA256())
        return DownloadedFile(size: size, sha256: hasher.finish())
      }
    }
  }

  private static func failure(_ path: String) -> DownloadError {
    switch errno {
    case ENOSPC, EDQUOT: .diskFull(path: path)
    case let code: .file("\(path): \(String(cString: strerror(code)))")
    }
  }

  private static func offLoad<Value: Sendable>(
    _ pool: NIOThreadPool, _ body: @escaping @Sendable () throws(DownloadError) -> Value
  ) async throws(DownloadError) -> Value {
    let outcome: Result<Value, DownloadError>
    do {
      outcome = try await pool.runIfActive {
        do throws(DownloadError) { return .success(try body()) } catch { return .failure(error) }
      }
    } catch { throw .file("no thread for the file: \(error)") }
    return try outcome.get()
  }
}
