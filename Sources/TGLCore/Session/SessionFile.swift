import Foundation
import GRDB
public import TelegramClient

/// What is wrong with a session file.
///
/// The file is left as it was.
public enum SessionFileError: Error, Sendable, CustomStringConvertible {
  /// Not an SQLite database, or a damaged one.
  case unreadable(path: String, reason: String)
  /// A database that is no session.
  case foreign(path: String)
  /// A layout of a later Telethon.
  case tooNew(path: String, version: Int)
  /// A layout whose access hashes cannot be trusted (before 2018).
  case tooOld(path: String, version: Int)
  /// Another program holds it locked.
  case busy(path: String)
  /// Other users can read it, and with it everything the account can; what to type against that.
  case exposed(path: String, remedy: String)
  /// The disk does not let it be written.
  case unwritable(path: String, StorageProblem)

  public var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "\(path) cannot be read as a session file: \(reason); restore it from a backup ('tgl migrate --repair' does), or move it away and run 'tgl login'"
    case .foreign(let path): "\(path) is a database, but no session file; move it away and run 'tgl login'"
    case .tooNew(let path, let version):
      "\(path) has layout version \(version); versions up to \(SessionLayout.newest) are known; update tgl"
    case .tooOld(let path, let version):
      "\(path) has the old layout version \(version); open it once with Telethon, which upgrades it, or move it away and run 'tgl login'"
    case .exposed(let path, let remedy):
      "\(path) can be read by other users, who can sign in with it; \(remedy)"
    case .busy(let path): "\(path) is in use by another program; stop it and try again"
    case .unwritable(let path, let problem): "\(path): \(problem)"
    }
  }
}

/// The session file: who is signed in, in the layout of Telethon's SQLite sessions, read and written.
///
/// A file made by Telethon is used as it is and stays one that Telethon opens: its tables keep their version, and what
/// Telethon has no place for (other data centres' keys, salts) stands in tables of its own beside them.
/// Source: `telethon/sessions/sqlite.py` of Telethon 1.45, layout version 8; version 7 lacks `tmp_auth_key`.
public final class SessionFile: SessionStore {
  private let queue: DatabaseQueue
  private let path: String
  private let storage: StorageHealth
  private let patience: StoragePatience?

