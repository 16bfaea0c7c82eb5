import NIOCore
import TL

/// From what a client wants to send to what a message holds.
extension Telegram {
  /// The medium that a request describes, its file stored.
  mutating func media(_ input: API.AnyInputMedia, _ caller: Caller) throws(RPCFailure) -> StoredMedia {
    let viewer = try caller.viewer()
    switch input {
    case .inputMediaUploadedPhoto(let photo):
      let file = try storeFile(photo.file, mimeType: "image/jpeg", attributes: [], caller)
      return StoredMedia(content: .photo(file.id), isSpoiler: photo.spoiler, ttlSeconds: photo.ttlSeconds)
    case .inputMediaUploadedDocument(let document):
      return try uploaded(document, caller)
    case .inputMediaPhoto(let photo):
      let id = try file(photo.id)
      return StoredMedia(
        content: .photo(photo.ttlSeconds == nil ? id : world.copyFile(id)), isSpoiler: photo.spoiler,
        ttlSeconds: photo.ttlSeconds)
    case .inputMediaDocument(let document):
      let cover = try document.videoCover.map { input throws(RPCFailure) in try file(input) }
      let id = try file(document.id)
      return StoredMedia(
        content: .document(document.ttlSeconds == nil ? id : world.copyFile(id), cover: cover),
        isSpoiler: document.spoiler, ttlSeconds: document.ttlSeconds)
    case .inputMediaPaidMedia(let paid):
      var parts: [StoredMedia] = []
      for part in paid.extendedMedia {
        let part = try media(part, caller)
        guard part.fileID != nil, part.ttlSeconds == nil else { throw .mediaInvalid }
        parts.append(part)
      }
      guard (1...10).contains(parts.count), paid.starsAmount > 0 else { throw .mediaInvalid }
      return StoredMedia(content: .paid(stars: paid.starsAmount, parts))
    case .inputMediaEmpty: throw .mediaEmpty
    default: return StoredMedia(content: .plain(try plain(input, viewer)))
    }
  }

  private mutating func uploaded(
    _ document: API.InputMediaUploadedDocument, _ caller: Caller
  ) throws(RPCFailure) -> StoredMedia {
    let cover = try document.videoCover.map { input throws(RPCFailure) in try file(input) }
    var thumbnail: Int64?
    if let thumb = document.thumb {
      thumbnail = try storeFile(thumb, mimeType: "image/jpeg", attributes: [], caller).id
    }
    var attributes = document.attributes
    let isAnimated = attributes.contains { if case .documentAttributeAnimated = $0 { true } else { false } }
    // Telegram makes a silent video of it; here its bytes stay what they are.
    if document.mimeType == "image/gif", !isAnimated, !document.forceFile {
      attributes.append(.documentAttributeAnimated(.init()))
    }
    let stored = try storeFile(
      document.file, mimeType: document.mimeType, attributes: attributes, thumbnail: thumbnail, caller)
    return StoredMedia(
      content: .document(stored.id, cover: cover), isSpoiler: document.spoiler, ttlSeconds: document.ttlSeconds)
  }

  /// A file the sandbox has already.
  func file(_ input: API.AnyInputDocument) throws(RPCFailure) -> Int64 {
    guard case .inputDocument(let id) = input else { throw .mediaInvalid }
    return try existing(id.id, hash: id.accessHash, reference: id.fileReference)
  }

  private func file(_ input: API.AnyInputPhoto) throws(RPCFailure) -> Int64 {
    guard case .inputPhoto(let id) = input else { throw .mediaInvalid }
    return try existing(id.id, hash: id.accessHash, reference: id.fileReference)
  }

  private func existing(_ id: Int64, hash: Int64, reference: ByteBuffer) throws(RPCFailure) -> Int64 {
    do throws(RPCFailure) {
      return try world.file(id, hash: hash, reference: reference).id
    } catch .locationInvalid {
      throw .mediaInvalid
    }
  }

  // MARK: Media without a file

