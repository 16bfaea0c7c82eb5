public import Foundation
public import TelegramClient

/// A message for the log chat: within Telegram's limits, formatted by entities alone.
public struct Post: Sendable, Hashable, Codable {
  public var content: FormattedText
  /// The group or channel in which the users it names were met.
  public var metIn: PeerID?
  /// The message of the log chat it answers.
  var replyTo: Int64?
  /// The recovered files it is posted with, by their rows in `media_job`.
  var media: [Int64]?

  public init(_ content: FormattedText, metIn: PeerID? = nil) {
    self.content = content
    self.metIn = metIn
  }

  /// The same as plain text.
  var withoutFormatting: Post {
    var post = self
    post.content = FormattedText(content.text)
    return post
  }

  /// The same, answering nothing.
  var withoutReply: Post {
    var post = self
    post.replyTo = nil
    return post
  }

  var withoutMedia: Post {
    var post = self
    post.media = nil
    return post
  }

  /// Source: `message_length_max` of `help.getConfig`, in UTF-16 units.
  public static let maximumLength = 4096
  /// Source: "Styled text with message entities", core.telegram.org/api/entities.
  public static let maximumEntities = 100
}

/// Writes notices.
///
/// Pure: the same notice gives the same posts.
/// A notice cannot be forged or broken by what it tells of. Texts stand in it as text with entities, never as markup;
/// names are cleaned of what could end a line or turn its direction; what is written about a message always stands
/// before the message's own text, and a post that goes on with a text says so in its first line.
public struct NoticeRenderer: Sendable {
  /// The zone in which times are shown; its offset is shown with them.
  public let timeZone: TimeZone
  private let calendar: Calendar

  public init(timeZone: TimeZone = .current) {
    self.timeZone = timeZone
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = timeZone
    self.calendar = calendar
  }

  public func posts(for notice: Notice) -> [Post] { posts(for: notice, missing: []) }

  /// - Parameters:
  ///   - missing: files that cannot be posted, with the reasons.
  ///   - areFilesComing: whether files follow behind the text.
  func posts(for notice: Notice, missing: [NoticeMedium], areFilesComing: Bool = false) -> [Post] {
    let metIn = notice.chat.id.kind == .user ? nil : notice.chat.id
    return contents(of: notice, missing: missing, areFilesComing).map { content in
      var post = Post(content, metIn: metIn)
      post.replyTo = notice.logReply
      return post
    }
  }

  private func contents(of notice: Notice, missing: [NoticeMedium], _ areFilesComing: Bool) -> [FormattedText] {
    var head = header(of: notice)
    for medium in missing {
      head.append("\nNo file: ")
      head.append(DisplayName.clean(medium.failure ?? "", limit: Self.reasonLimit), .italic)
    }
    if areFilesComing { head.append("\nFiles: still being fetched; they follow as answers to this") }
    guard notice.event == .edited || notice.edits != nil else {
      return pages(head: head, sections: [(nil, notice.text)])
    }
    if notice.mediaKind != notice.mediaKindBefore {
      head.append("\nMedia before: ")
      head.append(Self.name(of: notice.mediaKindBefore), .italic)
    }
    let replaced = notice.files?.count { $0.isReplaced == true } ?? 0
    if replaced > missing.count {
      let isAll = replaced == notice.files?.count
      let files = isAll ? "The attached \(replaced == 1 ? "file" : "files")" : "\(replaced) of the attached files"
      head.append("\n\(files) \(replaced == 1 ? "is" : "are") from before the edit.")
    }
    let before = notice.before ?? FormattedText()
    if notice.isAsBefore {
      head.append("\nText: the same as before the edits")
      return pages(head: head, sections: [(nil, notice.text)])
    }
    let marked = FormattedText.marked(before: before, after: notice.text)
    return pages(head: head, sections: [("Before", marked.before), ("After", marked.after)])
  }

  /// Characters a reason may have: room for what a server says and what can be done about it.
  static let reasonLimit = 300

