import Foundation
import MTProto
import NIOCore
import TL
import TelegramClient
import Testing

@testable import TGLCore

/// Two states of a message give the same verdict by whichever way the later one comes.
@Suite struct MessageContentTests {
  enum Way: CaseIterable, Sendable { case push, difference, observed, link }

  struct Pair: Sendable, CustomTestStringConvertible {
    var name: String
    var before: API.AnyMessage
    var after: API.AnyMessage

    var testDescription: String { name }
  }

  @Test(arguments: differing, Way.allCases)
  func otherContentIsAVersionAndANotice(pair: Pair, way: Way) async throws {
    let (counts, notices) = try await counts(pair, way)
    #expect(counts.versions == 1)
    #expect(notices.map(\.event) == [.edited])
  }

  @Test(arguments: same, Way.allCases)
  func sameContentIsNoVersionAndNoNotice(pair: Pair, way: Way) async throws {
    let (counts, notices) = try await counts(pair, way)
    #expect(counts.versions == 0)
    #expect(notices.isEmpty)
  }

  @Test func namesOfLeftOutFieldsAreTheSchemas() {
    #expect(MessageContent.added.unknownNames.isEmpty)
  }

  private func counts(_ pair: Pair, _ way: Way) async throws -> (ArchiveCounts, [Notice]) {
    let fixture = try ArchiveFixture()
    try await fixture.receive([Make.new(pair.before)])
    try await bring(pair.after, way, fixture)
    let notices = try await fixture.notices().filter { $0.event != .saved }
    return (try await fixture.archive.counts(), notices)
  }

