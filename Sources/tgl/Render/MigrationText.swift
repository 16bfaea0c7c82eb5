import Foundation
import TGLCore

/// What `tgl migrate` says to people.
enum MigrationText {
  static func lines(of status: ArchiveStatus) -> [String] {
    var lines = ["archive   \(status.path)"]
    switch status.layout {
    case .none: lines.append("layout    none yet; 'tgl run' makes it")
    case .python: lines.append("layout    the Python service's; 'tgl migrate' takes it over")
    case .newer: lines.append("layout    of a later version of tgl, which this one does not touch")
    case .current: lines.append("layout    version \(status.version), up to date")
    case .older:
      lines.append("layout    version \(status.version) of \(status.knownVersion); 'tgl migrate' brings it up to date")
    }
    if !status.applied.isEmpty { lines.append("steps     \(status.applied.joined(separator: ", "))") }
    if status.layout == .older { lines.append("to do     \(status.pending.joined(separator: ", "))") }
    if status.size > 0 { lines.append("size      \(status.size.asSize)") }
    if let counts = status.counts {
      var line = "messages  \(counts.messages) in \(counts.chats) chats, \(counts.media) with media"
      if counts.versions > 0 { line += ", \(counts.versions) earlier versions" }
      if counts.deleted > 0 { line += ", \(counts.deleted) deleted" }
      lines.append(line)
      if let oldest = counts.oldest, let newest = counts.newest {
        lines.append("from      \(time(oldest)) to \(time(newest))")
      }
    }
    for backup in status.backups { lines.append("backup    \(backup.path) (\(backup.size.asSize))") }
    return lines
  }

  static func lines(of outcome: DataMigration.Outcome, isDryRun: Bool) -> [String] {
    switch outcome {
    case .nothing: ["There is no archive yet; 'tgl run' makes it."]
    case .upToDate: ["Everything is up to date."]
    case .upgraded(let upgrade):
      [
        "\(isDryRun ? "Would bring" : "Brought") the archive from version \(upgrade.from) to \(upgrade.to): "
          + upgrade.migrations.joined(separator: ", ") + "."
      ] + (upgrade.backup.map { ["The archive as it was: \($0.path)"] } ?? [])
    case .tookOver(let report): lines(of: report)
    }
  }

  private static func lines(of report: LegacyReport) -> [String] {
    let does = report.isDryRun ? "Would take over" : "Took over"
    var lines = ["\(does) \(report.source)."]
    var messages = "messages  \(report.added) of \(report.rows) rows"
    if report.present > 0 { messages += "; \(report.present) were there already" }
    if report.unusable > 0 { messages += "; \(report.unusable) are no messages" }
    lines.append(messages)
    lines.append("media     \(report.mediaKept) of \(report.media)")
    lines.append("peers     \(report.peers)")
    var files = "files     \(report.buffered) buffered, \(report.recovered) recovered"
    if report.filesWithoutMessage > 0 {
      files += "; \(report.filesWithoutMessage) without a known message stay as they are"
    }
    lines.append(files)
    if let backup = report.backup { lines.append("The archive as it was: \(backup.path)") }
    return lines
  }

  static func lines(of report: ArchiveRepair.Report) -> [String] {
    var lines: [String] = []
    if let damage = report.damage {
      lines.append("damage    \(damage)")
      lines.append(
        "backup    \(report.backup.map { "\($0), \(report.messagesOfBackup) messages" } ?? "none that is sound")")
      let message = report.tables["message"]
      let gaps = report.tables.values.reduce(0) { $0 + $1.gaps }
      lines.append(
        "salvaged  \(message?.read ?? 0) messages read, \(message?.taken ?? 0) of them not in the backup"
          + (gaps > 0 ? "; \(gaps) places could not be read" : ""))
      lines.append("archive   \(report.messages) messages\(report.isDryRun ? " would be in it" : "")")
    } else {
      lines.append("The archive is sound.")
    }
    switch report.session {
    case .none, .sound, .lost: break
    case .restored: lines.append("session   \(report.isDryRun ? "would come" : "came") from the backup")
    }
    for path in report.aside { lines.append("aside     \(path)") }
    if report.damage != nil, !report.isDryRun { lines.append("'tgl run' receives what came after it.") }
    return lines
  }

  /// A line for each of the first problems.
  static func problems(of report: LegacyReport) -> [String] {
    let shown = 20
    var lines = report.problems.prefix(shown).map { problem in
      let message = [problem.chat.map { "chat \($0)" }, problem.message.map { "message \($0)" }].compactMap(\.self)
      let place = problem.file ?? message.joined(separator: ", ")
      return "tgl: \(place): \(problem.reason)"
    }
    if report.problemCount > shown {
      lines.append("tgl: and \(report.problemCount - shown) more; --json lists the first 1000")
    }
    return lines
  }

  private static func time(_ seconds: Int64) -> String {
    Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
  }
}
