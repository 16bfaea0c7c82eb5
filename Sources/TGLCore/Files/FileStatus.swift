// `struct stat` belongs to whichever C module the compiler met first, which may be this one.
import CDispatch
import Foundation

/// What stat(2) says of a file.
struct FileStatus: Sendable {
  /// Bytes.
  let size: Int64
  let isRegular: Bool
  let isFolder: Bool
  /// Who may do what, as in `0o600`.
  let permissions: mode_t
  let owner: uid_t
  /// Seconds since 1970.
  let modifiedAt: Int64
  let device: UInt64
  let inode: UInt64

  /// Nil when there is no such file, or it cannot be looked at; `errno` says why.
  init?(_ path: String, followingLinks: Bool = true) {
    var status = stat()
    guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
    self.init(status)
  }

  /// Of an open file.
  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    size = Int64(status.st_size)
    isRegular = status.st_mode & S_IFMT == S_IFREG
    isFolder = status.st_mode & S_IFMT == S_IFDIR
    permissions = status.st_mode & 0o7777
    owner = status.st_uid
    modifiedAt = Int64(status.st_mtim.tv_sec)
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  /// Whether both are the same file, under whatever names.
  func isSame(as other: FileStatus) -> Bool { inode == other.inode && device == other.device }
}
