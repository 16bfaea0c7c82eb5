import Foundation

/// Why the data directory cannot be used.
public enum DataRootError: Error, Sendable, CustomStringConvertible {
  case unusable(path: String, reason: String)
  /// It cannot be written for a reason that may pass.
  case unwritable(path: String, StorageProblem)
  /// Another `tgl run` has it; its process id, as far as known.
  case inUse(path: String, pid: Int32?)

  public var description: String {
    switch self {
    case .unusable(let path, let reason): "DATA_ROOT: \(path) cannot be used: \(reason)"
    case .unwritable(let path, let problem): "DATA_ROOT: \(path): \(problem)"
    case .inUse(let path, let pid):
      "\(path) is in use by another 'tgl run'\(pid.map { " (process \($0))" } ?? ""); stop it first, or set another DATA_ROOT"
    }
  }
}

extension DataRootError {
  /// What a call of the system left in `errno`.
  init(errno code: Int32, path: String) {
    if let problem = StorageProblem(errno: code) {
      self = .unwritable(path: path, problem)
    } else {
      self = .unusable(path: path, reason: String(cString: strerror(code)))
    }
  }
}

/// The directory that holds everything, readable by its owner only.
public struct DataRoot: Sendable {
  public let path: String

  public var sessionFile: String { path + "/db/user.session" }
  public var archiveFile: String { path + "/db/messages.db" }
  /// Media kept for the case that their messages vanish.
  public var mediaBuffer: String { path + "/" + Self.mediaName }
  /// Recovered media.
  public var deletedMedia: String { path + "/" + Self.deletedName }
  /// Where `tgl backup` puts backups unless it is told otherwise.
  public var backups: String { path + "/backups" }
  /// There while `tgl run` runs, and after a run that was cut off.
  var runningMark: String { path + "/db/tgl.running" }
  static let mediaName = "media"
  static let deletedName = "media_deleted"
  var lockFile: String { path + "/tgl.lock" }

  /// A directory that is only read: nothing is made, and it may not be there.
  public init(existing path: String) { self.path = path }

  /// Makes the directories that are missing.
  ///
  /// - Throws: `DataRootError.unusable`.
  public init(path: String) throws(DataRootError) {
    self.path = path
    for directory in [path, path + "/db", mediaBuffer, deletedMedia] {
      do {
        try FileManager.default.createDirectory(
          atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      } catch {
        if let problem = Self.problem(error) { throw .unwritable(path: directory, problem) }
        throw .unusable(path: directory, reason: Self.reason(error))
      }
    }
    guard access(path + "/db", W_OK | X_OK) == 0 else { throw DataRootError(errno: errno, path: path) }
  }

  private static func problem(_ error: any Error) -> StorageProblem? {
    if let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError,
      underlying.domain == NSPOSIXErrorDomain
    {
      return StorageProblem(errno: Int32(underlying.code))
    }
    switch (error as? CocoaError)?.code {
    case .fileWriteOutOfSpace: return .diskFull
    case .fileWriteVolumeReadOnly: return .readOnly
    default: return nil
    }
  }

  /// What a person can act on in an error of Foundation's.
  static func reason(_ error: any Error) -> String {
    if let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError,
      underlying.domain == NSPOSIXErrorDomain
    {
      return String(cString: strerror(Int32(underlying.code)))
    }
    switch (error as? CocoaError)?.code {
    case .fileWriteNoPermission: return "permission denied"
    case .fileWriteFileExists: return "a file of that name is in the way"
    default: return (error as NSError).localizedDescription
    }
  }
}
