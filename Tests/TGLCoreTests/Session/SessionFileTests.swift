import Foundation
import GRDB
import TelegramClient
import TestSupport
import Testing

@testable import TGLCore

@Suite struct SessionFileTests {
  private let folder: TemporaryFolder
  private var path: String { "\(folder.path)/user.session" }
  private let dc = StoredDC(id: 2, host: "149.154.167.51", port: 443, authKey: (0..<256).map { UInt8($0) })

  init() throws { folder = try TemporaryFolder() }

  @Test func whatIsKeptIsReadBackAfterReopening() async throws {
    let session = try SessionFile(path: path)
    #expect(try await session.home() == nil)
    let other = StoredDC(id: 4, host: "2001:67c:4e8:f004::a", port: 80, authKey: [UInt8](repeating: 9, count: 256))
    let hint = StoredSessionHint(dc: 2, salt: .min, timeOffset: .milliseconds(-1_234))
    try await session.setHome(dc)
    try await session.setAuthorization(other)
    try await session.setSessionHint(hint)
    let again = try SessionFile(path: path)
    #expect(try await again.home() == dc)
    #expect(try await again.authorization(dc: 4) == other)
    #expect(try await again.authorization(dc: 5) == nil)
    #expect(try await again.sessionHint(dc: 2) == hint)
    #expect(try await again.sessionHint(dc: 4) == nil)
  }

  @Test func thereIsOneHome() async throws {
    let session = try SessionFile(path: path)
    try await session.setHome(dc)
    let moved = StoredDC(id: 5, host: "91.108.56.130", port: 443, authKey: nil)
    try await session.setHome(moved)
    #expect(try await session.home() == moved)
    let rows = try await DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sessions") }
    #expect(rows == 1)
  }

