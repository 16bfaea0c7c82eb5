public import Foundation
import GRDB
import NIOPosix

/// `tgl backup`: a copy of a data directory that may be in use meanwhile.
///
/// It is made in a folder of another name, flushed, and renamed: a folder called `tgl-backup-…` is complete.
public struct DataBackup: Sendable {
  /// A backup that was made.
  public struct Result: Sendable {
    public var path: String
    public var manifest: BackupManifest
    /// Older ones that were removed.
    public var removed: [String]
  }

  static let prefix = "tgl-backup-"
  private static let unfinished = ".tgl-backup-"

  let root: DataRoot
  let folder: String
  let version: String
  /// Whether the files of `media/` and `media_deleted/` come along.
  public var includesMedia = false
  /// How many to keep; nil for all.
  public var kept: Int?

  /// - Parameters:
  ///   - folder: where backups are; nil for `backups/` in the data directory.
  ///   - version: of the program, for the manifest.
  public init(root: DataRoot, folder: String? = nil, version: String) {
    self.root = root
    self.folder = folder ?? root.backups
    self.version = version
  }

  /// Makes one.
  ///
  /// - Parameter check: called with the folder of the complete backup before older ones are removed.
  /// - Throws: `ArchiveError`, and nothing is left then; what `check` throws.
  public func make(
    now: Date = Date(), check: @escaping @Sendable (String) throws -> Void = { _ in }
  ) async throws -> Result {
    try await NIOThreadPool.singleton.runIfActive {
      var made = try build(now: now)
      try check(made.path)
      made.removed = removeOld()
      return made
    }
  }

