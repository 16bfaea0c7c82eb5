public import TelegramClient

/// What the operator has decided, checked.
public struct Settings: Sendable {
  /// Days messages are kept, by the type of their chat.
  public struct Retention: Sendable, Equatable {
    public let userDays: Int
    /// Also for chats of unknown type.
    public let groupDays: Int
    public let channelDays: Int
    public let botDays: Int
    /// After the deletion, and never less than the days of the chat.
    public var deletedDays = 36_500
  }

  /// How stored messages are compared with the server's.
  public struct Reconciliation: Sendable, Equatable {
    public var interval: Duration
    /// How far back.
    public var window: Duration
    public var requestsPerMinute: Int

    public var isOn: Bool { interval > .zero && window > .zero && requestsPerMinute > 0 }
  }

  /// Which earlier messages are fetched.
  public struct Backfill: Sendable, Equatable {
    /// 0 for none.
    public var messagesPerChat: Int
    /// Nil for every chat.
    public var chats: Set<PeerID>?
  }

  public struct Health: Sendable, Equatable {
    public let host: String
    public let port: Int
    public let path: String
    public let errorWindow: Duration
    public let housekeepingStale: Duration
    /// How long Telegram may be out of reach, updates wait, or the log chat take nothing.
    public let stall: Duration
    /// What must be shown to see anything; nil for nothing.
    public let token: Secret<String>?
  }

  public let account: AccountSettings
  public internal(set) var logChat: PeerID
  public let listensToOutgoing: Bool
  public internal(set) var ignoredIDs: Set<PeerID>
  public let buffersAllMedia: Bool
  public let buffersNoforwards: Bool
  public let processesSelfDestruct: Bool
  /// Bytes.
  public let maxBufferFileSize: Int
  /// Bytes that stay free on the disk.
  public let mediaMinFree: Int
  public let mediaBufferTTL: Duration
  public let encryptsDeletedMedia: Bool
  /// 32 bytes.
  public let deletedMediaKey: Secret<[UInt8]>?
  public let maxDeletedPerEvent: Int
  public let savesEdited: Bool
  /// Zero for a post for each edit.
  public let editSettle: Duration
  /// How long a notice waits for its file.
  public let mediaNoticeWait: Duration
  public let postsPerMinute: Int
  public let savesDeletedFromPrivateChats: Bool
  public let savesDeletedFromGroups: Bool
  public let savesDeletedFromChannels: Bool
  public let tidiesGIFs: Bool
  public let tidiesStickers: Bool
  public let retention: Retention
  public let reconciliation: Reconciliation
  public internal(set) var backfill: Backfill
  public let health: Health
  /// Zero for no canary.
  public let canaryInterval: Duration
  public let isDebug: Bool
  /// What is no error but should be said once.
  public let warnings: [String]

  /// Reads and checks all settings.
  ///
  /// - Throws: `SettingsError` with everything that is wrong.
  public init(_ source: SettingsSource) throws(SettingsError) {
    var reader = SettingsReader(source)
    let account = AccountSettings(&reader)
    let logChat = reader.value(SettingsCatalog.logChat)
    listensToOutgoing = reader.value(SettingsCatalog.listenOutgoing) ?? true
    ignoredIDs = reader.value(SettingsCatalog.ignoredIDs) ?? []
    buffersAllMedia = reader.value(SettingsCatalog.bufferAllMedia) ?? false
    buffersNoforwards = reader.value(SettingsCatalog.bufferNoforwards) ?? false
    processesSelfDestruct = reader.value(SettingsCatalog.processSelfDestruct) ?? false
    maxBufferFileSize = reader.value(SettingsCatalog.maxBufferFileSize) ?? 0
    mediaMinFree = reader.value(SettingsCatalog.mediaMinFree) ?? 0
    mediaBufferTTL = .seconds(3_600 * (reader.value(SettingsCatalog.mediaBufferTTL) ?? 0))
    encryptsDeletedMedia = reader.value(SettingsCatalog.encryptDeletedMedia) ?? false
    deletedMediaKey = reader.deletedMediaKey(required: encryptsDeletedMedia)
    maxDeletedPerEvent = reader.value(SettingsCatalog.maxDeletedPerEvent) ?? 0
    savesEdited = reader.value(SettingsCatalog.saveEdited) ?? false
    editSettle = .seconds(reader.value(SettingsCatalog.editSettle) ?? 0)
    mediaNoticeWait = .seconds(reader.value(SettingsCatalog.mediaNoticeWait) ?? 0)
    postsPerMinute = reader.value(SettingsCatalog.postsPerMinute) ?? 1
    savesDeletedFromPrivateChats = reader.value(SettingsCatalog.saveDeletedPrivate) ?? true
    savesDeletedFromGroups = reader.value(SettingsCatalog.saveDeletedGroups) ?? true
    savesDeletedFromChannels = reader.value(SettingsCatalog.saveDeletedChannels) ?? true
    tidiesGIFs = reader.value(SettingsCatalog.tidyGIFs) ?? true
    tidiesStickers = reader.value(SettingsCatalog.tidyStickers) ?? true
    retention = Retention(&reader)
    reconciliation = Reconciliation(
      interval: .seconds(60 * (reader.value(SettingsCatalog.reconcileInterval) ?? 0)),
      window: .seconds(3_600 * (reader.value(SettingsCatalog.reconcileWindow) ?? 0)),
      requestsPerMinute: reader.value(SettingsCatalog.reconcileRequests) ?? 0)
    backfill = Backfill(
      messagesPerChat: reader.value(SettingsCatalog.backfillMessages) ?? 0,
      chats: reader.value(SettingsCatalog.backfillChats) ?? nil)
    health = Health(
      host: reader.value(SettingsCatalog.healthHost) ?? "",
      port: reader.value(SettingsCatalog.healthPort) ?? 0,
      path: reader.value(SettingsCatalog.healthPath) ?? "",
      errorWindow: .seconds(reader.value(SettingsCatalog.healthErrorWindow) ?? 0),
      housekeepingStale: .seconds(reader.value(SettingsCatalog.housekeepingStale) ?? 0),
      stall: .seconds(reader.value(SettingsCatalog.healthStall) ?? 0),
      token: reader.value(SettingsCatalog.healthToken) ?? nil)
    canaryInterval = .seconds(60 * (reader.value(SettingsCatalog.canaryInterval) ?? 0))
    isDebug = reader.value(SettingsCatalog.debug) ?? false
    warnings = reader.warnings
    guard reader.problems.isEmpty, let account, let logChat else {
      throw SettingsError(problems: reader.problems)
    }
    self.account = account
    self.logChat = logChat
  }
}
