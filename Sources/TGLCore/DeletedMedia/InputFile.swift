// See FileStatus.swift.
import CDispatch
import Foundation

/// A regular file that is read from its beginning, or at any place.
final class InputFile: Sendable {
  let path: String
  let descriptor: CInt
  let size: Int64
  let times: FileTimes
  private let isOwned: Bool

  init(path: String) throws(EncryptedFileError) {
    // A pipe must be refused, not waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .last("open", path) }
    let information: stat
    do throws(EncryptedFileError) { information = try Self.information(descriptor, path) } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
    isOwned = true
    size = Int64(information.st_size)
    times = FileTimes(information)
  }

  /// A file that somebody else has opened and closes; `path` is what it is called in errors.
  init(descriptor: CInt, path: String) throws(EncryptedFileError) {
    let information = try Self.information(descriptor, path)
    self.path = path
    self.descriptor = descriptor
    isOwned = false
    size = Int64(information.st_size)
    times = FileTimes(information)
  }

  deinit { if isOwned { close(descriptor) } }

  private static func information(_ descriptor: CInt, _ path: String) throws(EncryptedFileError) -> stat {
    var information = stat()
    guard fstat(descriptor, &information) == 0 else { throw .last("read", path) }
    guard information.st_mode & S_IFMT == S_IFREG else {
      let isFolder = information.st_mode & S_IFMT == S_IFDIR
      throw .system(path: path, operation: "read", reason: SystemReason.of(isFolder ? EISDIR : EINVAL))
    }
    return information
  }

  /// Says that the file is going to be read from beginning to end.
  func willReadAll() { posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL) }

  /// Fills `buffer` from `offset` on; fewer bytes only at the end of the file.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(EncryptedFileError) -> Int {
    var done = 0
    while done < buffer.count {
      let space = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(descriptor, space.baseAddress, space.count, off_t(offset) + off_t(done))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .last("read", path) }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// `count` bytes from `offset` on, which must be there.
  func bytes(_ count: Int, at offset: Int64) throws(EncryptedFileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let outcome = bytes.withUnsafeMutableBytes { buffer -> Result<Int, EncryptedFileError> in
      do throws(EncryptedFileError) { return .success(try self.read(into: buffer, at: offset)) } catch {
        return .failure(error)
      }
    }
    guard try outcome.get() == count else { throw .changed(path: path) }
    return bytes
  }

  /// Whether the file still has the size it had when it was opened.
  var hasItsSize: Bool {
    var information = stat()
    return fstat(descriptor, &information) == 0 && Int64(information.st_size) == size
  }
}
