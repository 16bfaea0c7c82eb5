import TelegramClient

/// A message as HTML.
enum HTMLMessage {
  /// - Parameter replyPage: the page on which the answered message is, if it is on one.
  static func append(
    _ message: ExportedMessage, replyPage: Int?, _ time: inout CalendarTime, _ names: inout NameBook,
    to html: inout TextBuffer
  ) throws {
    let record = message.record
    var classes: [String] = []
    if record.action != nil { classes.append("service") }
    if record.isOutgoing { classes.append("out") }
    if message.deletedAt != nil { classes.append("deleted") }
    if message.isEdited { classes.append("edited") }
    html.append("<article id=\"m\(record.id)\"")
    if !classes.isEmpty { html.append(" class=\"\(classes.joined(separator: " "))\"") }
    html.append("><header>")
    appendSender(of: message, to: &html)
    if let deletedAt = message.deletedAt {
      html.append("<span class=\"badge gone\">deleted \(time.minute(deletedAt))</span>")
    }
    if message.isEdited { html.append("<span class=\"badge\">edited</span>") }
    html.append("<a class=\"time\" href=\"#m\(record.id)\"><time datetime=\"\(CalendarTime.utc(record.date))\">")
    html.append("\(time.minute(record.date))</time></a></header>")
    if let forward = record.forward {
      html.append("<div class=\"note\">Forwarded from ")
      html.append(escaping: DisplayName.clean(message.forwardName ?? "somebody"))
      html.append(", \(time.minute(forward.date))</div>")
    }
    appendReply(of: record, page: replyPage, to: &html)
    if let action = record.action { try append(action, &names, to: &html) }
    if let media = message.media { append(media, of: message, to: &html) }
    appendText(of: message, &time, to: &html)
    appendButtons(of: record, to: &html)
    html.append("</article>\n")
  }

  private static func appendSender(of message: ExportedMessage, to html: inout TextBuffer) {
    guard let sender = message.record.sender else { return }
    let color = Int(sender.bareID % 7)
    html.append("<span class=\"name n\(color)\">")
    html.append(escaping: DisplayName.clean(message.senderName ?? "id \(sender)"))
    if let author = message.record.postAuthor {
      html.append(" · ")
      html.append(escaping: DisplayName.clean(author))
    }
    html.append("</span>")
  }

  private static func appendReply(of record: MessageRecord, page: Int?, to html: inout TextBuffer) {
    defer {
      if let quote = record.context?.quote {
        html.append("<blockquote dir=\"auto\">")
        HTMLText.append(quote, to: &html)
        html.append("</blockquote>")
      }
    }
    if let story = record.context?.story {
      html.append("<div class=\"note\">Reply to story \(story.id) of \(story.chat)</div>")
    }
    guard let id = record.replyToID else { return }
    html.append("<div class=\"note\">Reply to ")
    if let page {
      html.append("<a href=\"page-\(page).html#m\(id)\">message \(id)</a>")
    } else {
      html.append("message \(id)\(record.replyToChat == nil ? "" : " of another chat")")
    }
    html.append("</div>")
  }

  /// The buttons under a message; what is no web address is shown as text.
  private static func appendButtons(of record: MessageRecord, to html: inout TextBuffer) {
    guard let rows = record.context?.buttons else { return }
    for row in rows {
      html.append("<div class=\"note\">")
      for (index, button) in row.enumerated() {
        if index > 0 { html.append(" · ") }
        var text = FormattedText()
        let name = DisplayName.clean(button.text)
        if let link = button.link { text.append(name, .link(url: link)) } else { text.append(name) }
        HTMLText.append(text, to: &html)
      }
      html.append("</div>")
    }
  }

  // MARK: Text and its history

  private static func appendText(
    of message: ExportedMessage, _ time: inout CalendarTime, to html: inout TextBuffer
  ) {
    if !message.record.text.isEmpty {
      html.append("<div class=\"text\" dir=\"auto\">")
      HTMLText.append(message.record.text, to: &html)
      html.append("</div>")
    }
    guard !message.earlier.isEmpty else { return }
    let edits = message.earlier.count
    html.append("<details><summary>\(edits == 1 ? "1 edit" : "\(edits) edits"): show what it said</summary>")
    let texts = message.earlier.map(\.text) + [message.record.text]
    var inserted: [Range<Int>] = []
    for (index, text) in texts.enumerated() {
      let next = index + 1 < texts.count ? TextDiff(from: text.text, to: texts[index + 1].text) : nil
      let date = index < message.earlier.count ? message.earlier[index].date : message.record.editDate ?? 0
      html.append("<div class=\"old\"><time>\(date > 0 ? time.minute(date) : "")</time>")
      if index < message.earlier.count, let kind = message.earlier[index].mediaKind {
        html.append(" <span class=\"badge\">\(kind.rawValue)</span>")
        appendFiles(of: message.earlier[index], message, to: &html)
      }
      html.append("<div class=\"text\" dir=\"auto\">")
      HTMLText.append(text, removed: next?.removed ?? [], inserted: inserted, to: &html)
      html.append("</div></div>")
      inserted = next?.inserted ?? []
    }
    html.append("</details>")
  }

