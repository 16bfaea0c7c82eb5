import Foundation
import GRDB
import TL
import TelegramClient

/// Walks through the Python service's messages, a batch at a time, so that memory stays flat however many there are.
struct LegacyImport {
  /// Rows written in one transaction.
  static let batchSize = 1000

  struct Batch {
    var messages: [MessageRecord] = []
    var peers: [PeerRecord] = []
  }

  /// How much of a batch was new.
  struct Added {
    var messages = 0
    var peers = 0
  }

  let names: LegacyNames
  /// Stands for times that are not known, in seconds since 1970.
  let now: Int64
  /// Told now and then how many rows are done, of how many.
  var progress: (Int, Int) -> Void = { _, _ in }

  /// - Parameters:
  ///   - source: the Python service's database.
  ///   - write: takes a batch; says how much of it was new.
  func run(_ source: Database, into report: inout LegacyReport, write: (Batch) throws -> Added) throws {
    let total = try LegacyTable.count(source)
    var (chats, senders): (Set<PeerID>, Set<PeerID>) = ([], [])
    var batch = Batch()
    func flush() throws {
      let added = try write(batch)
      report.added += added.messages
      report.present += batch.messages.count - added.messages
      report.peers += added.peers
      batch = Batch()
      progress(report.rows, total)
    }
    let rows = try LegacyTable.rows(source)
    while let row = try rows.next() {
      report.rows += 1
      let row = LegacyRow(row)
      do throws(LegacyMessage.Unusable) {
        let legacy = try LegacyMessage(row, now: now)
        count(legacy, &report)
        let message = legacy.message
        if chats.insert(message.chat).inserted, let peer = names.peer(message.chat, type: legacy.chatType) {
          batch.peers.append(peer)
        }
        if let sender = message.sender, !chats.contains(sender), senders.insert(sender).inserted,
          let peer = names.peer(sender, type: nil)
        {
          batch.peers.append(peer)
        }
        batch.messages.append(message)
      } catch {
        report.unusable += 1
        report.add(.init(chat: row.chatID, message: row.id, reason: error.reason))
      }
      if batch.messages.count >= Self.batchSize { try flush() }
    }
    try flush()
  }

  private func count(_ legacy: LegacyMessage, _ report: inout LegacyReport) {
    if legacy.hasMedium { report.media += 1 }
    if legacy.message.media != nil { report.mediaKept += 1 }
    for problem in legacy.problems {
      report.add(.init(chat: legacy.message.chat.rawValue, message: legacy.message.id, reason: problem))
    }
  }

  /// Adds what is not there yet; what is there stays.
  static func insert(_ batch: Batch, _ db: Database) throws -> Added {
    var added = Added()
    for peer in batch.peers {
      if try PeerTable.find(peer.id, db) == nil {
        added.peers += 1
        try PeerTable.save(peer, now: neverSeen, db)
      } else {
        // A sender may turn out to be a chat, of which more is known.
        try db.execute(
          sql: "UPDATE peer SET type = ? WHERE id = ? AND seen_at = ?",
          arguments: [peer.type.rawValue, peer.id.rawValue, neverSeen])
      }
    }
    var search = SearchAdditions()
    for message in batch.messages
    where try MessageTable.insert(
      message, receivedAt: message.date, layer: Int64(API.layer), search: &search, db)
    {
      added.messages += 1
    }
    try search.write(db)
    return added
  }

  /// When peers were seen of whom only the Python service has told.
  private static let neverSeen: Int64 = 0

  /// How much of a batch is not there yet.
  static func countNew(_ batch: Batch, _ db: Database) throws -> Added {
    let message = try db.cachedStatement(sql: "SELECT 1 FROM message WHERE chat_id = ? AND id = ?")
    return Added(
      messages: try batch.messages.count {
        try Int.fetchOne(message, arguments: [$0.chat.rawValue, $0.id]) == nil
      },
      peers: try batch.peers.count { try PeerTable.find($0.id, db) == nil })
  }
}
