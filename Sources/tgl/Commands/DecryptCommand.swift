import ArgumentParser
import Foundation
import TGLCore

struct DecryptCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decrypt",
    abstract: "Decrypt recovered media.",
    discussion: """
      Decrypts '.enc' files, and those in directories, beside themselves or to --out. The key comes from \
      DELETED_MEDIA_KEY_B64, DELETED_MEDIA_KEY_FILE or --key-file, never from the command line. A file appears under its \
      name only when all of it was verified; files that cannot be opened are named, and the others go on.

      EXAMPLES
        tgl decrypt data/media_deleted/photo.jpg.enc
        tgl decrypt --recursive data/media_deleted --out recovered
        tgl decrypt --key-file old-keys.txt --json data/media_deleted
        tgl decrypt voice.ogg.enc --out - | mpv -

      EXIT STATUS
        0 all done; 1 some failed; 65 all are bad data; 66 there is no such file; 73 outputs existed and were left alone; \
      78 no key, or wrong settings; 130 interrupted.
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: "Encrypted files, or directories that hold some.", completion: .file())
  var paths: [String]

  @Option(
    help: ArgumentHelp(
      "Write to this directory, to this file when one file is given, or to standard output for '-'.",
      valueName: "path"),
    completion: .file())
  var out: String?

  @Flag(help: "Replace outputs that exist.")
  var force = false

  @Flag(name: .shortAndLong, help: "Look into subdirectories too.")
  var recursive = false

  @OptionGroup var keyOptions: KeyOptions

  @Option(help: ArgumentHelp("How many files at a time (default: one for each processor).", valueName: "number"))
  var jobs: Int?

  @Flag(help: "Print one JSON object for each file.")
  var json = false

  func validate() throws {
    if let jobs, !(1...64).contains(jobs) { throw ValidationError("'--jobs' takes a number from 1 to 64") }
  }

  func run() async throws {
    let destination = try destination()
    let keys = try keyOptions.keys(global.source())
    let plan = DecryptionPlan(paths: paths, destination: destination, isRecursive: recursive)
    if plan.skippedFolders > 0 {
      Output.notice("tgl: \(plan.skippedFolders) subdirectories were not looked into; use --recursive")
    }
    try await Interruption.cancels { try await decrypt(plan, keys) }
  }

  private func destination() throws -> DecryptionPlan.Destination {
    guard let out else { return .beside }
    let isOneFile = paths.count == 1 && !isDirectory(paths[0])
    if out == "-" {
      guard isOneFile else { throw ValidationError("'--out -' takes one file") }
      guard !json else { throw ValidationError("'--json' and '--out -' exclude each other") }
      return .descriptor(STDOUT_FILENO, name: "standard output")
    }
    if isDirectory(out) { return .folder(out) }
    if isOneFile, !out.hasSuffix("/") { return .file(out) }
    guard !FileManager.default.fileExists(atPath: out) else {
      throw ValidationError("'--out \(out)' is a file, and there may be several to write")
    }
    return .folder(out)
  }

  private func isDirectory(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
  }

  private func decrypt(_ plan: DecryptionPlan, _ keys: [Secret<[UInt8]>]) async throws {
    let progress = Decryption.Progress()
    let line = ProgressLine(quiet: global.quiet || out == "-")
    let total = plan.totalSize
    var tally = Tally()
    let decryption = Decryption(keys: keys, replacing: force, progress: progress)
    let processors = ProcessInfo.processInfo.activeProcessorCount
    let count = plan.items.count
    try await line.show {
      "decrypting \(count) files: \(progress.bytes.asSize) of \(total.asSize)"
    } while: {
      try await decryption.run(plan, jobs: jobs ?? processors) { item, outcome in
        tally.add(outcome)
        if json { return try Output.json(Report(item, outcome, keyCount: keys.count)) }
        switch outcome {
        case .decrypted: break
        case .exists: line.notice("tgl: \(item.outputPath): exists already; left alone")
        case .failed(let failure): line.notice("tgl: \(failure)\(tally.hint(failure))")
        }
      }
    }
    if !json, out != "-", !global.quiet { print(tally.summary) }
    if let status = tally.status { throw ExitCode(status.rawValue) }
  }
}

/// What came of all files.
private struct Tally {
  var decrypted = 0
  var bytes: Int64 = 0
  var existing = 0
  var failed = 0
  var badData = 0
  var missing = 0

  mutating func add(_ outcome: Decryption.Outcome) {
    switch outcome {
    case .decrypted(let size, _):
      decrypted += 1
      bytes += size
    case .exists: existing += 1
    case .failed(let failure):
      failed += 1
      if failure.isBadData { badData += 1 }
      if failure.reason == "no_input" { missing += 1 }
    }
  }

  /// Where the file alone does not tell what is wrong, the others may.
  func hint(_ failure: DecryptionFailure) -> String {
    if case .file(.notAuthentic) = failure, decrypted > 0 { return " (the key opened others)" }
    return ""
  }

  var summary: String {
    var parts = ["\(decrypted) decrypted (\(bytes.asSize))"]
    if existing > 0 { parts.append("\(existing) left alone because the output exists (--force replaces)") }
    if failed > 0 { parts.append("\(failed) failed") }
    return parts.joined(separator: ", ") + "."
  }

  /// Nil when all went well.
  var status: ExitStatus? {
    if failed == 0 { return existing > 0 ? .cannotCreate : nil }
    guard decrypted == 0, existing == 0 else { return .someFailed }
    return badData == failed ? .dataError : missing == failed ? .noInput : .someFailed
  }
}

/// A line of `--json`.
private struct Report: Encodable {
  let input: String
  var output: String?
  var status: String
  var bytes: Int64?
  /// The place of the key that fitted, from 1, where there are several.
  var key: Int?
  var reason: String?
  var message: String?

  init(_ item: DecryptionPlan.Item, _ outcome: Decryption.Outcome, keyCount: Int) {
    input = item.input
    switch outcome {
    case .decrypted(let bytes, let key):
      status = "decrypted"
      output = item.outputPath
      self.bytes = bytes
      self.key = keyCount > 1 ? key + 1 : nil
    case .exists:
      status = "exists"
      output = item.outputPath
    case .failed(let failure):
      status = "failed"
      reason = failure.reason
      message = "\(failure)"
    }
  }
}

extension DecryptionPlan.Item {
  fileprivate var outputPath: String {
    switch output {
    case .path(let path): path
    case .descriptor(_, let name): name
    }
  }
}
