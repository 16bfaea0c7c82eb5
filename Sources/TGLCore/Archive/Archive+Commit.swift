public import Foundation
import GRDB
public import MTProto
import TL
public import TelegramClient

extension Archive {
  /// Commits a batch, the notices that come of it, and the state it leads to: all of it in one transaction, or nothing.
  ///
  /// Committing the same batch again changes nothing and tells nothing twice. When the report counts notices, the
  /// notifier is to be woken.
  public func commit(_ batch: RecorderBatch, policy: NoticePolicy) async throws(ArchiveError) -> CommitReport {
    try await write { db in
      var writer = BatchWriter(batch, policy: policy, layer: Int64(API.layer), db: db)
      try writer.run()
      return writer.report
    }
  }

  /// Commits what came of a link in the log chat, with the peers it speaks of.
  func commit(_ outcome: LinkOutcome, _ batch: RecorderBatch, policy: NoticePolicy) async throws(ArchiveError)
    -> CommitReport
  {
    try await write { db in
      var writer = BatchWriter(batch, policy: policy, layer: Int64(API.layer), db: db)
      try writer.run()
      try writer.save(outcome)
      return writer.report
    }
  }

  /// Keeps what could not be read at all, for a version that can.
  public func keep(undecodable raw: Data, at now: Int64) async throws(ArchiveError) {
    try await write { db in
      try UnknownUpdateTable.keep(raw, chat: nil, layer: Int64(API.layer), now: now, db)
    }
  }

  /// How far the archive is; nil before the first batch.
  public func updatesState() async throws(ArchiveError) -> UpdatesState? {
    try await read { db in try StateTable.load(db) }
  }

  /// Notes whose archive this is, at the first start; refuses any other account from then on.
  ///
  /// - Throws: `ArchiveError.otherAccount`.
  public func claim(account user: PeerID) async throws(ArchiveError) {
    try await write { [path] db in
      try db.execute(sql: "INSERT OR IGNORE INTO account (id, user_id) VALUES (1, ?)", arguments: [user.rawValue])
      let owner = try Int64.fetchOne(db, sql: "SELECT user_id FROM account") ?? user.rawValue
      guard owner == user.rawValue else { throw ArchiveError.otherAccount(path: path, userID: owner) }
    }
  }
}
