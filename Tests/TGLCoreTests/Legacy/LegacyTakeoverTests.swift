import Foundation
import GRDB
import TelegramClient
import Testing

@testable import TGLCore

struct LegacyTakeoverTests {
  private let folder: TemporaryFolder
  private let root: DataRoot
  private var path: String { root.archiveFile }

  init() throws {
    folder = try TemporaryFolder()
    root = try DataRoot(path: folder.path + "/data")
  }

  /// A row as SQLAlchemy writes it.
  private struct OldRow {
    var id: Int64
    var chat: Int64
    var from: Int64? = 1001
    var type: Int64? = 1
    var text: String? = "text"
    var media: Data?
    var noforwards = false
    var selfDestructing = false
    var created: String? = "2026-11-22 10:11:12.345678"
    var edited: String?
  }

  private func make(_ rows: [OldRow], at path: String? = nil, journal: String = "DELETE") throws {
    let queue = try DatabaseQueue(path: path ?? self.path)
    try queue.writeWithoutTransaction { db in
      _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = \(journal)")
      try db.execute(
        sql: """
          CREATE TABLE messages (id INTEGER NOT NULL, chat_id BIGINT NOT NULL, from_id BIGINT, type INTEGER,
            msg_text VARCHAR, media BLOB, noforwards BOOLEAN, self_destructing BOOLEAN, created_at DATETIME,
            edited_at DATETIME, PRIMARY KEY (id, chat_id))
          """)
      for row in rows {
        try db.execute(
          sql: "INSERT INTO messages VALUES (?,?,?,?,?,?,?,?,?,?)",
          arguments: [
            row.id, row.chat, row.from, row.type, row.text, row.media, row.noforwards, row.selfDestructing, row.created,
            row.edited,
          ])
      }
    }
    try queue.close()
  }

  private func files(in folder: String) -> [String] {
    (FileManager.default.subpaths(atPath: folder) ?? []).sorted()
  }

  /// `MessageMediaDice(value=5, emoticon='🎲')`, protocol 0.
  private let dice = Data(
    """
    ccopy_reg\n_reconstructor\n(ctelethon.tl.types\nMessageMediaDice\nc__builtin__\nobject\nNtR(dVvalue\nI5\nsVemoticon\nV\\U0001f3b2\nsb.
    """.utf8)

  @Test(arguments: ["DELETE", "WAL"])
  func everyRowIsAMessageAndTheOldArchiveIsKept(journal: String) async throws {
    try make(
      [
        OldRow(
          id: 1, chat: 1001, text: "**bold** 🙂", media: dice, created: "2026-11-22 10:11:12",
          edited: "2026-11-22 10:12:00.5"),
        OldRow(id: 2, chat: 1002, type: 4, noforwards: true), OldRow(id: 3, chat: -500, from: nil, type: 3, text: nil),
        OldRow(id: 4, chat: -1_000_000_000_600, type: 3), OldRow(id: 5, chat: -1_000_000_000_700, from: 0, type: 2),
        OldRow(id: 6, chat: -1_000_000_000_800, type: 0, selfDestructing: true),
      ], journal: journal)
    let outcome = try await DataMigration(root: root).run()
    guard case .tookOver(let report) = outcome else { throw TestFailure("not taken over: \(outcome)") }
    #expect((report.rows, report.added, report.unusable, report.problemCount) == (6, 6, 0, 0))
    #expect((report.media, report.mediaKept) == (1, 1))
    let backup = try #require(report.backup)
    #expect(try await DatabaseQueue(path: backup.path).read { db in try LegacyTable.count(db) } == 6)
    #expect(try TemporaryFolder.mode(backup.path) == 0o600 && TemporaryFolder.mode(path) == 0o600)
    #expect(
      files(in: root.path + "/db") == [
        "backups", "backups/\((backup.path as NSString).lastPathComponent)", "messages.db",
      ])

