import TelegramClient
import Testing

@testable import TGLCore

struct MediaFileNameTests {
  private let chat = PeerID.channel(42).require

  @Test(
    arguments: [
      ("photo.jpg", "-1000000000042_7_photo.jpg"), ("../../etc/passwd", "-1000000000042_7__.._etc_passwd"),
      ("a\u{0}b\n\u{1B}c\u{202E}gpj.exe", "-1000000000042_7_abcgpj.exe"),
      ("Отчёт 🙂.pdf", "-1000000000042_7_Отчёт 🙂.pdf"),
      ("con", "-1000000000042_7_con"), ("a:b*c?.txt", "-1000000000042_7_a_b_c_.txt"), ("..", "-1000000000042_7_file"),
      ("", "-1000000000042_7_file"), ("name. . ", "-1000000000042_7_name"),
      ("under_score_.x", "-1000000000042_7_under_score_.x"),
    ])
  func aNameIsOneEveryFileSystemTakes(name: String, expected: String) {
    #expect(MediaFileName.name(chat: chat, message: 7, name: name) == expected)
  }

  @Test(
    arguments: ["x", "Ж", "🙂", "e\u{301}", "👨‍👩‍👧", "a" + String(repeating: "\u{301}", count: 400)],
    ["", ".tar.gz", ".ending-that-is-none"])
  func aLongNameIsCutBetweenCharacters(unit: String, ending: String) throws {
    let name = MediaFileName.name(chat: chat, message: 7, name: String(repeating: unit, count: 300) + ending, mark: "1")
    #expect((name + ".enc.part").utf8.count <= 255)
    let parsed = try #require(MediaFileName.parse(name))
    #expect(parsed.chat == chat && parsed.message == 7)
    let unmarked = MediaFileName.name(chat: chat, message: 7, name: String(repeating: unit, count: 300) + ending)
    #expect((unmarked + ".enc.part").utf8.count <= 255 && MediaFileName.parse(unmarked) != nil)
  }

  @Test func whatIsWrittenIsRead() throws {
    for chat in [PeerID.user(5), PeerID.basicGroup(6), PeerID.channel(7)].compactMap(\.self) {
      let parsed = try #require(MediaFileName.parse(MediaFileName.name(chat: chat, message: 12, name: "a_b.ogg")))
      #expect(parsed.chat == chat && parsed.message == 12 && parsed.name == "a_b.ogg")
    }
    #expect(MediaFileName.parse("1001_5_photo.jpg.enc")?.name == "photo.jpg.enc")
  }

  @Test(arguments: [
    "", "photo.jpg", "0_5_x", "1_0_x", "1_-5_x", "1_2_", "1_2", "a_2_x", "1_b_x", "99999999999999999999_1_x", ".hidden",
  ])
  func otherNamesAreNobodys(name: String) {
    #expect(MediaFileName.parse(name) == nil)
  }
}
