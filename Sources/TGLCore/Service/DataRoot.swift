import Foundation

/// Why the data directory cannot be used.
public enum DataRootError: Error, Sendable, CustomStringConvertible {
  case unusable(path: String, reason: String)
  /// Another `tgl run` has it; its process id, as far as known.
  case inUse(path: String, pid: Int32?)

  public var description: String {
    switch self {
    case .unusable(let path, let reason): "DATA_ROOT: \(path) cannot be used: \(reason)"
    case .inUse(let path, let pid):
      "\(path) is in use by another 'tgl run'\(pid.map { " (process \($0))" } ?? ""); stop it first, or set another DATA_ROOT"
    }
  }
}

/// The directory that holds everything, readable by its owner only.
public struct DataRoot: Sendable {
  public let path: String

  public var sessionFile: String { path + "/db/user.session" }
  public var archiveFile: String { path + "/db/messages.db" }
  /// Media kept for the case that their messages vanish.
  public var mediaBuffer: String { path + "/media" }
  /// Recovered media.
  public var deletedMedia: String { path + "/media_deleted" }
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
        throw .unusable(path: directory, reason: Self.reason(error))
      }
    }
    guard access(path + "/db", W_OK | X_OK) == 0 else {
      throw .unusable(path: path, reason: String(cString: strerror(errno)))
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
    case .fileWriteOutOfSpace: return "no space left"
    case .fileWriteVolumeReadOnly: return "read-only file system"
    default: return (error as NSError).localizedDescription
    }
  }
}