    let archive = try Archive.open(at: path)
    let first = try #require(try await archive.message(chat: PeerID.user(1001).require, id: 1)).message
    #expect(first.text == FormattedText("bold 🙂", entities: [TextEntity(.bold, offset: 0, length: 4)]))
    #expect(first.date == 1_795_342_272 && first.editDate == 1_795_342_320)
    #expect(first.media?.kind == .dice && !first.isOutgoing)
    let toBot = try #require(try await archive.message(chat: PeerID.user(1002).require, id: 2)).message
    #expect(toBot.isOutgoing && toBot.noforwards && toBot.sender == .user(1001))
    #expect(try await archive.message(chat: PeerID.basicGroup(500).require, id: 3)?.message.sender == nil)
    let post = try #require(try await archive.message(chat: PeerID.channel(700).require, id: 5)).message
    #expect(post.isPost && post.sender == .channel(700))
    #expect(try await archive.message(chat: PeerID.channel(800).require, id: 6)?.message.ttlSeconds == Int64(Int32.max))
    let types = [
      (PeerID.user(1002), PeerType.bot), (.basicGroup(500), .group), (.channel(600), .supergroup),
      (.channel(700), .channel),
    ]
    for (id, type) in types { #expect(try await archive.peer(id.require)?.type == type) }
    #expect(try await archive.peer(PeerID.channel(800).require) == nil)
    try archive.close()
  }

