// See FileStatus.swift.
import CDispatch
import Foundation
import TelegramClient

/// A file that appears under its name only when it is complete.
///
/// It is written under a temporary name in the same folder, readable by its owner only. What is not committed is removed.
struct AtomicFile: ~Copyable {
  /// What a temporary name begins with; a file of that name that nobody writes was left by a process that was killed.
  static let temporaryPrefix = ".tgl-"
  static let temporarySuffix = ".part"

  /// Whether a file's name is a temporary one.
  static func isTemporary(_ name: String) -> Bool {
    guard name.hasPrefix(temporaryPrefix), name.hasSuffix(temporarySuffix) else { return false }
    return UInt64(name.dropFirst(temporaryPrefix.count).dropLast(temporarySuffix.count), radix: 16) != nil
  }

  /// A new one, short and plain enough for every file system.
  static func temporaryName() -> String {
    "\(temporaryPrefix)\(String(UInt64.random(in: .min ... .max), radix: 16))\(temporarySuffix)"
  }

  let path: String
  let descriptor: CInt
  private let folder: String
  private let temporaryPath: String
  private var isCommitted = false
  private var written: Int64 = 0
  private var writeBehind = WriteBehind()

  /// - Throws: `EncryptedFileError.system`.
  init(path: String) throws(EncryptedFileError) {
    self.path = path
    let parent = (path as NSString).deletingLastPathComponent
    folder = parent.isEmpty ? "." : parent
    temporaryPath = "\(folder)/\(Self.temporaryName())"
    descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .last("make a file for it", path) }
  }

  deinit {
    close(descriptor)
    if !isCommitted { unlink(temporaryPath) }
  }

  /// Writes all of `bytes`; the disk begins with them while more are made, so that `commit` has less to wait for.
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(EncryptedFileError) {
    try Self.write(bytes, to: descriptor, path)
    written += Int64(bytes.count)
    writeBehind.wrote(upTo: written, to: descriptor)
  }

  mutating func write(_ bytes: [UInt8]) throws(EncryptedFileError) {
    try Self.write(bytes, to: descriptor, path)
    written += Int64(bytes.count)
  }

  /// Writes all of `bytes` to any descriptor.
  static func write(_ bytes: [UInt8], to descriptor: CInt, _ path: String) throws(EncryptedFileError) {
    let outcome = bytes.withUnsafeBytes { buffer -> Result<Void, EncryptedFileError> in
      do throws(EncryptedFileError) { return .success(try write(buffer, to: descriptor, path)) } catch {
        return .failure(error)
      }
    }
    try outcome.get()
  }

  /// Writes all of `bytes` to any descriptor.
  static func write(
    _ bytes: UnsafeRawBufferPointer, to descriptor: CInt, _ path: String
  ) throws(EncryptedFileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .last("write", path) }
      rest = rest.dropFirst(count)
    }
  }

  /// Makes the file last, with the times given, and gives it its name.
  ///
  /// - Parameters:
  ///   - replacing: whether what has the name now may be replaced; otherwise it never is, whoever made it when.
  ///   - flushes: whether it must outlast a power cut from here on.
  /// - Throws: `EncryptedFileError.outputExists`, `.system`.
  consuming func commit(
    replacing: Bool, times: FileTimes? = nil, flushes: Bool = true
  ) throws(EncryptedFileError) {
    if let times {
      let pair = [times.access, times.modification]
      guard futimens(descriptor, pair) == 0 else { throw .last("set the times", path) }
    }
    guard !flushes || fsync(descriptor) == 0 else { throw .last("write", path) }
    let moved = replacing ? rename(temporaryPath, path) : Self.renameToFree(temporaryPath, path)
    guard moved == 0 else {
      if errno == EEXIST { throw .outputExists(path: path) }
      throw .last("rename", path)
    }
    isCommitted = true
    if !flushes { return }
    let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard parent >= 0 else { throw .last("open the folder", path) }
    defer { close(parent) }
    // Some file systems cannot do this for folders, and need not.
    guard fsync(parent) == 0 || errno == EINVAL else { throw .last("write the folder", path) }
  }

  /// Renames without ever replacing: `rename` alone would.
  private static func renameToFree(_ from: String, _ to: String) -> CInt {
    if link(from, to) == 0 {
      unlink(from)
      return 0
    }
    guard [EPERM, EOPNOTSUPP, EMLINK, ENOSYS].contains(errno) else { return -1 }
    // A file system without links: an empty file takes the name, and is then replaced.
    let placeholder = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard placeholder >= 0 else { return -1 }
    close(placeholder)
    guard rename(from, to) == 0 else {
      let code = errno
      unlink(to)
      errno = code
      return -1
    }
    return 0
  }
}

/// When a file was last read and changed.
struct FileTimes: Sendable {
  var access: timespec
  var modification: timespec

  init(_ information: stat) {
    access = information.st_atim
    modification = information.st_mtim
  }
}
