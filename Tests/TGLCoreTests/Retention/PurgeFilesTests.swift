import Foundation
import GRDB
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct PurgeFilesTests {
  private let fixture: PurgeFixture

  init() async throws { fixture = try await PurgeFixture(settings: ["MEDIA_BUFFER_TTL_HOURS": "24"]) }

  private func both(
    _ place: StoredFile.Place, _ name: String, hoursAgo: Double, state: MediaState? = nil,
    jobHoursAgo: Double? = nil
  ) async throws {
    try await fixture.entry(place, name, hoursAgo: hoursAgo, state: state, jobHoursAgo: jobHoursAgo)
    try fixture.file(place, name, hoursAgo: hoursAgo)
  }

  /// Runs it as a trial, which must change nothing and come to the same, and then in earnest.
  private func purge(_ change: (inout RetentionPlan.Request) -> Void = { _ in }) async throws -> PurgeReport {
    var request = RetentionPlan.Request()
    change(&request)
    let before = (try fixture.names(.buffer), try fixture.names(.deleted))
    let trial = try await fixture.purge(request, dryRun: true)
    #expect(try fixture.names(.buffer) == before.0)
    #expect(try fixture.names(.deleted) == before.1)
    let run = try await fixture.purge(request)
    #expect(run.buffer == trial.buffer)
    #expect(run.deletedMedia == trial.deletedMedia)
    return run
  }

  @Test func bufferedFilesGoWithTheirTime() async throws {
    try await both(.buffer, "1_1_old.jpg", hoursAgo: 30, state: .buffered)
    try await both(.buffer, "1_2_young.jpg", hoursAgo: 20, state: .buffered)
    try await both(.buffer, "1_3_copied.jpg", hoursAgo: 30, state: .preserving)
    try await both(.buffer, "1_4_shared.jpg", hoursAgo: 30, state: .buffered, jobHoursAgo: 2)
    try await both(.buffer, "1_5_unused.jpg", hoursAgo: 30)
    let report = try await purge()
    let left: Set = ["1_2_young.jpg", "1_3_copied.jpg", "1_4_shared.jpg"]
    #expect(try fixture.names(.buffer) == left)
    #expect(try await fixture.entries(.buffer) == left)
    #expect(report.buffer == .init(files: 2, bytes: 20))
    #expect(report.deletedMedia == nil)
  }

  @Test func onlyFilesNamedAsOursAreEverRemoved() async throws {
    for name in ["1_1_orphan.jpg", "notes.txt", ".5.part", ".hidden", "digest-7.txt", "x_1_y", "1_2_young.jpg"] {
      try fixture.file(.buffer, name, hoursAgo: name.contains("young") ? 5 : 30)
    }
    try fixture.file(.buffer, ".6.part", hoursAgo: 0.5)
    try FileManager.default.createDirectory(
      atPath: fixture.root.mediaBuffer + "/1_9_folder", withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: fixture.root.mediaBuffer + "/1_8_link", withDestinationPath: "/etc/hostname")
    let report = try await purge()
    #expect(
      try fixture.names(.buffer)
        == ["notes.txt", ".hidden", "x_1_y", "1_2_young.jpg", ".6.part", "1_9_folder", "1_8_link"])
    #expect(report.buffer?.orphans == 3)
  }

  @Test func aDownloadThatIsStillWantedIsNotThrownAway() async throws {
    try fixture.file(.buffer, ".77.part", hoursAgo: 100)
    try await fixture.archive.write { db in
      try db.execute(
        sql: """
          INSERT INTO media_job (chat_id, message_id, medium_id, position, kind, size, layer, media, state, priority,
            created_at) VALUES (1, 1, 77, 0, 'photo', 1, 1, x'', 'fetch', 1, 1)
          """)
    }
    _ = try await purge()
    #expect(try fixture.names(.buffer) == [".77.part"])
  }

  @Test func entriesWithoutFilesGo() async throws {
    try await fixture.entry(.buffer, "1_1_gone.jpg", hoursAgo: 5, state: .buffered)
    try await fixture.entry(.buffer, "1_2_coming.jpg", hoursAgo: 0.5)
    try await both(.buffer, "1_3_there.jpg", hoursAgo: 5, state: .buffered)
    #expect(try await purge().buffer == .init(missing: 1))
    #expect(try await fixture.entries(.buffer) == ["1_2_coming.jpg", "1_3_there.jpg"])
  }

  @Test func anEmptyFolderIsTakenForOneThatIsNotMounted() async throws {
    try await fixture.entry(.buffer, "1_1_gone.jpg", hoursAgo: 5, state: .buffered)
    #expect(try await purge().buffer == .init())
  }

  @Test func recoveredFilesStayUnlessAskedFor() async throws {
    try await both(.deleted, "1_1_recovered.jpg", hoursAgo: 10_000, state: .recovered)
    try fixture.file(.deleted, "1_2_of_the_python_service.jpg.enc", hoursAgo: 10_000)
    try await fixture.entry(.deleted, "1_3_gone.jpg", hoursAgo: 10_000)
    _ = try await purge()
    _ = try await purge { $0.olderThan = 0 }
    #expect(try fixture.names(.deleted) == ["1_1_recovered.jpg", "1_2_of_the_python_service.jpg.enc"])
    #expect(try await fixture.entries(.deleted).count == 2)
  }

  @Test func recoveredFilesGoWithTheAgeThatIsAskedFor() async throws {
    try await both(.deleted, "1_1_old.jpg", hoursAgo: 100, state: .recovered)
    try await both(.deleted, "1_2_young.jpg", hoursAgo: 10, state: .recovered)
    try fixture.file(.deleted, "1_3_orphan.jpg.part", hoursAgo: 100)
    try fixture.file(.deleted, "1_4_orphan.jpg", hoursAgo: 10)
    // What a process that was killed left of a file it was encrypting or decrypting, and somebody else's file.
    try fixture.file(.deleted, ".tgl-1f2e.part", hoursAgo: 2)
    try fixture.file(.deleted, ".tgl-2f2e.part", hoursAgo: 0.5)
    try fixture.file(.deleted, ".tgl-notes.part", hoursAgo: 100)
    try await fixture.add(PurgeFixture.user, 5, daysAgo: 90)
    let report = try await purge { ($0.parts, $0.olderThan) = ([.deletedMedia], 50 * 3_600) }
    #expect(
      try fixture.names(.deleted) == ["1_2_young.jpg", "1_4_orphan.jpg", ".tgl-2f2e.part", ".tgl-notes.part"])
    #expect(report.deletedMedia == .init(files: 3, bytes: 30, orphans: 2))
    #expect(report.buffer == nil && report.messages.isEmpty)
    #expect(try await fixture.keys().count == 1)
  }

  @Test func aFileThatIsStillToBePostedStays() async throws {
    try await both(.deleted, "1_1_old.jpg", hoursAgo: 100, state: .recovered)
    try await fixture.archive.write { db in
      let notice = Notice(
        event: .deleted, chat: PeerSummary(id: PurgeFixture.user, type: .user), sender: nil, messageID: 1, sentAt: 1,
        happenedAt: 2, text: FormattedText("x"))
      try OutboxTable.add(.message(notice), randomID: 1, now: 1, db)
    }
    let report = try await purge { ($0.parts, $0.olderThan) = ([.deletedMedia], 50 * 3_600) }
    #expect(report.deletedMedia == .init())
    #expect(try fixture.names(.deleted) == ["1_1_old.jpg"])
  }

  @Test func typesAndChatsCountForFilesToo() async throws {
    let user = PurgeFixture.user.rawValue
    let channel = PurgeFixture.channel.rawValue
    try await both(.buffer, "\(user)_1_a.jpg", hoursAgo: 30, state: .buffered)
    try await both(.buffer, "\(channel)_1_b.jpg", hoursAgo: 30, state: .buffered)
    try fixture.file(.buffer, "\(user)_2_orphan.jpg", hoursAgo: 30)
    _ = try await purge { $0.types = [.channel] }
    #expect(try fixture.names(.buffer) == ["\(user)_1_a.jpg", "\(user)_2_orphan.jpg"])
    _ = try await purge { $0.chats = [PurgeFixture.user] }
    #expect(try fixture.names(.buffer) == ["\(user)_2_orphan.jpg"])
  }

  @Test func whatAJobIsGivenMayHaveGoneMeanwhile() async throws {
    let file = try await fixture.entry(.buffer, "1_1_a.jpg", hoursAgo: 1, state: .preserving)
    try await fixture.archive.write { db in try db.execute(sql: "DELETE FROM media_file") }
    let job = try #require(try await fixture.archive.mediaJobs(chat: PurgeFixture.user, message: 1).first)
    #expect(try await fixture.archive.apply(.preserved(file), to: job.id, now: 1).isOpen)
    #expect(try await fixture.archive.mediaJob(job.id)?.state == .preserving)
    #expect(try await fixture.archive.apply(.fetched(file, size: 3), to: job.id, now: 1).isOpen)
    #expect(try await fixture.archive.mediaJob(job.id)?.state == .wanted)
  }
}