  /// Opens the file; makes it, readable by its owner only, when there is none.
  ///
  /// - Parameters:
  ///   - storage: told of what cannot be written.
  ///   - isPatient: whether to wait, until the task is cancelled, for as long as it cannot be written for a reason that
  ///     may pass; otherwise that is an error.
  /// - Throws: `SessionFileError`.
  public init(path: String, storage: StorageHealth = StorageHealth(), isPatient: Bool = false) throws {
    self.path = path
    self.storage = storage
    patience = isPatient ? StoragePatience() : nil
    if FileManager.default.fileExists(atPath: path) {
      try Self.keepPrivate(path)
    } else {
      _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
    }
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(5)
      configuration.label = "session"
      // A key that was forgotten must not linger in free pages.
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA secure_delete = ON") }
      queue = try DatabaseQueue(path: path, configuration: configuration)
      try queue.write { try SessionLayout.prepare($0, path: path) }
    } catch {
      throw Self.translated(error, path)
    }
  }

  /// Sees that only the owner can read what is as good as a password.
  ///
  /// A file that came from elsewhere is taken over; if it is ours, which never was open to others, somebody has opened it
  /// to them and should know.
  private static func keepPrivate(_ path: String) throws(SessionFileError) {
    guard let remedy = FilePrivacy.remedy(forFile: path, allowed: 0o700) else { return }
    if let queue = try? ReadOnlyDatabase.open(path) {
      let isOurs = (try? queue.read { db in try db.tableExists("tgl_dc") }) ?? false
      try? queue.close()
      if isOurs { throw .exposed(path: path, remedy: remedy) }
    }
    try? FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
  }

  public func home() async throws -> StoredDC? {
    try await read { db in
      try Row.fetchOne(db, sql: "SELECT dc_id, server_address, port, auth_key FROM sessions").flatMap(Self.dc)
    }
  }

  public func setHome(_ dc: StoredDC) async throws {
    try await write { db in
      let takeout = try Int64.fetchOne(db, sql: "SELECT takeout_id FROM sessions WHERE dc_id = ?", arguments: [dc.id])
      try db.execute(sql: "DELETE FROM sessions")
      try db.execute(
        sql: "INSERT INTO sessions (dc_id, server_address, port, auth_key, takeout_id) VALUES (?, ?, ?, ?, ?)",
        arguments: [dc.id, dc.host, dc.port, Data(dc.authKey ?? []), takeout])
      if try db.columns(in: "sessions").contains(where: { $0.name == "tmp_auth_key" }) {
        try db.execute(sql: "UPDATE sessions SET tmp_auth_key = x''")
      }
    }
  }

  public func authorization(dc: Int) async throws -> StoredDC? {
    try await read { db in
      try Row.fetchOne(
        db, sql: "SELECT dc_id, server_address, port, auth_key FROM tgl_dc WHERE dc_id = ?", arguments: [dc]
      ).flatMap(Self.dc)
    }
  }

  public func setAuthorization(_ dc: StoredDC) async throws {
    try await write { db in
      try db.execute(
        sql: "INSERT OR REPLACE INTO tgl_dc (dc_id, server_address, port, auth_key) VALUES (?, ?, ?, ?)",
        arguments: [dc.id, dc.host, dc.port, Data(dc.authKey ?? [])])
    }
  }

  public func sessionHint(dc: Int) async throws -> StoredSessionHint? {
    try await read { db in
      let sql = "SELECT salt, time_offset_ms FROM tgl_hint WHERE dc_id = ?"
      guard let row = try Row.fetchOne(db, sql: sql, arguments: [dc]), let salt: Int64 = row.value(0),
        let offset: Int64 = row.value(1)
      else { return nil }
      return StoredSessionHint(dc: dc, salt: salt, timeOffset: .milliseconds(offset))
    }
  }

  public func setSessionHint(_ hint: StoredSessionHint) async throws {
    let (seconds, attoseconds) = hint.timeOffset.components
    let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    try await write { db in
      try db.execute(
        sql: "INSERT OR REPLACE INTO tgl_hint (dc_id, salt, time_offset_ms) VALUES (?, ?, ?)",
        arguments: [hint.dc, hint.salt, milliseconds])
    }
  }

  public func entity(_ id: PeerID) async throws -> StoredEntity? {
    try await entity(where: "id = ?", id.rawValue)
  }

  public func entity(username: String) async throws -> StoredEntity? {
    try await entity(where: "username = ? ORDER BY date DESC", username.lowercased())
  }

  public func save(entities: [StoredEntity]) async throws {
    try await write { db in
      let hasDate = try db.columns(in: "entities").contains { $0.name == "date" }
      let statement = try db.cachedStatement(
        sql: hasDate
          ? "INSERT OR REPLACE INTO entities (id, hash, username, phone, name, date) VALUES (?, ?, ?, ?, ?, ?)"
          : "INSERT OR REPLACE INTO entities (id, hash, username, phone, name) VALUES (?, ?, ?, ?, ?)")
      for entity in entities {
        var values: StatementArguments = [
          entity.id.rawValue, entity.accessHash, entity.username?.lowercased(), entity.phone.flatMap { Int64($0) },
          entity.name,
        ]
        if hasDate { values += [entity.date] }
        try statement.execute(arguments: values)
      }
    }
  }

  public func clear() async throws {
    try await write { db in
      for table in ["sessions", "entities", "sent_files", "update_state", "tgl_dc", "tgl_hint"]
      where try db.tableExists(table) {
        try db.execute(sql: "DELETE FROM \(table)")
      }
    }
  }

  /// What the session says of the update sequences: id 0 is the account, other ids are bare channel ids.
  public func updateStates() async throws -> [Int64: (pts: Int32, qts: Int32, date: Int32, seq: Int32)] {
    try await read { db in
      guard try db.tableExists("update_state") else { return [:] }
      var states: [Int64: (pts: Int32, qts: Int32, date: Int32, seq: Int32)] = [:]
      for row in try Row.fetchAll(db, sql: "SELECT id, pts, qts, CAST(date AS INTEGER), seq FROM update_state") {
        func number(_ index: Int) -> Int32 { Int32(clamping: row.value(index) ?? Int64(0)) }
        if let id: Int64 = row.value(0) { states[id] = (number(1), number(2), number(3), number(4)) }
      }
      return states
    }
  }

  /// Keeps what `updateStates` gives, so that Telethon goes on from there when it gets the file back.
  public func setUpdateStates(_ states: [Int64: (pts: Int32, qts: Int32, date: Int32, seq: Int32)]) async throws {
    try await write { db in
      // A state that is not among these is out of date.
      try db.execute(sql: "DELETE FROM update_state")
      let statement = try db.cachedStatement(
        sql: "INSERT INTO update_state (id, pts, qts, date, seq) VALUES (?, ?, ?, ?, ?)")
      for (id, state) in states {
        try statement.execute(arguments: [id, state.pts, state.qts, state.date, state.seq])
      }
    }
  }

  // MARK: Parts

  private func entity(where condition: String, _ value: any DatabaseValueConvertible & Sendable) async throws
    -> StoredEntity?
  {
    try await read { db in
      let hasDate = try db.columns(in: "entities").contains { $0.name == "date" }
      let sql =
        "SELECT id, hash, username, phone, name, \(hasDate ? "date" : "NULL AS date") FROM entities WHERE \(condition)"
      guard let row = try Row.fetchOne(db, sql: sql, arguments: [value]),
        let id = (row.value(0) as Int64?).flatMap(PeerID.init(rawValue:)), let hash: Int64 = row.value(1)
      else { return nil }
      return StoredEntity(
        id: id, accessHash: hash, username: row.value(2), phone: (row.value(3) as Int64?).map { "\($0)" },
        name: row.value(4), date: row.value(5))
    }
  }

  private static func dc(_ row: Row) -> StoredDC? {
    guard let id: Int = row.value(0), let host: String = row.value(1), let port: Int = row.value(2) else { return nil }
    let key: Data? = row.value(3)
    return StoredDC(id: id, host: host, port: port, authKey: key.flatMap { $0.count == 256 ? Array($0) : nil })
  }

  private func read<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    do { return try await queue.read(body) } catch { throw Self.translated(error, path) }
  }

  private func write<T: Sendable>(_ body: @Sendable @escaping (Database) throws -> T) async throws -> T {
    var attempt = 0
    while true {
      do {
        let value = try await queue.write(body)
        storage.succeeded(at: path)
        return value
      } catch {
        guard let problem = (error as? DatabaseError).flatMap({ StorageProblem($0, path: path) }) else {
          throw Self.translated(error, path)
        }
        storage.failed(problem, at: path)
        guard let patience, problem.isTransient else { throw Self.translated(error, path) }
        attempt += 1
        try await Task.sleep(for: patience.pause(before: attempt))
      }
    }
  }

  private static func translated(_ error: any Error, _ path: String) -> any Error {
    if let error = error as? RowDecodingError {
      return SessionFileError.unreadable(path: path, reason: "unexpected values in it (\(error))")
    }
    guard let error = error as? DatabaseError else { return error }
    switch StorageProblem(error, path: path) {
    case .busy: return SessionFileError.busy(path: path)
    case .diskFull: return SessionFileError.unwritable(path: path, .diskFull)
    case .readOnly: return SessionFileError.unwritable(path: path, .readOnly)
    case .io(let detail): return SessionFileError.unwritable(path: path, .io(detail))
    case .corrupt, nil: return SessionFileError.unreadable(path: path, reason: error.message ?? "\(error.resultCode)")
    }
  }
}

extension Row {
  /// Nil for NULL and for a value of another type, which a column of SQLite's may hold, whatever it was declared as.
  fileprivate func value<Value: DatabaseValueConvertible>(_ index: Int) -> Value? {
    Value.fromDatabaseValue(self[index] as DatabaseValue)
  }
}
