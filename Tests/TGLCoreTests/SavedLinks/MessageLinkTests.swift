import Foundation
import TelegramClient
import TestSupport
import Testing

@testable import TGLCore

@Suite struct MessageLinkTests {
  private static let channel = MessageLink.Place.peer(PeerID.channel(123).require)

  @Test(arguments: [
    ("https://t.me/durov/5", MessageLink.Place.username("durov"), Int64(5), Int64?.none, false),
    ("t.me/durov/5", .username("durov"), 5, nil, false),
    ("http://www.telegram.me/durov/5/", .username("durov"), 5, nil, false),
    ("https://TELEGRAM.DOG/Durov/5", .username("Durov"), 5, nil, false),
    ("https://t.me/s/durov/5", .username("durov"), 5, nil, false),
    ("https://durov.t.me/5", .username("durov"), 5, nil, false),
    ("https://t.me/durov/7/5", .username("durov"), 5, nil, false),
    ("https://t.me/c/123/5", channel, 5, nil, false),
    ("https://t.me/c/123/7/5", channel, 5, nil, false),
    ("https://t.me/c/123/5?single", channel, 5, nil, true),
    ("https://t.me/c/123/5?thread=9&single", channel, 5, nil, true),
    ("https://t.me/durov/5?comment=9", .username("durov"), 5, 9, false),
    ("tg://privatepost?channel=123&post=5&single", channel, 5, nil, true),
    ("tg:privatepost?channel=123&post=5", channel, 5, nil, false),
    ("tg://resolve?domain=durov&post=5&comment=3", .username("durov"), 5, 3, false),
    ("tg://openmessage?user_id=44&message_id=5", .peer(PeerID.user(44).require), 5, nil, false),
    ("tg://openmessage?chat_id=44&message_id=5", .peer(PeerID.basicGroup(44).require), 5, nil, false),
  ])
  func linksAreRead(text: String, place: MessageLink.Place, message: Int64, comment: Int64?, isSingle: Bool) throws {
    let link = try #require(MessageLink(text))
    #expect(link.place == place)
    #expect(link.message == message)
    #expect(link.comment == comment)
    #expect(link.isSingle == isSingle)
  }

  @Test(arguments: [
    "", "hello", "https://t.me/durov", "https://t.me/joinchat/AAAA", "https://t.me/+AbCd/5x", "https://t.me/c/123",
    "https://t.me/c/0/5", "https://t.me/c/-5/5", "https://t.me/c/123/0", "https://t.me/durov/99999999999",
    "https://example.org/durov/5", "https://t.me.example.org/durov/5", "https://t.me:80/durov/5",
    "https://user@t.me/durov/5", "https://t.me/1durov/5", "https://t.me/durov/5/6/7", "https://t.me/durov/٥",
    "ftp://t.me/durov/5", "tg://resolve?domain=durov", "tg://privatepost?post=5",
    "tg://openmessage?user_id=x&message_id=5",
    "https://t.me/durov/+5", "tg://privatepost?channel=123&post=9999999999", "https://t.me/durov/5?comment=x",
    "https://t.me/durov/5?comment=9223372036854775807", "tg://resolve?domain=durov&post=2147483648",
    "tg://openmessage?user_id=5&message_id=9223372036854775807",
  ])
  func whatLinksToNoMessageIsNone(text: String) { #expect(MessageLink(text) == nil) }

  @Test func everyLinkOfATextIsFoundOnce() {
    var text = FormattedText(
      "(https://t.me/durov/1), t.me/durov/1 «https://t.me/c/123/2». see here tg://resolve?domain=durov&post=3!")
    text.entities = [TextEntity(.link(url: "https://t.me/durov/4"), offset: 0, length: 3)]
    #expect(
      MessageLink.links(in: text) == [
        "https://t.me/durov/1", "https://t.me/durov/4", "https://t.me/c/123/2", "tg://resolve?domain=durov&post=3",
      ])
  }

  @Test func noTextIsTooStrange() {
    var generator = SeededGenerator.run(42)
    let pieces = [
      "t.me/", "c/", "tg://", "?", "=", "single", "#", "%", "%zz", "/5", "durov", "\u{0}", "é", "@", "://", " ",
    ]
    for _ in 0..<5_000 {
      let text = (0..<Int.random(in: 0...8, using: &generator)).compactMap { _ in
        pieces.randomElement(using: &generator)
      }
      _ = MessageLink.links(in: FormattedText(text.joined()))
    }
  }

  @Test(arguments: [
    ("🗑 Deleted message\nFrom: x", true), ("🗑 12 deleted messages\nChat", true), ("🔗 Saved message\n", true),
    ("… continued\nhttps://t.me/durov/5", true), ("https://t.me/durov/5", false), ("🗑", false),
    ("look: 🗑 Deleted message\n", false), ("🗑 my deleted messages", false),
  ])
  func ownPostsAreKnown(text: String, isOwn: Bool) { #expect(OwnPost.isOne(text) == isOwn) }

  /// A title that is not known would have the links below it followed.
  @Test func everythingThatIsPostedIsKnown() {
    let renderer = NoticeRenderer(timeZone: .gmt)
    let chat = PeerSummary(id: PeerID.channel(1).require, type: .supergroup, name: "Team")
    let long = FormattedText(String(repeating: "https://t.me/durov/5 ", count: 800))
    for event in [Notice.Event.deleted, .edited, .selfDestructed, .saved] {
      for album in [nil, [Int64(1), 2]] {
        var notice = Notice(event: event, chat: chat, sender: nil, messageID: 1, sentAt: 0, happenedAt: 0, text: long)
        notice.album = album
        let media = [NoticeMedium(job: 1, messageID: 1, kind: .photo, failure: nil)]
        let posts = renderer.posts(for: notice) + renderer.posts(for: notice, media: media)
        #expect(posts.count > 8)
        for post in posts { #expect(OwnPost.isOne(post.content.text), "\(post.content.text.prefix(60))") }
      }
    }
    let digest = DigestNotice(chat: chat, count: 12, toldSingly: 5, happenedAt: 0)
    #expect(OwnPost.isOne(renderer.caption(for: digest).text))
  }
}