  /// The complete backups in a folder, the newest first.
  static func all(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix(prefix) }.sorted().reversed().map { "\(folder)/\($0)" }
      .filter { access("\($0)/\(BackupManifest.name)", F_OK) == 0 }
  }

  private func build(now: Date) throws -> Result {
    if try ArchiveStatus(of: root.archiveFile, counting: false).layout == .python {
      throw ArchiveError.legacyLayout(path: root.archiveFile)
    }
    guard access(root.archiveFile, F_OK) == 0 else { throw ArchiveError.missing(path: root.archiveFile) }
    try DurableFile.makeFolder(folder)
    removeUnfinished()
    let work = "\(folder)/\(Self.unfinished)\(UUID().uuidString)"
    try DurableFile.makeFolder(work)
    // Says that it is being worked on: what nobody holds was left by a process that was killed.
    let lock = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw ArchiveError(errno: errno, path: work) }
    defer { close(lock) }
    do {
      let manifest = try fill(work, now: now)
      let path = freeName(now)
      try DurableFile.rename(work, to: path)
      return Result(path: path, manifest: manifest, removed: [])
    } catch {
      try? FileManager.default.removeItem(atPath: work)
      throw error
    }
  }

  private func fill(_ work: String, now: Date) throws -> BackupManifest {
    var names = [BackupManifest.archive, BackupManifest.media]
    // The session first: a key that is newer than the messages is worth more than one that is older.
    if access(root.sessionFile, F_OK) == 0 {
      try copy(root.sessionFile, to: "\(work)/\(BackupManifest.session)", isShared: true)
      names.append(BackupManifest.session)
    }
    let archive = "\(work)/\(BackupManifest.archive)"
    try copy(root.archiveFile, to: archive, isShared: true)
    var manifest = BackupManifest(
      createdAt: now.formatted(.iso8601), version: version, messages: 0, deleted: 0, files: [],
      media: BackupManifest.Media(isIncluded: includesMedia))
    let queue = try ReadOnlyDatabase.open(archive)
    do {
      try queue.read { db in
        (manifest.messages, manifest.deleted) = try Self.counts(db)
        try listMedia(db, work, &manifest.media)
      }
      try queue.close()
    } catch { throw ArchiveError(error, path: archive) }
    for name in names.sorted() {
      let path = "\(work)/\(name)"
      try DurableFile.sync(path)
      manifest.files.append(
        BackupManifest.File(name: name, size: DurableFile.size(of: path), sha256: try FileHash.sha256(of: path)))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let output = try OutputFile("\(work)/\(BackupManifest.name)")
    try output.write(try encoder.encode(manifest) + Data("\n".utf8))
    try output.finish()
    try DurableFile.sync(work)
    return manifest
  }

  private func copy(_ path: String, to target: String, isShared: Bool) throws {
    let queue = try ReadOnlyDatabase.open(path, busyTimeout: .seconds(60), isShared: isShared)
    try DatabaseCopy.make(of: queue, to: target)
    try queue.close()
  }

  static func counts(_ db: Database) throws -> (messages: Int, deleted: Int) {
    guard try db.tableExists("message") else { return (0, 0) }
    return (
      try Int.fetchOne(db, sql: "SELECT count(*) FROM message") ?? 0,
      try Int.fetchOne(db, sql: "SELECT count(*) FROM message WHERE deleted_at IS NOT NULL") ?? 0
    )
  }

  // MARK: Media

  private func listMedia(_ db: Database, _ work: String, _ media: inout BackupManifest.Media) throws {
    let list = try OutputFile("\(work)/\(BackupManifest.media)")
    if includesMedia {
      for place in [DataRoot.mediaName, DataRoot.deletedName] { try DurableFile.makeFolder("\(work)/\(place)") }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let rows =
      try db.tableExists("media_file")
      ? try Row.fetchCursor(db, sql: "SELECT \(MediaTable.fileColumns) FROM media_file ORDER BY place, name") : nil
    while let row = try rows?.next() {
      guard let file = MediaTable.file(row), !file.name.contains("/"), file.name != "..", file.name != "." else {
        continue
      }
      let name = "\(file.place == .buffer ? DataRoot.mediaName : DataRoot.deletedName)/\(file.name)"
      var medium = BackupMedium(
        name: name, size: file.size, sha256: FileHash.hexadecimal(file.sha256), encrypted: file.isEncrypted)
      let source = "\(root.path)/\(name)"
      var isThere = access(source, F_OK) == 0
      // It may be removed for its age at any moment.
      if isThere, includesMedia { isThere = try bring(source, to: "\(work)/\(name)") }
      if isThere {
        medium.bytes = DurableFile.size(of: includesMedia ? "\(work)/\(name)" : source)
        media.files += 1
        media.bytes += medium.bytes ?? 0
      } else {
        media.missing += 1
      }
      try list.write(try encoder.encode(medium) + Data("\n".utf8))
    }
    try list.finish()
    if includesMedia {
      for place in [DataRoot.mediaName, DataRoot.deletedName] { try DurableFile.sync("\(work)/\(place)") }
    }
  }

  /// A second name for a file on the same file system, a copy on another; false when it is gone.
  ///
  /// Kept files are never written to again, so a second name is as good as a copy, and takes no room.
  private func bring(_ source: String, to target: String) throws -> Bool {
    if link(source, target) == 0 { return true }
    if errno == ENOENT { return false }
    do {
      try FileManager.default.copyItem(atPath: source, toPath: target)
    } catch {
      if access(source, F_OK) != 0 { return false }
      let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
      throw ArchiveError(errno: Int32(underlying?.code ?? Int(EIO)), path: target)
    }
    chmod(target, 0o600)
    try DurableFile.sync(target)
    return true
  }

  // MARK: Folders

  private func freeName(_ now: Date) -> String {
    // Later than all that are there, which may be some seconds ahead when several were made in one.
    let newest = Self.all(in: folder).first ?? ""
    for later in 0..<60 {
      let path = "\(folder)/\(Self.prefix)\(FileTime.compact(now + TimeInterval(later)))"
      if path > newest, access(path, F_OK) != 0 { return path }
    }
    // The clock was set back.
    var now = now
    while access("\(folder)/\(Self.prefix)\(FileTime.compact(now))", F_OK) == 0 { now += 1 }
    return "\(folder)/\(Self.prefix)\(FileTime.compact(now))"
  }

  private func removeOld() -> [String] {
    guard let kept else { return [] }
    return Self.all(in: folder).dropFirst(max(kept, 1)).filter { path in
      // Without its manifest it is none: what is half removed is never taken for whole.
      unlink("\(path)/\(BackupManifest.name)") == 0 && (try? FileManager.default.removeItem(atPath: path)) != nil
    }
  }

  /// Removes what processes that were killed have left.
  private func removeUnfinished() {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasPrefix(Self.unfinished) {
      let descriptor = open("\(folder)/\(name)", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
      close(descriptor)
    }
  }
}

/// A new file for its owner only, written in order and flushed.
private final class OutputFile {
  private let path: String
  private let descriptor: Int32
  private var buffer = Data()

  init(_ path: String) throws {
    self.path = path
    descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ArchiveError(errno: errno, path: path) }
  }

  deinit { close(descriptor) }

  func write(_ bytes: Data) throws {
    buffer.append(bytes)
    if buffer.count >= 1 << 16 { try flush() }
  }

  func finish() throws {
    try flush()
    guard fsync(descriptor) == 0 else { throw ArchiveError(errno: errno, path: path) }
  }

  private func flush() throws {
    var rest = buffer[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      guard count >= 0 || errno == EINTR else { throw ArchiveError(errno: errno, path: path) }
      rest = rest.dropFirst(max(count, 0))
    }
    buffer.removeAll(keepingCapacity: true)
  }
}
