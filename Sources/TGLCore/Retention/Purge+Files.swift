import Foundation
import TelegramClient

/// Files that have been kept long enough, files nobody knows, and entries without files.
///
/// An entry goes first and its file after it: what a crash leaves between is a file nobody knows, which goes later. Only
/// regular files with names of ours are ever removed, and none younger than an hour.
extension Purge {
  func removeFiles(_ report: inout PurgeReport) async throws {
    if let cutoff = plan.buffer {
      report.buffer = try await remove(.buffer, before: cutoff, &report)
    }
    if let cutoff = plan.deletedMedia {
      report.deletedMedia = try await remove(.deleted, before: cutoff, &report)
    }
  }

  private static let page = 200

  private func remove(
    _ place: StoredFile.Place, before cutoff: Int64, _ report: inout PurgeReport
  ) async throws -> PurgeReport.Files {
    var result = PurgeReport.Files()
    try await removeExpired(place, before: cutoff, &result, &report)
    // A chat or type that was asked for says nothing of files nobody knows.
    guard comparesFiles, plan.isAboutEverything else { return result }
    let names = try await listing(of: place)
    try await removeOrphans(place, names, before: cutoff, &result)
    // An empty folder is more likely one that is not mounted than one that has lost everything.
    if !names.isEmpty { try await removeMissing(place, Set(names.map(\.name)), &result, &report) }
    return result
  }

  private func removeExpired(
    _ place: StoredFile.Place, before cutoff: Int64, _ result: inout PurgeReport.Files, _ report: inout PurgeReport
  ) async throws {
    var last: StoredFile.ID = 0
    while true {
      try Task.checkCancellation()
      let page = try await archive.expiredFiles(place, before: cutoff, after: last, limit: Self.page)
      guard let newest = page.last else { return }
      last = newest.file.id
      var going: [ExpiredFile] = []
      let needed = try await archive.neededMessages()
      for file in page where try await isIncluded(file) {
        // Also in a trial, which must come to the same.
        guard file.messages.allSatisfy({ !needed.contains($0) }) else { continue }
        if isYoung(path(place, file.file.name)) { continue }
        going.append(file)
      }
      let removed = isDryRun || going.isEmpty ? going.map(\.file) : try await archive.remove(going, before: cutoff)
      result.files += removed.count
      result.bytes += removed.reduce(0) { $0 + $1.size }
      if isDryRun || going.isEmpty { continue }
      report.transactions += 1
      report.largestTransaction = max(report.largestTransaction, removed.count)
      try await unlink(removed.map { path(place, $0.name) })
      try await makeRoom(after: .zero)
    }
  }

  private func isIncluded(_ file: ExpiredFile) async throws -> Bool {
    if plan.isAboutEverything { return true }
    guard let chat = MediaFileName.parse(file.file.name)?.chat else { return false }
    return plan.includesFiles(of: chat, try await archive.retentionType(of: chat))
  }

  private func removeOrphans(
    _ place: StoredFile.Place, _ names: [Listed], before cutoff: Int64, _ result: inout PurgeReport.Files
  ) async throws {
    // What was being made goes when nobody can be making it any more; what may have been kept for a message, with its age.
    let youngest = plan.fileTime(plan.now - RetentionPlan.minimumFileAge)
    let old = names.filter { $0.modifiedAt < ($0.isUnfinished ? youngest : plan.fileTime(cutoff)) }
    for start in stride(from: 0, to: old.count, by: Self.page) {
      try Task.checkCancellation()
      let page = old[start..<min(start + Self.page, old.count)]
      let orphans = Set(try await archive.unknownFiles(place, page.map(\.name)))
      let going = page.filter { orphans.contains($0.name) }
      result.files += going.count
      result.orphans += going.count
      result.bytes += going.reduce(0) { $0 + $1.size }
      if !isDryRun { try await unlink(going.map { path(place, $0.name) }) }
    }
  }

  private func removeMissing(
    _ place: StoredFile.Place, _ names: Set<String>, _ result: inout PurgeReport.Files, _ report: inout PurgeReport
  ) async throws {
    var last: StoredFile.ID = 0
    while true {
      try Task.checkCancellation()
      let page = try await archive.storedFiles(
        place, before: plan.now - RetentionPlan.minimumFileAge, after: last, limit: Self.page)
      guard let newest = page.last else { return }
      last = newest.file.id
      // Looked at once more: it may have come since the folder was read.
      let missing = page.map(\.file).filter { !names.contains($0.name) && access(path(place, $0.name), F_OK) != 0 }
      result.missing += missing.count
      if isDryRun || missing.isEmpty { continue }
      try await archive.removeMissing(missing)
      report.transactions += 1
      report.largestTransaction = max(report.largestTransaction, missing.count)
      try await makeRoom(after: .zero)
    }
  }

  // MARK: The disk

  private func path(_ place: StoredFile.Place, _ name: String) -> String {
    switch place {
    case .buffer: "\(root.mediaBuffer)/\(name)"
    case .deleted: "\(root.deletedMedia)/\(name)"
    }
  }

  /// Whether there is a file that may have just been made.
  private func isYoung(_ path: String) -> Bool {
    guard let status = FileStatus(path, followingLinks: false) else { return false }
    return status.modifiedAt > plan.fileTime(plan.now - RetentionPlan.minimumFileAge)
  }

  /// Freeing the blocks of a large file takes a while.
  private func unlink(_ paths: [String]) async throws {
    try await DiskTurns.run { [plan] in
      for path in paths {
        guard let status = FileStatus(path, followingLinks: false), status.isRegular,
          status.modifiedAt <= plan.fileTime(plan.now - RetentionPlan.minimumFileAge)
        else { continue }
        Foundation.unlink(path)
      }
    }
  }

  private func listing(of place: StoredFile.Place) async throws -> [Listed] {
    let folder = path(place, "")
    return try await DiskTurns.run { Listed.files(in: folder, place) }
  }
}

/// A file with a name of ours.
private struct Listed: Sendable {
  var name: String
  var modifiedAt: Int64
  var size: Int64
  var isUnfinished: Bool

  static func files(in folder: String, _ place: StoredFile.Place) -> [Listed] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return [] }
    return names.compactMap { name in
      let isUnfinished =
        AtomicFile.isTemporary(name)
        || place == .buffer && (MediaStore.medium(ofPartial: name) != nil || isDigest(name))
      guard isUnfinished || MediaFileName.parse(name) != nil else { return nil }
      guard let status = FileStatus(folder + name, followingLinks: false), status.isRegular else { return nil }
      return Listed(
        name: name, modifiedAt: status.modifiedAt, size: status.size, isUnfinished: isUnfinished)
    }.sorted { $0.name < $1.name }
  }

  /// The text file of a digest, which goes when it has been posted.
  private static func isDigest(_ name: String) -> Bool { name.wholeMatch(of: /digest-[0-9]+\.txt/) != nil }
}
