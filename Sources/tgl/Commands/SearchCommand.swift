import ArgumentParser
import Foundation
import Logging
import TGLCore
import TelegramClient

struct SearchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Search the archive, deleted messages and earlier versions included.",
    discussion: """
      Finds messages that hold all the words, whatever their case and accents, newest first. "Words in quotes" must stand \
      next to each other, wor* finds what begins so, and -word leaves out messages with it. In scripts without spaces any \
      part of a sentence is found.

      EXAMPLES
        tgl search invoice march
        tgl search '"see you" tomor*' --from @bob --since 2026-10-01
        tgl search ёлка --chat -1001234567890 --deleted
        tgl search 東京 --json | jq .text

      EXIT STATUS
        0 searched, whether anything was found or not; 64 no word to look for; 66 there is no archive; 78 wrong settings.
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: "What to look for.")
  var query: [String]

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Only in this chat, by id or @name; may be given several times.", valueName: "chat"),
    completion: .custom(ChatCompletion.chats))
  var chat: [PeerArgument] = []

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Only what this person wrote, by id or @name; may be given several times.", valueName: "person"))
  var from: [PeerArgument] = []

  @Option(help: ArgumentHelp("Only what was sent then or later: \(TimeArgument.accepts).", valueName: "time"))
  var since: TimeArgument?

  @Option(help: ArgumentHelp("Only what was sent before.", valueName: "time"))
  var until: TimeArgument?

  @Flag(help: "Only messages that were deleted.")
  var deleted = false

  @Option(help: ArgumentHelp("How many messages at most.", valueName: "number"))
  var limit = 50

  @Flag(help: "Print one JSON object for each message; offsets count UTF-16 code units.")
  var json = false

  func validate() throws {
    if !(1...1_000_000).contains(limit) { throw ValidationError("'--limit' takes a number from 1 to 1000000") }
    if SearchQuery(query.joined(separator: " ")) == nil {
      throw ValidationError("there is no word to look for in '\(query.joined(separator: " "))'")
    }
  }

  func run() async throws {
    guard let query = SearchQuery(query.joined(separator: " ")) else { return }
    let setting = try DataRootSetting(global.source())
    setting.warnings.forEach(Output.notice)
    let root = DataRoot(existing: setting.path)
    let archive = try Archive.open(at: root.archiveFile, busyTimeout: .seconds(30), creating: false)
    try await complete(archive, root)
    var filter = SearchFilter()
    filter.chats = try await archive.resolve(chat)
    filter.senders = try await archive.resolve(from)
    filter.since = since?.seconds
    filter.until = until?.seconds
    filter.onlyDeleted = deleted
    filter.limit = limit
    let hits = try await archive.search(query, filter)
    try archive.close()
    let renderer = SearchResultText(isStyled: Style.isWanted(of: STDOUT_FILENO))
    for hit in hits {
      if json { try Output.json(SearchHitReport(hit)) } else { print(renderer.text(of: hit)) }
    }
    if hits.isEmpty, !json, !global.quiet { Output.notice("Nothing found.") }
  }

  /// An archive from before there was an index is taken in once.
  private func complete(_ archive: Archive, _ root: DataRoot) async throws {
    if try await archive.isSearchIndexComplete() { return }
    var logger = global.logger()
    logger.logLevel = .error
    let done = Counter()
    let isAlone = (try? InstanceLock(root)) != nil
    let backlog = SearchBacklog(archive: archive, isAlone: isAlone, logger: logger) { done.value = $0 }
    try await ProgressLine(quiet: global.quiet).show {
      "reading the archive for the first search: \(done.value) messages so far"
    } while: {
      try await backlog.run()
    }
  }
}
