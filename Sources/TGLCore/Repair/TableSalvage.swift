import GRDB

/// Reads what can be read of a damaged table, in the order of its primary key.
///
/// Where a page cannot be read, it looks for the next row that can by seeking ever further ahead, and comes back from there
/// towards the damage. A page that many others hang from takes them all with it.
struct TableSalvage {
  /// What SQL may not say of a table twice: a key of integers, in the order of the primary key's columns.
  private typealias Key = [Int64]

  let table: String
  /// Columns that are read, and those of the primary key among them.
  let columns: [String]
  private let primaryKey: [String]
  private let positions: [Int]
  /// Places where rows could not be read.
  private(set) var gaps = 0

  /// Nil for a table whose key is not of integers, or that is not there.
  ///
  /// - Parameter wanted: the columns that can be taken, in any order.
  init?(_ table: String, wanted: Set<String>, primaryKey: [String], from db: Database) throws {
    let found: [String]
    do { found = try db.columns(in: table).map(\.name).filter(wanted.contains) } catch { return nil }
    let positions = primaryKey.compactMap { found.firstIndex(of: $0) }
    guard !primaryKey.isEmpty, positions.count == primaryKey.count else { return nil }
    self.table = table
    self.primaryKey = primaryKey
    self.positions = positions
    columns = found
  }

  /// Gives every row that can be read to `take`, each once.
  ///
  /// - Throws: what `take` throws.
  mutating func run(_ db: Database, _ take: (Row) throws -> Void) throws {
    var last = Key(repeating: .min, count: positions.count)
    var isIncluded = true
    while true {
      let (reached, isComplete) = try walk(db, from: last, isIncluded, upTo: nil, take)
      if isComplete { return }
      gaps += 1
      if let reached { (last, isIncluded) = (reached, false) }
      guard let next = readable(db, after: last, isIncluded: isIncluded) else {
        _ = try walk(db, from: last, isIncluded, upTo: nil, isDescending: true, take)
        return
      }
      _ = try walk(db, from: last, isIncluded, upTo: next, isDescending: true, take)
      (last, isIncluded) = (next, true)
    }
  }

  /// Reads rows until there are no more, or one cannot be read.
  ///
  /// - Returns: the last key that was read; whether the end was reached.
  private func walk(
    _ db: Database, from: Key, _ isIncluded: Bool, upTo: Key?, isDescending: Bool = false, _ take: (Row) throws -> Void
  ) throws -> (Key?, isComplete: Bool) {
    var last: Key?
    let order = isDescending ? " DESC" : ""
    var sql =
      "SELECT \(names(columns)) FROM \(table.quotedDatabaseIdentifier) WHERE \(compared(isIncluded ? ">=" : ">"))"
    if upTo != nil { sql += " AND \(compared("<"))" }
    sql += " ORDER BY " + primaryKey.map { $0.quotedDatabaseIdentifier + order }.joined(separator: ", ")
    let rows: RowCursor
    do { rows = try Row.fetchCursor(db, sql: sql, arguments: StatementArguments(from + (upTo ?? []))) } catch {
      return (nil, false)
    }
    while true {
      let row: Row?
      do { row = try rows.next() } catch { return (last, false) }
      guard let row else { return (last, true) }
      // Pages that refer to each other in a circle give rows again: their order tells.
      guard let key = key(of: row), last.map({ isDescending ? Self.precedes(key, $0) : Self.precedes($0, key) }) ?? true
      else { return (last, false) }
      try take(row)
      last = key
    }
  }

  /// The first key found that can be read behind the damage.
  private func readable(_ db: Database, after last: Key, isIncluded: Bool) -> Key? {
    let sql =
      "SELECT \(names(columns)) FROM \(table.quotedDatabaseIdentifier) WHERE \(compared(">=")) ORDER BY "
      + "\(names(primaryKey)) LIMIT 1"
    for level in positions.indices.reversed() {
      for power in 0..<64 {
        var probe = last
        let (value, overflow) = last[level].addingReportingOverflow(
          power < 63 ? Int64(1) << Int64(power) : Int64.max)
        guard !overflow else { break }
        probe[level] = value
        for lower in probe.indices where lower > level { probe[lower] = .min }
        if let row = try? Row.fetchOne(db, sql: sql, arguments: StatementArguments(probe)), let key = key(of: row),
          Self.precedes(last, key)
        {
          return key
        }
      }
    }
    return nil
  }

  private func key(of row: Row) -> Key? {
    let key = positions.compactMap { Int64.fromDatabaseValue(row[$0] as DatabaseValue) }
    return key.count == positions.count ? key : nil
  }

  private func names(_ columns: [String]) -> String {
    columns.map(\.quotedDatabaseIdentifier).joined(separator: ", ")
  }

  private func compared(_ comparison: String) -> String {
    let marks = primaryKey.map { _ in "?" }.joined(separator: ", ")
    return "(\(names(primaryKey))) \(comparison) (\(marks))"
  }

  private static func precedes(_ one: Key, _ other: Key) -> Bool { one.lexicographicallyPrecedes(other) }
}
