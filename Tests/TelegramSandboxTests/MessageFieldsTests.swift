import NIOCore
import TL
import Testing

@testable import TelegramSandbox

@Suite struct MessageFieldsTests {
  private func fields(_ message: API.AnyMessage) throws -> [String: TLValue] {
    guard case .object(_, let fields) = try TLSchema.api.value(message.encoded()) else { return [:] }
    return fields
  }

  private func draft(_ text: String, _ fields: [String: TLValue?], replyTo: Int32? = nil) throws -> Draft {
    var draft = Draft(text: MessageText(string: text, entities: []), replyTo: replyTo)
    draft.fields = try MessageFields(fields)
    return draft
  }

  @Test func everyViewerGetsTheFieldsInTheirOwnCopy() throws {
    var test = try TestWorld()
    try test.say("only to carol", test.bob, .user(test.carol))
    let first = try test.say("tea?", test.bob, .user(test.alice))
    let quote = TLValue.object("messageReplyHeader", ["quote": .bool(true), "quote_text": .string("tea")])
    let sent = try test.world.send(
      draft("yes", ["reply_to": quote, "via_bot_id": .string("7000000001")], replyTo: first), from: test.bob,
      to: .user(test.alice))
    let own = try #require(test.world.accounts[test.bob]?.box[sent.id])
    let copies = test.world.copies[own.origin] ?? [:]
    var answered: Set<String> = []
    for viewer in [test.alice, test.bob] {
      let message = try #require(test.world.accounts[viewer]?.box[copies[viewer] ?? 0])
      let rendered = try fields(test.world.render(message, for: viewer))
      #expect(rendered["via_bot_id"] == .long(7_000_000_001))
      guard case .object("messageReplyHeader", let header)? = rendered["reply_to"] else {
        Issue.record("no reply")
        continue
      }
      #expect(header["quote_text"] == .string("tea"))
      answered.insert(String(describing: header["reply_to_msg_id"]))
    }
    // The header that follows from `reply_to` is still there, in each viewer's own numbers.
    #expect(answered.count == 2)
  }

  @Test func anEditKeepsWhatItDoesNotName() throws {
    var test = try TestWorld()
    let sent = try test.world.send(
      draft("one", ["via_bot_id": .long(5), "post_author": .string("B.")]), from: test.bob, to: test.supergroup)
    try test.world.edit(
      sent.id, in: test.supergroup, by: test.bob, text: MessageText(string: "two", entities: []),
      fields: MessageFields(["post_author": nil as TLValue?]))
    let message = try #require(test.world.box(of: test.supergroup, for: test.alice)[sent.id])
    let rendered = try fields(test.world.render(message, for: test.alice))
    #expect(rendered["message"] == .string("two") && rendered["via_bot_id"] == .long(5))
    #expect(rendered["post_author"] == nil)
  }

  @Test(arguments: [
    (["colour": TLValue.int(1)], "message.colour"), (["via_bot_id": .string("many")], "via_bot_id"),
    (["reply_to": .object("messageReplyHeadr", [:])], "messageReplyHeadr"),
    (["reply_to": .object("peerUser", ["user_id": .int(1)])], "MessageReplyHeader"),
    (["id": .int(1)], "'id'"),
  ])
  func whatTheSchemaDoesNotHaveIsRefusedByName(_ fields: [String: TLValue?], _ name: String) throws {
    var test = try TestWorld()
    let before = test.world.accounts[test.alice]?.box.pts
    let failure = #expect(throws: RPCFailure.self) {
      try test.world.send(draft("x", fields), from: test.bob, to: .user(test.alice))
    }
    #expect(failure?.message.contains(name) == true)
    #expect(test.world.accounts[test.alice]?.box.pts == before)
  }

  /// Swift finds the composed and the decomposed letter equal; Telegram compares bytes.
  @Test func anEditIsComparedByItsBytes() throws {
    var test = try TestWorld()
    func text(_ string: String) -> MessageText { MessageText(string: string, entities: []) }
    let sent = try test.say("caf\u{E9}", test.bob, test.supergroup)
    try test.world.edit(sent, in: test.supergroup, by: test.bob, text: text("cafe\u{301}"))
    #expect(throws: RPCFailure.messageNotModified) {
      try test.world.edit(sent, in: test.supergroup, by: test.bob, text: text("cafe\u{301}"))
    }
    try test.world.edit(
      sent, in: test.supergroup, by: test.bob, text: nil, fields: MessageFields(["silent": .bool(true)]))
    #expect(throws: RPCFailure.messageNotModified) {
      try test.world.edit(
        sent, in: test.supergroup, by: test.bob, text: nil, fields: MessageFields(["silent": .bool(true)]))
    }
  }
}
