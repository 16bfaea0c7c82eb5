import Foundation
import TelegramClient

/// A site of pages that need nothing but themselves: `index.html` lists the chats, `chats/ID/index.html` a chat's pages.
struct HTMLFormat: ExportFormatWriter {
  /// Enough to read on for a while, few enough for a phone.
  static let pageSize = 1000

  private let folder: String
  private let replacing: Bool
  private var time: CalendarTime
  private var names: NameBook
  private var entries: [ExportState.Chat]
  /// Of the chat that is being written.
  private var pages: [HTMLPageSummary] = []
  private var page: TextOutput?
  private var day = ""

  /// - Parameter entries: chats that earlier exports wrote and that stay.
  init(folder: String, replacing: Bool, time: CalendarTime, names: NameBook, entries: [ExportState.Chat]) {
    self.folder = folder
    self.replacing = replacing
    self.time = time
    self.names = names
    self.entries = entries
  }

  private func chatFolder(_ chat: ExportedChat) -> String { "\(folder)/chats/\(chat.id)" }
  private func pageCount(_ chat: ExportedChat) -> Int { (chat.count + Self.pageSize - 1) / Self.pageSize }

  mutating func begin(_ chat: ExportedChat) throws {
    try FileManager.default.createDirectory(
      atPath: chatFolder(chat), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    pages = []
    page = nil
  }

  mutating func add(_ message: ExportedMessage, in chat: ExportedChat) throws {
    if page == nil || pages[pages.count - 1].messages == Self.pageSize { try beginPage(of: chat, message.record) }
    guard let page else { return }
    let day = time.day(message.record.date)
    if day != self.day {
      page.text.append("<h2 class=\"day\" id=\"d\(day)\">\(day)</h2>\n")
      self.day = day
    }
    try HTMLMessage.append(message, replyPage: replyPage(of: message.record), &time, &names, to: &page.text)
    pages[pages.count - 1].add(message, day: day)
    try page.flushIfFull()
  }

  /// The page of the message that is answered, when it is on an earlier one of the same chat.
  private func replyPage(of message: MessageRecord) -> Int? {
    guard let id = message.replyToID, message.replyToChat == nil || message.replyToChat == message.chat else {
      return nil
    }
    // Pages are in the order of their ids, and there may be thousands.
    var (low, high) = (0, pages.count)
    while low < high {
      let middle = (low + high) / 2
      if pages[middle].firstID <= id { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? low : nil
  }

  private mutating func beginPage(of chat: ExportedChat, _ first: MessageRecord) throws {
    try endPage()
    pages.append(HTMLPageSummary(firstID: first.id))
    day = ""
    let number = pages.count
    let output = try TextOutput(path: "\(chatFolder(chat))/page-\(number).html")
    page = output
    let total = pageCount(chat)
    output.text.append(HTMLAssets.head)
    output.text.append("<title>")
    output.text.append(escaping: "\(chat.name) · \(number)/\(total)")
    output.text.append("</title>\n</head>\n<body>\n<div class=\"top\"><h1>")
    output.text.append(escaping: DisplayName.clean(chat.name))
    output.text.append(" <small>page \(number) of \(total)</small></h1><nav>")
    func link(_ id: String, _ text: String, _ label: String, _ target: String?) {
      output.text.append(
        target.map { "<a id=\"\(id)\" href=\"\($0)\" title=\"\(label)\">\(text)</a>" }
          ?? "<span title=\"\(label)\">\(text)</span>")
    }
    link("up", "All pages", "All pages (u)", "index.html")
    link("first", "«", "First page", number > 1 ? "page-1.html" : nil)
    link("previous", "‹", "Previous page (p)", number > 1 ? "page-\(number - 1).html" : nil)
    link("next", "›", "Next page (n)", number < total ? "page-\(number + 1).html" : nil)
    link("last", "»", "Last page", number < total ? "page-\(total).html" : nil)
    output.text.append("</nav>")
    output.text.append(HTMLControls.date + HTMLControls.search + HTMLControls.buttons)
    output.text.append("</div>\n<main>\n")
  }

  private mutating func endPage() throws {
    guard let page else { return }
    page.text.append("</main>\n" + HTMLAssets.foot)
    try page.finish(replacing: true, flushes: false)
    self.page = nil
  }

  mutating func end(_ chat: ExportedChat) throws {
    try endPage()
    try writeContents(of: chat)
    try removeStalePages(of: chat)
    entries.removeAll { $0.id == chat.id.rawValue }
    guard !pages.isEmpty else { return }
    entries.append(
      ExportState.Chat(
        id: chat.id.rawValue, name: chat.name, type: chat.type.rawValue, username: chat.peer?.username,
        messages: pages.reduce(0) { $0 + $1.messages }, deleted: pages.reduce(0) { $0 + $1.deleted },
        edited: pages.reduce(0) { $0 + $1.edited }, first: pages.map(\.firstDate).min() ?? 0,
        last: pages.map(\.lastDate).max() ?? 0))
  }

  private func removeStalePages(of chat: ExportedChat) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: chatFolder(chat)) {
      guard name.hasPrefix("page-"), name.hasSuffix(".html"), let number = Int(name.dropFirst(5).dropLast(5)),
        number > pages.count
      else { continue }
      unlink("\(chatFolder(chat))/\(name)")
    }
  }

  private mutating func writeContents(of chat: ExportedChat) throws {
    let output = try TextOutput(path: "\(chatFolder(chat))/index.html")
    output.text.append(HTMLAssets.head)
    output.text.append("<title>")
    output.text.append(escaping: chat.name)
    output.text.append("</title>\n</head>\n<body>\n<div class=\"top\"><h1>")
    output.text.append(escaping: DisplayName.clean(chat.name))
    output.text.append(" <small>\(Self.counted(chat.count, "message"))</small></h1>")
    output.text.append("<nav><a id=\"up\" href=\"../../index.html\" title=\"All chats (u)\">All chats</a></nav>")
    output.text.append(HTMLControls.date + HTMLControls.buttons + "</div>\n<main><ul class=\"list\">\n")
    for (index, page) in pages.enumerated() {
      output.text.append("<li><a href=\"page-\(index + 1).html\">\(page.firstDay) – \(page.lastDay)</a><small>")
      output.text.append(Self.counts(page.messages, deleted: page.deleted, edited: page.edited))
      output.text.append("</small></li>\n")
      try output.flushIfFull()
    }
    let days = pages.map { "[\"\($0.firstDay)\",\"\($0.lastDay)\"]" }.joined(separator: ",")
    output.text.append("</ul></main>\n<script type=\"application/json\" id=\"pages\">[\(days)]</script>\n")
    output.text.append(HTMLAssets.foot)
    try output.finish(replacing: true, flushes: false)
  }

  mutating func finish() throws -> String? {
    let path = "\(folder)/index.html"
    let output = try TextOutput(path: path)
    let messages = entries.reduce(0) { $0 + $1.messages }
    output.text.append(HTMLAssets.head)
    output.text.append(
      "<title>Telegram archive</title>\n</head>\n<body>\n<div class=\"top\"><h1>Telegram archive <small>")
    output.text.append("\(Self.counted(entries.count, "chat")), \(Self.counted(messages, "message"))</small></h1>")
    output.text.append(HTMLControls.search + HTMLControls.buttons + "</div>\n<main><ul class=\"list\">\n")
    for chat in entries.sorted(by: { ($0.last, $0.id) > ($1.last, $1.id) }) {
      output.text.append("<li><a href=\"chats/\(chat.id)/index.html\">")
      output.text.append(escaping: DisplayName.clean(chat.name))
      output.text.append("</a><small>")
      let username = PeerLink.validUsername(chat.username).map { " · @\($0)" } ?? ""
      output.text.append("\(chat.type)\(username) · \(time.day(chat.first)) – \(time.day(chat.last)) · ")
      output.text.append(Self.counts(chat.messages, deleted: chat.deleted, edited: chat.edited))
      output.text.append("</small></li>\n")
      try output.flushIfFull()
    }
    output.text.append("</ul></main>\n" + HTMLAssets.foot)
    try output.finish(replacing: true)
    return path
  }

  /// What the folder holds now.
  var chats: [ExportState.Chat] { entries }

  private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  private static func counts(_ messages: Int, deleted: Int, edited: Int) -> String {
    var parts = [counted(messages, "message")]
    if deleted > 0 { parts.append("<span class=\"gone\">\(deleted) deleted</span>") }
    if edited > 0 { parts.append("\(edited) edited") }
    return parts.joined(separator: ", ")
  }
}

/// What a chat's contents tell of a page.
struct HTMLPageSummary {
  let firstID: Int64
  var messages = 0
  var deleted = 0
  var edited = 0
  var firstDate: Int64 = 0
  var lastDate: Int64 = 0
  var firstDay = ""
  var lastDay = ""

  init(firstID: Int64) { self.firstID = firstID }

  mutating func add(_ message: ExportedMessage, day: String) {
    let date = message.record.date
    // Ids and dates need not be in the same order: imported messages have dates of their own.
    if messages == 0 || date < firstDate { (firstDate, firstDay) = (date, day) }
    if messages == 0 || date > lastDate { (lastDate, lastDay) = (date, day) }
    messages += 1
    if message.deletedAt != nil { deleted += 1 }
    if message.isEdited { edited += 1 }
  }
}

/// What stands in the bar at the top.
enum HTMLControls {
  static let date = "<input type=\"date\" id=\"date\" title=\"Go to a date (g)\" aria-label=\"Go to a date\">"
  static let search =
    "<input type=\"search\" id=\"search\" placeholder=\"Search\" title=\"Search in this page (/)\" "
    + "aria-label=\"Search in this page\"><small id=\"found\" role=\"status\"></small>"
  static let buttons = "<button id=\"theme\" title=\"Dark or light (t); all keys: ?\">◐</button>"
}
