import MTProto
import TL
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct TelegramLogChatTests {
  private enum Expected { case wait(Int64), unavailable, chat, post }

  @Test(arguments: [
    ("FLOOD_WAIT_42", 420, Expected.wait(42)), ("SLOWMODE_WAIT_7", 420, .wait(7)),
    ("CHAT_WRITE_FORBIDDEN", 403, .chat), ("CHANNEL_PRIVATE", 400, .chat), ("PEER_ID_INVALID", 400, .chat),
    ("ENTITY_BOUNDS_INVALID", 400, .post), ("MESSAGE_TOO_LONG", 400, .post), ("SOMETHING_NEW", 400, .post),
    ("INTERNAL", 500, .unavailable), ("Timeout", -503, .unavailable), ("AUTH_KEY_UNREGISTERED", 401, .unavailable),
  ])
  private func refusalIsToldApart(name: String, code: Int32, expected: Expected) {
    let error = LogChatError(.rpc(RPCError(code: code, message: name), method: "messages.sendMessage"))
    switch (error, expected) {
    case (.floodWait(let seconds), .wait(let wait)): #expect(seconds == wait)
    case (.unavailable, .unavailable), (.chatRefused, .chat), (.postRefused, .post): break
    default: Issue.record("\(name) became \(error)")
    }
  }

  @Test func longFloodWaitOfTheClientIsOneOfTheChat() {
    #expect(LogChatError(.floodWait(.seconds(3000), method: "m")) == .floodWait(3000))
  }

  @Test func postIsSentAsTextAndEntities() {
    let text = FormattedText(
      "Bob and Eve wrote *this*",
      entities: [
        TextEntity(.userLink(7), offset: 0, length: 3), TextEntity(.userLink(8), offset: 8, length: 3),
        TextEntity(.bold, offset: 12, length: 5),
      ])
    #expect(text.mentionedUsers == [7, 8])
    let call = API.MessagesSendMessage(
      Post(text), to: .inputPeerSelf(.init()), randomID: 99,
      users: [7: .inputUser(API.InputUser(userId: 7, accessHash: 70))])
    #expect(call.message == text.text)
    #expect(call.randomId == 99)
    #expect(call.noWebpage)
    // Eve's access hash is not known: she is named without a link.
    #expect(call.entities?.count == 2)
  }
}