  private func bring(_ message: API.AnyMessage, _ way: Way, _ fixture: ArchiveFixture) async throws {
    let policy = NoticePolicy(edited: true)
    switch way {
    case .push: try await fixture.receive([Make.edit(message)])
    case .difference:
      _ = try await fixture.archive.commit(
        fixture.recorder.record(messages: [message], users: [], chats: [], now: 2_000_000_100), policy: policy)
    case .observed:
      var batch = RecorderBatch(receivedAt: 2_000_000_100)
      batch.operations = [try #require(fixture.recorder.observe(message, version: 1))]
      _ = try await fixture.archive.commit(batch, policy: policy)
    case .link:
      guard case .message(let value) = message else { return }
      let record = try #require(MessageRecord(value, selfID: ArchiveFixture.alice))
      try await fixture.receive([
        Make.newInChannel(Make.message(50, in: Make.channel(9999), from: 1001, "https://t.me/c/600/1", out: true))
      ])
      let link = try #require(try await fixture.archive.nextSavedLink())
      _ = try await fixture.archive.commit(
        LinkOutcome(link: link, result: .found([record])), RecorderBatch(receivedAt: 2_000_000_100), policy: policy)
    }
  }

  // MARK: Pairs

  private static let bob = Make.user(1002)

  /// A message before and after an edit.
  private static func pair(
    _ name: String, _ before: (inout API.Message) -> Void, _ after: (inout API.Message) -> Void
  ) -> Pair {
    func message(_ change: (inout API.Message) -> Void, editDate: Int32?) -> API.AnyMessage {
      var message = API.Message(id: 1, fromId: bob, peerId: bob, date: 1_900_000_000, message: "a", editDate: editDate)
      change(&message)
      return .message(message)
    }
    return Pair(name: name, before: message(before, editDate: nil), after: message(after, editDate: 1_900_000_100))
  }

  private static func texts(_ name: String, _ before: String, _ after: String) -> Pair {
    pair(name, { $0.message = before }, { $0.message = after })
  }

  private static func media(
    _ name: String, _ before: API.AnyMessageMedia?, _ after: API.AnyMessageMedia?
  ) -> Pair {
    pair(name, { $0.media = before }, { $0.media = after })
  }

  private static let differing: [Pair] = [
    pair("keyboard", { _ in }, { $0.replyMarkup = try? Make.keyboard("Open", "https://example.org") }),
    pair(
      "address of a button", { $0.replyMarkup = try? Make.keyboard("Open", "https://example.org") },
      { $0.replyMarkup = try? Make.keyboard("Open", "https://example.com") }),
    pair("quote", { $0.replyTo = quote("one") }, { $0.replyTo = quote("two") }),
    texts("text", "a", "b"),
    texts("composed and decomposed letters", "caf\u{e9}", "cafe\u{301}"),
    texts("kelvin sign", "5 K", "5 \u{212a}"),
    pair("hidden edit", { _ in }, { ($0.message, $0.editHide) = ("b", true) }),
    pair("entities", { _ in }, { $0.entities = [.messageEntityBold(.init(offset: 0, length: 1))] }),
    pair(
      "address of a link", { $0.entities = [.messageEntityTextUrl(.init(offset: 0, length: 1, url: "caf\u{e9}"))] },
      { $0.entities = [.messageEntityTextUrl(.init(offset: 0, length: 1, url: "cafe\u{301}"))] }),
    media("photo", Make.photo(5), Make.photo(6)),
    media("photo taken away", Make.photo(5), nil),
    media("file", Make.document(5), Make.document(6)),
    media("task of a list", list(["milk"]), list(["milk", "bread"])),
    media("title of a list", list(["milk"]), list(["milk"], title: "Other")),
    media("question", poll("Tea?"), poll("Coffee?")),
    media("answers", poll("Tea?"), poll("Tea?", answers: ["yes", "maybe"])),
    media("price", invoice(100), invoice(200)),
    media("place", place(1), place(2)),
    media("venue", venue("Old"), venue("New")),
    media("contact", contact("1"), contact("2")),
    media("game", game("Old"), game("New")),
    media(
      "paid media", paid(.messageExtendedMedia(.init(media: Make.photo(5)))),
      paid(.messageExtendedMedia(.init(media: Make.photo(6))))),
    pair(
      "rich content", { $0.richMessage = try? Make.rich(photo: 5, reference: "one") },
      { $0.richMessage = try? Make.rich(photo: 6, reference: "one") }),
  ]

  private static let same: [Pair] = [
    pair(
      "answered message without its number", { $0.replyTo = quote("one", of: 7) },
      { $0.replyTo = quote("one", of: nil) }),
    pair("views and forwards", { _ in }, { ($0.views, $0.forwards) = (17, 3) }),
    pair("hidden edit", { _ in }, { $0.editHide = true }),
    pair("pinned", { _ in }, { $0.pinned = true }),
    pair("reactions", { _ in }, { $0.reactions = API.MessageReactions(results: []) }),
    media("file references", Make.photo(5, reference: "one"), Make.photo(5, reference: "two")),
    media("votes", poll("Tea?"), poll("Tea?", votes: 3, isClosed: true)),
    media("ticked task", list(["milk"]), list(["milk"], done: true)),
    media("live location", live(1), live(2)),
    media(
      "preview that is loaded", preview(.webPagePending(.init(id: 1, date: 1))), preview(.webPageEmpty(.init(id: 1)))),
    media("preview that comes", nil, preview(.webPageEmpty(.init(id: 1)))),
    media("paid invoice", invoice(100), invoice(100, receipt: 7)),
    media(
      "bought media", paid(.messageExtendedMediaPreview(.init(w: 1, h: 1))),
      paid(.messageExtendedMedia(.init(media: Make.photo(5))))),
    pair(
      "references in rich content", { $0.richMessage = try? Make.rich(photo: 5, reference: "one") },
      { $0.richMessage = try? Make.rich(photo: 5, reference: "two") }),
  ]

  // MARK: Media

  private static func quote(_ text: String, of id: Int32? = 7) -> API.AnyMessageReplyHeader {
    .messageReplyHeader(API.MessageReplyHeader(quote: true, replyToMsgId: id, quoteText: text))
  }

  private static func words(_ text: String) -> API.TextWithEntities { API.TextWithEntities(text: text, entities: []) }

  private static func list(_ tasks: [String], title: String = "Shopping", done: Bool = false) -> API.AnyMessageMedia {
    let items = tasks.enumerated().map { API.TodoItem(id: Int32($0.offset), title: words($0.element)) }
    let completions = [API.TodoCompletion(id: 0, completedBy: bob, date: 1)]
    return .messageMediaToDo(
      API.MessageMediaToDo(
        todo: API.TodoList(title: words(title), list: items), completions: done ? completions : nil))
  }

  private static func poll(
    _ question: String, answers: [String] = ["yes", "no"], votes: Int32? = nil, isClosed: Bool = false
  ) -> API.AnyMessageMedia {
    let answers = answers.map {
      API.AnyPollAnswer.pollAnswer(API.PollAnswer(text: words($0), option: ByteBuffer(string: $0)))
    }
    let results = API.PollResults(totalVoters: votes)
    let poll = API.Poll(id: 9, closed: isClosed, question: words(question), answers: answers, hash: 0)
    return .messageMediaPoll(API.MessageMediaPoll(poll: poll, results: results))
  }

  private static func invoice(_ amount: Int64, receipt: Int32? = nil) -> API.AnyMessageMedia {
    .messageMediaInvoice(
      API.MessageMediaInvoice(
        title: "Tea", description: "Green", receiptMsgId: receipt, currency: "EUR", totalAmount: amount, startParam: "")
    )
  }

  private static func point(_ latitude: Double) -> API.AnyGeoPoint {
    .geoPoint(API.GeoPoint(long: 1, lat: latitude, accessHash: 0))
  }

  private static func place(_ latitude: Double) -> API.AnyMessageMedia {
    .messageMediaGeo(API.MessageMediaGeo(geo: point(latitude)))
  }

  private static func live(_ latitude: Double) -> API.AnyMessageMedia {
    .messageMediaGeoLive(API.MessageMediaGeoLive(geo: point(latitude), heading: Int32(latitude), period: 900))
  }

  private static func venue(_ title: String) -> API.AnyMessageMedia {
    .messageMediaVenue(
      API.MessageMediaVenue(geo: point(1), title: title, address: "", provider: "", venueId: "", venueType: ""))
  }

  private static func contact(_ phone: String) -> API.AnyMessageMedia {
    .messageMediaContact(
      API.MessageMediaContact(phoneNumber: phone, firstName: "Ada", lastName: "", vcard: "", userId: 7))
  }

  private static func game(_ title: String) -> API.AnyMessageMedia {
    let photo = API.AnyPhoto.photoEmpty(API.PhotoEmpty(id: 1))
    return .messageMediaGame(
      API.MessageMediaGame(
        game: API.Game(id: 1, accessHash: 1, shortName: "g", title: title, description: "", photo: photo)))
  }

  private static func paid(_ media: API.AnyMessageExtendedMedia) -> API.AnyMessageMedia {
    .messageMediaPaidMedia(API.MessageMediaPaidMedia(starsAmount: 5, extendedMedia: [media]))
  }

  private static func preview(_ page: API.AnyWebPage) -> API.AnyMessageMedia {
    .messageMediaWebPage(API.MessageMediaWebPage(webpage: page))
  }
}
