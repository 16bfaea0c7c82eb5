@testable import TGLCore

// What is fetched because it was not told, and what has been kept long enough.

extension Oracle {
  private static let retention = Int32(Workers.days * 86_400)
  /// How far the machine's clock, and what is on its way, may move the moment at which a message goes; in seconds.
  private static let slack: Int32 = 2 * 3_600

  /// Whether a message may be gone from the archive for its age.
  func isExpired(_ message: TrueMessage, _ server: ServerTruth) -> Bool {
    server.date - message.date > Self.retention - Self.slack
  }

  /// A message that is gone for its age, and was deleted before that, was told.
  mutating func checkExpired(_ message: TrueMessage, _ told: ToldNotices, _ snapshot: Snapshot) {
    guard let date = message.deletionDate, date - message.date < Self.retention - Self.slack,
      told.counts[.init(key: message.key, kind: .deleted)] == nil,
      reconciles || !isExcused(message.deletedAt ?? 0, channel: message.key.channelID, snapshot)
    else { return }
    complain("removed before its deletion was told: \(message.key)")
  }

  /// Whatever the server still has is archived as it is now, whether it was told or not.
  mutating func checkReconciled(_ server: ServerTruth, _ snapshot: Snapshot) {
    for gap in snapshot.gaps where !gap.isClosed { complain("a gap is still open: \(gap)") }
    for message in server.messages.values.sorted(by: { $0.key < $1.key }) {
      let channel = message.key.channelID
      guard channel != ServerTruth.logChat, let start = followed[channel], message.sentAt > start,
        message.deletedAt == nil, snapshot.rows[message.key] == nil, !isExpired(message, server)
      else { continue }
      // Where nothing was stored, nobody knows how much was missed.
      let isUnknown = snapshot.gaps.contains { gap in
        gap.channel == channel && gap.lastID == 0 && message.sentAt > gap.from
      }
      if !isUnknown { complain("missed and never fetched: \(message.key) of \(message.sentAt)") }
    }
    for row in snapshot.rows.values.sorted(by: { $0.key < $1.key }) where !row.isDeleted {
      if Int64(server.date) - row.receivedAt > Int64(Self.retention + Self.slack) {
        complain("kept too long: \(row.key)")
      }
    }
  }
}
