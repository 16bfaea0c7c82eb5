import Foundation

/// The folders media is kept in.
///
/// A file has its final name only when it is complete: it is written under a temporary one, flushed, and renamed.
struct MediaStore: Sendable {
  /// Why a file could not be kept.
  enum Failure: Error, CustomStringConvertible {
    case full(path: String)
    case missing(path: String)
    case unusable(path: String, reason: String)

    var description: String {
      switch self {
      case .full(let path): "\(path): no space left"
      case .missing(let path): "\(path) is not there any more"
      case .unusable(let path, let reason): "\(path): \(reason)"
      }
    }

    /// What the last call left in `errno`.
    static func last(_ path: String) -> Failure {
      switch errno {
      case ENOSPC, EDQUOT: .full(path: path)
      case ENOENT: .missing(path: path)
      default: .unusable(path: path, reason: String(cString: strerror(errno)))
      }
    }
  }

  let buffer: String
  let deleted: String
  /// What recovered files are encrypted with; nil to leave them readable.
  let key: Secret<[UInt8]>?
  /// MEDIA_MIN_FREE_BYTES: what must stay free.
  let minimumFree: Int64

  init(root: DataRoot, key: Secret<[UInt8]>?, minimumFree: Int64) {
    buffer = root.mediaBuffer
    deleted = root.deletedMedia
    self.key = key
    self.minimumFree = minimumFree
  }

  func path(of file: StoredFile) -> String { path(file.place, file.name) }

  func path(_ place: StoredFile.Place, _ name: String) -> String {
    switch place {
    case .buffer: "\(buffer)/\(name)"
    case .deleted: "\(deleted)/\(name)"
    }
  }

  func exists(_ file: StoredFile) -> Bool { access(path(of: file), F_OK) == 0 }

  /// Where a medium is downloaded to; the same after a restart, so that the download goes on where it was.
  func partialPath(medium: Int64) -> String { "\(buffer)/.\(UInt64(bitPattern: medium)).part" }

  /// The medium whose download a file's name says it is; nil for another name.
  static func medium(ofPartial name: String) -> Int64? {
    guard name.hasPrefix("."), name.hasSuffix(".part") else { return nil }
    return UInt64(name.dropFirst().dropLast(5)).map { Int64(bitPattern: $0) }
  }

  /// Whether there is room for so many more bytes.
  func hasRoom(for size: Int64) -> Bool { freeBytes.map { $0 - size >= minimumFree } ?? true }

  /// What the disk has left for this user; nil when it does not say.
  var freeBytes: Int64? { Self.freeBytes(at: buffer) }

  static func freeBytes(at path: String) -> Int64? {
    var information = statvfs()
    guard statvfs(path, &information) == 0 else { return nil }
    return Int64(clamping: UInt64(information.f_bavail).multipliedReportingOverflow(by: UInt64(information.f_frsize)).0)
  }

  /// Gives a complete partial file its name in the buffer.
  func adopt(partial: String, as name: String) async throws(Failure) {
    let path = path(.buffer, name)
    try await onThread(path) { () throws(Failure) in
      guard rename(partial, path) == 0 else { throw Failure.last(path) }
      try flush(folder: buffer)
    }
  }

  func remove(_ path: String) { unlink(path) }

  /// Puts a buffered file among the recovered ones, encrypted while it is copied when there is a key.
  func preserve(_ file: StoredFile, as name: String) async throws(Failure) {
    let source = path(of: file)
    let target = path(.deleted, name)
    if let key {
      do throws(EncryptedFileError) {
        try await EncryptedFile.seal(.path(source), to: target, key: key, replacing: true)
      } catch {
        if access(source, F_OK) != 0 { throw .missing(path: source) }
        if !hasRoom(for: file.size) { throw .full(path: target) }
        throw .unusable(path: target, reason: "\(error)")
      }
      return
    }
    try await onThread(target) { () throws(Failure) in try copy(source, to: target) }
  }

  /// Does what waits for the disk where nothing else waits for it.
  private func onThread(_ path: String, _ body: @escaping @Sendable () throws(Failure) -> Void) async throws(Failure) {
    let outcome: Result<Void, Failure>
    do {
      outcome = try await DiskTurns.run { Result(catching: body) }
    } catch { throw .unusable(path: path, reason: "\(error)") }
    try outcome.get()
  }

  private func copy(_ source: String, to target: String) throws(Failure) {
    if link(source, target) != 0 {
      switch errno {
      case EEXIST:
        // What an earlier attempt left, cut off before it was recorded.
        unlink(target)
        guard link(source, target) == 0 else { throw Failure.last(source) }
      case EXDEV, EPERM, EMLINK, ENOTSUP: try duplicate(source, to: target)
      default: throw Failure.last(source)
      }
    }
    try flush(folder: deleted)
  }

  /// A copy, for folders on different file systems.
  private func duplicate(_ source: String, to target: String) throws(Failure) {
    let temporary = target + ".part"
    unlink(temporary)
    do { try FileManager.default.copyItem(atPath: source, toPath: temporary) } catch {
      throw .unusable(path: target, reason: (error as NSError).localizedDescription)
    }
    guard chmod(temporary, 0o600) == 0, rename(temporary, target) == 0 else { throw Failure.last(target) }
  }

  private func flush(folder: String) throws(Failure) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure.last(folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw Failure.last(folder) }
  }
}
