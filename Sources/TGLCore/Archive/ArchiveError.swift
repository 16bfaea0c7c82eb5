import Foundation
import GRDB

/// Why the archive could not be opened, read or written.
public enum ArchiveError: Error, Equatable, Sendable {
  /// There is none.
  case missing(path: String)
  /// Another process holds the database longer than the busy timeout.
  case busy(path: String)
  /// No room left on the device.
  case full(path: String)
  /// The file, or the file system it is on, is not to be written.
  case readOnly(path: String)
  /// The device it is on reports an error.
  case io(path: String, detail: String)
  /// The file is no SQLite database, or is damaged.
  case corrupt(path: String, detail: String)
  /// The file or its folder cannot be opened or written.
  case inaccessible(path: String, detail: String)
  /// No room for a copy of what is about to be changed; both in bytes.
  case noRoom(path: String, needed: Int64, free: Int64)
  /// Written by a later version of this program; nil when it does not say which.
  case newerSchema(path: String, version: Int?, known: Int)
  /// An earlier version wrote it, and not the one before this.
  case skipsVersions(path: String, from: Int, to: Int)
  /// An earlier version of this program wrote the file, and it is only to be read.
  case olderSchema(path: String)
  /// The archive of the Python service, which has not been taken over yet.
  case legacyLayout(path: String)
  /// The messages of another account than the one that is signed in.
  case otherAccount(path: String, userID: Int64)
  /// Anything else SQLite reports.
  case failed(path: String, detail: String)
}

extension ArchiveError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .busy(let path): "\(path) is in use by another program; try again"
    case .full(let path): "no room left on the device that holds \(path)"
    case .readOnly(let path): "\(path) is on a read-only file system, or may not be written"
    case .io(let path, let detail): "\(path): the device reports an error: \(detail)"
    case .corrupt(let path, let detail):
      "\(path) is damaged or no database (\(detail)); 'tgl migrate --repair' recovers what can be read of it, from the newest backup if there is one"
    case .missing(let path): "there is no archive at \(path); DATA_ROOT says where to look, and 'tgl run' makes it"
    case .inaccessible(let path, let detail): "\(path) cannot be opened: \(detail)"
    case .noRoom(let path, let needed, let free):
      "\(path) needs \(MediaFile.bytes(needed)) of free space and has \(MediaFile.bytes(free)); make room there"
    case .newerSchema(let path, let version, let known):
      "\(path) was written by a later version of tgl (schema version \(version.map(String.init) ?? "unknown"); this one knows \(known)); use that version, or go back to a copy in \(ArchiveBackup.folder(of: path)), see 'Upgrade' in docs/operations.md"
    case .skipsVersions(let path, let from, let to):
      "\(path) has schema version \(from), and this tgl writes version \(to); run 'tgl migrate' to bring it up to date, or 'tgl migrate --dry-run' to see what that means"
    case .olderSchema(let path):
      "\(path) was written by an earlier version of tgl; run 'tgl migrate', which brings it up to date"
    case .legacyLayout(let path):
      "\(path) holds the archive of the Python service; run 'tgl migrate' to take it over, or 'tgl migrate --dry-run' to see what that means"
    case .otherAccount(let path, let userID):
      "\(path) holds the messages of the account with id \(userID); sign in as that, or set another DATA_ROOT"
    case .failed(let path, let detail): "\(path): \(detail)"
    }
  }
}

extension ArchiveError {
  init(_ error: any Error, path: String) {
    switch error {
    case let error as ArchiveError: self = error
    case let error as DatabaseError:
      if let problem = StorageProblem(error, path: path) {
        self.init(problem, path: path)
        return
      }
      let detail = error.message ?? error.resultCode.description
      switch error.resultCode {
      case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH: self = .inaccessible(path: path, detail: detail)
      default: self = .failed(path: path, detail: detail)
      }
    default: self = .failed(path: path, detail: "\(error)")
    }
  }
}

extension ArchiveError {
  init(_ problem: StorageProblem, path: String) {
    switch problem {
    case .diskFull: self = .full(path: path)
    case .readOnly: self = .readOnly(path: path)
    case .busy: self = .busy(path: path)
    case .corrupt(let detail): self = .corrupt(path: path, detail: detail)
    case .io(let detail): self = .io(path: path, detail: detail)
    }
  }

  /// What a call of the system left in `errno`.
  init(errno code: Int32, path: String) {
    if let problem = StorageProblem(errno: code) {
      self.init(problem, path: path)
    } else {
      self = .inaccessible(path: path, detail: String(cString: strerror(code)))
    }
  }

  /// What it says of the disk and the file; nil when it is about something else.
  public var storageProblem: StorageProblem? {
    switch self {
    case .full, .noRoom: .diskFull
    case .readOnly: .readOnly
    case .busy: .busy
    case .corrupt(_, let detail): .corrupt(detail)
    case .io(_, let detail): .io(detail)
    default: nil
    }
  }

  /// Whether it may pass by itself.
  var isTransient: Bool { storageProblem?.isTransient ?? false }
}
