import Glibc
import MTProtoCrypto
import NIOCore
import NIOPosix
import Synchronization

/// A file that grows at its end, and what it has come to.
///
/// What touches the disk runs on threads that may wait.
final class PartialFile: Sendable {
  let path: String
  private let descriptor: CInt
  private let pool: NIOThreadPool
  private let state: Mutex<State>

  private struct State: ~Copyable {
    var hasher: SHA256? = SHA256()
    var length: Int64 = 0
  }

  /// Opens the file, or makes one that only its owner can read.
  init(path: String, pool: NIOThreadPool = .singleton) throws(DownloadError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw .file("\(path): \(String(cString: strerror(errno)))") }
    self.path = path
    self.descriptor = descriptor
    self.pool = pool
    state = Mutex(State())
  }

  deinit { close(descriptor) }

  /// In bytes, as an earlier attempt left it.
  func presentSize() throws(DownloadError) -> Int64 {
    var information = stat()
    guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      throw .file("\(path): not a regular file")
    }
    return Int64(information.st_size)
  }

  /// Begins the digest anew, for `keep`.
  func restart(keeping length: Int64) async throws(DownloadError) {
    state.withLock { $0 = State() }
    try await keep(length)
  }

  /// Keeps the first `length` bytes, and reads them for the digest.
  func keep(_ length: Int64) async throws(DownloadError) {
    try await run { file throws(DownloadError) in
      guard ftruncate(file.descriptor, off_t(length)) == 0 else { throw file.failure() }
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
      defer { buffer.deallocate() }
      var offset: Int64 = 0
      while offset < length {
        let wanted = min(buffer.count, Int(length - offset))
        let count = pread(file.descriptor, buffer.baseAddress, wanted, off_t(offset))
        guard count > 0 else { throw file.failure() }
        file.note(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        offset += Int64(count)
      }
    }
  }

  func append(_ bytes: ByteBuffer) async throws(DownloadError) {
    try await run { file throws(DownloadError) in
      let place = file.state.withLock { $0.length }
      let outcome: Result<Void, DownloadError> = bytes.withUnsafeReadableBytes { data in
        var done = 0
        while done < data.count {
          let rest = UnsafeRawBufferPointer(rebasing: data[done...])
          let count = pwrite(file.descriptor, rest.baseAddress, rest.count, off_t(place) + off_t(done))
          if count < 0, errno == EINTR { continue }
          guard count > 0 else { return .failure(file.failure()) }
          done += count
        }
        file.note(data)
        return .success(())
      }
      try outcome.get()
    }
  }

  /// Makes it last; nothing may be appended afterwards.
  func finish() async throws(DownloadError) -> DownloadedFile {
    try await run { file throws(DownloadError) in
      guard fsync(file.descriptor) == 0 else { throw file.failure() }
      return file.state.withLock { state in
        let digest = state.hasher.take()?.finish() ?? []
        return DownloadedFile(size: state.length, sha256: digest)
      }
    }
  }

  private func note(_ data: UnsafeRawBufferPointer) {
    state.withLock { state in
      state.hasher?.update(data)
      state.length += Int64(data.count)
    }
  }

  private func failure() -> DownloadError {
    switch errno {
    case ENOSPC, EDQUOT: .diskFull(path: path)
    default: .file("\(path): \(String(cString: strerror(errno)))")
    }
  }

  private func run<T: Sendable>(
    _ body: @escaping @Sendable (PartialFile) throws(DownloadError) -> T
  ) async throws(DownloadError) -> T {
    let outcome: Result<T, DownloadError>
    do {
      outcome = try await pool.runIfActive { [self] in
        do throws(DownloadError) { return .success(try body(self)) } catch { return .failure(error) }
      }
    } catch { throw .file("\(path): \(error)") }
    return try outcome.get()
  }
}
