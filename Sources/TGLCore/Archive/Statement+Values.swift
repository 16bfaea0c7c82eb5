import Foundation
import GRDB
import GRDBSQLite

/// A value as SQLite takes and gives it.
protocol SQLiteValue {
  /// Binds a copy to a parameter, counted from 1; answers SQLite's result code.
  func bind(to statement: OpaquePointer, at index: CInt) -> CInt
  /// Reads a column, counted from 0, as SQLite converts it: 0 or nothing for what is another type.
  init(_ statement: OpaquePointer, column: CInt)
}

/// The row a statement has come to.
struct SQLiteRow {
  fileprivate let statement: OpaquePointer

  /// By position: a name is looked up in each row anew, which takes longer than the rest of it.
  subscript<Value: SQLiteValue>(column: Int) -> Value { Value(statement, column: CInt(column)) }
}

/// Statements whose values go in and out through SQLite's own functions.
///
/// GRDB puts each value that is bound into a box, and copies each row that is fetched. For the statements that every message
/// passes, that takes longer than SQLite takes for them; all others may do without these.
extension Statement {
  /// Runs a statement that gives no rows.
  ///
  /// - Throws: `DatabaseError`.
  func run<each Value: SQLiteValue>(_ values: repeat each Value) throws {
    try binding(repeat each values) { while try step() {} }
  }

  /// What `read` makes of the first row; nil when there is none.
  func first<each Value: SQLiteValue, Result>(
    _ values: repeat each Value, read: (SQLiteRow) throws -> Result?
  ) throws -> Result? {
    try binding(repeat each values) { try step() ? read(SQLiteRow(statement: sqliteStatement)) : nil }
  }

  /// Gives all rows to `read`, which does not run this statement itself.
  func forEach<each Value: SQLiteValue>(_ values: repeat each Value, read: (SQLiteRow) throws -> Void) throws {
    try binding(repeat each values) { while try step() { try read(SQLiteRow(statement: sqliteStatement)) } }
  }

  private func binding<each Value: SQLiteValue, Result>(
    _ values: repeat each Value, do body: () throws -> Result
  ) throws -> Result {
    sqlite3_reset(sqliteStatement)
    defer {
      // What went wrong has been told by then.
      sqlite3_reset(sqliteStatement)
      sqlite3_clear_bindings(sqliteStatement)
    }
    var index: CInt = 0
    for value in repeat each values {
      index += 1
      let code = value.bind(to: sqliteStatement, at: index)
      guard code == SQLITE_OK else { throw failure(code) }
    }
    return try body()
  }

  private func step() throws -> Bool {
    switch sqlite3_step(sqliteStatement) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw failure(code)
    }
  }

  private func failure(_ code: CInt) -> DatabaseError {
    let message = sqlite3_errmsg(sqlite3_db_handle(sqliteStatement)).map { String(cString: $0) }
    return DatabaseError(resultCode: ResultCode(rawValue: code), message: message, sql: sql)
  }
}

/// `SQLITE_TRANSIENT`, a macro that Swift does not see: SQLite makes a copy.
private var transient: sqlite3_destructor_type? { unsafeBitCast(-1, to: sqlite3_destructor_type?.self) }

extension Int64: SQLiteValue {
  func bind(to statement: OpaquePointer, at index: CInt) -> CInt { sqlite3_bind_int64(statement, index, self) }
  init(_ statement: OpaquePointer, column: CInt) { self = sqlite3_column_int64(statement, column) }
}

extension Int: SQLiteValue {
  func bind(to statement: OpaquePointer, at index: CInt) -> CInt { Int64(self).bind(to: statement, at: index) }
  init(_ statement: OpaquePointer, column: CInt) { self.init(Int64(statement, column: column)) }
}

extension Bool: SQLiteValue {
  func bind(to statement: OpaquePointer, at index: CInt) -> CInt { sqlite3_bind_int(statement, index, self ? 1 : 0) }
  init(_ statement: OpaquePointer, column: CInt) { self = sqlite3_column_int64(statement, column) != 0 }
}

extension String: SQLiteValue {
  func bind(to statement: OpaquePointer, at index: CInt) -> CInt {
    var text = self
    return text.withUTF8 { bytes in
      // Without an address it would be NULL.
      guard let start = bytes.baseAddress else { return sqlite3_bind_text(statement, index, "", 0, transient) }
      return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
        sqlite3_bind_text64(statement, index, $0, UInt64(bytes.count), transient, UInt8(SQLITE_UTF8))
      }
    }
  }

  init(_ statement: OpaquePointer, column: CInt) {
    // The text first: asking for it may change how many bytes there are.
    guard let text = sqlite3_column_text(statement, column) else {
      self = ""
      return
    }
    let count = Int(sqlite3_column_bytes(statement, column))
    self.init(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
  }
}

extension Data: SQLiteValue {
  func bind(to statement: OpaquePointer, at index: CInt) -> CInt {
    withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return sqlite3_bind_zeroblob(statement, index, 0) }
      return sqlite3_bind_blob64(statement, index, start, UInt64(bytes.count), transient)
    }
  }

  init(_ statement: OpaquePointer, column: CInt) {
    guard let bytes = sqlite3_column_blob(statement, column) else {
      self.init()
      return
    }
    self.init(bytes: bytes, count: Int(sqlite3_column_bytes(statement, column)))
  }
}

extension Optional: SQLiteValue where Wrapped: SQLiteValue {
  func bind(to statement: OpaquePointer, at index: CInt) -> CInt {
    self?.bind(to: statement, at: index) ?? sqlite3_bind_null(statement, index)
  }

  init(_ statement: OpaquePointer, column: CInt) {
    self = sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : Wrapped(statement, column: column)
  }
}