  private mutating func plain(_ input: API.AnyInputMedia, _ viewer: Int64) throws(RPCFailure) -> API.AnyMessageMedia {
    switch input {
    case .inputMediaContact(let contact):
      return .messageMediaContact(
        .init(
          phoneNumber: contact.phoneNumber, firstName: contact.firstName, lastName: contact.lastName,
          vcard: contact.vcard, userId: world.account(phone: contact.phoneNumber)?.id ?? 0))
    case .inputMediaGeoPoint(let place): return .messageMediaGeo(.init(geo: try point(place.geoPoint)))
    case .inputMediaGeoLive(let live):
      guard let period = live.stopped ? 0 : live.period, period == 0 || period >= 60 else { throw .mediaInvalid }
      return .messageMediaGeoLive(
        .init(
          geo: try point(live.geoPoint), heading: live.heading, period: period,
          proximityNotificationRadius: live.proximityNotificationRadius))
    case .inputMediaVenue(let venue):
      return .messageMediaVenue(
        .init(
          geo: try point(venue.geoPoint), title: venue.title, address: venue.address, provider: venue.provider,
          venueId: venue.venueId, venueType: venue.venueType))
    case .inputMediaDice(let dice):
      guard let faces = Self.faces[dice.emoticon] else { throw RPCFailure(400, "EMOTICON_INVALID") }
      return .messageMediaDice(
        .init(value: Int32.random(in: 1...faces, using: &world.generator), emoticon: dice.emoticon))
    case .inputMediaPoll(let poll): return .messageMediaPoll(try self.poll(poll, viewer))
    case .inputMediaTodo(let todo):
      guard !todo.todo.list.isEmpty else { throw RPCFailure(400, "TODO_ITEMS_EMPTY") }
      return .messageMediaToDo(.init(todo: todo.todo))
    case .inputMediaStory(let story):
      return .messageMediaStory(.init(peer: try world.resolve(story.peer, for: viewer).peer, id: story.id))
    case .inputMediaWebPage(let page): return .messageMediaWebPage(webPage(page))
    default: throw .mediaInvalid
    }
  }

  /// What can be thrown, with the highest value it shows.
  ///
  /// Source: core.telegram.org/api/dice.
  static let faces: [String: Int32] = ["🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "⚽️": 5, "🎰": 64]

  private mutating func point(_ input: API.AnyInputGeoPoint) throws(RPCFailure) -> API.AnyGeoPoint {
    guard case .inputGeoPoint(let point) = input, abs(point.lat) <= 90, abs(point.long) <= 180 else {
      throw .mediaInvalid
    }
    return .geoPoint(
      .init(
        long: point.long, lat: point.lat, accessHash: Int64(bitPattern: world.generator.next()),
        accuracyRadius: point.accuracyRadius))
  }

  private mutating func poll(
    _ input: API.InputMediaPoll, _ viewer: Int64
  ) throws(RPCFailure) -> API.MessageMediaPoll {
    guard !input.poll.question.text.isEmpty else { throw RPCFailure(400, "POLL_QUESTION_INVALID") }
    guard (2...12).contains(input.poll.answers.count) else { throw RPCFailure(400, "POLL_ANSWERS_INVALID") }
    var poll = input.poll
    poll.id = Int64(bitPattern: world.generator.next() >> 1)
    var voters: [API.PollAnswerVoters] = []
    var answers: [API.AnyPollAnswer] = []
    for (index, answer) in poll.answers.enumerated() {
      let option: ByteBuffer
      switch answer {
      case .pollAnswer(let answer):
        option = answer.option
        answers.append(.pollAnswer(answer))
      case .inputPollAnswer(let answer):
        option = ByteBuffer(string: String(index))
        answers.append(.pollAnswer(.init(text: answer.text, option: option)))
      case .other: throw RPCFailure(400, "POLL_ANSWERS_INVALID")
      }
      let isCorrect = input.correctAnswers?.contains(Int32(index)) == true
      voters.append(API.PollAnswerVoters(correct: poll.quiz && isCorrect, option: option, voters: 0, recentVoters: []))
    }
    if poll.quiz, !voters.contains(where: \.correct) { throw RPCFailure(400, "QUIZ_CORRECT_ANSWERS_EMPTY") }
    poll.answers = answers
    return API.MessageMediaPoll(
      poll: poll,
      results: API.PollResults(
        results: voters, totalVoters: 0, solution: input.solution, solutionEntities: input.solutionEntities))
  }

  /// A preview as if the page had been fetched: nothing on loopback knows what is there.
  private mutating func webPage(_ input: API.InputMediaWebPage) -> API.MessageMediaWebPage {
    let shown = input.url.split(separator: "://", maxSplits: 1).last.map(String.init) ?? input.url
    let site = shown.split(separator: "/").first.map(String.init) ?? shown
    return API.MessageMediaWebPage(
      forceLargeMedia: input.forceLargeMedia, forceSmallMedia: input.forceSmallMedia, manual: true,
      webpage: .webPage(
        API.WebPage(
          id: Int64(bitPattern: world.generator.next() >> 1), url: input.url, displayUrl: shown, hash: 0,
          type: "article", siteName: site, title: "About \(shown)")))
  }
}
