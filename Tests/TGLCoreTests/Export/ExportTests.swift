import Foundation
import GRDB
import TL
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct ExportTests {
  private let fixture: ArchiveFixture
  private let folder: TemporaryFolder

  init() throws {
    fixture = try ArchiveFixture()
    folder = try TemporaryFolder()
  }

  private func request(
    _ format: ExportRequest.Format = .jsonl, to name: String = "out", _ change: (inout ExportRequest) -> Void = { _ in }
  ) -> ExportRequest {
    var request = ExportRequest(
      format: format, destination: .folder("\(folder.path)/\(name)"), root: DataRoot(existing: folder.path))
    change(&request)
    return request
  }

  private func lines(_ path: String?) throws -> [[String: Any]] {
    let text = try String(contentsOfFile: try #require(path), encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  private func say(_ ids: ClosedRange<Int32>, at now: Int64) async throws {
    try await fixture.receive(ids.map { Make.new(Make.message($0, in: Make.group(500), "message \($0)")) }, now: now)
  }

  @Test func whatIsNewIsExportedOnceWhateverTheClockSays() async throws {
    let start: Int64 = 2_000_000_000
    try await say(1...5, at: start)
    func export(at now: Int64) async throws -> [Int] {
      let summary = try await Export.run(request { $0.sinceLast = true }, archive: fixture.archive, now: now)
      guard let path = summary.path else { return [] }
      return try lines(path).compactMap { $0["id"] as? Int }
    }
    #expect(try await export(at: start) == [1, 2, 3, 4, 5])
    #expect(try await export(at: start) == [])
    // Of the same second as what was exported, but committed later.
    try await say(6...6, at: start)
    #expect(try await export(at: start + 1) == [6])
    // Stamped before the last export, committed behind it.
    try await say(7...7, at: start - 60)
    #expect(try await export(at: start + 2) == [7])
    try await fixture.receive([Make.delete([2])], now: start + 3)
    try await fixture.receive(
      [Make.edit(Make.message(3, in: Make.group(500), "changed", editDate: 1_900_000_100))], now: start + 3)
    #expect(try await export(at: start + 3) == [2, 3])
    #expect(try await export(at: start + 10_000) == [])
  }

  @Test func theExportIsOfOneMomentWhileOthersWrite() async throws {
    let text = String(repeating: "many words ", count: 40)
    try await fixture.receive((1...3000).map { Make.new(Make.message($0, in: Make.group(500), text)) })
    var descriptors: [Int32] = [0, 0]
    #expect(pipe(&descriptors) == 0)
    let (reading, writing) = (descriptors[0], descriptors[1])
    let request = request { $0.destination = .descriptor(writing, name: "pipe") }
    let progress = Export.Progress()
    let archive = fixture.archive
    let export = Task {
      defer { close(writing) }
      return try await Export.run(request, archive: archive, progress: progress)
    }
    // Nobody reads the pipe yet, so the export is stuck in the middle.
    while progress.messages == 0 { await Task.yield() }
    try await fixture.receive(
      [Make.new(Make.message(4000, in: Make.group(500), "late")), Make.delete(Array(2990...3000))])
    let handle = FileHandle(fileDescriptor: reading, closeOnDealloc: true)
    let written = await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: handle.readDataToEndOfFile()) }
    }
    let summary = try await export.value
    #expect(summary.messages == 3000 && summary.deleted == 0)
    #expect(written.split(separator: 0x0A).count == 3000)
    #expect(try await fixture.archive.counts().deleted == 11)
  }

  @Test func anotherExportsFolderIsNotAddedTo() async throws {
    try await say(1...2, at: 2_000_000_000)
    _ = try await Export.run(request(.jsonl), archive: fixture.archive)
    await #expect(throws: ExportError.self) {
      try await Export.run(request(.csv) { $0.sinceLast = true }, archive: fixture.archive)
    }
    await #expect(throws: ExportError.self) {
      try await Export.run(
        request(.jsonl) {
          $0.sinceLast = true
          $0.onlyDeleted = true
        }, archive: fixture.archive)
    }
    await #expect(throws: EncryptedFileError.self) {
      try await Export.run(request(.jsonl), archive: fixture.archive)
    }
    let summary = try await Export.run(request(.csv) { $0.replacing = true }, archive: fixture.archive)
    #expect(summary.messages == 2)
  }

  /// What the schema does not know, and what is no TL at all, must not keep the rest from being exported.
  @Test(arguments: ExportRequest.Format.allCases)
  func damagedMediaAreExportedAsFarAsTheyGo(format: ExportRequest.Format) async throws {
    try await say(1...3, at: 2_000_000_000)
    try await fixture.archive.write { db in
      let sql = "UPDATE message SET media_kind = ?, media = ?, action_kind = ?, action = ?, layer = 1 WHERE id = ?"
      try db.execute(sql: sql, arguments: ["photo", Data([1, 2, 3]), nil, nil, 1])
      try db.execute(sql: sql, arguments: ["no such kind", Data(), nil, nil, 2])
      try db.execute(sql: sql, arguments: [nil, nil, "someNewAction", Data([9]), 3])
      try db.execute(sql: "UPDATE message SET entities = 'no json', forward = '{' WHERE id = 1")
    }
    let summary = try await Export.run(
      request(format) { $0.includesRaw = format == .jsonl || format == .json }, archive: fixture.archive)
    #expect(summary.messages == 3)
    guard format == .jsonl else { return }
    let lines = try lines(summary.path)
    #expect((lines[0]["raw"] as? [String: Any])?["media"] as? [String: String] == ["base64": "AQID"])
    #expect((lines[2]["action"] as? [String: String]) == ["kind": "someNewAction"])
  }

  @Test func serviceMessagesAndNotesToOneselfHaveTelegramDesktopsNames() async throws {
    try await fixture.archive.claim(account: ArchiveFixture.alice)
    let action = API.AnyMessageAction.messageActionChatAddUser(API.MessageActionChatAddUser(users: [1002, 4711]))
    try await fixture.receive([
      Make.new(Make.message(1, in: Make.user(1001), from: 1001, "note", out: true)),
      Make.new(
        .messageService(
          API.MessageService(
            id: 2, fromId: Make.user(1003), peerId: Make.group(500), date: 1_900_000_000, action: action))),
    ])
    let summary = try await Export.run(request(.json), archive: fixture.archive)
    let data = try Data(contentsOf: URL(fileURLWithPath: summary.path.require))
    let result = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let chats = try #require((result["chats"] as? [String: Any])?["list"] as? [[String: Any]])
    #expect(chats.compactMap { $0["type"] as? String } == ["private_group", "saved_messages"])
    #expect(chats.compactMap { $0["id"] as? Int } == [500, 1001])
    let service = try #require((chats[0]["messages"] as? [[String: Any]])?.first)
    #expect(service["type"] as? String == "service" && service["action"] as? String == "invite_members")
    #expect(service["actor"] as? String == "Helper" && service["actor_id"] as? String == "user1003")
    let members = try #require(service["members"] as? [Any])
    #expect(members.count == 2 && members[0] as? String == "Bob Builder" && members[1] is NSNull)
  }

  @Test func anArchiveIsOpenedForReadingOnlyWhenItIsThere() async throws {
    #expect(throws: ArchiveError.missing(path: "\(folder.path)/none")) {
      try Archive.open(readingFrom: "\(folder.path)/none")
    }
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/none"))
    let reader = try Archive.open(readingFrom: fixture.path)
    await #expect(throws: ArchiveError.self) {
      try await reader.write { db in try db.execute(sql: "DELETE FROM message") }
    }
  }
}
