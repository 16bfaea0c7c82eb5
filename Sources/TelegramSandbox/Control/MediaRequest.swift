import NIOCore
import TL

/// A medium without a file; which fields count depends on `kind`.
struct MediaRequest: ControlRequest {
  private enum Kind: String, CaseIterable {
    case contact, location, venue, dice, poll, quiz, todo, story, game, invoice, giveaway
    case liveLocation = "live_location"
    case webPage = "web_page"
  }

  var kind: String
  var phone: String?
  var firstName: String?
  var lastName: String?
  var latitude: Double?
  var longitude: Double?
  var period: Int32?
  /// Of a venue, game, invoice, poll, to-do list or page.
  var title: String?
  var description: String?
  var address: String?
  var emoji: String?
  /// Options of a poll, items of a to-do list.
  var options: [String]?
  /// Voters, an option each.
  var votes: [Int32]?
  /// Index of a quiz's right answer.
  var correct: Int?
  var explanation: String?
  /// Whose story.
  var peer: Reference?
  /// A story's number.
  var id: Int32?
  var url: String?
  var currency: String?
  var amount: Int64?
  var quantity: Int32?
  var months: Int32?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case kind, phone, latitude, longitude, period, title, description, address, emoji, options, votes, correct
    case explanation, peer, id, url, currency, amount, quantity, months
    case firstName = "first_name"
    case lastName = "last_name"
  }

  /// - Parameter owner: the conversation that `peer` means.
  func media(in world: inout World, owner: PeerKey?) throws -> API.AnyMessageMedia {
    guard let kind = Kind(rawValue: kind) else {
      throw ControlError(
        "media kind is '\(kind)'; \(Kind.allCases.map(\.rawValue).joined(separator: ", ")) are known")
    }
    switch kind {
    case .contact:
      let phone = try need(phone, "phone")
      return .messageMediaContact(
        .init(
          phoneNumber: phone, firstName: try need(firstName, "first_name"), lastName: lastName ?? "", vcard: "",
          userId: world.account(phone: phone)?.id ?? 0))
    case .location: return .messageMediaGeo(.init(geo: try point(&world)))
    case .liveLocation: return .messageMediaGeoLive(.init(geo: try point(&world), period: period ?? 900))
    case .venue:
      return .messageMediaVenue(
        .init(
          geo: try point(&world), title: try need(title, "title"), address: address ?? "", provider: "", venueId: "",
          venueType: ""))
    case .dice:
      let emoji = emoji ?? "🎲"
      guard let faces = Telegram.faces[emoji] else { throw ControlError("nothing is thrown with '\(emoji)'") }
      return .messageMediaDice(.init(value: .random(in: 1...faces, using: &world.generator), emoticon: emoji))
    case .poll, .quiz: return .messageMediaPoll(try poll(isQuiz: kind == .quiz, &world))
    case .todo:
      let items = try need(options, "options").enumerated().map { index, item in
        API.TodoItem(id: Int32(index + 1), title: Self.text(item))
      }
      return .messageMediaToDo(.init(todo: API.TodoList(title: Self.text(try need(title, "title")), list: items)))
    case .story:
      return .messageMediaStory(.init(peer: try need(owner, "peer").peer, id: try need(id, "id")))
    case .game:
      return .messageMediaGame(
        .init(
          game: API.Game(
            id: newID(&world), accessHash: newID(&world), shortName: "game", title: try need(title, "title"),
            description: description ?? "", photo: .photoEmpty(.init(id: 0)))))
    case .invoice:
      return .messageMediaInvoice(
        .init(
          title: try need(title, "title"), description: description ?? "", currency: currency ?? "EUR",
          totalAmount: try need(amount, "amount"), startParam: ""))
    case .giveaway:
      let channels: [Int64] = if case .channel(let id)? = owner { [id] } else { [] }
      return .messageMediaGiveaway(
        .init(
          channels: channels, prizeDescription: description, quantity: quantity ?? 1, months: months ?? 3,
          untilDate: world.now + 86_400))
    case .webPage:
      let url = try need(url, "url")
      return .messageMediaWebPage(
        .init(
          webpage: .webPage(
            API.WebPage(
              id: newID(&world), url: url, displayUrl: url, hash: 0, type: "article", title: title,
              description: description))))
    }
  }

  private func need<T>(_ value: T?, _ name: String) throws -> T {
    guard let value else { throw ControlError("a \(kind) needs '\(name)'") }
    return value
  }

  private func newID(_ world: inout World) -> Int64 { Int64(bitPattern: world.generator.next() >> 1) }

  private static func text(_ string: String) -> API.TextWithEntities { .init(text: string, entities: []) }

  private func point(_ world: inout World) throws -> API.AnyGeoPoint {
    let (latitude, longitude) = (try need(latitude, "latitude"), try need(longitude, "longitude"))
    guard abs(latitude) <= 90, abs(longitude) <= 180 else {
      throw ControlError("there is no place at \(latitude), \(longitude)")
    }
    return .geoPoint(.init(long: longitude, lat: latitude, accessHash: newID(&world)))
  }

  private func poll(isQuiz: Bool, _ world: inout World) throws -> API.MessageMediaPoll {
    let options = try need(options, "options")
    guard (2...12).contains(options.count) else { throw ControlError("a poll has 2 to 12 options") }
    let votes = votes ?? options.map { _ in 0 }
    guard votes.count == options.count, votes.allSatisfy({ (0...1_000_000).contains($0) }) else {
      throw ControlError("votes are numbers, one for each option")
    }
    if isQuiz {
      guard options.indices.contains(try need(correct, "correct")) else {
        throw ControlError("correct is the index of an option")
      }
    }
    let answers = options.enumerated().map { index, text in
      API.AnyPollAnswer.pollAnswer(.init(text: Self.text(text), option: ByteBuffer(string: String(index))))
    }
    let voters = votes.enumerated().map { index, count in
      API.PollAnswerVoters(
        correct: isQuiz && index == correct, option: ByteBuffer(string: String(index)), voters: count, recentVoters: [])
    }
    return API.MessageMediaPoll(
      poll: API.Poll(
        id: newID(&world), quiz: isQuiz, question: Self.text(try need(title, "title")), answers: answers, hash: 0),
      results: API.PollResults(
        results: voters, totalVoters: votes.reduce(0, +), solution: explanation,
        solutionEntities: explanation.map { _ in [] }))
  }
}