  @Test func entitiesAreFoundByIdAndByNameInAnyCase() async throws {
    let session = try SessionFile(path: path)
    let bob = StoredEntity(
      id: try #require(.user(7)), accessHash: .max, username: "Bob_Builder", phone: "99966123", name: "Bob B", date: 5)
    let group = StoredEntity(id: try #require(.basicGroup(7)), accessHash: 0, name: "Group", date: 6)
    let channel = StoredEntity(
      id: try #require(.channel(7)), accessHash: -1, username: "news", name: "News", date: 7)
    try await session.save(entities: [bob, group, channel])
    var found = try await session.entity(bob.id)
    #expect(found?.username == "bob_builder")
    found?.username = "Bob_Builder"
    #expect(found == bob)
    #expect(try await session.entity(group.id) == group)
    #expect(try await session.entity(username: "NEWS") == channel)
    #expect(try await session.entity(username: "bob_builder")?.id == bob.id)
    #expect(try await session.entity(username: "nobody") == nil)
    #expect(try await session.entity(try #require(.user(8))) == nil)
  }

  @Test func aNameThatChangedHandsBelongsToWhomItWasLastSeenWith() async throws {
    let session = try SessionFile(path: path)
    let ids = try [#require(PeerID.user(1)), #require(PeerID.user(2))]
    try await session.save(entities: [
      StoredEntity(id: ids[1], accessHash: 2, username: "name", date: 200),
      StoredEntity(id: ids[0], accessHash: 1, username: "name", date: 100),
    ])
    #expect(try await session.entity(username: "name")?.id == ids[1])
    try await session.save(entities: [StoredEntity(id: ids[1], accessHash: 2, username: nil, date: 300)])
    #expect(try await session.entity(username: "name")?.id == ids[0])
  }

  @Test func aLogOutLeavesNothingBehind() async throws {
    let key = [UInt8]((0..<256).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) })
    do {
      let session = try SessionFile(path: path)
      try await session.setHome(StoredDC(id: 2, host: "h", port: 1, authKey: key))
      try await session.setAuthorization(StoredDC(id: 3, host: "h", port: 1, authKey: key))
      try await session.setUpdateStates([0: (1, 2, 3, 4)])
      try await session.save(entities: [StoredEntity(id: try #require(.user(1)), accessHash: 77, username: "someone")])
      try await session.clear()
      #expect(try await session.home() == nil)
      #expect(try await session.authorization(dc: 3) == nil)
      #expect(try await session.updateStates().isEmpty)
      #expect(try await session.entity(username: "someone") == nil)
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(bytes.range(of: Data(key.prefix(32))) == nil)
    #expect(bytes.range(of: Data("someone".utf8)) == nil)
  }

  @Test func updateStatesAreReplacedAsAWhole() async throws {
    let session = try SessionFile(path: path)
    try await session.setUpdateStates([0: (1, 2, 3, 4), 77: (5, 0, 0, 0)])
    try await session.setUpdateStates([0: (10, 20, 30, 40), 78: (6, 0, 0, 0)])
    let states = try await session.updateStates()
    #expect(states.keys.sorted() == [0, 78])
    let account = try #require(states[0])
    #expect(account == (10, 20, 30, 40))
  }

  @Test func onlyItsOwnerMayReadIt() async throws {
    _ = try SessionFile(path: path)
    #expect(try TemporaryFolder.mode(path) == 0o600)
  }

  /// It never was ours to be open: somebody has opened it, and should know.
  @Test(arguments: [0o644, 0o640, 0o604, 0o660]) func ofOursThatIsOpenToOthersNothingIsRead(mode: Int) async throws {
    _ = try SessionFile(path: path)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    let error = #expect(throws: SessionFileError.self) { try SessionFile(path: path) }
    #expect(error.map { "\($0)" }?.hasSuffix("run: chmod 600 \(path)") == true)
    #expect(try TemporaryFolder.mode(path) == mode)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    _ = try SessionFile(path: path)
  }

  @Test func oneThatTelethonLeftOpenIsTakenOver() async throws {
    try await writeLayout(7)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    _ = try SessionFile(path: path)
    #expect(try TemporaryFolder.mode(path) == 0o600)
  }

  // MARK: Layouts of Telethon

  @Test(arguments: [6, 7]) func olderLayoutsAreUsedAndKept(version: Int) async throws {
    try await writeLayout(version)
    let session = try SessionFile(path: path)
    #expect(try await session.home() == dc)
    let bob = try #require(PeerID.user(7))
    #expect(try await session.entity(bob)?.accessHash == 70)
    #expect(try await session.entity(username: "bob")?.id == bob)
    try await session.setHome(StoredDC(id: 4, host: "h", port: 1, authKey: dc.authKey))
    try await session.save(entities: [StoredEntity(id: bob, accessHash: 71, username: "bob", date: 1)])
    #expect(try await session.home()?.id == 4)
    #expect(try await session.entity(bob)?.accessHash == 71)
    let kept = try await DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "SELECT version FROM version") }
    #expect(kept == version)
  }

  @Test(arguments: [(1, "upgrades it"), (5, "upgrades it"), (9, "update tgl"), (1000, "update tgl")])
  func layoutsThatAreNotKnownAreRefusedAndNotTouched(version: Int, remedy: String) async throws {
    try await writeLayout(version)
    try expectRefusal { $0.contains("version \(version)") && $0.contains(remedy) }
  }

  private func writeLayout(_ version: Int) async throws {
    let columns = "dc_id integer primary key, server_address text, port integer, auth_key blob"
    let extra = (version > 4 ? ", takeout_id integer" : "") + (version > 7 ? ", tmp_auth_key blob" : "")
    let queue = try DatabaseQueue(path: path)
    try await queue.write { [dc] db in
      try db.execute(
        sql: """
          create table version (version integer primary key);
          create table sessions (\(columns)\(extra));
          create table entities (id integer primary key, hash integer not null, username text, phone integer, name text
            \(version > 6 ? ", date integer" : ""));
          insert into version values (\(version));
          insert into entities (id, hash, username) values (7, 70, 'bob');
          """)
      if version > 3 {
        try db.execute(
          sql: "create table update_state (id integer primary key, pts integer, qts integer, date integer, seq integer)"
        )
      }
      try db.execute(
        sql: "insert into sessions (dc_id, server_address, port, auth_key) values (?, ?, ?, ?)",
        arguments: [dc.id, dc.host, dc.port, Data(dc.authKey ?? [])])
    }
    try queue.close()
  }

  // MARK: What is no session

  @Test func anArchiveIsNoSession() async throws {
    try await write("create table messages (id integer); create table message (id integer)")
    try expectRefusal { $0.contains("no session file") }
  }

  @Test func aSessionOfPyrogramIsNoSessionOfOurs() async throws {
    try await write(
      """
      create table version (number integer primary key); insert into version values (5);
      create table sessions (dc_id integer primary key, server_address text, port integer, api_id integer,
        test_mode integer, auth_key blob, date integer not null, user_id integer, is_bot integer);
      """)
    try expectRefusal { $0.contains("no session file") }
  }

  @Test(
    arguments: [
      "create table version (version text); insert into version values ('eight')",
      "create table version (version integer)",
      "create view version as select 8 as version",
      "create table version (version integer); insert into version values (8); create table sessions (dc_id integer)",
    ])
  func tablesThatOnlyLookLikeASessionAreRefused(sql: String) async throws {
    try await write(sql)
    try expectRefusal { $0.contains("no session file") }
  }

  @Test func bytesThatAreNoDatabaseAreRefusedAndNotTouched() throws {
    _ = try folder.file("user.session", "this is not a database, but it is long enough to look at".appending("\n"))
    try expectRefusal { $0.contains("cannot be read") && $0.contains("tgl login") }
  }

  @Test func aFolderInTheFilesPlaceIsAnError() throws {
    #expect(throws: SessionFileError.self) { try SessionFile(path: folder.path) }
  }

  /// SQLite's columns hold values of any type, whatever they are declared as.
  @Test(
    arguments: ["'text'", "x'00ff'", "1.5", "NULL", "9223372036854775807", "-9223372036854775808", "1e300", "''"])
  func valuesOfAnyTypeNeverEndTheProcess(value: String) async throws {
    let session = try SessionFile(path: path)
    try await session.setHome(dc)
    try await write(
      """
      drop table sessions;
      create table sessions (dc_id, server_address, port, auth_key, takeout_id, tmp_auth_key);
      insert into sessions values (\(value), \(value), \(value), \(value), \(value), \(value));
      drop table entities; create table entities (id, hash, username, phone, name, date);
      insert into entities values (7, \(value), \(value), \(value), \(value), \(value)), (\(value), 1, 'n', 1, 1, 1);
      drop table update_state; create table update_state (id, pts, qts, date, seq);
      insert into update_state values (\(value), \(value), \(value), \(value), \(value));
      drop table tgl_hint; create table tgl_hint (dc_id, salt, time_offset_ms);
      insert into tgl_hint values (2, \(value), \(value));
      drop table tgl_dc; create table tgl_dc (dc_id, server_address, port, auth_key);
      insert into tgl_dc values (2, \(value), \(value), \(value));
      """)
    let again = try SessionFile(path: path)
    #expect(try await again.home()?.authKey == nil)
    #expect(try await again.authorization(dc: 2)?.authKey == nil)
    _ = try await again.entity(try #require(.user(7)))
    _ = try await again.entity(username: "n")
    _ = try await again.sessionHint(dc: 2)
    _ = try await again.updateStates()
    try await again.setHome(dc)
    #expect(try await again.home() == dc)
  }

  /// A damaged file: an error or an answer, at every byte.
  @Test func damagedFilesAreErrorsNotCrashes() async throws {
    do {
      let session = try SessionFile(path: path)
      try await session.setHome(dc)
      try await session.save(entities: [StoredEntity(id: try #require(.user(1)), accessHash: 1, username: "a")])
    }
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    var numbers = SeededGenerator(seed: SeededGenerator.runSeed &+ 3)
    var refused = 0
    for round in 0..<300 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...16, using: &numbers) {
        // The first page has the layout; most damage there.
        let range = Bool.random(using: &numbers) ? 0..<4096 : 0..<bytes.count
        bytes[Int.random(in: range, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
      }
      if round % 5 == 0 { bytes = bytes.prefix(Int.random(in: 1..<bytes.count, using: &numbers)) }
      let file = try folder.file("damaged-\(round)", bytes)
      do {
        let session = try SessionFile(path: file)
        _ = try await session.home()
        _ = try await session.entity(username: "a")
        try await session.setHome(dc)
      } catch {
        #expect(error is SessionFileError, "\(error)")
        refused += 1
      }
    }
    #expect(refused > 0)
  }

  private func write(_ sql: String) async throws {
    let queue = try DatabaseQueue(path: path)
    try await queue.write { try $0.execute(sql: sql) }
    try queue.close()
  }

  private func expectRefusal(_ isExpected: (String) -> Bool) throws {
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let error = #expect(throws: SessionFileError.self) { try SessionFile(path: path) }
    #expect(
      error.map { isExpected($0.description) && $0.description.contains(path) } == true, "\(String(describing: error))")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }
}
