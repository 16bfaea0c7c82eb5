import Glibc
public import NIOCore
public import NIOPosix
import Synchronization

/// A file on disk read at any place, off the event loops and the cooperative threads.
public final class FileReader: UploadSource {
  /// In bytes, when it was opened.
  public let size: Int64
  private let descriptor: CInt
  private let pool: NIOThreadPool

  /// - Throws: `TelegramError.file` for what is no readable regular file.
  public init(path: String, pool: NIOThreadPool = .singleton) throws(TelegramError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .file("\(path): \(String(cString: strerror(errno)))") }
    var information = stat()
    guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .file("\(path): not a regular file")
    }
    self.descriptor = descriptor
    self.pool = pool
    size = Int64(information.st_size)
  }

  deinit { close(descriptor) }

  /// `count` bytes from `offset`; throws when the file has become shorter.
  public func read(count: Int, at offset: Int64) async throws(TelegramError) -> ByteBuffer {
    let outcome: Result<ByteBuffer, TelegramError>
    do {
      outcome = try await pool.runIfActive { [self] in readNow(count: count, at: offset) }
    } catch { throw .file("the file cannot be read: \(error)") }
    return try outcome.get()
  }

  private func readNow(count: Int, at offset: Int64) -> Result<ByteBuffer, TelegramError> {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(count)
    while buffer.readableBytes < count {
      let wanted = count - buffer.readableBytes
      let place = off_t(offset) + off_t(buffer.readableBytes)
      let read = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { space in
        max(pread(descriptor, space.baseAddress, wanted, place), 0)
      }
      guard read > 0 else { return .failure(.file("the file became shorter while it was read")) }
    }
    return .success(buffer)
  }
}
