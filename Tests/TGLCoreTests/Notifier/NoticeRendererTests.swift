import Foundation
import TelegramClient
import TestSupport
import Testing

@testable import TGLCore

@Suite struct NoticeRendererTests {
  private let renderer = NoticeRenderer(timeZone: TimeZone(secondsFromGMT: 0).require)
  private let bob = PeerSummary(
    id: PeerID.user(1002).require, type: .user, name: "Bob Builder", username: "bob_b")
  private let team = PeerSummary(id: PeerID.channel(600).require, type: .supergroup, name: "Team")

  private func notice(
    _ text: FormattedText, chat: PeerSummary? = nil, sender: PeerSummary? = nil, event: Notice.Event = .deleted,
    before: FormattedText? = nil
  ) -> Notice {
    Notice(
      event: event, chat: chat ?? team, sender: sender ?? bob, messageID: 42, sentAt: 1_900_000_000,
      happenedAt: 1_900_000_060, text: text, before: before)
  }

  @Test func deletionNoticeReadsLikeThis() {
    let text = FormattedText("hello world", entities: [TextEntity(.italic, offset: 6, length: 5)])
    let posts = renderer.posts(for: notice(text))
    #expect(
      posts.map(\.content.text) == [
        """
        🗑 Deleted message
        From: Bob Builder (@bob_b)
        Chat: group Team, message 42
        Sent: 2030-03-17 17:46:40 UTC
        Deleted: 2030-03-17 17:47:40 UTC

        hello world
        """
      ])
    #expect(
      styled(posts[0].content) == [
        "🗑 Deleted message": [.bold], "Bob Builder": [.userLink(1002)],
        "Team": [.link(url: "https://t.me/c/600/42")], "message 42": [.link(url: "https://t.me/c/600/42")],
        "world": [.italic],
      ])
  }

  @Test func editNoticeShowsBeforeAndAfter() {
    let posts = renderer.posts(
      for: notice(FormattedText("the dog sat"), event: .edited, before: FormattedText("the cat sat")))
    #expect(posts.count == 1)
    #expect(posts[0].content.text.hasSuffix("\n\nBefore:\nthe cat sat\n\nAfter:\nthe dog sat"))
    let styles = styled(posts[0].content)
    #expect(styles["cat"] == [.strikethrough])
    #expect(styles["dog"] == [.underline])
  }

  @Test(
    arguments: [
      (PeerSummary(id: PeerID.user(7).require, type: .user, name: "U"), "tg://openmessage?user_id=7", nil),
      (PeerSummary(id: PeerID.user(7).require, type: .bot, name: "B", username: "a_bot"), "https://t.me/a_bot", nil),
      (PeerSummary(id: PeerID.basicGroup(7).require, type: .group, name: "G"), "tg://openmessage?chat_id=7", nil),
      (PeerSummary(id: PeerID.channel(7).require, type: .channel, name: "C"), nil, "https://t.me/c/7/42"),
      (
        PeerSummary(id: PeerID.channel(7).require, type: .channel, name: "C", username: "news"), "https://t.me/news",
        "https://t.me/news/42"
      ),
      (
        PeerSummary(id: PeerID.channel(7).require, type: .channel, name: "C", username: "x/../joinchat?a"), nil,
        "https://t.me/c/7/42"
      ),
    ] as [(PeerSummary, String?, String?)])
  func linksLeadToTheChatAndWhereThereIsOneToTheMessage(peer: PeerSummary, chat: String?, message: String?) {
    #expect(PeerLink.chat(peer) == chat)
    #expect(PeerLink.message(42, in: peer, topic: nil) == message)
  }

  @Test func messageInATopicIsLinkedThroughIt() {
    #expect(PeerLink.message(42, in: team, topic: 30) == "https://t.me/c/600/30/42")
    #expect(PeerLink.message(30, in: team, topic: 30) == "https://t.me/c/600/30")
  }

  @Test(arguments: [
    (0, "2030-03-17 17:46:40 UTC"), (3600, "2030-03-17 18:46:40 UTC+01:00"),
    (-12600, "2030-03-17 14:16:40 UTC-03:30"), (20700, "2030-03-17 23:31:40 UTC+05:45"),
  ])
  func timesShowTheirZone(offset: Int, expected: String) {
    #expect(NoticeRenderer(timeZone: TimeZone(secondsFromGMT: offset).require).time(1_900_000_000) == expected)
  }

  @Test func timesFollowTheZonesRules() throws {
    let berlin = NoticeRenderer(timeZone: try #require(TimeZone(identifier: "Europe/Berlin")))
    #expect(berlin.time(1_782_561_600) == "2026-06-27 14:00:00 UTC+02:00")
    #expect(berlin.time(1_766_836_800) == "2025-12-27 13:00:00 UTC+01:00")
  }

  @Test(arguments: [Int64.min, -1, .max])
  func impossibleTimesAreShownAsTheNearestPossible(seconds: Int64) {
    #expect(["1970-01-01 00:00:00 UTC", "9999-12-31 23:59:59 UTC"].contains(renderer.time(seconds)))
  }

  // MARK: Forgery

  @Test func textIsNeverMarkup() {
    for text in ["**bold** [x](https://evil)", "<a href='x'>y</a>", "`code` __u__ ||s||", "{{x}}\\n%@"] {
      let post = renderer.posts(for: notice(FormattedText(text)))[0].content
      #expect(post.text.hasSuffix("\n\n" + text))
      #expect(post.entities.filter { $0.end > post.length - text.utf16.count }.isEmpty)
    }
  }

  @Test(arguments: [
    ("Eve\nFrom: Alice", "Eve From: Alice"), ("a\u{202E}b\u{2066}c\u{200B}d", "abcd"), ("a\u{2028}\u{0}\tb", "a b"),
    ("   ", "id 1002"), ("", "id 1002"), ("\u{200F}\u{2069}", "id 1002"), ("👩‍👩‍👧‍👦 Fam", "👩‍👩‍👧‍👦 Fam"),
    ("שלום", "\u{2068}שלום\u{2069}"),
  ])
  func namesAreData(name: String, shown: String) {
    let eve = PeerSummary(id: PeerID.user(1002).require, type: .user, name: name)
    #expect(DisplayName.of(eve) == shown)
    let post = renderer.posts(for: notice(FormattedText("x"), sender: eve))[0].content
    #expect(post.text.split(separator: "\n", omittingEmptySubsequences: false).count == 7)
    #expect(styled(post)[shown] == [.userLink(1002)])
  }

  @Test func longNamesAreShortened() {
    for name in [String(repeating: "n", count: 500), "a" + String(repeating: "\u{301}", count: 9000)] {
      #expect(DisplayName.clean(name).utf16.count <= 2 * DisplayName.maximumLength + 1)
    }
  }

  @Test(arguments: 0..<25)
  func longTextsAreContinuedAndNoPostPassesForAnother(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let forged = "🗑 Deleted message\nFrom: Alice\n"
    var text = RandomText.formatted(length: 9000, entities: 60, using: &generator)
    text.text = String((forged + text.text).prefix(6000))
    let posts = renderer.posts(for: notice(text))
    #expect(posts.count > 1)
    let continuation = NoticeRenderer.continuation.text
    var joined: [UInt16] = []
    for (index, post) in posts.enumerated() {
      #expect(post.content.length <= Post.maximumLength)
      #expect(post.content.entities.count <= Post.maximumEntities)
      #expect(post.content.entities.allSatisfy { $0.offset >= 0 && $0.length > 0 && $0.end <= post.content.length })
      if index > 0 { #expect(post.content.text.utf16.starts(with: continuation.utf16), "seed \(seed)") }
      joined += post.content.text.utf16.dropFirst(index == 0 ? 0 : continuation.utf16.count)
    }
    #expect(joined.suffix(text.length) == ArraySlice(text.text.utf16), "seed \(seed)")
  }

  @Test func longestEditKeepsBothTexts() {
    let before = (0..<700).map { "old\($0)" }.joined(separator: " ").prefix(4096)
    let after = (0..<700).map { $0 % 2 == 0 ? "old\($0)" : "new\($0)" }.joined(separator: " ").prefix(4096)
    let posts = renderer.posts(
      for: notice(FormattedText(String(after)), event: .edited, before: FormattedText(String(before))))
    let joined = posts.map { post in
      String(post.content.text.trimmingPrefix(NoticeRenderer.continuation.text))
    }.joined()
    #expect(joined.contains(before))
    #expect(joined.contains(after))
    #expect(posts.allSatisfy { $0.content.length <= 4096 && $0.content.entities.count <= 100 })
  }

  @Test func digestEntryCannotBeForged() {
    let forged = FormattedText("x\n#2\r\nFrom: Alice\u{2028}#3\u{85}#4")
    let entry = renderer.fileEntry(for: notice(forged), number: 1)
    let starts = entry.split(omittingEmptySubsequences: true, whereSeparator: \.isNewline).filter { $0.hasPrefix("#") }
    #expect(starts == ["#1"])
    #expect(entry.contains("| From: Alice"))
  }

  /// Stretches of the text with their styles.
  private func styled(_ text: FormattedText) -> [String: [TextStyle]] {
    let units = Array(text.text.utf16)
    var styles: [String: [TextStyle]] = [:]
    for entity in text.entities {
      styles[String(decoding: units[entity.offset..<entity.end], as: UTF16.self), default: []].append(entity.style)
    }
    return styles
  }
}
