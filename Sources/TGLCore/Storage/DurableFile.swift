import Foundation

/// Steps that must outlast a power cut.
enum DurableFile {
  static func sync(_ path: String) throws(ArchiveError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ArchiveError(errno: errno, path: path) }
    defer { close(descriptor) }
    // Some file systems cannot do this for folders, and need not.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw ArchiveError(errno: errno, path: path)
    }
  }

  /// Gives a file its name, replacing what has it.
  static func rename(_ path: String, to target: String) throws(ArchiveError) {
    guard Foundation.rename(path, target) == 0 else {
      throw ArchiveError(errno: errno, path: target)
    }
    try sync(folder(of: target))
  }

  static func folder(of path: String) -> String {
    let folder = (path as NSString).deletingLastPathComponent
    return folder.isEmpty ? "." : folder
  }

  /// In bytes; 0 when there is none.
  static func size(of path: String) -> Int64 {
    FileStatus(path)?.size ?? 0
  }

  /// Makes a folder for its owner only, and those above it that are missing.
  static func makeFolder(_ path: String) throws(ArchiveError) {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
      if let underlying, underlying.domain == NSPOSIXErrorDomain {
        throw ArchiveError(errno: Int32(underlying.code), path: path)
      }
      throw .inaccessible(path: path, detail: (error as NSError).localizedDescription)
    }
  }
}

/// Times in the names of files: UTC, so that names sort by age.
enum FileTime {
  /// As in `2026-11-01T120000Z`.
  static func text(_ date: Date) -> String { format(date, "%Y-%m-%dT%H%M%SZ") }

  /// As in `20261101T120000Z`.
  static func compact(_ date: Date) -> String { format(date, "%Y%m%dT%H%M%SZ") }

  private static func format(_ date: Date, _ format: String) -> String {
    var seconds = time_t(date.timeIntervalSince1970)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, format, &parts)
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
