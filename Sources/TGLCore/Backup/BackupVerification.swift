import Foundation
import GRDB
import NIOPosix

/// Compares a backup with what its manifest says.
public enum BackupVerification {
  /// Problems that are named; more of the same do not help.
  private static let shown = 20

  /// - Returns: what the manifest says.
  /// - Throws: `BackupError`, `ArchiveError` when it cannot be read.
  @discardableResult
  public static func run(_ folder: String) async throws -> BackupManifest {
    try await NIOThreadPool.singleton.runIfActive { try check(folder) }
  }

  static func manifest(of folder: String) throws(BackupError) -> BackupManifest {
    let path = "\(folder)/\(BackupManifest.name)"
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw .notABackup(path: folder, reason: "there is no \(BackupManifest.name) in it")
    }
    let manifest: BackupManifest
    do { manifest = try JSONDecoder().decode(BackupManifest.self, from: bytes) } catch {
      throw .notABackup(path: folder, reason: "\(BackupManifest.name) cannot be read")
    }
    guard manifest.format == BackupManifest.format else {
      throw .notABackup(path: folder, reason: "a later version of tgl made it")
    }
    return manifest
  }

  /// The same, on a thread that may wait.
  @discardableResult
  public static func check(_ folder: String) throws -> BackupManifest {
    let manifest = try manifest(of: folder)
    var problems: [String] = []
    for file in manifest.files {
      let path = "\(folder)/\(file.name)"
      guard isBelow(file.name), access(path, F_OK) == 0 else {
        problems.append("\(file.name) is missing")
        continue
      }
      let size = DurableFile.size(of: path)
      if size != file.size {
        problems.append("\(file.name) has \(size) bytes instead of \(file.size)")
      } else if try FileHash.sha256(of: path) != file.sha256 {
        problems.append("\(file.name) has other content than it had")
      }
    }
    for name in [BackupManifest.archive, BackupManifest.media]
    where !manifest.files.contains(where: { $0.name == name }) {
      problems.append("\(name) is not in it")
    }
    if problems.isEmpty {
      try checkDatabases(folder, manifest, &problems)
      try checkMedia(folder, manifest, &problems)
    }
    guard problems.isEmpty else { throw BackupError.damaged(path: folder, problems) }
    return manifest
  }

  private static func checkDatabases(_ folder: String, _ manifest: BackupManifest, _ problems: inout [String]) throws {
    for file in manifest.files where file.name != BackupManifest.media {
      let path = "\(folder)/\(file.name)"
      do {
        let rows = try DatabaseCopy.verify(path)
        if file.name == BackupManifest.archive, rows["message"] ?? 0 != manifest.messages {
          problems.append("\(file.name) has \(rows["message"] ?? 0) messages instead of \(manifest.messages)")
        }
      } catch {
        guard case .corrupt(_, let detail) = error else { throw error }
        problems.append("\(file.name) is damaged: \(detail)")
      }
    }
  }

  private static func checkMedia(_ folder: String, _ manifest: BackupManifest, _ problems: inout [String]) throws {
    guard let list = FileManager.default.contents(atPath: "\(folder)/\(BackupManifest.media)") else { return }
    var found = 0
    for line in list.split(separator: UInt8(ascii: "\n")) {
      guard let medium = try? JSONDecoder().decode(BackupMedium.self, from: line), isBelow(medium.name) else {
        problems.append("\(BackupManifest.media) has a line that cannot be read")
        continue
      }
      guard let bytes = medium.bytes else { continue }
      found += 1
      guard manifest.media.isIncluded, problems.count < shown else { continue }
      let path = "\(folder)/\(medium.name)"
      if access(path, F_OK) != 0 {
        problems.append("\(medium.name) is missing")
      } else if DurableFile.size(of: path) != bytes {
        problems.append("\(medium.name) has \(DurableFile.size(of: path)) bytes instead of \(bytes)")
      } else if !medium.encrypted, try FileHash.sha256(of: path) != medium.sha256 {
        // What is encrypted says so itself when it is damaged: 'tgl decrypt'.
        problems.append("\(medium.name) has other content than it had")
      }
    }
    if found != manifest.media.files {
      problems.append("\(BackupManifest.media) lists \(found) files instead of \(manifest.media.files)")
    }
  }

  /// Whether a name leads nowhere else.
  private static func isBelow(_ name: String) -> Bool {
    !name.hasPrefix("/") && !name.split(separator: "/").contains("..")
  }
}