  @Test func doingItAgainChangesNothing() async throws {
    try make([OldRow(id: 1, chat: 1001)])
    _ = try await DataMigration(root: root).run()
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let names = files(in: root.path)
    guard case .upToDate = try await DataMigration(root: root).run() else { throw TestFailure("did something") }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before && files(in: root.path) == names)
  }

  @Test(arguments: ["DELETE", "WAL"])
  func aTrialWritesNothing(journal: String) async throws {
    try make([OldRow(id: 1, chat: 1001), OldRow(id: 0, chat: 5)], journal: journal)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let names = files(in: root.path)
    guard case .tookOver(let report) = try await DataMigration(root: root).trial() else { throw TestFailure("nothing") }
    #expect((report.rows, report.added, report.unusable, report.isDryRun) == (2, 1, 1, true))
    #expect(try DataMigration(root: root).status().layout == .python)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before && files(in: root.path) == names)
  }

  @Test func whatCannotBeTakenOverIsNamedAndTheRestIs() async throws {
    try make([
      OldRow(id: 1, chat: 1001, media: Data("cposix\nsystem\n(Vtrue\ntR.".utf8)),
      OldRow(id: 2, chat: 1001, media: Data([0x80, 4])),
      OldRow(id: 3, chat: 0), OldRow(id: -4, chat: 1001), OldRow(id: 5, chat: 1001, created: "yesterday"),
      OldRow(id: 6, chat: 1001),
    ])
    guard case .tookOver(let report) = try await DataMigration(root: root).run() else { throw TestFailure("nothing") }
    #expect((report.rows, report.added, report.unusable, report.media, report.mediaKept) == (6, 4, 2, 2, 0))
    #expect(report.problems.map(\.message).compactMap(\.self).sorted() == [-4, 1, 2, 3, 5])
    #expect(report.problems.first { $0.message == 1 }?.reason.contains("posix.system") == true)
    let archive = try Archive.open(at: path)
    let kept = try #require(try await archive.message(chat: PeerID.user(1001).require, id: 1)).message
    #expect(kept.media == nil && kept.text.text == "text")
    try archive.close()
  }

  /// SQLite takes any value in any column.
  @Test func columnsMayHoldAnything() async throws {
    try make([OldRow(id: 1, chat: 1001)])
    let queue = try DatabaseQueue(path: path)
    try await queue.write { db in
      let values: [any DatabaseValueConvertible] = [
        "text", 1.5, Data([0xFF, 0xFE]), -1, Int64.min, Int64.max, "", "2026-99-99 99:99:99", "9999-12-31 23:59:59",
      ]
      for (index, value) in values.enumerated() {
        let number = Int64(100 + index)
        try db.execute(
          sql: "INSERT INTO messages VALUES (?, 1001, ?, ?, ?, ?, ?, ?, ?, ?)",
          arguments: [number, value, value, value, value, value, value, value, value])
        try db.execute(sql: "INSERT INTO messages (id, chat_id) VALUES (?, ?)", arguments: [value, value])
      }
    }
    try queue.close()
    guard case .tookOver(let report) = try await DataMigration(root: root).run() else { throw TestFailure("nothing") }
    #expect(report.rows == 19 && report.added + report.unusable == 19 && report.added >= 10)
    let archive = try Archive.open(at: path)
    #expect(try await archive.counts().messages == report.added)
    try archive.close()
  }

  @Test func whatWasBuiltWhenTheProcessEndedIsBuiltAgain() async throws {
    try make([OldRow(id: 1, chat: 1001)])
    for suffix in ["", "-wal", "-shm"] {
      try Data("left behind".utf8).write(to: URL(fileURLWithPath: path + ".new" + suffix))
    }
    guard case .tookOver(let report) = try await DataMigration(root: root).run() else { throw TestFailure("nothing") }
    #expect(report.added == 1)
    #expect(!files(in: root.path).contains { $0.contains(".new") })
  }

  @Test func anArchiveThatIsWrittenToIsLeftAlone() async throws {
    try make([OldRow(id: 1, chat: 1001)])
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: path, configuration: configuration)
    try await other.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
    await #expect(throws: ArchiveError.busy(path: path)) { try await DataMigration(root: root).run() }
    try await other.writeWithoutTransaction { db in
      try db.execute(sql: "INSERT INTO messages (id, chat_id) VALUES (2, 1001); COMMIT")
    }
    #expect(try await other.read { db in try LegacyTable.count(db) } == 2)
    #expect(!files(in: root.path).contains { $0.contains("backups/") })
    try other.close()
  }

  @Test func whatFailsLeavesNothingBehind() async throws {
    try make([OldRow(id: 1, chat: 1001)])
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    // Something is in the way of the new archive.
    try FileManager.default.createDirectory(atPath: path + ".new", withIntermediateDirectories: true)
    await #expect(throws: ArchiveError.self) { try await DataMigration(root: root).run() }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    #expect(!files(in: root.path).contains { $0.contains("backups/") })
  }

  // MARK: From elsewhere

  @Test func anotherDirectoryIsAddedAndWhatIsThereWins() async throws {
    let other = try DataRoot(path: folder.path + "/old")
    try make([OldRow(id: 1, chat: 1001, text: "old"), OldRow(id: 2, chat: 1001, text: "new")], at: other.archiveFile)
    try Data("bytes".utf8).write(to: URL(fileURLWithPath: other.deletedMedia + "/1001_1_a.bin"))
    let archive = try Archive.open(at: path)
    try await archive.write { db in
      var message = MessageRecord(chat: PeerID.user(1001).require, id: 1, date: 5)
      message.text = FormattedText("ours")
      var search = SearchAdditions()
      _ = try MessageTable.insert(message, receivedAt: 5, layer: 1, search: &search, db)
      try search.write(db)
    }
    try archive.close()
    let before = try Data(contentsOf: URL(fileURLWithPath: other.archiveFile))

    guard case .tookOver(let trial) = try await DataMigration(root: root).trial(from: other.path) else {
      throw TestFailure("")
    }
    #expect((trial.added, trial.present, trial.recovered) == (1, 1, 1))
    guard case .tookOver(let report) = try await DataMigration(root: root).run(from: other.path) else {
      throw TestFailure("")
    }
    #expect((report.added, report.present) == (1, 1) && report.backup != nil)
    let again = try await DataMigration(root: root).run(from: other.path)
    guard case .tookOver(let second) = again else { throw TestFailure("") }
    #expect((second.added, second.present) == (0, 2) && second.backup == nil)
    #expect(try Data(contentsOf: URL(fileURLWithPath: other.archiveFile)) == before)
    #expect(FileManager.default.fileExists(atPath: root.deletedMedia + "/1001_1_a.bin"))

    let read = try Archive.open(at: path)
    #expect(try await read.message(chat: PeerID.user(1001).require, id: 1)?.message.text.text == "ours")
    #expect(try await read.message(chat: PeerID.user(1001).require, id: 2)?.message.text.text == "new")
    #expect(try await read.counts().messages == 2)
    try read.close()
  }

  @Test func aDirectoryWithoutAnArchiveIsNamed() async throws {
    let empty = folder.path + "/empty"
    await #expect(throws: LegacyError.noArchive(directory: empty)) {
      try await DataMigration(root: root).run(from: empty)
    }
    let other = try DataRoot(path: folder.path + "/ours")
    try Archive.open(at: other.archiveFile).close()
    await #expect(throws: LegacyError.notPython(path: other.archiveFile)) {
      try await DataMigration(root: root).run(from: other.path)
    }
  }

  @Test func namesComeFromTheSessionFile() async throws {
    try make([OldRow(id: 1, chat: -1_000_000_000_600, from: 1001, type: 3)])
    let session = try SessionFile(path: root.sessionFile)
    try await session.save(entities: [
      StoredEntity(id: PeerID.channel(600).require, accessHash: 1, username: "team", name: "Team"),
      StoredEntity(id: PeerID.user(1001).require, accessHash: 2, name: "Bob Builder"),
    ])
    _ = try await DataMigration(root: root).run()
    let archive = try Archive.open(at: path)
    let team = try #require(try await archive.peer(PeerID.channel(600).require))
    #expect(team.name == "Team" && team.username == "team" && team.isMin && team.accessHash == nil)
    #expect(try await archive.peer(PeerID.user(1001).require)?.name == "Bob Builder")
    try archive.close()
  }

  // MARK: Files

  @Test func filesBelongToTheirMessages() async throws {
    let archive = try ArchiveFixture()
    try await archive.receive([
      Make.new(Make.message(5, in: Make.user(1002), "a", media: Make.photo(55))),
      Make.new(Make.message(6, in: Make.user(1002), "b", media: Make.document(66, name: "b.bin"))),
    ])
    let files = try DataRoot(path: archive.directory)
    let contents = [
      "media/1002_5_photo.jpg", "media_deleted/1002_6_b.bin.enc", "media/1002_99_x.bin", "media/notes.txt",
    ]
    for name in contents { try Data(repeating: 7, count: 100).write(to: URL(fileURLWithPath: files.path + "/" + name)) }
    var report = LegacyReport(source: "")
    for _ in 0..<2 { try LegacyFiles(files).register(in: archive.archive, &report) }
    #expect((report.buffered, report.recovered) == (1, 1))
    let photo = try #require(try await archive.archive.mediaJobs(chat: PeerID.user(1002).require, message: 5).first)
    #expect(photo.state == .buffered && photo.mediumID == 55)
    let buffered = try #require(photo.bufferID)
    let stored = try #require(try await archive.archive.storedFile(buffered))
    #expect((stored.name, stored.size, stored.sha256.count, stored.isEncrypted) == ("1002_5_photo.jpg", 100, 32, false))
    let document = try #require(try await archive.archive.mediaJobs(chat: PeerID.user(1002).require, message: 6).first)
    let recovered = try #require(document.deletedID)
    let sealed = try #require(try await archive.archive.storedFile(recovered))
    #expect(document.state == .recovered && sealed.isEncrypted && sealed.size == 72)
  }
}

/// Why a test cannot go on.
struct TestFailure: Error {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}