  /// What is posted with a digest's file; short enough for a caption (1024 UTF-16 units).
  public func caption(for digest: DigestNotice) -> FormattedText {
    var text = FormattedText()
    let edited = digest.edited ?? 0
    var title: [String] = []
    if digest.count > edited { title.append("🗑 \(digest.count - edited) deleted messages") }
    if edited > 0 { title.append("✏️ \(edited) edited messages") }
    text.append(title.joined(separator: ", "), .bold)
    if let chat = digest.chat {
      text.append("\nChat: ")
      appendChat(chat, messageID: nil, topicID: nil, to: &text)
    } else {
      text.append("\nOf several chats")
    }
    let verb = edited == 0 ? "Deleted" : edited == digest.count ? "Edited" : "Deleted or edited"
    let until = digest.reason == .backlog ? "until \(time(digest.happenedAt))" : nil
    text.append("\n\(verb): \(until ?? span(digest.lastSeenAt, digest.happenedAt))")
    if let media = digest.media, !media.isEmpty { text.append("\nMedia: \(Self.words(for: media))") }
    if let waiting = digest.waiting {
      text.append("\n\(waiting) notices were waiting, more than the log chat takes. ", .bold)
      text.append("Until it has caught up, those of one chat come together in a file; none is left out.")
    }
    if digest.toldSingly > 0 { text.append("\nThe first \(digest.toldSingly) of this deletion are posted above.") }
    return text
  }

  // MARK: Posts

  /// Puts head and sections in as few posts as they fit in.
  private func pages(head: FormattedText, sections: [(title: String?, text: FormattedText)]) -> [FormattedText] {
    var done: [FormattedText] = []
    var current = head
    for section in sections where !(section.title == nil && section.text.isEmpty) {
      current.append("\n\n")
      if let title = section.title {
        current.append("\(title):", .bold)
        current.append("\n")
      }
      if section.text.isEmpty {
        current.append("(no text)", .italic)
        continue
      }
      let continuation = Self.continuation
      // Rather a new post than a few words at the end of this one, or words that lose their formatting.
      var room = Post.maximumLength - current.length
      let entityRoom = Post.maximumEntities - current.entities.count
      if room < 200 && section.text.length > room || entityRoom < 10 && section.text.entities.count > entityRoom {
        done.append(current)
        current = continuation
        room = Post.maximumLength - current.length
      }
      let pieces = section.text.split(
        limit: Post.maximumLength - continuation.length, first: room,
        entityLimit: Post.maximumEntities - continuation.entities.count,
        firstEntities: Post.maximumEntities - current.entities.count)
      for (index, piece) in pieces.enumerated() {
        if index > 0 {
          done.append(current)
          current = continuation
        }
        current.append(piece)
      }
    }
    done.append(current)
    return done
  }

  /// How every post begins that goes on with a text: what follows it cannot pass for a notice of its own.
  static let continuation: FormattedText = {
    var text = FormattedText()
    text.append("… continued", .italic)
    text.append("\n")
    return text
  }()

  // MARK: Header

  private func header(of notice: Notice) -> FormattedText {
    var text = FormattedText()
    text.append(Self.title(of: notice), .bold)
    text.append("\nFrom: ")
    if let sender = notice.sender {
      appendPeer(sender, to: &text)
      if notice.isOutgoing { text.append(" (you)") }
    } else {
      text.append("unknown", .italic)
    }
    if let author = notice.postAuthor.map({ DisplayName.clean($0) }), !author.isEmpty {
      text.append("\nSigned: \(author)")
    }
    text.append("\nChat: ")
    appendChat(notice.chat, messageID: notice.messageID, topicID: notice.topicID, to: &text)
    text.append("\nSent: \(time(notice.sentAt))")
    text.append("\n\(Self.verb(of: notice.event)): \(span(notice.lastSeenAt, notice.happenedAt))")
    if let edits = Self.words(for: notice) { text.append("\n\(edits)") }
    if notice.event == .deleted, let edited = notice.edits?.editedAt { text.append("\nLast edit: \(time(edited))") }
    if notice.event == .selfDestructed, let limit = notice.ttlSeconds { text.append("\nLimit: \(Self.limit(limit))") }
    if notice.event == .deleted, let opened = notice.openedAt {
      let place = notice.logReply == nil ? "" : ", in the message this answers"
      text.append("\nIts media was posted when it was opened, \(time(opened))\(place)")
    }
    if let source = notice.forwardedFrom.map({ DisplayName.clean($0) }), !source.isEmpty {
      text.append("\nForwarded from: \(source)")
    }
    appendReply(notice, to: &text)
    for line in contextLines(of: notice) {
      text.append("\n")
      text.append(line)
    }
    if let bot = notice.viaBot {
      text.append("\nVia: ")
      appendPeer(bot, to: &text)
    }
    if let media = Self.media(of: notice) {
      text.append("\nMedia: ")
      text.append(media, .italic)
    }
    if let details = notice.details, !details.isEmpty {
      text.append("\n")
      text.append(details)
    }
    return text
  }

