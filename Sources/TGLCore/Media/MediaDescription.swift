import Foundation
import NIOCore
import TL

/// What media without a file says, in words.
///
/// Pure: bytes in, text out. What people wrote stands on lines that begin with what it is, and is cleaned of whatever
/// could end a line: no poll can pass for a notice.
enum MediaDescription {
  /// Nil for media that says nothing beyond what it is.
  static func text(of record: MediaRecord) -> FormattedText? {
    guard let media = record.value else { return nil }
    var lines = Lines()
    describe(media, &lines)
    return lines.text.isEmpty ? nil : lines.text
  }

  /// Lines of "what: value".
  struct Lines {
    var text = FormattedText()

    mutating func add(_ title: String, _ value: String, link: String? = nil, limit: Int = 300) {
      let value = DisplayName.clean(value, limit: limit)
      guard !value.isEmpty else { return }
      start(title)
      if let link { text.append(value, .link(url: link)) } else { text.append(value) }
    }

    mutating func add(_ title: String, user: Int64, _ value: String) {
      let value = DisplayName.clean(value, limit: 300)
      start(title)
      text.append(value.isEmpty ? "user \(user)" : value, .userLink(user))
    }

    private mutating func start(_ title: String) {
      if !text.isEmpty { text.append("\n") }
      text.append("\(title): ", .italic)
    }
  }

  private static func describe(_ media: API.AnyMessageMedia, _ lines: inout Lines) {
    switch media {
    case .messageMediaContact(let contact): describe(contact, &lines)
    case .messageMediaGeo(let media): describe(media.geo, &lines)
    case .messageMediaGeoLive(let media):
      describe(media.geo, &lines)
      if let heading = media.heading { lines.add("Heading", "\(heading)°") }
      lines.add("Shared for", duration(media.period))
    case .messageMediaVenue(let venue):
      lines.add("Venue", venue.title)
      lines.add("Address", venue.address)
      describe(venue.geo, &lines)
    case .messageMediaPoll(let media): describe(media.poll, media.results, &lines)
    case .messageMediaDice(let dice): lines.add("Thrown", "\(dice.emoticon) \(dice.value)")
    case .messageMediaGame(let media):
      lines.add("Game", media.game.title)
      lines.add("About", media.game.description)
    case .messageMediaInvoice(let invoice):
      lines.add("Invoice", invoice.title)
      lines.add("For", invoice.description)
      lines.add("Amount", Money.text(invoice.totalAmount, invoice.currency))
    case .messageMediaStory(let story): lines.add("Story", "\(story.id) of \(name(of: story.peer))")
    case .messageMediaGiveaway(let giveaway): describe(giveaway, &lines)
    case .messageMediaGiveawayResults(let results):
      lines.add("Giveaway", "\(results.winnersCount) winners, \(results.unclaimedCount) prizes unclaimed")
      lines.add("Prize", prize(months: results.months, stars: results.stars, results.prizeDescription))
    case .messageMediaToDo(let media): describe(media.todo, media.completions ?? [], &lines)
    case .messageMediaPaidMedia(let paid):
      lines.add("Paid media", "\(paid.extendedMedia.count) for \(paid.starsAmount) Stars")
    case .messageMediaWebPage(let media): describe(media.webpage, &lines)
    case .messageMediaPhoto, .messageMediaDocument:
      for file in MediaFile.files(of: media) where file.role == .main { lines.add("File", file.summary) }
    case .messageMediaVideoStream: lines.add("Media", "a live stream")
    case .messageMediaUnsupported: lines.add("Media", "of a kind that Telegram does not show to this version")
    case .other(let raw): lines.add("Media", raw.name ?? "unknown")
    case .messageMediaEmpty: break
    }
  }

  private static func describe(_ contact: API.MessageMediaContact, _ lines: inout Lines) {
    let name = "\(contact.firstName) \(contact.lastName)"
    if contact.userId > 0 {
      lines.add("Contact", user: contact.userId, name)
    } else {
      lines.add("Contact", name)
    }
    let phone = contact.phoneNumber
    lines.add("Phone", phone.isEmpty || phone.hasPrefix("+") ? phone : "+\(phone)")
  }

  private static func describe(_ point: API.AnyGeoPoint, _ lines: inout Lines) {
    guard case .geoPoint(let point) = point, abs(point.lat) <= 90, abs(point.long) <= 180 else {
      return lines.add("Place", "not told")
    }
    let (latitude, longitude) = (coordinate(point.lat), coordinate(point.long))
    lines.add(
      "Place", "\(latitude), \(longitude)" + (point.accuracyRadius.map { " (within \($0) m)" } ?? ""),
      link: "https://www.openstreetmap.org/?mlat=\(latitude)&mlon=\(longitude)#map=16/\(latitude)/\(longitude)")
  }

  /// To a tenth of a metre.
  private static func coordinate(_ degrees: Double) -> String {
    let rounded = (degrees * 1e6).rounded() / 1e6
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }

  private static func describe(_ poll: API.Poll, _ results: API.PollResults, _ lines: inout Lines) {
    let state = poll.closed ? ", closed" : ""
    lines.add(poll.quiz ? "Quiz\(state)" : "Poll\(state)", poll.question.text)
    let votes = Dictionary((results.results ?? []).map { ($0.option, $0) }, uniquingKeysWith: { first, _ in first })
    for answer in poll.answers {
      guard case .pollAnswer(let answer) = answer else { continue }
      let vote = votes[answer.option]
      var marks: [String] = []
      if let count = vote?.voters {
        let total = Int(results.totalVoters ?? 0)
        marks.append(total > 0 ? "\(count), \(Int(count) * 100 / total) %" : "\(count)")
      }
      if vote?.correct == true { marks.append("right") }
      if vote?.chosen == true { marks.append("chosen by you") }
      let note = marks.isEmpty ? "" : " (\(marks.joined(separator: "; ")))"
      lines.add("•", DisplayName.clean(answer.text.text, limit: 100) + note)
    }
    if let voters = results.totalVoters { lines.add("Voters", "\(voters)") }
    lines.add("Explanation", results.solution ?? "")
  }

  private static func describe(_ giveaway: API.MessageMediaGiveaway, _ lines: inout Lines) {
    lines.add("Giveaway", "\(giveaway.quantity) prizes")
    lines.add("Prize", prize(months: giveaway.months, stars: giveaway.stars, giveaway.prizeDescription))
    lines.add("Until", Date(timeIntervalSince1970: TimeInterval(giveaway.untilDate)).ISO8601Format())
  }

  private static func prize(months: Int32?, stars: Int64?, _ description: String?) -> String {
    [months.map { "Premium for \($0) months" }, stars.map { "\($0) Stars" }, description].compactMap(\.self)
      .joined(separator: ", ")
  }

  private static func describe(
    _ list: API.TodoList, _ completions: [API.TodoCompletion], _ lines: inout Lines
  ) {
    lines.add("List", list.title.text)
    let done = Set(completions.map(\.id))
    for item in list.list { lines.add(done.contains(item.id) ? "☑" : "☐", item.title.text, limit: 100) }
  }

  private static func describe(_ page: API.AnyWebPage, _ lines: inout Lines) {
    switch page {
    case .webPage(let page):
      lines.add("Preview", [page.siteName, page.title].compactMap(\.self).joined(separator: ": "))
      lines.add("About", page.description ?? "")
      lines.add("Page", page.url)
    case .webPagePending(let page): lines.add("Page", page.url ?? "")
    case .webPageEmpty(let page): lines.add("Page", page.url ?? "")
    case .webPageNotModified, .other: break
    }
  }

  static func name(of peer: API.AnyPeer) -> String {
    switch peer {
    case .peerUser(let user): "user \(user.userId)"
    case .peerChat(let chat): "group \(chat.chatId)"
    case .peerChannel(let channel): "channel \(channel.channelId)"
    case .other: "somebody"
    }
  }

  /// As in "2 d 5 h"; the two largest units.
  static func duration(_ seconds: Int32) -> String {
    if seconds == .max { return "ever" }
    var rest = max(Int(seconds), 0)
    var parts: [String] = []
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)] where rest >= length {
      parts.append("\(rest / length) \(unit)")
      rest %= length
    }
    return parts.isEmpty ? "0 s" : parts.prefix(2).joined(separator: " ")
  }
}

extension MediaFile {
  /// As in "notes.txt, 3.2 kB, 4 min 2 s".
  var summary: String {
    var parts = [DisplayName.clean(name, limit: 100)]
    if size > 0 { parts.append(Self.bytes(size)) }
    switch source {
    case .photo(let photo):
      if let size = photo.largestSize { parts.append("\(size.width)×\(size.height)") }
    case .document(let document):
      for attribute in document.attributes {
        switch attribute {
        case .documentAttributeVideo(let video):
          parts.append("\(video.w)×\(video.h)")
          if video.duration.isFinite, (0...1e9).contains(video.duration) {
            parts.append(MediaDescription.duration(Int32(video.duration)))
          }
        case .documentAttributeAudio(let audio):
          parts.append(MediaDescription.duration(audio.duration))
          let title = [audio.performer, audio.title].compactMap(\.self).joined(separator: " – ")
          if !title.isEmpty { parts.append(DisplayName.clean(title, limit: 100)) }
        case .documentAttributeSticker(let sticker):
          parts.append(DisplayName.clean(sticker.alt, limit: 16))
        default: break
        }
      }
    }
    return parts.filter { !$0.isEmpty }.joined(separator: ", ")
  }

  /// As in "3.2 kB".
  static func bytes(_ count: Int64) -> String {
    var value = Double(count)
    for unit in ["B", "kB", "MB"] {
      if value < 1000 { return unit == "B" ? "\(count) B" : String(format: "%.1f %@", value, unit) }
      value /= 1000
    }
    return String(format: "%.1f GB", value)
  }
}

/// Amounts as invoices have them: in the smallest unit of the currency.
///
/// Source: core.telegram.org/bots/payments#supported-currencies.
enum Money {
  private static let withoutCents: Set<String> = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
  ]

  static func text(_ amount: Int64, _ currency: String) -> String {
    let code = DisplayName.clean(currency, limit: 8)
    if code == "XTR" { return "\(amount) Stars" }
    if withoutCents.contains(code) { return "\(amount) \(code)" }
    let cents = amount.magnitude % 100
    return "\(amount < 0 ? "-" : "")\(amount.magnitude / 100).\(cents < 10 ? "0" : "")\(cents) \(code)"
  }
}
