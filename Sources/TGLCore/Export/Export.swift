import Foundation
import Synchronization
import TelegramClient

/// `tgl export`: writes the archive, as it is at one moment, in a form others read.
public enum Export {
  /// Counts what is under way, for whoever shows it.
  public final class Progress: Sendable {
    private let done = Atomic(0)
    private let all = Atomic(0)

    public init() {}

    /// Messages written so far.
    public var messages: Int { done.load(ordering: .relaxed) }
    /// Messages there are to write.
    public var total: Int { all.load(ordering: .relaxed) }

    func expect(_ count: Int) { all.store(count, ordering: .relaxed) }
    func count() { done.add(1, ordering: .relaxed) }
  }

  /// The chats of an archive as the command line names them: by username where they have one.
  public static func chatNames(in archive: Archive) async throws -> [String] {
    try await archive.snapshot { snapshot in
      try snapshot.chats().map { id in
        PeerLink.validUsername(try snapshot.peer(id)?.username).map { "@\($0)" } ?? "\(id)"
      }
    }
  }

  /// Exports what `request` asks for; memory does not grow with the number of messages.
  ///
  /// - Parameters:
  ///   - archive: read at one moment, also while others write to it.
  ///   - now: in seconds since 1970; nil for the clock's.
  ///   - report: gets a line for each media file that could not be copied.
  /// - Throws: `ExportError`, `EncryptedFileError`, `ArchiveError`, `CancellationError`.
  public static func run(
    _ request: ExportRequest, archive: Archive, now: Int64? = nil,
    progress: Progress = Progress(), report: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> ExportSummary {
    let cancellation = BlockingWork.Cancellation()
    let now = now ?? Int64(Date().timeIntervalSince1970)
    return try await withTaskCancellationHandler {
      try await archive.snapshot { snapshot in
        var run = try ExportRun(
          request, snapshot, now: now, progress: progress, cancellation: cancellation, report: report)
        return try run.run()
      }
    } onCancel: {
      cancellation.cancel()
    }
  }
}

/// One export under way.
struct ExportRun {
  private let request: ExportRequest
  private let snapshot: ArchiveSnapshot
  private let now: Int64
  private let progress: Export.Progress
  private let cancellation: BlockingWork.Cancellation
  private let report: (String) -> Void
  /// What the folder's last export left.
  private let last: ExportState?
  private let account: PeerID?
  private var names: NameBook
  private var files: ExportFiles
  private var summary = ExportSummary()
  private var recent: Set<String> = []

  init(
    _ request: ExportRequest, _ snapshot: ArchiveSnapshot, now: Int64, progress: Export.Progress,
    cancellation: BlockingWork.Cancellation, report: @escaping (String) -> Void
  ) throws {
    self.request = request
    self.snapshot = snapshot
    self.now = now
    self.progress = progress
    self.cancellation = cancellation
    self.report = report
    names = NameBook(snapshot)
    files = ExportFiles(request, cancellation)
    account = try snapshot.account()
    last = try Self.prepareFolder(request)
  }

  /// Makes the folder, and refuses one that holds something else.
  private static func prepareFolder(_ request: ExportRequest) throws -> ExportState? {
    guard let folder = request.folder else { return nil }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let hasState = names.contains(ExportState.fileName)
    if !names.isEmpty, !hasState, !request.replacing { throw ExportError.foreignFolder(path: folder) }
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw EncryptedFileError.system(path: folder, operation: "make the folder", reason: DataRoot.reason(error))
    }
    if request.format == .html, !request.sinceLast {
      try EncryptedFile.refuseExisting("\(folder)/index.html", request.replacing)
    }
    guard request.sinceLast, hasState, !request.replacing, let state = try ExportState.load(from: folder) else {
      return nil
    }
    guard state.format == request.format.rawValue else {
      throw ExportError.otherExport(path: folder, detail: "--format \(state.format)")
    }
    guard state.options == Self.options(request) else {
      throw ExportError.otherExport(path: folder, detail: state.options)
    }
    return state
  }

  /// The options that decide what is exported, as they are written.
  private static func options(_ request: ExportRequest) -> String {
    var parts = request.chats.map { chat in
      switch chat {
      case .id(let id): "--chat \(id)"
      case .username(let name): "--chat @\(name)"
      }
    }.sorted()
    if let since = request.since { parts.append("--since \(CalendarTime.utc(since))") }
    if let until = request.until { parts.append("--until \(CalendarTime.utc(until))") }
    if request.onlyDeleted { parts.append("--deleted") }
    if request.onlyEdited { parts.append("--edited") }
    return parts.isEmpty ? "all chats" : parts.joined(separator: " ")
  }

  mutating func run() throws -> ExportSummary {
    let chats = try selectedChats()
    progress.expect(chats.reduce(0) { $0 + $1.count })
    if request.format == .html {
      var writer = HTMLFormat(
        folder: request.folder ?? ".", replacing: request.replacing, time: CalendarTime(zone: request.timeZone),
        names: names, entries: last?.chats ?? [])
      try write(chats, to: &writer)
      if !(chats.isEmpty && last != nil) { summary.path = try writer.finish() }
      try saveState(chats: writer.chats)
    } else {
      try writeSingle(chats)
      try saveState(chats: [])
    }
    summary.files = files.found
    summary.failedFiles = files.failed
    return summary
  }

