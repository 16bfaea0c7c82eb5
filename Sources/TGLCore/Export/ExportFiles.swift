import Foundation

/// Names, or copies, the files of messages' media.
struct ExportFiles {
  let media: ExportRequest.Media
  /// The export's folder; nil when there is none, and files are named by their absolute paths.
  let folder: String?
  let root: DataRoot
  let keys: [Secret<[UInt8]>]
  let replacing: Bool
  let cancellation: BlockingWork.Cancellation
  private(set) var found = 0
  private(set) var failed = 0
  /// The contents of the copies that are there, by their names.
  private var copies: [String: Data] = [:]
  /// What names the folder's file system takes.
  private var shape: NameShape

  init(_ request: ExportRequest, _ cancellation: BlockingWork.Cancellation) {
    media = request.media
    folder = request.folder.map { ($0 as NSString).standardizingPath }
    root = request.root
    keys = request.keys
    replacing = request.replacing
    self.cancellation = cancellation
    shape = folder.map(FileNaming.system.shape) ?? NameShape()
  }

  /// - Parameter place: the folder in the export's folder that copies go to.
  mutating func files(
    of message: SnapshotMessage, place: @autoclosure () -> String, report: (String) -> Void
  ) throws -> [ExportedFile] {
    guard media != .none else { return [] }
    var files: [ExportedFile] = []
    for file in message.files {
      var exported = ExportedFile(position: file.position, mediumID: file.mediumID, size: file.stored?.size ?? 0)
      if let stored = file.stored {
        do throws(EncryptedFileError) {
          exported.path = try path(of: stored, place: place())
          found += 1
        } catch {
          if case .cancelled = error { throw CancellationError() }
          exported.reason = Self.reason(error)
          failed += 1
          report("\(error)")
        }
        if exported.path == nil, exported.reason == nil {
          exported.reason = "encrypted; --media copy with its key decrypts it"
        }
      } else {
        exported.reason = file.reason ?? "not kept"
      }
      files.append(exported)
    }
    return files
  }

  private static func reason(_ error: EncryptedFileError) -> String {
    if case .system(_, _, let reason) = error { return reason }
    return "\(error)".components(separatedBy: ": ").dropFirst().joined(separator: ": ")
  }

  /// Nil for an encrypted file that is only to be named.
  private mutating func path(of file: StoredFile, place: String) throws(EncryptedFileError) -> String? {
    let folder = file.place == .buffer ? root.mediaBuffer : root.deletedMedia
    let source = (folder as NSString).appendingPathComponent(file.name)
    if media == .link {
      if file.isEncrypted { return nil }
      guard access(source, F_OK) == 0 else { throw .last("open", source) }
      return absolute(source)
    }
    while true {
      let copy = copyName(of: file, place: place)
      let key = Self.key(copy)
      if copies.updateValue(file.sha256, forKey: key) != nil { return copy }
      do throws(EncryptedFileError) {
        try copyFile(source, to: copy, file)
        return copy
      } catch {
        copies[key] = nil
        // A name the file system does not take shows when the copy gets it.
        guard case .system(_, "rename", _) = error, let plainer = shape.after(refusal: ENAMETOOLONG) else {
          throw error
        }
        shape = plainer
      }
    }
  }

  /// The file's own name as far as the folder's file system takes it, or one with a mark when other content has that.
  private func copyName(of file: StoredFile, place: String) -> String {
    let isMarked = file.name.hasSuffix(EncryptedFile.suffix)
    let name = MediaFileName.portable(
      isMarked ? String(file.name.dropLast(EncryptedFile.suffix.count)) : file.name, shape)
    let copy = "\(place)/\(name)"
    guard let other = copies[Self.key(copy)], other != file.sha256 else { return copy }
    let mark = file.sha256.prefix(4).map { String(format: "%02x", $0) }.joined()
    return "\(place)/\(mark)-\(name)"
  }

  /// The same for names that some file systems take for one.
  private static func key(_ path: String) -> String { path.uppercased().lowercased() }

  private func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }

  private func copyFile(_ source: String, to copy: String, _ file: StoredFile) throws(EncryptedFileError) {
    guard let folder else { return }
    let target = "\(folder)/\(copy)"
    let parent = (target as NSString).deletingLastPathComponent
    if !FileManager.default.fileExists(atPath: parent) {
      do {
        try FileManager.default.createDirectory(
          atPath: parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      } catch { throw .system(path: parent, operation: "make the folder", reason: DataRoot.reason(error)) }
    }
    // What an earlier export copied.
    if !replacing, FileStatus(target)?.size == file.size { return }
    guard file.isEncrypted else { return try duplicate(source, to: target) }
    let sealed = try SealedInput(path: source)
    for index in sealed.likelyOrder(of: keys) {
      if try sealed.open(to: target, key: keys[index].exposed, replacing: true, cancellation) { return }
    }
    guard !keys.isEmpty else { throw .system(path: source, operation: "decrypt it", reason: "no key is set") }
    throw sealed.explainFailure(keys: keys)
  }

  private func duplicate(_ source: String, to target: String) throws(EncryptedFileError) {
    let input = try InputFile(path: source)
    var output = try AtomicFile(path: target)
    let chunk = Chunk()
    defer { chunk.deallocate() }
    var done: Int64 = 0
    while true {
      try cancellation.check()
      let bytes = try chunk.fill(from: input, at: done, limit: .max)
      if bytes.isEmpty { break }
      try output.write(UnsafeRawBufferPointer(bytes))
      done += Int64(bytes.count)
    }
    try output.commit(replacing: true, times: input.times, flushes: false)
  }
}
