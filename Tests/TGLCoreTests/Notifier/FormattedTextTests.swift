import Foundation
import TL
import TestSupport
import Testing

@testable import TGLCore

@Suite struct FormattedTextTests {
  static let styles: [TextStyle] = [
    .mention, .hashtag, .cashtag, .botCommand, .url, .email, .phone, .bankCard, .bold, .italic, .underline,
    .strikethrough, .spoiler, .code, .pre(language: ""), .pre(language: "swift"), .link(url: "https://x.org/\"'<&"),
    .userLink(5_000_000_000), .customEmoji(documentID: .max), .blockquote(collapsed: false),
    .blockquote(collapsed: true), .formattedDate(7, flags: [.relative, .longDate]),
  ]

  @Test(arguments: styles)
  func styleComesBackFromJSON(style: TextStyle) throws {
    let entity = TextEntity(style, offset: 3, length: 4)
    let json = try ArchiveJSON.encode([entity])
    #expect(try ArchiveJSON.decode([TextEntity].self, from: json) == [entity])
  }

  @Test(arguments: styles)
  func styleComesBackFromTL(style: TextStyle) throws {
    let entity = TextEntity(style, offset: 3, length: 4)
    let sent = try #require(entity.messageEntity { .inputUser(API.InputUser(userId: $0, accessHash: 77)) })
    if case .userLink(let id) = style {
      guard case .inputMessageEntityMentionName(let mention) = sent, case .inputUser(let user) = mention.userId else {
        Issue.record("not an input entity")
        return
      }
      #expect(user.userId == id && user.accessHash == 77)
      #expect(entity.messageEntity { _ in nil } == nil)
    } else {
      #expect(TextEntity(sent) == entity)
    }
  }

  /// What the archive holds must stay readable: the form, byte for byte.
  @Test func jsonFormIsTheBotAPIs() throws {
    let entities = [
      TextEntity(.bold, offset: 0, length: 1), TextEntity(.link(url: "https://a/b"), offset: 1, length: 2),
      TextEntity(.customEmoji(documentID: 5), offset: 3, length: 2),
    ]
    #expect(
      try ArchiveJSON.encode(entities) == """
        [{"length":1,"offset":0,"type":"bold"},{"length":2,"offset":1,"type":"text_link","url":"https://a/b"},\
        {"custom_emoji_id":"5","length":2,"offset":3,"type":"custom_emoji"}]
        """)
    #expect(
      ArchiveJSON.encode(entities: entities) == """
        [{"type":"bold","offset":0,"length":1},{"type":"text_link","offset":1,"length":2,"url":"https://a/b"},\
        {"type":"custom_emoji","offset":3,"length":2,"custom_emoji_id":"5"}]
        """)
    #expect(ArchiveJSON.encode(entities: []) == nil)
  }

  /// However it was written.
  @Test func entitiesComeBackAsTheyWere() throws {
    var random = SeededGenerator.run(5)
    for _ in 0..<200 {
      var entities = RandomText.formatted(length: 40, entities: 5, using: &random).entities
      entities.append(TextEntity(.link(url: RandomText.text(length: 9, using: &random)), offset: 0, length: 1))
      entities.append(TextEntity(.pre(language: "\"\\\u{1}\n/"), offset: 0, length: 1))
      #expect(ArchiveJSON.decode(entities: ArchiveJSON.encode(entities: entities)) == entities)
      #expect(ArchiveJSON.decode(entities: try ArchiveJSON.encode(entities)) == entities)
    }
  }

  @Test func damagedFormattingNeverHidesTheText() {
    #expect(ArchiveJSON.decode(entities: "[{") == [])
    #expect(ArchiveJSON.decode(entities: #"[{"type":"new","offset":0,"length":1}]"#) == [])
  }

  @Test func numbersNoServerSendsAreRefused() throws {
    for number in ["9223372036854775807", "-9223372036854775808", "1e300"] {
      #expect(ArchiveJSON.decode(entities: #"[{"type":"bold","offset":\#(number),"length":1}]"#) == [])
      let json = #"{"text":"kept","entities":[{"type":"bold","offset":1,"length":\#(number)}]}"#
      #expect(try ArchiveJSON.decode(FormattedText.self, from: json) == FormattedText("kept"))
    }
  }

  @Test func entitiesOutOfBoundsArePutRight() {
    let text = FormattedText(
      "abc",
      entities: [
        TextEntity(.bold, offset: 1, length: 100), TextEntity(.code, offset: 3, length: 1),
        TextEntity(.italic, offset: -1, length: 2), TextEntity(.spoiler, offset: 0, length: 0),
        TextEntity(.url, offset: 0, length: .max),
      ])
    #expect(
      text.normalized.entities == [TextEntity(.url, offset: 0, length: 3), TextEntity(.bold, offset: 1, length: 2)])
  }
}
