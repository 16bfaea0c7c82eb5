import Foundation
import NIOCore
import TL
import TestSupport
import Testing

@testable import TGLCore

@Suite struct DescriptionTests {
  private static func text(_ text: String) -> API.TextWithEntities { API.TextWithEntities(text: text, entities: []) }
  private static let point = API.AnyGeoPoint.geoPoint(API.GeoPoint(long: -1.25, lat: 51.75, accessHash: 0))

  static let media: [(API.AnyMessageMedia, [String])] = [
    (
      .messageMediaContact(
        API.MessageMediaContact(phoneNumber: "7999", firstName: "Carol", lastName: "D", vcard: "", userId: 5)),
      ["Contact: Carol D", "Phone: +7999"]
    ),
    (.messageMediaGeo(API.MessageMediaGeo(geo: point)), ["Place: 51.75, -1.25"]),
    (
      .messageMediaGeoLive(API.MessageMediaGeoLive(geo: point, heading: 90, period: 5400)),
      ["Place: 51.75, -1.25", "Heading: 90°", "Shared for: 1 h 30 min"]
    ),
    (
      .messageMediaVenue(
        API.MessageMediaVenue(
          geo: point, title: "Christ\nChurch", address: "Oxford", provider: "", venueId: "", venueType: "")),
      ["Venue: Christ Church", "Address: Oxford", "Place: 51.75, -1.25"]
    ),
    (
      .messageMediaPoll(
        API.MessageMediaPoll(
          poll: API.Poll(
            id: 1, closed: true, quiz: true, question: text("Why?"),
            answers: [
              .pollAnswer(API.PollAnswer(text: text("because"), option: .init(string: "0"))),
              .pollAnswer(API.PollAnswer(text: text("a raven"), option: .init(string: "1"))),
            ], hash: 0),
          results: API.PollResults(
            results: [
              API.PollAnswerVoters(option: .init(string: "0"), voters: 1, recentVoters: []),
              API.PollAnswerVoters(
                chosen: true, correct: true, option: .init(string: "1"), voters: 3, recentVoters: []),
            ], totalVoters: 4, solution: "told you", solutionEntities: []))),
      [
        "Quiz, closed: Why?", "•: because (1, 25 %)", "•: a raven (3, 75 %; right; chosen by you)", "Voters: 4",
        "Explanation: told you",
      ]
    ),
    (.messageMediaDice(API.MessageMediaDice(value: 6, emoticon: "🎯")), ["Thrown: 🎯 6"]),
    (
      .messageMediaInvoice(
        API.MessageMediaInvoice(
          title: "Tea", description: "a cup", currency: "EUR", totalAmount: 1205, startParam: "")),
      ["Invoice: Tea", "For: a cup", "Amount: 12.05 EUR"]
    ),
    (
      .messageMediaStory(API.MessageMediaStory(peer: .peerUser(API.PeerUser(userId: 9)), id: 7)),
      ["Story: 7 of user 9"]
    ),
    (
      .messageMediaToDo(
        API.MessageMediaToDo(
          todo: API.TodoList(
            title: text("Tea"),
            list: [API.TodoItem(id: 1, title: text("milk")), API.TodoItem(id: 2, title: text("sugar"))]),
          completions: [API.TodoCompletion(id: 2, completedBy: .peerUser(API.PeerUser(userId: 1)), date: 0)])),
      ["List: Tea", "☐: milk", "☑: sugar"]
    ),
    (
      .messageMediaPaidMedia(API.MessageMediaPaidMedia(starsAmount: 5, extendedMedia: [])),
      ["Paid media: 0 for 5 Stars"]
    ),
    (Make.document(4, size: 3210, name: "notes.txt"), ["File: notes.txt, 3.2 kB"]),
    (Make.photo(4), ["File: photo.jpg, 1.0 kB, 800×600"]),
    (
      .messageMediaGeo(API.MessageMediaGeo(geo: .geoPoint(API.GeoPoint(long: .nan, lat: 1e300, accessHash: 0)))),
      ["Place: not told"]
    ),
  ]

  @Test(arguments: media.indices)
  func mediaSaysWhatItIs(index: Int) throws {
    let (media, lines) = Self.media[index]
    let record = try #require(MediaRecord(media))
    #expect(MediaDescription.text(of: record)?.text.split(separator: "\n").map(String.init) == lines)
  }

  @Test(arguments: [
    (API.AnyMessageAction.messageActionPinMessage(.init()), "pinned a message"),
    (.messageActionChatEditTitle(.init(title: "a\nb")), "changed the name to “a b”"),
    (.messageActionPhoneCall(.init(video: true, callId: 1, duration: 75)), "video call of 1 min 15 s"),
    (.messageActionPhoneCall(.init(callId: 1, reason: .phoneCallDiscardReasonMissed(.init()))), "missed call"),
    (.messageActionSetMessagesTTL(.init(period: 86_400)), "set messages to delete themselves after 1 d"),
    (.messageActionTopicCreate(.init(title: "Riddles", iconColor: 0)), "created the topic “Riddles”"),
  ])
  func actionsAreSentences(action: API.AnyMessageAction, sentence: String) {
    #expect(ActionDescription.text(of: RawRecord(action, typeName: "messageAction")) == sentence)
  }

  /// Whatever the schema has, and whatever stands where a value should.
  @Test func everyConstructorAndEveryDamageGivesText() {
    for kind in ["suggestedPostApproval", "starGiftUnique", "x", "", "ABC", "secureValuesSentMe"] {
      #expect(!ActionDescription.text(of: RawRecord(kind: kind, raw: Data([1, 2, 3]))).isEmpty, "\(kind)")
    }
    var generator = SeededGenerator.run(41)
    for (media, _) in Self.media {
      let whole = Array(media.encoded().readableBytesView)
      for _ in 0..<300 {
        var bytes = whole
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: .min ... .max, using: &generator)
        }
        bytes.removeLast(Int.random(in: 0...min(8, bytes.count), using: &generator))
        let record = MediaRecord(kind: .poll, raw: Data(bytes))
        _ = MediaDescription.text(of: record)
        _ = MediaFile.files(of: MediaRecord(kind: .document, raw: Data(bytes)))
      }
    }
  }
}
