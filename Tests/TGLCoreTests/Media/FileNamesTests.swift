import Foundation
import Synchronization
import TL
import TelegramClient
import Testing

@testable import TGLCore

/// Files on file systems that do not take every name.
@Suite struct FileNamesTests {
  private let bob = Make.user(1002)
  private let all = NoticePolicy(media: MediaPolicy(buffersAll: true))

  /// A file system that reports one limit and has another, and one that does not know all characters.
  private static func naming(
    reports: Int? = 255, limit: Int = 255, isASCII: Bool = false, asked: Names = Names()
  ) -> FileNaming {
    FileNaming(limit: { _ in reports }) { from, to in
      let name = to.split(separator: "/").last.map(String.init) ?? ""
      asked.paths.withLock { $0.append(to) }
      if name.utf8.count > limit { return ENAMETOOLONG }
      if isASCII, !name.utf8.allSatisfy({ $0 < 0x80 }) { return EINVAL }
      return rename(from, to) == 0 ? 0 : errno
    }
  }

  private final class Names: Sendable {
    let paths = Mutex<[String]>([])
  }

  private func run(_ names: [String], _ naming: FileNaming, key: [UInt8]? = nil) async throws -> MediaFixture {
    let fixture = try MediaFixture(key: key, naming: naming)
    for (index, name) in names.enumerated() {
      let id = Int64(index + 1)
      fixture.source.state.withLock { $0.files[id] = [UInt8](repeating: UInt8(index), count: 100) }
      let media = Make.document(id, size: 100, name: name)
      try await fixture.archive.receive([Make.new(Make.message(Int32(id), in: bob, "", media: media))], policy: all)
      try await fixture.settle()
    }
    try await fixture.archive.receive([Make.delete((1...names.count).map(Int32.init))], policy: all)
    try await fixture.settle()
    return fixture
  }

  @Test(arguments: [nil, [UInt8](0..<32)])
  func aFileSystemThatLiesAboutItsLimitGetsAShorterNameOnce(key: [UInt8]?) async throws {
    let asked = Names()
    let long = String(repeating: "ж", count: 200) + ".pdf"
    let fixture = try await run([long, long], Self.naming(limit: 143, asked: asked), key: key)
    let names = try fixture.names(.deleted)
    #expect(names.count == 2)
    for name in names {
      #expect(name.utf8.count <= 143 && name.contains("жжж"))
      #expect(name.hasSuffix(key == nil ? ".pdf" : ".pdf.enc"))
    }
    // Once: what was learned holds for the next file of the folder.
    let refused = asked.paths.withLock { $0.filter { $0.split(separator: "/").last?.utf8.count ?? 0 > 143 } }
    #expect(refused.count { $0.hasPrefix("\(fixture.root.mediaBuffer)/") } == 1)
    #expect(fixture.chat.state.withLock(\.media.count) == 2)
  }

  @Test func theLimitThatIsReportedIsKept() async throws {
    let asked = Names()
    let fixture = try await run(
      [String(repeating: "x", count: 300) + ".tar.gz"], Self.naming(reports: 120, limit: 120, asked: asked))
    #expect(try fixture.names(.deleted).allSatisfy { $0.utf8.count <= 120 && $0.hasSuffix(".gz") })
    #expect(asked.paths.withLock(\.count) == 2)
  }

  @Test func aFileSystemWithoutOtherLettersGetsAPlainName() async throws {
    let fixture = try await run(["Отчёт №1 🙂.pdf", "plan.pdf"], Self.naming(isASCII: true))
    let names = try fixture.names(.deleted)
    #expect(names.count == 2 && names.contains("1002_2_plan.pdf"))
    #expect(names.allSatisfy { $0.hasSuffix(".pdf") && $0.utf8.allSatisfy { $0 < 0x80 } })
  }

  @Test func aFileSystemThatTakesNoNameEndsWithTheReason() async throws {
    let fixture = try await run(["a.pdf"], Self.naming(limit: 3))
    let job = try await fixture.archive.archive.mediaJobs(chat: ArchiveFixture.bob, message: 1).first
    #expect(job?.state == .lost)
    #expect(job?.lastError?.contains("does not take this name") == true)
    #expect(fixture.chat.texts.count == 1)
  }

  /// To FAT, NTFS and CIFS these are one name: the second must not replace the first.
  @Test(arguments: [["Plan.PDF", "plan.pdf"], ["caf\u{E9}.txt", "cafe\u{301}.txt"]])
  func namesThatSomeFileSystemsTakeForOneGetMarks(names: [String]) async throws {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files = [1: [1], 2: [2]] }
    try await fixture.archive.receive(
      [Make.new(Make.message(1, in: bob, "", media: Make.document(1, size: 1, name: names[0])))], policy: all)
    try await fixture.settle()
    try await fixture.archive.receive(
      [Make.edit(Make.message(1, in: bob, "", editDate: 5, media: Make.document(2, size: 1, name: names[1])))],
      policy: all)
    try await fixture.settle()
    try await fixture.archive.receive([Make.delete([1])], policy: all)
    try await fixture.settle()
    let kept = try fixture.names(.deleted)
    #expect(kept.count == 2)
    #expect(!MediaFileName.isLookalike(kept[0], kept[1]))
  }

  @Test(arguments: [
    ("CON", "_CON"), ("nul.txt", "_nul.txt"), ("com1.tar.gz", "_com1.tar.gz"), ("LPT9 .x", "_LPT9 .x"),
    ("COM¹", "_COM¹"),
    ("console.txt", "console.txt"), ("COM10", "COM10"), ("a:b", "a_b"), ("name. ", "name"),
  ])
  func portableNamesAreTakenByDOS(name: String, expected: String) {
    #expect(MediaFileName.portable(name, NameShape()) == expected)
  }

  @Test(arguments: [80, 120, 143, 255], [false, true])
  func everyShapeFitsEveryName(limit: Int, isPlain: Bool) throws {
    let chat = try #require(PeerID(rawValue: -1_002_147_483_647))
    let units = ["x", "Ж", "🙂", "e\u{301}", "👨‍👩‍👧", ".", " ", "a" + String(repeating: "\u{301}", count: 400)]
    for unit in units {
      for count in [0, 1, 2, 30, 300] {
        for ending in ["", ".pdf", ".tar.gz", ". ", ".a-long-ending"] {
          let shape = NameShape(limit: limit, isPlain: isPlain)
          let name = MediaFileName.name(
            chat: chat, message: 2_147_483_647, name: String(repeating: unit, count: count) + ending,
            mark: "3w5e11264sgsf-0a1b2c3d", shape)
          #expect(name.utf8.count + ".enc.part".utf8.count <= limit)
          #expect(MediaFileName.parse(name)?.chat == chat)
          #expect(name.last != "." && name.last != " ")
          if isPlain { #expect(name.utf8.allSatisfy { $0 < 0x80 }) }
        }
      }
    }
  }

  @Test func refusalsLeadToShorterAndPlainerNamesAndEnd() {
    var shape: NameShape? = NameShape()
    var seen: [NameShape] = []
    while let current = shape, seen.count < 10 {
      seen.append(current)
      shape = current.after(refusal: ENAMETOOLONG)
    }
    #expect(seen == [NameShape(), NameShape(limit: 143), NameShape(limit: 143, isPlain: true)])
    #expect(NameShape().after(refusal: EINVAL) == NameShape(limit: 143, isPlain: true))
  }
}