  // MARK: Service messages

  private static func append(
    _ action: RawRecord, _ names: inout NameBook, to html: inout TextBuffer
  ) throws {
    html.append("<div class=\"text\">")
    let told = ServiceAction(action)
    if let members = told.members, !members.isEmpty {
      let list = try members.prefix(50).map { id in
        try PeerID.user(id).flatMap { try names.name($0) }.map { DisplayName.clean($0) } ?? "id \(id)"
      }
      html.append(escaping: "\(told.name.replacing("_", with: " ")): \(list.joined(separator: ", "))")
    } else {
      html.append(escaping: ActionDescription.text(of: action))
    }
    html.append("</div>")
  }

  // MARK: Media

  private static func append(_ media: MediaDetails, of message: ExportedMessage, to html: inout TextBuffer) {
    html.append("<div class=\"media\">")
    defer { html.append("</div>") }
    let files = message.files.filter { $0.path != nil }
    if files.isEmpty { return appendPlaceholder(media, of: message, to: &html) }
    for file in files {
      guard let path = file.path else { continue }
      append(
        path, as: file.position == 0 || media.kind == .paidMedia ? kind(of: path, media.kind) : .document, media,
        to: &html)
    }
  }

  /// The files of an earlier version.
  private static func appendFiles(
    of version: SnapshotMessage.Version, _ message: ExportedMessage, to html: inout TextBuffer
  ) {
    guard let files = message.earlierFiles[version.version], let media = version.media.map(MediaDetails.init) else {
      return
    }
    html.append("<div class=\"media\">")
    for file in files {
      if let path = file.path {
        append(path, as: file.position == 0 ? kind(of: path, media.kind) : .document, media, to: &html)
      } else {
        html.append("<span class=\"file\">")
        html.append(escaping: file.reason ?? "not kept")
        html.append("</span>")
      }
    }
    html.append("</div>")
  }

  private enum Shown { case image, video, audio, document }

  /// What a browser shows, by what the file is called.
  private static func kind(of path: String, _ kind: MediaKind) -> Shown {
    switch path.lowercased().split(separator: ".").last {
    case "jpg", "jpeg", "png", "gif", "webp": kind == .document ? .document : .image
    case "mp4", "webm", "mov": .video
    case "ogg", "oga", "opus", "mp3", "m4a", "flac", "wav": .audio
    default: .document
    }
  }

  private static func append(_ path: String, as shown: Shown, _ media: MediaDetails, to html: inout TextBuffer) {
    func address() {
      html.append("\"")
      html.append(addressOf: path, from: "../../")
      html.append("\"")
    }
    switch shown {
    case .image:
      html.append("<a href=")
      address()
      html.append("><img loading=\"lazy\" alt=\"\(media.kind.rawValue)\"")
      if let width = media.width, let height = media.height, width > 0, height > 0 {
        html.append(" width=\"\(width)\" height=\"\(height)\"")
      }
      html.append(" src=")
      address()
      html.append("></a>")
    case .video:
      html.append("<video controls preload=\"none\" src=")
      address()
      html.append("></video>")
    case .audio:
      html.append("<audio controls preload=\"none\" src=")
      address()
      html.append("></audio>")
    case .document:
      html.append("<a class=\"file\" download href=")
      address()
      html.append(">📎 ")
      html.append(escaping: media.fileName ?? String(path.split(separator: "/").last ?? ""))
      html.append("</a>")
    }
  }

  /// Media without a file, or whose file is not there.
  private static func appendPlaceholder(
    _ media: MediaDetails, of message: ExportedMessage, to html: inout TextBuffer
  ) {
    if media.kind != .webPage {
      html.append("<span class=\"file\">")
      var parts = [media.kind.rawValue.replacing("_", with: " ")]
      if media.kind.hasFile { parts.append(message.files.first?.reason ?? "not kept") }
      html.append(escaping: parts.joined(separator: " · "))
      html.append("</span>")
    }
    guard let told = message.record.media.flatMap(MediaDescription.text), !told.isEmpty else { return }
    html.append("<div class=\"note\"><div class=\"text\" dir=\"auto\">")
    HTMLText.append(told, to: &html)
    html.append("</div></div>")
  }
}
