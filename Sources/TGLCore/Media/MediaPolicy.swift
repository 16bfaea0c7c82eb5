/// Which media is downloaded before anything happens to it.
public struct MediaPolicy: Sendable, Hashable {
  /// BUFFER_ALL_MEDIA.
  public var buffersAll: Bool
  /// BUFFER_NOFORWARDS_CONTENT: media of protected chats and messages.
  public var buffersProtected: Bool
  /// PROCESS_SELF_DESTRUCT_MEDIA: media that may be looked at once, or for some seconds.
  public var keepsSelfDestructing: Bool
  /// MAX_BUFFER_FILE_SIZE, in bytes.
  public var maximumSize: Int64

  public init(
    buffersAll: Bool = false, buffersProtected: Bool = true, keepsSelfDestructing: Bool = true,
    maximumSize: Int64 = 209_715_200
  ) {
    self.buffersAll = buffersAll
    self.buffersProtected = buffersProtected
    self.keepsSelfDestructing = keepsSelfDestructing
    self.maximumSize = maximumSize
  }

  /// Why a message's media is downloaded when it comes; nil when it is not.
  func reason(isSelfDestructing: Bool, isProtected: Bool) -> MediaPriority? {
    if isSelfDestructing { return keepsSelfDestructing ? .selfDestructing : nil }
    if isProtected, buffersProtected { return .protected }
    return buffersAll ? .buffered : nil
  }
}

/// What is downloaded first; among equals the smaller file.
public enum MediaPriority: Int64, Sendable, Hashable, Comparable {
  case selfDestructing = 0
  /// Of a message that is gone: a notice waits for it, and the server will not have it for long.
  case deleted = 1
  case protected = 2
  case buffered = 3

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
