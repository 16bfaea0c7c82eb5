import Foundation
import GRDB
import MTProto
import TelegramClient

@testable import TGLCore

/// An archive with chats of every type, and folders beside it.
final class PurgeFixture: Sendable {
  static let now: Int64 = 2_000_000_000
  static let day: Int64 = 86_400

  let folder: TemporaryFolder
  let root: DataRoot
  let archive: Archive
  let settings: RetentionSettings

  static let user = PeerID.user(1).require
  static let bot = PeerID.user(2).require
  static let group = PeerID(kind: .basicGroup, bareID: 3).require
  static let supergroup = PeerID.channel(4).require
  static let channel = PeerID.channel(5).require
  static let unknown = PeerID.user(6).require
  static let chats = [user, bot, group, supergroup, channel, unknown]

  init(settings changes: [String: String] = [:]) async throws {
    folder = try TemporaryFolder()
    root = try DataRoot(path: folder.path + "/data")
    archive = try Archive.open(at: root.archiveFile)
    let values = [
      "PERSIST_TIME_IN_DAYS_USER": "1", "PERSIST_TIME_IN_DAYS_GROUP": "2", "PERSIST_TIME_IN_DAYS_CHANNEL": "3",
      "PERSIST_TIME_IN_DAYS_BOT": "4", "PERSIST_TIME_IN_DAYS_DELETED": "0", "DATA_ROOT": root.path,
    ]
    settings = try RetentionSettings(
      SettingsSource(flags: values.merging(changes) { $1 }, environment: [:], envFile: "/dev/null"))
    try await archive.write { db in
      let types: [(PeerID, PeerType)] = [
        (Self.user, .user), (Self.bot, .bot), (Self.group, .group), (Self.supergroup, .supergroup),
        (Self.channel, .channel),
      ]
      for (id, type) in types { try PeerTable.save(PeerRecord(id: id, type: type), now: Self.now, db) }
    }
  }

  /// A message received some days ago.
  func add(
    _ chat: PeerID, _ id: Int64, daysAgo: Double, text: String = "some text", versions: Int = 0, deleted: Bool = false
  ) async throws {
    try await archive.write { db in
      var message = MessageRecord(chat: chat, id: id, date: 1_000)
      message.text = FormattedText(text)
      var search = SearchAdditions()
      _ = try MessageTable.insert(
        message, receivedAt: Self.now - Int64(daysAgo * Double(Self.day)), layer: 1, search: &search, db)
      for version in 0..<versions {
        message.text = FormattedText("\(text) \(version)")
        guard let stored = try MessageTable.find(chat: chat, id: id, db) else { continue }
        try MessageTable.addVersion(message, over: stored, now: Self.now, layer: 1, search: &search, db)
      }
      try search.write(db)
      if deleted { try MessageTable.markDeleted(chat: chat, id: id, at: Self.now, db) }
    }
  }

  func plan(_ request: RetentionPlan.Request = .init(), now: Int64 = PurgeFixture.now) -> RetentionPlan {
    RetentionPlan(settings, request: request, now: now)
  }

  func purge(
    _ request: RetentionPlan.Request = .init(), dryRun: Bool = false, rows: Int = 500, now: Int64 = PurgeFixture.now
  ) async throws -> PurgeReport {
    try await Purge(
      archive: archive, root: root, plan: plan(request, now: now), isDryRun: dryRun,
      pace: .init(rows: rows, pause: .zero)
    ).run()
  }

  /// Something of a channel is not told.
  func miss(channel: PeerID, at now: Int64) async throws {
    var batch = RecorderBatch(receivedAt: now)
    batch.gaps = [UpdateGap(channelID: channel.bareID, fromPts: 1, toPts: 5, reason: .tooLong)]
    _ = try await archive.commit(batch, policy: NoticePolicy())
  }

  /// The messages that are there.
  func keys() async throws -> Set<MessageKey> {
    try await archive.read { db in
      Set(try Row.fetchAll(db, sql: "SELECT chat_id, id FROM message").map { MessageKey(chat: $0[0], id: $0[1]) })
    }
  }

  // MARK: Files

  func file(_ place: StoredFile.Place, _ name: String, hoursAgo: Double, bytes: Int = 10) throws {
    let path = (place == .buffer ? root.mediaBuffer : root.deletedMedia) + "/" + name
    try Data(repeating: 7, count: bytes).write(to: URL(fileURLWithPath: path))
    let date = Date(timeIntervalSince1970: Double(Self.now) - hoursAgo * 3_600)
    try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
  }

  @discardableResult
  func entry(
    _ place: StoredFile.Place, _ name: String, hoursAgo: Double, state: MediaState? = nil,
    jobHoursAgo: Double? = nil
  ) async throws -> Int64 {
    try await archive.write { db in
      func time(_ hours: Double) -> Int64 { Self.now - Int64(hours * 3_600) }
      try db.execute(
        sql: "INSERT INTO media_file (place, name, size, sha256, created_at) VALUES (?, ?, 10, ?, ?)",
        arguments: [place.rawValue, name, Data(name.utf8), time(hoursAgo)])
      let id = db.lastInsertedRowID
      if let state, let parsed = MediaFileName.parse(name) {
        try db.execute(
          sql: """
            INSERT INTO media_job (chat_id, message_id, medium_id, position, kind, size, layer, media, state, is_deleted,
              priority, created_at, buffer_id, deleted_id) VALUES (?, ?, ?, 0, 'photo', 10, 1, x'', ?, ?, 2, ?, ?, ?)
            """,
          arguments: [
            parsed.chat.rawValue, parsed.message, id, state.column, state == .preserving || state == .recovered,
            time(jobHoursAgo ?? hoursAgo), place == .buffer ? id : nil, place == .deleted ? id : nil,
          ])
      }
      return id
    }
  }

  func names(_ place: StoredFile.Place) throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: place == .buffer ? root.mediaBuffer : root.deletedMedia))
  }

  func entries(_ place: StoredFile.Place) async throws -> Set<String> {
    try await archive.read { db in
      Set(try String.fetchAll(db, sql: "SELECT name FROM media_file WHERE place = ?", arguments: [place.rawValue]))
    }
  }
}
