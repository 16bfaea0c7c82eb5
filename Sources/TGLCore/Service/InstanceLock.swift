import Foundation

/// Holds a data directory for one `tgl run`; let go when the value is, or the process ends however it ends.
public final class InstanceLock: Sendable {
  private let descriptor: Int32

  /// - Throws: `DataRootError.inUse` when another process holds it.
  public init(_ root: DataRoot) throws(DataRootError) {
    let descriptor = open(root.lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw DataRootError(errno: errno, path: root.lockFile) }
    // Not lockf(3): its locks end when any descriptor of the file is closed, and do not keep out the own process.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      var bytes = [UInt8](repeating: 0, count: 32)
      let count = read(descriptor, &bytes, bytes.count)
      close(descriptor)
      guard reason == EWOULDBLOCK else {
        throw .unusable(path: root.lockFile, reason: String(cString: strerror(reason)))
      }
      let text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
      throw .inUse(path: root.path, pid: Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }
    self.descriptor = descriptor
    // For whoever finds it locked; nothing depends on it.
    let pid = "\(getpid())\n"
    _ = ftruncate(descriptor, 0)
    _ = pid.withCString { pwrite(descriptor, $0, pid.utf8.count, 0) }
  }

  deinit { close(descriptor) }
}
