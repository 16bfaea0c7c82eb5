public import Foundation
public import MTProto
public import TelegramClient

/// What one batch of updates asks of the archive, with all that Telegram's schema knows taken out of it.
public struct RecorderBatch: Sendable {
  /// When it came, in seconds since 1970; Telegram does not say when a message was deleted.
  public var receivedAt: Int64
  public var peers: [PeerRecord] = []
  public var operations: [Operation] = []
  /// Basic groups that have become supergroups.
  public var successors: [PeerID: PeerID] = [:]
  /// Where the update sequences are after it.
  public var stateChange = UpdatesStateChange()
  public var gaps: [UpdateGap] = []
  /// How far looking again has come with it.
  public var progress: [LookingAgain] = []
  /// What was left out, because it was refused for good or could not be read.
  public var setAside: [SetAside] = []
  /// Scopes whose updates Telegram told: they are no longer set aside.
  public var answered: Set<MessageScope> = []

  public enum Operation: Sendable {
    /// A message as it is now; new, or a new version of one.
    case message(MessageRecord)
    /// Messages of one channel or supergroup are gone.
    case deleteInChannel(PeerID, ids: [Int64])
    /// Messages of private chats and basic groups are gone. Never those of a channel, whatever their ids.
    case deleteWithoutChat(ids: [Int64])
    /// A message as it was when it was asked for; it counts only while the stored version is still `version`, 0 for none.
    case observed(MessageRecord, version: Int64)
    /// Messages of one chat are gone, as was noticed by asking for them.
    case missing(PeerID, [MissingMessage])
    /// Media of private chats and basic groups that was looked at or listened to.
    case openedWithoutChat(ids: [Int64])
    /// The same in one channel or supergroup.
    case openedInChannel(PeerID, ids: [Int64])
    /// The account's owner has written links to messages in the log chat.
    case saveLinks(message: Int64, [String])
    /// An update without typed Swift, in its boxed form, with the chat it is of, where that can be read.
    case keep(raw: Data, chat: PeerID?)
    /// Something was added to the media of messages: of one that is named, of all with the medium, or of both.
    case complete(MediaCompletion, chat: PeerID?, id: Int64?)
    /// What a voice or video message says.
    case transcribed(PeerID, id: Int64, String)
    /// Something about a person is known anew.
    case changed(PeerID, PeerChange)
  }

  public init(receivedAt: Int64) {
    self.receivedAt = receivedAt
  }
}

/// What an update says of a person without naming the rest.
public enum PeerChange: Sendable {
  case name(first: String, last: String, username: String?)
  case phone(String)
}

/// Which messages are kept.
public struct RecorderPolicy: Sendable {
  /// The account's own id.
  public var selfID: PeerID
  /// Nothing that happens in the log chat is kept.
  public var logChat: PeerID
  /// LISTEN_OUTGOING_MESSAGES.
  public var keepsOutgoing: Bool
  /// IGNORED_IDS: chats and senders.
  public var ignored: Set<PeerID>

  public init(selfID: PeerID, logChat: PeerID, keepsOutgoing: Bool = true, ignored: Set<PeerID> = []) {
    self.selfID = selfID
    self.logChat = logChat
    self.keepsOutgoing = keepsOutgoing
    self.ignored = ignored
  }
}

/// What is told in the log chat.
public struct NoticePolicy: Sendable {
  /// SAVE_DELETED_FROM_PRIVATE_CHATS.
  public var deletedInPrivateChats: Bool
  /// SAVE_DELETED_FROM_GROUPS: basic groups and supergroups.
  public var deletedInGroups: Bool
  /// SAVE_DELETED_FROM_CHANNELS.
  public var deletedInChannels: Bool
  /// SAVE_EDITED_MESSAGES.
  public var edited: Bool
  /// MAX_DELETED_MESSAGES_PER_EVENT: how many of one deletion are told singly; the rest go into one digest.
  public var singlesPerDeletion: Int
  /// EDIT_SETTLE_SECS: how long a message must be quiet before its edits are told; 0 tells each edit.
  public var editSettle: Int64
  /// Which media is kept for the case that its message vanishes.
  public var media: MediaPolicy

  public init(
    deletedInPrivateChats: Bool = true, deletedInGroups: Bool = true, deletedInChannels: Bool = true,
    edited: Bool = false, singlesPerDeletion: Int = 5, editSettle: Int64 = 0, media: MediaPolicy = MediaPolicy()
  ) {
    self.deletedInPrivateChats = deletedInPrivateChats
    self.deletedInGroups = deletedInGroups
    self.deletedInChannels = deletedInChannels
    self.edited = edited
    self.singlesPerDeletion = singlesPerDeletion
    self.editSettle = editSettle
    self.media = media
  }

  func tellsDeletion(in type: PeerType) -> Bool {
    switch type {
    case .user, .bot: deletedInPrivateChats
    case .group, .supergroup: deletedInGroups
    case .channel: deletedInChannels
    }
  }
}