  private mutating func writeSingle(_ chats: [ExportedChat]) throws {
    let output = try SingleOutput(request.destination, name: fileName, replacing: request.replacing)
    var writer: any ExportFormatWriter =
      switch request.format {
      case .jsonl, .html: JSONLinesFormat(output, includesRaw: request.includesRaw)
      case .csv: CSVFormat(output)
      case .json:
        DesktopJSONFormat(
          output, isSingle: request.chats.count == 1, includesRaw: request.includesRaw,
          time: CalendarTime(zone: request.timeZone), names: names)
      }
    try write(chats, to: &writer)
    // Nothing new is no reason for a file.
    if request.sinceLast, summary.messages == 0 { return }
    summary.path = try writer.finish()
  }

  /// The output's name where a folder is given: one of its own each time, when the next one adds to the folder.
  private var fileName: String {
    let ending = request.format.rawValue
    let name = request.format == .json ? "result" : "messages"
    guard request.sinceLast, let folder = request.folder else { return "\(name).\(ending)" }
    let stamped = "\(name)-\(CalendarTime.utc(now).filter { $0 != "-" && $0 != ":" })"
    let names = [stamped] + (2...99).map { "\(stamped)-\($0)" }
    let free = names.first { !FileManager.default.fileExists(atPath: "\(folder)/\($0).\(ending)") }
    return "\(free ?? stamped).\(ending)"
  }

  private func saveState(chats: [ExportState.Chat]) throws {
    guard let folder = request.folder else { return }
    var state = ExportState(
      format: request.format.rawValue, options: Self.options(request), through: now - ExportState.settling)
    state.recent = recent
    state.chats = chats
    try state.save(to: folder)
  }

  // MARK: Chats

  /// The chats that are exported, those without a message left out.
  private mutating func selectedChats() throws -> [ExportedChat] {
    let ids = try request.chats.isEmpty ? snapshot.chats() : request.chats.map(resolve)
    var chats: [ExportedChat] = []
    for id in ids {
      try cancellation.check()
      if request.format == .html, last != nil {
        // A chat in which something happened is written again as a whole: its pages have shifted.
        guard try isChanged(id) else { continue }
      }
      let count = try snapshot.count(in: id, filter)
      // A chat that was asked for by name is there even when it is empty.
      if count == 0, request.chats.isEmpty || request.format == .html { continue }
      chats.append(ExportedChat(id: id, peer: try names.peer(id), isSelf: id == account, count: count))
    }
    return chats
  }

  private var filter: MessageFilter {
    var filter = request.filter
    if request.format != .html { filter.changedSince = last?.through }
    return filter
  }

  private mutating func isChanged(_ chat: PeerID) throws -> Bool {
    guard let last else { return true }
    var filter = request.filter
    filter.changedSince = last.through
    var isChanged = false
    try snapshot.messages(in: chat, filter, withFiles: false) { message in
      let key = ExportState.key(message)
      if !last.recent.contains(key) { isChanged = true }
      if message.changedAt >= now - ExportState.settling { recent.insert(key) }
    }
    return isChanged
  }

  private func resolve(_ chat: PeerReference) throws -> PeerID {
    switch chat {
    case .id(let id):
      guard try snapshot.peer(id) != nil || snapshot.count(in: id, MessageFilter()) > 0 else {
        throw ExportError.unknownChat("\(id)")
      }
      return id
    case .username(let name):
      guard let id = try snapshot.peer(username: name) else { throw ExportError.unknownChat("@\(name)") }
      return id
    }
  }

  // MARK: Messages

  private mutating func write(_ chats: [ExportedChat], to writer: inout some ExportFormatWriter) throws {
    for chat in chats {
      try writer.begin(chat)
      try snapshot.messages(in: chat.id, filter, withFiles: request.media != .none) { message in
        if cancellation.isCancelled { throw CancellationError() }
        let key = ExportState.key(message)
        if message.changedAt >= now - ExportState.settling { recent.insert(key) }
        if request.format != .html, let last, last.recent.contains(key) { return }
        try writer.add(exported(message, in: chat, writer), in: chat)
        progress.count()
        summary.messages += 1
        if message.deletedAt != nil { summary.deleted += 1 }
        if message.version > 1 { summary.edited += 1 }
      }
      try writer.end(chat)
      summary.chats += 1
    }
  }

  private mutating func exported(
    _ message: SnapshotMessage, in chat: ExportedChat, _ writer: some ExportFormatWriter
  ) throws -> ExportedMessage {
    let record = message.record
    let sender = try record.sender.flatMap { try names.peer($0) }
    var forwardName = record.forward?.fromName
    if forwardName == nil, let from = record.forward?.from { forwardName = try names.name(from) }
    let files = ExportedFile.byVersion(
      try files.files(of: message, place: writer.mediaFolder(for: message, in: chat), report: report), of: message)
    return ExportedMessage(
      record: record, version: message.version, deletedAt: message.deletedAt, layer: message.layer,
      earlier: message.earlier, sender: sender, senderName: sender?.name, forwardName: forwardName,
      media: record.media.map(MediaDetails.init), files: files.present, earlierFiles: files.earlier,
      transcription: message.transcription)
  }
}
