import Foundation
import Synchronization

/// The folders media is kept in.
///
/// A file has its final name only when it is complete: it is written under a temporary one, flushed, and renamed.
struct MediaStore: Sendable {
  /// Why a file could not be kept.
  enum Failure: Error, CustomStringConvertible {
    case full(path: String)
    case missing(path: String)
    /// The file system does not take the name.
    case nameRefused(path: String, code: CInt)
    case unusable(path: String, reason: String)

    var description: String {
      switch self {
      case .full(let path): "\(path): no space left"
      case .missing(let path): "\(path) is not there any more"
      case .nameRefused(let path, let code):
        "\(path): the file system does not take this name: \(SystemReason.of(code))"
      case .unusable(let path, let reason): "\(path): \(reason)"
      }
    }

    /// What the last call left in `errno`.
    static func last(_ path: String) -> Failure {
      Failure(errno, path)
    }

    init(_ code: CInt, _ path: String) {
      switch code {
      case ENOSPC, EDQUOT: self = .full(path: path)
      case ENOENT: self = .missing(path: path)
      default: self = .unusable(path: path, reason: SystemReason.of(code))
      }
    }
  }

  let buffer: String
  let deleted: String
  /// What recovered files are encrypted with; nil to leave them readable.
  let key: Secret<[UInt8]>?
  /// MEDIA_MIN_FREE_BYTES: what must stay free.
  let minimumFree: Int64
  private let naming: FileNaming
  /// What names the file systems of the places have been found to take.
  private let shapes = Shapes()

  init(root: DataRoot, key: Secret<[UInt8]>?, minimumFree: Int64, naming: FileNaming = .system) {
    buffer = root.mediaBuffer
    deleted = root.deletedMedia
    self.key = key
    self.minimumFree = minimumFree
    self.naming = naming
  }

  // MARK: Names

  private final class Shapes: Sendable {
    let known = Mutex<[StoredFile.Place: NameShape]>([:])
  }

  /// What names a place takes, as far as its file system says, or has shown.
  func shape(of place: StoredFile.Place) -> NameShape {
    shapes.known.withLock { $0[place] } ?? naming.shape(in: folder(of: place))
  }

  /// Notes that names of a place have to be shorter than its file system says.
  func learn(_ shape: NameShape, of place: StoredFile.Place) {
    shapes.known.withLock { $0[place] = shape }
  }

  private func folder(of place: StoredFile.Place) -> String {
    switch place {
    case .buffer: buffer
    case .deleted: deleted
    }
  }

  func path(of file: StoredFile) -> String { path(file.place, file.name) }

  func path(_ place: StoredFile.Place, _ name: String) -> String { "\(folder(of: place))/\(name)" }

  /// Whether all of the file is there.
  func exists(_ file: StoredFile) -> Bool {
    guard let status = FileStatus(path(of: file)), status.isRegular else { return false }
    return status.size == file.size + (file.isEncrypted ? Int64(EncryptedFile.overhead) : 0)
  }

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
    try await onThread(path) { () throws(Failure) in try move(partial, to: path, in: buffer) }
  }

  func remove(_ path: String) { unlink(path) }

  /// Puts a buffered file among the recovered ones, encrypted while it is copied when there is a key.
  func preserve(_ file: StoredFile, as name: String) async throws(Failure) {
    let source = path(of: file)
    let target = path(.deleted, name)
    let temporary = "\(deleted)/\(AtomicFile.temporaryName())"
    defer { unlink(temporary) }
    if let key {
      do throws(EncryptedFileError) {
        try await EncryptedFile.seal(.path(source), to: temporary, key: key)
      } catch {
        if access(source, F_OK) != 0 { throw .missing(path: source) }
        if !hasRoom(for: file.size) { throw .full(path: target) }
        throw .unusable(path: target, reason: "\(error)")
      }
    }
    try await onThread(target) { () throws(Failure) in
      if key == nil { try copy(source, to: temporary) }
      try move(temporary, to: target, in: deleted)
    }
  }

  /// Gives a complete file its name, replacing what an earlier attempt left, cut off before it was recorded.
  private func move(_ temporary: String, to path: String, in folder: String) throws(Failure) {
    let code = naming.rename(temporary, path)
    if NameShape.isRefusal(code) { throw .nameRefused(path: path, code: code) }
    guard code == 0 else { throw Failure(code, code == ENOENT ? temporary : path) }
    try flush(folder: folder)
  }

  /// Does what waits for the disk where nothing else waits for it.
  private func onThread(_ path: String, _ body: @escaping @Sendable () throws(Failure) -> Void) async throws(Failure) {
    let outcome: Result<Void, Failure>
    do {
      outcome = try await DiskTurns.run { Result(catching: body) }
    } catch { throw .unusable(path: path, reason: "\(error)") }
    try outcome.get()
  }

  /// A second name for the same bytes where the file system knows such, else a copy of them.
  private func copy(_ source: String, to temporary: String) throws(Failure) {
    if link(source, temporary) == 0 { return }
    switch errno {
    case EXDEV, EPERM, EMLINK, ENOTSUP, ENOSYS: break
    default: throw Failure.last(source)
    }
    do throws(EncryptedFileError) {
      let input = try InputFile(path: source)
      var output = try AtomicFile(path: temporary)
      let chunk = Chunk()
      defer { chunk.deallocate() }
      var done: Int64 = 0
      while true {
        let bytes = try chunk.fill(from: input, at: done, limit: .max)
        if bytes.isEmpty { break }
        try output.write(UnsafeRawBufferPointer(bytes))
        done += Int64(bytes.count)
      }
      try output.commit(replacing: true, times: input.times)
    } catch {
      if access(source, F_OK) != 0 { throw .missing(path: source) }
      throw .unusable(path: temporary, reason: "\(error)")
    }
  }

  private func flush(folder: String) throws(Failure) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure.last(folder) }
    defer { close(descriptor) }
    // Some file systems cannot do this for folders, and need not.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw Failure.last(folder) }
  }
}
