import Foundation
import TelegramClient

/// One file of one message, wanted or kept.
struct MediaJob: Sendable, Hashable, Identifiable {
  /// What says whether an open job can be worked on now.
  struct Due: Sendable, Hashable, Identifiable {
    var id: MediaJob.ID
    var mediumID: Int64
    var size: Int64
    var priority: MediaPriority
  }

  var id: Int64
  var chat: PeerID
  var messageID: Int64
  /// Of the photo or document.
  var mediumID: Int64
  /// Which of the message's files.
  var position: Int
  var kind: MediaKind
  /// In bytes; 0 when it is not known.
  var size: Int64
  /// The `MessageMedia` in its boxed form.
  var media: Data
  var state: MediaState
  /// The message is gone: the file goes to the recovered ones.
  var isDeleted: Bool
  var priority: MediaPriority
  /// Attempts in a row that failed for what may be the file's own fault.
  var attempts: Int
  /// Attempts in a row that failed for no fault of the file's: no connection, a flood wait.
  var outages: Int
  var notBefore: Int64
  /// Why it is not here, or why the last attempt failed.
  var lastError: String?
  /// Where the file is in the buffer, and among the recovered files.
  var bufferID: Int64?
  var deletedID: Int64?

  /// Why a file that was kept is not here.
  static let vanished = "it is not on the disk any more"

  /// The file it is about; nil for bytes that cannot be read.
  var file: MediaFile? {
    MediaFile.files(of: MediaRecord(kind: kind, raw: media)).first { $0.mediumID == mediumID }
  }
}

/// An open job with the files that are there for it, as far as the archive knows.
struct MediaTask: Sendable {
  var job: MediaJob
  /// In the buffer: of the same medium in another message, or the one to be copied.
  var buffered: StoredFile?
  /// Among the recovered files.
  var recovered: StoredFile?
}

/// What a message's file is needed for.
enum MediaNeed: Sendable, Hashable {
  /// Its message may vanish.
  case precaution
  /// Its message has vanished, was opened, or has other media now.
  case loss
  /// A copy of its message was asked for, whatever its size.
  case link
  /// An export asks for it, whatever its size.
  case export

  /// Whether the file goes to the recovered ones.
  var isDeleted: Bool { self == .loss || self == .link }
}

/// A job with its recovered file, and the message's other ones.
struct RecoveredFile: Sendable {
  var job: MediaJob
  /// Nil when it is not among the recovered files.
  var stored: StoredFile?
  var others: [(job: MediaJob, stored: StoredFile?)] = []
}

/// What recording the end of an attempt has come to.
struct MediaOutcome: Sendable {
  /// Notices wait for nothing more.
  var readiesNotices = false
  /// There is more to do for the job, now or later.
  var isOpen = false
  /// A buffered file that no message needs any more: it is to be removed from the disk.
  var released: StoredFile?
}

/// A file on disk.
struct StoredFile: Sendable, Hashable, Identifiable {
  enum Place: String, Sendable {
    /// Kept for the case that its message vanishes, always readable.
    case buffer
    /// Recovered, and encrypted when the settings say so.
    case deleted
  }

  var id: Int64
  var place: Place
  var name: String
  /// Bytes of what it holds, without what encryption adds.
  var size: Int64
  /// Of what it holds.
  var sha256: Data
  var isEncrypted: Bool
}

/// What became of a job.
enum MediaChange: Sendable, Hashable {
  /// The bytes are in this file of the buffer.
  case fetched(StoredFile.ID, size: Int64)
  /// The bytes are in this one of the recovered files.
  case preserved(StoredFile.ID)
  /// The buffer has not got the file any more.
  case vanished
  /// Asked for again with what the message says now.
  case refreshed(media: Data)
  /// To be tried again.
  case postponed(until: Int64, reason: String, Strike)
  /// Not to be had.
  case ended(Ending, reason: String)

  /// What a failed attempt is counted as.
  enum Strike: Sendable, Hashable {
    case attempt, outage, none
  }

  enum Ending: Sendable, Hashable {
    case refused, gone, lost

    var event: MediaState.Event {
      switch self {
      case .refused: .refused
      case .gone: .gone
      case .lost: .exhausted
      }
    }
  }
}

/// Bytes that are to become a file, or are one already.
struct FileReservation: Sendable, Hashable {
  var place: StoredFile.Place
  /// The first that no other content has is the file's name.
  var names: [String]
  var size: Int64
  var sha256: Data
  var isEncrypted: Bool
}
