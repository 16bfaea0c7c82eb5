import ArgumentParser
import Foundation
import TGLCore
import TelegramClient

struct PurgeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge",
    abstract: "Remove what has been kept long enough.",
    discussion: """
      Removes messages with their earlier versions, and buffered media, as 'tgl run' does every five minutes: by \
      PERSIST_TIME_IN_DAYS_… and MEDIA_BUFFER_TTL_HOURS, or by --older-than. Ages count from when a message was received. \
      Recovered media goes only with '--only deleted-media --older-than AGE'. What is still to be posted to the log chat \
      stays. May be run beside 'tgl run', which waits for it a few hundredths of a second at most.

      EXAMPLES
        tgl purge --dry-run
        tgl purge --older-than 30d --type group --type channel
        tgl purge --older-than 0d --chat @somebody --vacuum
        tgl purge --only deleted-media --older-than 52w

      EXIT STATUS
        0 done; 66 there is no archive; 75 the archive is locked, or --vacuum has to write it anew and 'tgl run' is \
      running; 78 wrong settings; 130 interrupted.
      """)

  @OptionGroup var global: GlobalOptions

  @Flag(help: "Only say what would go.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      "Remove what is older, whatever the settings say: a number with s, m, h, d or w.", valueName: "age"))
  var olderThan: AgeArgument?

  @Option(help: ArgumentHelp("Only chats of this type; may be given several times.", valueName: "type"))
  var type: [RetentionType] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Only this chat, by id or @name; may be given several times.", valueName: "chat"),
    completion: .custom(ChatCompletion.chats))
  var chat: [PeerArgument] = []

  @Option(
    help: ArgumentHelp(
      "Only this; may be given several times (default: messages and buffer).", valueName: "what"))
  var only: [RetentionPart] = []

  @Flag(help: "Leave messages that their senders have deleted.")
  var keepDeleted = false

  @Flag(help: "Give what is free in the database back to the disk.")
  var vacuum = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if only.contains(.deletedMedia), olderThan == nil {
      throw ValidationError("'--only deleted-media' needs '--older-than': recovered media has no age limit of its own")
    }
  }

  func run() async throws {
    let settings = try RetentionSettings(global.source())
    settings.warnings.forEach(Output.notice)
    let root = DataRoot(existing: settings.dataRoot)
    let archive = try Archive.open(at: root.archiveFile, busyTimeout: .seconds(30), creating: false)
    var request = RetentionPlan.Request()
    request.olderThan = olderThan?.seconds
    request.types = Set(type)
    request.chats = try await archive.resolve(chat)
    request.parts = Set(only)
    request.keepsDeleted = keepDeleted
    let clock = Int64(Date().timeIntervalSince1970)
    let now = try await archive.believableTime(clock)
    if now != clock {
      Output.notice(
        "this machine's clock is \((clock - now) / 86_400) days ahead of what Telegram told last; ages count from then")
    }
    let plan = RetentionPlan(settings, request: request, now: now, clockOffset: clock - now)

    let done = Counter()
    let purge = Purge(archive: archive, root: root, plan: plan, isDryRun: dryRun) { done.value = $0 }
    // Rather before anything is removed than after it.
    if vacuum, try await purge.vacuumNeedsLock() { _ = try InstanceLock(root) }
    let report = try await Interruption.cancels { [vacuum, global] in
      try await ProgressLine(quiet: global.quiet).show {
        "removing: \(done.value) messages so far"
      } while: {
        var report = try await purge.run()
        if vacuum { report.vacuum = try await purge.vacuum() }
        return report
      }
    }
    try archive.close()
    if json { try Output.json(report) } else { PurgeText(report).lines.forEach { print($0) } }
  }
}
