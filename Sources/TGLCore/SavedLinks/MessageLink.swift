import Foundation
import TelegramClient

/// A link to a message.
///
/// Source: "Message links", core.telegram.org/api/links.
struct MessageLink: Sendable, Hashable {
  enum Place: Sendable, Hashable {
    /// A public name.
    case username(String)
    case peer(PeerID)
  }

  var place: Place
  var message: Int64
  /// A comment under that message: its number in the discussion group.
  var comment: Int64?
  /// Only that message, not the album it is part of.
  var isSingle = false

  /// Nil for what links to no message.
  init?(_ text: String) {
    guard text.utf8.count <= 512, let components = URLComponents(string: Self.withScheme(text)) else { return nil }
    let query = Query(components.queryItems ?? [])
    switch components.scheme?.lowercased() {
    // "tg:resolve" without the slashes is the same.
    case "tg": self.init(action: (components.host ?? components.path).lowercased(), query)
    case "http", "https":
      guard let host = components.host?.lowercased(), components.port == nil, components.user == nil else { return nil }
      self.init(host: host, path: components.path.split(separator: "/").map(String.init), query)
    default: return nil
    }
    if query.has("comment") {
      // Rather nothing than the post in place of the comment.
      guard let number = Self.number(query["comment"]) else { return nil }
      comment = number
    }
    isSingle = query.has("single")
  }

  private init(place: Place, message: Int64) {
    self.place = place
    self.message = message
  }

  private init?(host: String, path: [String], _ query: Query) {
    let hosts = ["t.me", "telegram.me", "telegram.dog"]
    if hosts.contains(host) || hosts.contains(where: { host == "www.\($0)" }) {
      if path.first?.lowercased() == "c" {
        self.init(channel: path.dropFirst().first, numbers: path.dropFirst(2))
      } else {
        // "t.me/s/NAME/ID" is the page for those who have no account.
        let rest = path.first?.lowercased() == "s" ? path.dropFirst() : path[...]
        self.init(username: rest.first, numbers: rest.dropFirst())
      }
    } else if let domain = hosts.first(where: { host.hasSuffix(".\($0)") }) {
      self.init(username: String(host.dropLast(domain.count + 1)), numbers: path[...])
    } else {
      return nil
    }
  }

  /// - Parameter numbers: the message's, behind that of its topic if there are two.
  private init?(username: String?, numbers: ArraySlice<String>) {
    guard let name = PeerLink.validUsername(username), name.utf8.count >= 4, name.first?.isLetter == true,
      (1...2).contains(numbers.count), let message = Self.number(numbers.last),
      numbers.allSatisfy({ Self.number($0) != nil })
    else { return nil }
    self.init(place: .username(name), message: message)
  }

  private init?(channel: String?, numbers: ArraySlice<String>) {
    guard let channel = channel.flatMap({ Int64($0) }).flatMap(PeerID.channel), (1...2).contains(numbers.count),
      let message = Self.number(numbers.last), numbers.allSatisfy({ Self.number($0) != nil })
    else { return nil }
    self.init(place: .peer(channel), message: message)
  }

  /// A link of the scheme "tg".
  private init?(action: String, _ query: Query) {
    switch action {
    case "resolve":
      guard let name = PeerLink.validUsername(query["domain"]), let message = Self.number(query["post"]) else {
        return nil
      }
      self.init(place: .username(name), message: message)
    case "privatepost":
      guard let channel = query.number("channel").flatMap(PeerID.channel), let message = Self.number(query["post"])
      else { return nil }
      self.init(place: .peer(channel), message: message)
    case "openmessage":
      let peer = query.number("user_id").flatMap(PeerID.user) ?? query.number("chat_id").flatMap(PeerID.basicGroup)
      guard let peer, let message = Self.number(query["message_id"]) else { return nil }
      self.init(place: .peer(peer), message: message)
    default: return nil
    }
  }

  private static func withScheme(_ text: String) -> String {
    text.contains("://") || text.lowercased().hasPrefix("tg:") ? text : "https://\(text)"
  }

  /// Message numbers are positive `int`s.
  private static func number(_ text: String?) -> Int64? {
    guard let text, text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int32(text), number > 0 else {
      return nil
    }
    return Int64(number)
  }

  private struct Query {
    private let items: [URLQueryItem]

    init(_ items: [URLQueryItem]) { self.items = items }

    subscript(name: String) -> String? { items.first { $0.name.lowercased() == name }?.value }
    func has(_ name: String) -> Bool { items.contains { $0.name.lowercased() == name } }

    /// A positive number.
    func number(_ name: String) -> Int64? {
      guard let text = self[name], text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int64(text), number > 0
      else { return nil }
      return number
    }
  }
}

extension MessageLink {
  /// The links to messages in a text, as they are written and as hidden behind other words; each once, in order.
  static func links(in text: FormattedText) -> [String] {
    var found: [(offset: Int, link: String)] = []
    var offset = 0
    for piece in text.text.split(omittingEmptySubsequences: false, whereSeparator: \.isWhitespace) {
      let word = piece.trimmingCharacters(in: Self.quotes)
      if word.contains("."), MessageLink(word) != nil { found.append((offset, word)) }
      if word.lowercased().hasPrefix("tg:"), MessageLink(word) != nil { found.append((offset, word)) }
      offset += piece.utf16.count + 1
    }
    for entity in text.entities {
      if case .link(let url) = entity.style, MessageLink(url) != nil { found.append((entity.offset, url)) }
    }
    var seen: Set<MessageLink> = []
    return found.sorted { $0.offset < $1.offset }.map(\.link).filter { link in
      MessageLink(link).map { seen.insert($0).inserted } ?? false
    }
  }

  /// What people put around links.
  private static let quotes = CharacterSet(charactersIn: "<>()[]{}\"'“”„«»‘’.,;:!")
}
