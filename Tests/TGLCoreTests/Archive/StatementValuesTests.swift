import Foundation
import GRDB
import Testing

@testable import TGLCore

@Suite struct StatementValuesTests {
  private let queue: DatabaseQueue

  init() throws { queue = try DatabaseQueue() }

  @Test func valuesComeBackAsTheyWere() throws {
    try queue.write { db in
      let statement = try db.cachedStatement(sql: "SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?")
      let texts = ["", "a", "\u{0}b\u{0}", "ё 字 👩‍👩‍👧 e\u{301}", String(repeating: "x", count: 100_000)]
      for text in texts {
        let bytes = Data(text.utf8)
        let row = try statement.first(
          Int64.min, Int.max, true, text, bytes, Int64?.none, String?.some(text), Data?.none, Bool?.some(false)
        ) { row -> Bool? in
          #expect(row[0] as Int64 == .min && row[1] as Int == .max && row[2] as Bool)
          #expect(row[3] as String == text && row[4] as Data == bytes)
          #expect(row[5] as Int64? == nil && row[6] as String? == text && row[7] as Data? == nil)
          #expect(row[8] as Bool? == false)
          return true
        }
        #expect(row == true)
      }
      // GRDB reads the same.
      try db.execute(sql: "CREATE TABLE t (text, bytes)")
      try db.cachedStatement(sql: "INSERT INTO t VALUES (?, ?)").run("", Data())
      #expect(
        try Row.fetchOne(db, sql: "SELECT typeof(text), typeof(bytes) FROM t") == [
          "typeof(text)": "text", "typeof(bytes)": "blob",
        ])
    }
  }

  /// A database may be anybody's: whatever a column holds, reading it is no crash.
  @Test func columnsOfOtherTypesAreConverted() throws {
    try queue.read { db in
      let values = ["NULL", "1e300", "'text'", "'9'", "x'ff00fe'", "-9223372036854775808", "zeroblob(3)"]
      for value in values {
        try db.cachedStatement(sql: "SELECT \(value)").forEach { row in
          _ = (row[0] as Int64, row[0] as Int, row[0] as Bool, row[0] as String, row[0] as Data)
          #expect((row[0] as Int64? == nil) == (value == "NULL"))
        }
      }
      #expect(try db.cachedStatement(sql: "SELECT x'ff41'").first { $0[0] as String } == "\u{FFFD}A")
      #expect(try db.cachedStatement(sql: "SELECT 1 WHERE 0").first { $0[0] as Int } == nil)
    }
  }

  @Test func failuresAreToldAndLeaveTheStatementUsable() throws {
    try queue.write { db in
      try db.execute(sql: "CREATE TABLE t (id INTEGER PRIMARY KEY)")
      let statement = try db.cachedStatement(sql: "INSERT INTO t VALUES (?)")
      try statement.run(1)
      #expect { try statement.run(1) } throws: { error in
        (error as? DatabaseError)?.extendedResultCode == .SQLITE_CONSTRAINT_PRIMARYKEY
      }
      // More values than the statement takes.
      #expect { try statement.run(2, 3) } throws: { ($0 as? DatabaseError)?.resultCode == .SQLITE_RANGE }
      try statement.run(2)
      #expect(try Int.fetchAll(db, sql: "SELECT id FROM t") == [1, 2])
    }
  }
}
