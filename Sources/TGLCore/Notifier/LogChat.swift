import Foundation
import TL

/// Where notices are posted.
public protocol LogChat: Sendable {
  /// Posts a message. A repetition with the same `randomID` must not be posted twice.
  ///
  /// - Returns: its id in the log chat, as the other functions; nil where that is not known, as for a repetition.
  @discardableResult
  func send(_ post: Post, randomID: Int64) async throws(LogChatError) -> Int64?
  /// Posts a file with a caption; the same holds of `randomID`.
  @discardableResult
  func sendFile(_ file: LogChatFile, randomID: Int64) async throws(LogChatError) -> Int64?
  /// Brings recovered media to the server, without posting it; what of it is not posted soon, the server forgets.
  func upload(_ media: [LogChatMedia]) async throws(LogChatError) -> UploadedMedia
  /// Posts media that is at the server, as an album when there are several, with the post's text as their caption.
  ///
  /// - Parameter randomIDs: one for each; the same holds of them.
  @discardableResult
  func sendMedia(_ media: UploadedMedia, caption: Post, randomIDs: [Int64]) async throws(LogChatError) -> Int64?
}

/// Recovered media that is at the server.
public struct UploadedMedia: Sendable {
  let media: [LogChatMedia]
  /// What names each of them in a call.
  var inputs: [API.AnyInputMedia] = []
}

/// A file to be posted.
public struct LogChatFile: Sendable, Hashable {
  /// Where it is now.
  public var path: String
  /// What it is called in the chat.
  public var name: String
  public var mimeType: String
  public var caption: FormattedText

  public init(path: String, name: String, mimeType: String, caption: FormattedText) {
    self.path = path
    self.name = name
    self.mimeType = mimeType
    self.caption = caption
  }
}

/// Recovered media to be posted as what it was.
public struct LogChatMedia: Sendable {
  /// A file on disk, encrypted or not.
  public struct File: Sendable, Hashable {
    public var path: String
    public var isEncrypted: Bool
  }

  /// What the message showed, and the file of it that this is.
  let medium: MediaRecord
  let description: MediaFile
  let file: File
  /// The cover of a video, or the video of a live photo.
  let companion: (description: MediaFile, file: File)?
  /// As a plain file, for what the server does not take as what it was.
  var isPlainFile = false
}
