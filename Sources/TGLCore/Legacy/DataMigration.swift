import Foundation
public import Logging
import NIOPosix

/// `tgl migrate`: brings a data directory to the layout and the schema of this version.
public struct DataMigration: Sendable {
  /// What it came to, or would.
  public enum Outcome: Sendable {
    /// There is no archive yet.
    case nothing
    /// Everything is as it should be.
    case upToDate
    case upgraded(ArchiveUpgrade)
    case tookOver(LegacyReport)
  }

  let root: DataRoot
  /// Told how many rows are done, of how many.
  public var progress: @Sendable (Int, Int) -> Void = { _, _ in }

  public init(root: DataRoot) { self.root = root }

  /// What there is; nothing is changed.
  ///
  /// - Throws: `ArchiveError`.
  public func status() throws(ArchiveError) -> ArchiveStatus { try ArchiveStatus(of: root.archiveFile) }

  /// Does what is needed.
  ///
  /// The caller holds the `InstanceLock`.
  /// - Parameter directory: a data directory of the Python service, whose messages are added; nil for none.
  /// - Throws: `LegacyError`, `ArchiveError`.
  public func run(from directory: String? = nil) async throws -> Outcome {
    try await NIOThreadPool.singleton.runIfActive { try migrate(from: directory) }
  }

  /// What `run` would do; nothing is written.
  public func trial(from directory: String? = nil) async throws -> Outcome {
    try await NIOThreadPool.singleton.runIfActive {
      let takeover = LegacyTakeover(root: root, progress: progress)
      if let directory, !isOwn(directory) { return .tookOver(try takeover.trial(from: directory)) }
      let status = try ArchiveStatus(of: root.archiveFile, counting: false)
      switch status.layout {
      case .python: return .tookOver(try takeover.trial(from: nil))
      case .newer: throw status.newerSchema
      case .older:
        return .upgraded(
          ArchiveUpgrade(from: status.version, to: status.knownVersion, migrations: status.pending, backup: nil))
      case .none: return .nothing
      case .current: return .upToDate
      }
    }
  }

  private func migrate(from directory: String?) throws -> Outcome {
    let takeover = LegacyTakeover(root: root, progress: progress)
    if let directory, !isOwn(directory) { return .tookOver(try takeover.importing(from: directory)) }
    switch try ArchiveStatus(of: root.archiveFile, counting: false).layout {
    case .none: return .nothing
    case .current: return .upToDate
    case .python: return .tookOver(try takeover.inPlace())
    case .older, .newer: break
    }
    let archive = try Archive.open(at: root.archiveFile, skippingVersions: true)
    let upgrade = archive.upgrade
    try archive.close()
    return upgrade.map(Outcome.upgraded) ?? .upToDate
  }

  /// Whether it is the data directory itself.
  private func isOwn(_ directory: String) -> Bool {
    guard let one = FileStatus(directory), let other = FileStatus(root.path) else { return false }
    return one.isSame(as: other)
  }
}

extension DataMigration {
  /// Opens the archive for `tgl run`: takes over what the Python service left, and brings an older schema up to date.
  ///
  /// - Parameter storage: told of what cannot be written; the archive waits until it can be.
  /// - Throws: `ArchiveError.skipsVersions` when a person has to decide; `LegacyError`.
  public static func open(
    _ root: DataRoot, storage: StorageHealth = StorageHealth(), logger: Logger
  ) async throws -> Archive {
    if try ArchiveStatus(of: root.archiveFile, counting: false).layout == .python {
      logger.notice("taking over the archive of the Python service", metadata: ["path": "\(root.archiveFile)"])
      let outcome = try await DataMigration(root: root).run()
      if case .tookOver(let report) = outcome { tell(report, logger) }
    }
    let path = root.archiveFile
    let archive = try await NIOThreadPool.singleton.runIfActive {
      try Archive.open(at: path, storage: storage, isPatient: true, copiesBehind: true)
    }
    if let upgrade = archive.upgrade {
      let copy = upgrade.backup?.path ?? (archive.isCopyDue ? "made while the service runs" : "none needed")
      logger.notice(
        "archive schema upgraded",
        metadata: ["from": "\(upgrade.from)", "to": "\(upgrade.to)", "copy": "\(copy)"])
    }
    return archive
  }

  private static func tell(_ report: LegacyReport, _ logger: Logger) {
    for problem in report.problems {
      logger.warning(
        "not all of a message was taken over",
        metadata: [
          "chat": "\(problem.chat ?? 0)", "message": "\(problem.message ?? 0)", "reason": "\(problem.reason)",
        ])
    }
    logger.notice(
      "took over the archive of the Python service",
      metadata: [
        "rows": "\(report.rows)", "messages": "\(report.added)", "media": "\(report.mediaKept) of \(report.media)",
        "files": "\(report.buffered + report.recovered)", "problems": "\(report.problemCount)",
        "backup": "\(report.backup?.path ?? "")",
      ])
  }
}
