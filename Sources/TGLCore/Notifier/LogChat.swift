/// Where notices are posted.
public protocol LogChat: Sendable {
  /// Posts a message. A repetition with the same `randomID` must not be posted twice.
  func send(_ post: Post, randomID: Int64) async throws(LogChatError)
  /// Posts a file with a caption; the same holds of `randomID`.
  func sendFile(_ file: LogChatFile, randomID: Int64) async throws(LogChatError)
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
