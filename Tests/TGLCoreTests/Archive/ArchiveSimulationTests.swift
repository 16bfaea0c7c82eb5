import Foundation
import GRDB
import MTProto
import TL
import TelegramClient
import TestSupport
import Testing

@testable import TGLCore

/// Random histories against a model: whatever is repeated, comes late or is lost on the way to the disk, the archive
/// holds every version of every text and tells of each deletion and edit once.
@Suite struct ArchiveSimulationTests {
  private struct Key: Hashable {
    var chat: Int64
    var id: Int32
  }

  private struct Known {
    var texts: [String]
    var editDate: Int32?
    var isDeleted = false
  }

  /// What the account sees of Telegram.
  private struct World {
    var generator: SeededGenerator
    var known: [Key: Known] = [:]
    var expectedNotices: [String] = []
    var nextID: Int32 = 1
    var clock: Int32 = 1_900_000_000
    static let chats: [Int64] = [1002, 1003, -500, -1_000_000_000_600, -1_000_000_000_700]

    mutating func update() -> API.AnyUpdate? {
      clock += 1
      let alive = known.filter { !$0.value.isDeleted }.keys.sorted { ($0.chat, $0.id) < ($1.chat, $1.id) }
      switch Int.random(in: 0..<10, using: &generator) {
      case 0..<4:
        let chat = Self.chats.randomElement(using: &generator).require
        let isChannel = chat < -1_000_000_000_000
        // Channels count for themselves, so their ids are also ids of other chats.
        let id = isChannel ? Int32(known.keys.count { $0.chat == chat } + 1) : nextID
        if !isChannel { nextID += 1 }
        let text = "text \(clock)"
        known[Key(chat: chat, id: id)] = Known(texts: [text])
        let message = message(Key(chat: chat, id: id), text)
        return isChannel ? Make.newInChannel(message) : Make.new(message)
      case 4..<7:
        guard let key = alive.randomElement(using: &generator), var entry = known[key] else { return nil }
        let text = "edit \(clock)"
        expectedNotices.append("edited \(text)")
        entry.texts.append(text)
        entry.editDate = clock
        known[key] = entry
        return Make.edit(message(key, text, editDate: clock))
      default:
        guard let first = alive.randomElement(using: &generator) else { return nil }
        let isChannel = first.chat < -1_000_000_000_000
        let keys = alive.filter { isChannel ? $0.chat == first.chat : $0.chat > -1_000_000_000_000 }
          .shuffled(using: &generator).prefix(Int.random(in: 1...4, using: &generator))
        for key in keys {
          known[key]?.isDeleted = true
          expectedNotices.append("deleted \(known[key]?.texts.last ?? "")")
        }
        let ids = keys.map(\.id)
        return isChannel ? Make.delete(ids, inChannel: -1_000_000_000_000 - first.chat) : Make.delete(ids)
      }
    }

    private func message(_ key: Key, _ text: String, editDate: Int32? = nil) -> API.AnyMessage {
      Make.message(key.id, in: PeerID(rawValue: key.chat).require.peer, text, editDate: editDate)
    }
  }

  @Test(arguments: 0..<6)
  func archiveHoldsWhatTheModelHolds(seed: UInt64) async throws {
    let fixture = try ArchiveFixture()
    var world = World(generator: SeededGenerator(seed: seed))
    var earlier: [[API.AnyUpdate]] = []
    var pts: Int32 = 0
    for _ in 0..<40 {
      let batch = (0..<Int.random(in: 1...6, using: &world.generator)).compactMap { _ in world.update() }
      pts += Int32(batch.count)
      let state = UpdatesStateChange(account: UpdatesState(pts: pts, qts: 0, date: 1, seq: 1))
      let policy = NoticePolicy(edited: true, singlesPerDeletion: 100)
      switch Int.random(in: 0..<4, using: &world.generator) {
      case 0:
        // The disk refuses; after a restart the batch is asked for again.
        try await fixture.archive.write { db in
          try db.execute(
            sql: "CREATE TRIGGER fail BEFORE INSERT ON update_state BEGIN SELECT RAISE(ABORT, 'no'); END")
        }
        await #expect(throws: ArchiveError.self) { try await fixture.receive(batch, state: state, policy: policy) }
        try await fixture.archive.write { try $0.execute(sql: "DROP TRIGGER fail") }
      case 1:
        // Everything so far once more, as after a difference from an older state.
        for old in earlier.suffix(3) { try await fixture.receive(old, state: state, policy: policy) }
      default: break
      }
      try await fixture.receive(batch, state: state, policy: policy)
      #expect(try await fixture.archive.updatesState()?.pts == pts)
      earlier.append(batch)
    }

    for (key, known) in world.known {
      let chat = PeerID(rawValue: key.chat).require
      let stored = try #require(try await fixture.archive.message(chat: chat, id: Int64(key.id)), "seed \(seed)")
      #expect(stored.message.text.text == known.texts.last, "seed \(seed)")
      #expect((stored.deletedAt != nil) == known.isDeleted, "seed \(seed)")
      let versions = try await fixture.archive.earlierVersions(chat: chat, id: Int64(key.id))
      #expect(versions.map(\.text.text) == known.texts.dropLast(), "seed \(seed)")
    }
    #expect(try await fixture.archive.counts().messages == world.known.count)
    let told = try await fixture.notices().map { "\($0.event.rawValue) \($0.text.text)" }
    #expect(told.sorted() == world.expectedNotices.sorted(), "seed \(seed)")
  }
}
