public import ArgumentParser
import Foundation
public import TGLCore

extension ExportRequest.Format: ExpressibleByArgument {}
extension ExportRequest.Media: ExpressibleByArgument {}

struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the archive in a form others read.",
    discussion: """
      FORMATS
      jsonl: one message a line, as docs/export.md describes it. json: Telegram Desktop's result.json, with 'deleted', \
      'deleted_at' and 'versions' added; one --chat gives a file of that chat alone. csv: a table by RFC 4180. html: a \
      site that works from the disk, without a network.

      Media files are named where they are (--media link), copied beside the export and decrypted (--media copy), or \
      left out (--media none). The export shows the archive at one moment, also while 'tgl run' writes to it.

      EXAMPLES
        tgl export --format html --out ~/telegram
        tgl export --format html --out ~/telegram --since-last
        tgl export --deleted --since 2026-11-01 | jq .text
        tgl export --format json --chat @bob_builder --media copy --out bob/
        tgl export --format csv --chat -1001234567890 --out team.csv

      EXIT STATUS
        0 done; 1 some media files could not be copied; 66 no archive, or no such chat; 73 the output exists; 78 wrong \
      settings; 130 interrupted.
      """)

  @OptionGroup var global: GlobalOptions

  @Option(help: ArgumentHelp("What to write: jsonl, json, csv or html.", valueName: "format"))
  var format: ExportRequest.Format = .jsonl

  @Option(
    help: ArgumentHelp(
      "Write to this file, to this directory, or to standard output for '-', the default; html needs a directory.",
      valueName: "path"),
    completion: .file())
  var out: String?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Only this chat, by id or @name; may be given several times.", valueName: "chat"),
    completion: .custom(ChatCompletion.chats))
  var chat: [PeerArgument] = []

  @Option(help: ArgumentHelp("Only what was sent then or later: \(TimeArgument.accepts).", valueName: "time"))
  var since: TimeArgument?

  @Option(help: ArgumentHelp("Only what was sent before.", valueName: "time"))
  var until: TimeArgument?

  @Flag(help: "Only deleted messages; with --edited, deleted or edited ones.")
  var deleted = false

  @Flag(help: "Only edited messages.")
  var edited = false

  @Option(help: ArgumentHelp("What to do with media files: link, copy or none.", valueName: "how"))
  var media: ExportRequest.Media = .link

  @Flag(help: "Add media and service messages as Telegram sent them, by the schema's names (jsonl, json).")
  var raw = false

  @Flag(help: "Only what is new, edited or deleted since the last export to the same directory.")
  var sinceLast = false

  @Flag(help: "Replace what is there.")
  var force = false

  @OptionGroup var keyOptions: KeyOptions

  @Flag(help: "Print one JSON object with what was exported.")
  var json = false

  func validate() throws {
    if raw, format == .csv || format == .html { throw ValidationError("'--raw' is for jsonl and json") }
    let isPipe = out == nil || out == "-"
    if isPipe {
      if format == .html { throw ValidationError("'--format html' needs '--out DIRECTORY'") }
      if sinceLast { throw ValidationError("'--since-last' needs '--out DIRECTORY', which remembers the last export") }
      if media == .copy { throw ValidationError("'--media copy' needs '--out DIRECTORY'") }
      if json { throw ValidationError("'--json' needs '--out'") }
    }
  }

  func run() async throws {
    let source = global.source()
    let settings = try DataRootSetting(source)
    settings.warnings.forEach { Output.notice("tgl: \($0)") }
    let root = DataRoot(existing: settings.path)
    var request = ExportRequest(format: format, destination: try destination(), root: root)
    request.chats = chat.map(\.reference)
    request.since = since?.seconds
    request.until = until?.seconds
    request.onlyDeleted = deleted
    request.onlyEdited = edited
    request.media = media
    request.includesRaw = raw
    request.sinceLast = sinceLast
    request.replacing = force
    request.keys = media == .copy ? try keyOptions.optionalKeys(source) : []
    let archive = try Archive.open(readingFrom: root.archiveFile)
    let summary = try await Interruption.cancels { [request] in try await export(request, archive) }
    try tell(summary)
    if summary.failedFiles > 0 { throw ExitCode(ExitStatus.someFailed.rawValue) }
  }

  private func destination() throws -> ExportRequest.Destination {
    guard let out, out != "-" else { return .descriptor(STDOUT_FILENO, name: "standard output") }
    var isDirectory: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: out, isDirectory: &isDirectory)
    if exists, isDirectory.boolValue { return .folder(out) }
    if format == .html || sinceLast || media == .copy {
      guard !exists else { throw ValidationError("'--out \(out)' is a file; a directory is needed") }
      return .folder(out)
    }
    return out.hasSuffix("/") ? .folder(out) : .file(out)
  }

  private func export(_ request: ExportRequest, _ archive: Archive) async throws -> ExportSummary {
    let progress = Export.Progress()
    let line = ProgressLine(quiet: global.quiet || out == nil || out == "-")
    return try await line.show {
      "exporting: \(progress.messages) of \(progress.total) messages"
    } while: {
      try await Export.run(request, archive: archive, progress: progress) { line.notice("tgl: \($0)") }
    }
  }

  private func tell(_ summary: ExportSummary) throws {
    if json { return try Output.json(summary) }
    guard let out, out != "-", !global.quiet else { return }
    guard let path = summary.path else { return print("Nothing new.") }
    var parts = ["\(summary.messages) messages of \(summary.chats) chats"]
    if summary.deleted > 0 { parts.append("\(summary.deleted) deleted") }
    if summary.edited > 0 { parts.append("\(summary.edited) edited") }
    if summary.files > 0 { parts.append("\(summary.files) media files") }
    if summary.failedFiles > 0 { parts.append("\(summary.failedFiles) media files could not be copied") }
    print("\(parts.joined(separator: ", ")): \(path)")
  }
}
