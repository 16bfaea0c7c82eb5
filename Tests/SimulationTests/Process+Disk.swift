import Foundation
import GRDB

@testable import TGLCore

// A disk that fails.

extension Process {
  /// Another program holds the database's lock for a while.
  func lockDatabase(for time: Duration) {
    guard lock == nil, !isDead else { return }
    do {
      var configuration = Configuration()
      configuration.allowsUnsafeTransactions = true
      let queue = try DatabaseQueue(path: archive.path, configuration: configuration)
      try queue.inDatabase { try $0.execute(sql: "BEGIN IMMEDIATE") }
      lock = queue
    } catch { return }
    world.loop.after(time) { [weak self] in self?.unlock() }
  }

  /// The disk takes hardly anything more for a while.
  func fillDisk(for time: Duration) {
    guard !isDead, lock == nil else { return }
    setPages("(SELECT page_count + 1 FROM pragma_page_count)")
    world.loop.after(time) { [weak self] in self?.unlock() }
  }

  func unlock() {
    if let lock {
      try? lock.inDatabase { try $0.execute(sql: "ROLLBACK") }
      try? lock.close()
      self.lock = nil
    }
    if !isDead { setPages("1073741823") }
  }

  private func setPages(_ number: String) {
    try? archive.pool.writeWithoutTransaction { db in
      let pages = number.first == "(" ? try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0 : Int(number) ?? 0
      try db.execute(sql: "PRAGMA max_page_count = \(pages)")
    }
  }
}