  private func appendReply(_ notice: Notice, to text: inout FormattedText) {
    if let title = notice.topicTitle.map({ DisplayName.clean($0) }), !title.isEmpty { text.append("\nTopic: \(title)") }
    guard let reply = notice.reply else { return }
    text.append("\nIn reply to: ")
    let name = "message \(reply.messageID)"
    if let link = PeerLink.message(reply.messageID, in: reply.chat, topic: nil) {
      text.append(name, .link(url: link))
    } else {
      text.append(name)
    }
    if reply.chat.id != notice.chat.id { text.append(" in \(DisplayName.of(reply.chat))") }
    if let quote = reply.quote.map({ DisplayName.clean($0, limit: 80) }), !quote.isEmpty {
      text.append(": ")
      text.append(quote, .italic)
    }
  }

  private static func title(of notice: Notice) -> String {
    switch notice.event {
    case .deleted: notice.album.map { "🗑 Deleted album of \($0.count)" } ?? "🗑 Deleted message"
    case .edited: "✏️ Edited message"
    case .selfDestructed: "💣 Self-destructing media"
    case .saved: "\(OwnPost.savedMark) Saved " + (notice.album.map { "album of \($0.count)" } ?? "message")
    }
  }

  private static func verb(of event: Notice.Event) -> String {
    switch event {
    case .deleted: "Deleted"
    case .edited: "Edited"
    case .selfDestructed: "Opened"
    case .saved: "Saved"
    }
  }

  private func appendPeer(_ peer: PeerSummary, to text: inout FormattedText) {
    let name = DisplayName.of(peer)
    switch peer.type {
    case .user, .bot: text.append(name, .userLink(peer.id.bareID))
    case .group, .supergroup, .channel:
      if let link = PeerLink.chat(peer) { text.append(name, .link(url: link)) } else { text.append(name) }
    }
    if let username = PeerLink.validUsername(peer.username) { text.append(" (@\(username))") }
  }

  private func appendChat(_ chat: PeerSummary, messageID: Int64?, topicID: Int64?, to text: inout FormattedText) {
    if chat.isSelf == true { return text.append("Saved Messages") }
    switch chat.type {
    case .user, .bot: text.append("private chat with ")
    case .group, .supergroup: text.append("group ")
    case .channel: text.append("channel ")
    }
    let link = PeerLink.chat(chat) ?? messageID.flatMap { PeerLink.message($0, in: chat, topic: topicID) }
    if let link { text.append(DisplayName.of(chat), .link(url: link)) } else { text.append(DisplayName.of(chat)) }
    if let messageID, let link = PeerLink.message(messageID, in: chat, topic: topicID) {
      text.append(", ")
      text.append("message \(messageID)", .link(url: link))
    }
  }

  static func name(of kind: MediaKind?) -> String {
    kind?.rawValue.replacingOccurrences(of: "_", with: " ") ?? "none"
  }

  // MARK: Times

  /// When it happened, or between which times, for what Telegram did not tell.
  private func span(_ earliest: Int64?, _ latest: Int64) -> String {
    guard let earliest else { return time(latest) }
    return "between \(time(earliest)) and \(time(latest)) (found missing)"
  }

  /// As in "2026-11-23 04:38:13 UTC+01:00".
  func time(_ seconds: Int64) -> String {
    // Up to the end of the year 9999: what lies behind it is no time anybody sent anything.
    let date = Date(timeIntervalSince1970: TimeInterval(min(max(seconds, 0), 253_402_300_799)))
    let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
    func two(_ number: Int?) -> String {
      let number = number ?? 0
      return number < 10 ? "0\(number)" : "\(number)"
    }
    let offset = timeZone.secondsFromGMT(for: date)
    let minutes = abs(offset) / 60
    let zone = offset == 0 ? "UTC" : "UTC\(offset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
    return "\(parts.year ?? 0)-\(two(parts.month))-\(two(parts.day)) "
      + "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second)) \(zone)"
  }
}
