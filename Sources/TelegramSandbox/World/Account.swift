/// A person of the sandbox.
struct Account: Sendable {
  let id: Int64
  /// The name the control address knows the account by.
  let name: String
  var firstName: String
  var lastName: String?
  var username: String?
  /// Digits without `+`.
  let phone: String
  let code: String
  var password: AccountPassword?
  var contacts: Set<Int64> = []
  var box = MessageBox()
  /// Highest read id a conversation, in the numbers of this account's box (a channel's own numbers for channels).
  var readInbox: [PeerKey: Int32] = [:]
  var readOutbox: [PeerKey: Int32] = [:]
  /// Messages of channels whose media the account has opened.
  var openedMedia: [PeerKey: Set<Int32>] = [:]
  /// Files, the latest first.
  var savedGifs: [Int64] = []
  var recentStickers: [RecentSticker] = []
  /// Unix time until which the account counts as online.
  var onlineUntil: Int32 = 0
  var lastSeen: Int32 = 0
  /// What the account has sent, by the `random_id` it gave.
  var sent: [Int64: SentMessage] = [:]
}

/// A sticker that was used.
struct RecentSticker: Sendable {
  /// Key into the world's files.
  let file: Int64
  /// Unix time.
  let date: Int32
}

/// Where a sent message went.
struct SentMessage: Sendable {
  let peer: PeerKey
  /// In the sender's box or the channel's.
  let id: Int32
  /// The state of that box after it.
  let pts: Int32
  /// Whether it had been sent before, under the same `random_id`.
  var isRepeated = false
}

/// A two-factor password as the server keeps it: never the password itself.
struct AccountPassword: Sendable {
  var plain: String
  var hint: String
  var salt1: [UInt8]
  var salt2: [UInt8]
  var verifier: [UInt8]
}
