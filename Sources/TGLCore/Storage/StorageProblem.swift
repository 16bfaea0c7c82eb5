import Foundation
import GRDB

/// Why something cannot be written where it is kept.
public enum StorageProblem: Error, Sendable, Hashable, CustomStringConvertible {
  /// No room is left (ENOSPC), or no more is granted (EDQUOT).
  case diskFull
  /// The file system, or the file, is not to be written.
  case readOnly
  /// Another process holds the database longer than the busy timeout.
  case busy
  /// What is stored is damaged; waiting does not help.
  case corrupt(String)
  /// The device reports an error.
  case io(String)

  /// Whether it may go away by itself, so that waiting is right.
  public var isTransient: Bool { if case .corrupt = self { false } else { true } }

  public var description: String {
    switch self {
    case .diskFull: "the disk is full"
    case .readOnly: "it cannot be written to (read-only)"
    case .busy: "another program is using it"
    case .corrupt(let detail): "it is damaged: \(detail)"
    case .io(let detail): "the device reports an error: \(detail)"
    }
  }
}

extension StorageProblem {
  /// Nil for what says nothing about the storage.
  ///
  /// Source: "Result and Error Codes", sqlite.org/rescode.html.
  /// - Parameter path: of the database, to tell a full disk from a broken one: SQLite calls both an I/O error when it is
  ///   the log's index that cannot grow.
  init?(_ error: DatabaseError, path: String) {
    let detail = error.message ?? error.resultCode.description
    switch error.resultCode {
    case .SQLITE_FULL: self = .diskFull
    case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy
    case .SQLITE_READONLY: self = .readOnly
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(detail)
    // Out of memory for the file system's own needs passes, too.
    case .SQLITE_IOERR:
      self =
        switch DiskState(of: path) {
        case .full: .diskFull
        case .readOnly: .readOnly
        case .writable: .io(detail)
        }
    case .SQLITE_CANTOPEN:
      switch DiskState(of: path) {
      case .full: self = .diskFull
      case .readOnly: self = .readOnly
      case .writable: return nil
      }
    default: return nil
    }
  }

  /// Nil for another error than the disk's.
  init?(errno code: Int32) {
    switch code {
    case ENOSPC, EDQUOT: self = .diskFull
    case EROFS: self = .readOnly
    case EIO: self = .io(String(cString: strerror(code)))
    default: return nil
    }
  }
}

/// What a file system says of itself.
private enum DiskState {
  case writable, readOnly, full

  /// Less than this is not enough for SQLite to begin anything.
  private static let least: UInt64 = 128 * 1024

  init(of path: String) {
    var information = statvfs()
    guard statvfs(DurableFile.folder(of: path), &information) == 0 else {
      self = .writable
      return
    }
    let free = UInt64(information.f_bavail) * UInt64(information.f_frsize)
    if UInt(information.f_flag) & UInt(ST_RDONLY) != 0 {
      self = .readOnly
    } else {
      self = free < Self.least ? .full : .writable
    }
  }
}
