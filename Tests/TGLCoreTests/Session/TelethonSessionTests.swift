import Foundation
import TelegramClient
import Testing

@testable import TGLCore

/// Telethon's own SQLiteSession and ours on the same file.
///
/// Needs `TGL_PYTHON`, a Python with Telethon, as `make test` sets it.
@Suite(.enabled(if: Python.isAvailable, "TGL_PYTHON names no Python; 'make test' sets it"))
struct TelethonSessionTests {
  private let folder: TemporaryFolder
  private var path: String { "\(folder.path)/user.session" }
  private let key = (0..<256).map { UInt8($0) }

  init() throws { folder = try TemporaryFolder() }

  @Test func aFileMadeByTelethonIsUsedAsItIs() async throws {
    try Python.run(
      """
      import datetime, sys
      from telethon.sessions import SQLiteSession
      from telethon.crypto import AuthKey
      from telethon.tl import types
      s = SQLiteSession(sys.argv[1])
      s.set_dc(4, '149.154.167.91', 443)
      s.auth_key = AuthKey(bytes(range(256)))
      s.set_update_state(0, types.updates.State(11, 12, datetime.datetime.fromtimestamp(1700000000, datetime.timezone.utc), 13, 0))
      s.set_update_state(1234567890, types.updates.State(21, 0, datetime.datetime.fromtimestamp(0, datetime.timezone.utc), 0, 0))
      user = types.User(7, access_hash=70, username='Bob_B', phone='99966123', first_name='Bob', last_name='B')
      chat = types.Chat(8, 'Group', types.ChatPhotoEmpty(), 2, None, 1)
      channel = types.Channel(1234567890, 'News', types.ChatPhotoEmpty(), None, access_hash=-90, username='news')
      s.process_entities(types.contacts.ResolvedPeer(types.PeerUser(7), [chat, channel], [user]))
      s.close()
      """, path)
    let session = try SessionFile(path: path)
    #expect(try await session.home() == StoredDC(id: 4, host: "149.154.167.91", port: 443, authKey: key))
    let bob = try #require(try await session.entity(username: "BOB_B"))
    #expect(bob.id == .user(7) && bob.accessHash == 70 && bob.phone == "99966123" && bob.name == "Bob B")
    #expect((bob.date ?? 0) > 1_700_000_000)
    #expect(try await session.entity(try #require(.basicGroup(8)))?.accessHash == 0)
    let channel = try #require(.channel(1_234_567_890) as PeerID?)
    #expect(try await session.entity(channel)?.accessHash == -90)
    #expect(try await session.entity(username: "news")?.id == channel)
    let states = try await session.updateStates()
    let account = try #require(states[0])
    #expect(account == (11, 12, 1_700_000_000, 13))
    #expect(states[1_234_567_890]?.pts == 21)
  }

  @Test func aSessionThatNeverConnectedHasNoKey() async throws {
    try Python.run("import sys; from telethon.sessions import SQLiteSession; SQLiteSession(sys.argv[1]).close()", path)
    #expect(try await SessionFile(path: path).home()?.authKey == nil)
  }

  @Test func telethonOpensAFileMadeByUs() async throws {
    do {
      let session = try SessionFile(path: path)
      try await session.setHome(StoredDC(id: 2, host: "149.154.167.51", port: 443, authKey: key))
      try await session.setAuthorization(StoredDC(id: 4, host: "h", port: 1, authKey: key.reversed()))
      try await session.setSessionHint(StoredSessionHint(dc: 2, salt: 5, timeOffset: .seconds(1)))
      try await session.setUpdateStates([0: (11, 12, 1_700_000_000, 13), 1_234_567_890: (21, 0, 0, 0)])
      try await session.save(entities: [
        StoredEntity(
          id: try #require(.user(7)), accessHash: 70, username: "Bob_B", phone: "99966123", name: "Bob B", date: 1),
        StoredEntity(id: try #require(.basicGroup(8)), accessHash: 0, name: "Group", date: 1),
        StoredEntity(id: try #require(.channel(1_234_567_890)), accessHash: -90, username: "news", name: "News"),
      ])
    }
    let out = try Python.run(
      """
      import json, sys
      from telethon.sessions import SQLiteSession
      s = SQLiteSession(sys.argv[1])
      row = lambda *a: list(s.get_input_entity(*a).to_dict().items())
      states = {i: [v.pts, v.qts, int(v.date.timestamp()), v.seq] for i, v in s.get_update_states()}
      print(json.dumps({'dc': [s.dc_id, s.server_address, s.port], 'key': s.auth_key.key.hex(), 'id': s.auth_key.key_id,
        'entities': [row(7), row(-8), row(-1001234567890), row('Bob_B'), row('news'), row('+99966123')], 'states': states}))
      # Telethon goes on writing to it.
      s.set_dc(5, '91.108.56.130', 443)
      s.close()
      """, path)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(out.utf8)) as? [String: Any])
    #expect((json["dc"] as? [AnyHashable]) == [2, "149.154.167.51", 443])
    #expect(json["key"] as? String == key.map { String(format: "%02x", $0) }.joined())
    let states = try #require(json["states"] as? [String: [Int]])
    #expect(states == ["0": [11, 12, 1_700_000_000, 13], "1234567890": [21, 0, 0, 0]])
    let entities = try #require(json["entities"] as? [[[AnyHashable]]])
    let user: [[AnyHashable]] = [["_", "InputPeerUser"], ["user_id", 7], ["access_hash", 70]]
    let channel: [[AnyHashable]] = [["_", "InputPeerChannel"], ["channel_id", 1_234_567_890], ["access_hash", -90]]
    #expect(entities == [user, [["_", "InputPeerChat"], ["chat_id", 8]], channel, user, channel, user])
    let again = try SessionFile(path: path)
    #expect(try await again.home() == StoredDC(id: 5, host: "91.108.56.130", port: 443, authKey: key))
    #expect(try await again.authorization(dc: 4)?.authKey == key.reversed())
  }
}

/// The Python of the interop tests.
enum Python {
  static let path = ProcessInfo.processInfo.environment["TGL_PYTHON"]
  static var isAvailable: Bool { path.map(FileManager.default.isExecutableFile(atPath:)) == true }

  struct Failure: Error { let output: String }

  /// Runs a script with one argument and returns what it prints.
  @discardableResult
  static func run(_ script: String, _ argument: String) throws -> String {
    guard let path else { throw Failure(output: "TGL_PYTHON is not set") }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["-c", script, argument]
    let (out, err) = (Pipe(), Pipe())
    process.standardOutput = out
    process.standardError = err
    try process.run()
    let output = try out.fileHandleForReading.readToEnd() ?? Data()
    let errors = try err.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(output: String(decoding: errors, as: UTF8.self)) }
    return String(decoding: output, as: UTF8.self)
  }
}