@Suite struct VacuumTests {
  @Test func freePagesAreGivenBackALittleAtATime() async throws {
    let fixture = try await PurgeFixture()
    for id in 1...800 as ClosedRange<Int64> {
      try await fixture.add(PurgeFixture.user, id, daysAgo: 9, text: String(repeating: "слово ", count: 100))
    }
    let before = try await fixture.archive.space()
    #expect(before.isIncremental)
    _ = try await fixture.purge()
    let purge = Purge(
      archive: fixture.archive, root: fixture.root, plan: fixture.plan(), pace: .init(rows: 10, pause: .zero))
    let report = try await purge.vacuum()
    #expect(report.before == before.bytes)
    #expect(report.after < before.bytes / 4)
    #expect(try await fixture.archive.space().freePages == 0)
    let check = try await fixture.archive.read { db in try String.fetchOne(db, sql: "PRAGMA integrity_check") }
    #expect(check == "ok")
  }

  @Test func anOlderDatabaseIsWrittenAnewWhenNobodyRuns() async throws {
    let folder = try TemporaryFolder()
    let root = try DataRoot(path: folder.path + "/data")
    let old = try DatabaseQueue(path: root.archiveFile)
    try ArchiveSchema.migrator.migrate(old, upTo: "messages")
    try old.close()
    let archive = try Archive.open(at: root.archiveFile)
    #expect(try await !archive.space().isIncremental)
    let settings = try RetentionSettings(SettingsSource(environment: [:], envFile: "/dev/null"))
    let purge = Purge(
      archive: archive, root: root, plan: RetentionPlan(settings, now: 1), pace: .init(rows: 10, pause: .zero))
    #expect(try await purge.vacuumNeedsLock())
    do {
      let lock = try InstanceLock(root)
      await #expect(throws: DataRootError.self) { try await purge.vacuum() }
      withExtendedLifetime(lock) {}
    }
    _ = try await purge.vacuum()
    #expect(try await archive.space().isIncremental)
  }
}
