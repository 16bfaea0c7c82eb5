import Foundation
import MTProto
import TelegramClient

/// Every setting there is.
///
/// To add one: declare it here, list it in `all`, and read it in `Settings.init`.
public enum SettingsCatalog {
  static let apiID = Setting(
    required: "API_ID", .integer(1...Int(Int32.max), "the number my.telegram.org gives your application"),
    "The application's number, from my.telegram.org.")
  static let apiHash = Setting(
    required: "API_HASH", isSecret: true,
    .text("32 hexadecimal digits from my.telegram.org") { $0.utf8.count == 32 && $0.allSatisfy(\.isHexDigit) },
    "The application's hash, from my.telegram.org.")
  static let apiHashFile = secretFile(for: "API_HASH", "that hash")
  static let logChat = Setting(
    required: "LOG_CHAT_ID", .peer, "The private chat that gets what was deleted or edited.")
  static let dataRoot = Setting(
    "DATA_ROOT", default: "./data", .text("a directory"), "Where everything is kept: session, archive, media.")
  static let listenOutgoing = Setting(
    "LISTEN_OUTGOING_MESSAGES", default: true, .bool, "Also keep what the account itself sends.")
  static let ignoredIDs = Setting(
    "IGNORED_IDS", default: [], shown: "", .peers, "Chats and senders of which nothing is kept.")
  static let bufferAllMedia = Setting(
    "BUFFER_ALL_MEDIA", default: false, .bool, "Download every medium when it arrives.")
  static let bufferNoforwards = Setting(
    "BUFFER_NOFORWARDS_CONTENT", default: true, .bool, "Download the media of protected chats.")
  static let processSelfDestruct = Setting(
    "PROCESS_SELF_DESTRUCT_MEDIA", default: true, .bool, "Download view-once and timed media.")
  static let maxBufferFileSize = Setting(
    "MAX_BUFFER_FILE_SIZE", default: 209_715_200, .integer(0...Int.max, "bytes, 0 or more"),
    "Larger files are recorded, not downloaded.")
  static let mediaMinFree = Setting(
    "MEDIA_MIN_FREE_BYTES", default: 1_073_741_824, .integer(0...Int.max, "bytes, 0 or more"),
    "Nothing is downloaded that would leave less than this free on the disk.")
  static let mediaBufferTTL = Setting(
    "MEDIA_BUFFER_TTL_HOURS", default: 24, .integer(1...87_600, "hours, 1 to 87600"),
    "How long a downloaded medium is kept for the case that its message vanishes.")
  static let encryptDeletedMedia = Setting(
    "ENCRYPT_DELETED_MEDIA", default: false, .bool, "Encrypt recovered media on disk with AES-256-GCM.")
  static let deletedMediaKey = Setting<Secret<[UInt8]>?>.optional(
    "DELETED_MEDIA_KEY_B64", isSecret: true, .key, "The key for ENCRYPT_DELETED_MEDIA.")
  static let deletedMediaKeyFile = Setting<String?>.optional(
    "DELETED_MEDIA_KEY_FILE", .text("a file that holds base64 of 32 bytes"),
    "A file with that key, as systemd's credentials give it; older keys may follow it, one a line, for `tgl decrypt`.")
  static let maxDeletedPerEvent = Setting(
    "MAX_DELETED_MESSAGES_PER_EVENT", default: 5, .integer(0...100),
    "Deleted messages of one event that are posted singly; the others go into one post with a file.")
  static let saveEdited = Setting(
    "SAVE_EDITED_MESSAGES", default: false, .bool, "Post what an edited message said before and after.")
  static let saveDeletedPrivate = Setting(
    "SAVE_DELETED_FROM_PRIVATE_CHATS", default: true, .bool, "Post what is deleted in private chats.")
  static let saveDeletedGroups = Setting(
    "SAVE_DELETED_FROM_GROUPS", default: true, .bool, "Post what is deleted in groups.")
  static let saveDeletedChannels = Setting(
    "SAVE_DELETED_FROM_CHANNELS", default: true, .bool, "Post what is deleted in channels.")
  static let editSettle = Setting(
    "EDIT_SETTLE_SECS", default: 10, .integer(0...3_600, "seconds, 0 to 3600; 0 posts each edit"),
    "How long a message must be quiet before its edits are posted, all in one post; at most six times that.")
  static let mediaNoticeWait = Setting(
    "MEDIA_NOTICE_WAIT_SECS", default: 120, .integer(0...86_400, "seconds, 0 to 86400"),
    "How long a notice waits for its file; then its text is posted, and the file follows as an answer to it.")
  static let postsPerMinute = Setting(
    "LOG_CHAT_POSTS_PER_MINUTE", default: 18, .integer(1...1_000_000, "posts, 1 to 1000000"),
    "How many posts a minute are made in the log chat, beyond 20 at once after a quiet time.")
  static let tidyGIFs = Setting(
    "DELETE_SENT_GIFS_FROM_SAVED", default: true, .bool,
    "Take GIFs that were posted out of the account's saved GIFs again.")
  static let tidyStickers = Setting(
    "DELETE_SENT_STICKERS_FROM_SAVED", default: true, .bool,
    "Take stickers that were posted out of the account's recent stickers again.")
  static let persistUser = persistence("USER", "private chats")
  static let persistGroup = persistence("GROUP", "groups, and chats of unknown type")
  static let persistChannel = persistence("CHANNEL", "channels")
  static let persistBot = persistence("BOT", "chats with bots")
  static let persistDeleted = Setting(
    "PERSIST_TIME_IN_DAYS_DELETED", default: 36_500, .integer(0...36_500, "days, 0 to 36500"),
    "How long deleted messages are kept after their deletion, with their versions, though other messages of the chat go."
  )
  static let reconcileInterval = Setting(
    "RECONCILE_INTERVAL_MINUTES", default: 30, .integer(0...10_080, "minutes, 0 to 10080; 0 for never"),
    "How often stored messages are compared with Telegram's, which does not always tell of a deletion.")
  static let reconcileWindow = Setting(
    "RECONCILE_WINDOW_HOURS", default: 48, .integer(0...87_600, "hours, 0 to 87600; 0 for never"),
    "How far back messages are compared.")
  static let reconcileRequests = Setting(
    "RECONCILE_REQUESTS_PER_MINUTE", default: 10, .integer(0...600, "requests, 0 to 600; 0 for never"),
    "How many requests a minute that may take, 100 messages each.")
  static let backfillMessages = Setting(
    "BACKFILL_MESSAGES_PER_CHAT", default: 0, .integer(0...1_000_000, "messages, 0 to 1000000; 0 for none"),
    "How many earlier messages of each chat are fetched, so that they too can be recovered.")
  static let backfillChats = Setting<Set<PeerID>?>(
    "BACKFILL_CHATS", default: .none, shown: "all",
    SettingFormat(accepts: "all, or \(SettingFormat<Set<PeerID>>.peers.accepts)") { text in
      text == "all" ? .some(.none) : SettingFormat<Set<PeerID>>.peers.parse(text).map { .some($0) }
    },
    "The chats whose earlier messages are fetched.")
  static let healthHost = Setting(
    "HEALTH_HOST", default: "127.0.0.1", .text("an IP address or a host name, without a port", Self.isHost),
    "Where the health endpoint listens.")
  static let healthPort = Setting(
    "HEALTH_PORT", default: 8080, .integer(0...65_535, "a port, 0 to 65535; 0 lets the system choose"),
    "The health endpoint's port.")
  static let healthPath = Setting(
    "HEALTH_PATH", default: "/health",
    .text("a path that starts with /, of letters, digits and /._~-") {
      $0.wholeMatch(of: /\/[A-Za-z0-9\/._~\-]*/) != nil
    },
    "The health endpoint's path.")
  static let healthErrorWindow = Setting(
    "HEALTH_ERROR_WINDOW_SECS", default: 300, .integer(0...86_400, "seconds, 0 to 86400"),
    "How long an error makes the service unhealthy.")
  static let housekeepingStale = Setting(
    "HEALTH_HOUSEKEEPING_STALE_SECS", default: 900, .integer(60...86_400, "seconds, 60 to 86400"),
    "Housekeeping older than this makes the service unhealthy.")
  static let healthStall = Setting(
    "HEALTH_STALL_SECS", default: 120, .integer(10...86_400, "seconds, 10 to 86400"),
    "How long Telegram may be out of reach, updates wait or the log chat take nothing before the service is unhealthy.")
  static let healthToken = Setting<Secret<String>?>.optional(
    "HEALTH_TOKEN", isSecret: true, .token,
    "What must be shown to see the health endpoint, the metrics and the status page: `Authorization: Bearer …`.")
  static let healthTokenFile = secretFile(for: "HEALTH_TOKEN", "that token")
  static let canaryInterval = Setting(
    "CANARY_INTERVAL_MINUTES", default: 0, .integer(0...10_080, "minutes, 0 to 10080; 0 for never"),
    "How often a silent message is posted to the log chat and deleted again, to see that deletions come back.")
  static let debug = Setting("DEBUG_MODE", default: false, .bool, "Log more.")
  static let proxy = Setting<ProxyAddress?>.optional(
    "PROXY_URL", isSecret: true, SettingFormat(accepts: ProxyAddress.accepts) { ProxyAddress($0) },
    "The proxy to reach Telegram through.")
  static let proxyFile = secretFile(for: "PROXY_URL", "that address")
  static let telegramDC = Setting<ServerAddress?>.optional(
    "TELEGRAM_DC", SettingFormat(accepts: ServerAddress.accepts) { ServerAddress($0) },
    "Another MTProto server than Telegram's.")
  static let telegramKey = Setting<String?>.optional(
    "TELEGRAM_RSA_KEY", .text("a file with an RSA public key in PEM format"), "That server's RSA public key.")
  static let transport = Setting(
    "TELEGRAM_TRANSPORT", default: Transport(.abridged, obfuscated: true), shown: "obfuscated-abridged",
    SettingFormat(accepts: "one of \(Transport.allNames.joined(separator: ", "))") { Transport(name: $0) },
    "How packets are laid out on the connection.")

  /// In the order of the documentation.
  public static let all: [any SettingDeclaration] = [
    apiID, apiHash, apiHashFile, logChat, dataRoot, listenOutgoing, ignoredIDs, bufferAllMedia, bufferNoforwards,
    processSelfDestruct, maxBufferFileSize, mediaMinFree, mediaBufferTTL, encryptDeletedMedia, deletedMediaKey,
    deletedMediaKeyFile,
    maxDeletedPerEvent, saveEdited, editSettle, saveDeletedPrivate, saveDeletedGroups, saveDeletedChannels,
    mediaNoticeWait, postsPerMinute, tidyGIFs, tidyStickers, persistUser, persistGroup, persistChannel, persistBot,
    persistDeleted, reconcileInterval,
    reconcileWindow, reconcileRequests, backfillMessages, backfillChats, healthHost, healthPort, healthPath,
    healthErrorWindow, housekeepingStale, healthStall, healthToken, healthTokenFile, canaryInterval, debug, proxy,
    proxyFile, telegramDC, telegramKey, transport,
  ]

  /// The settings that name a file with a secret, by the secret's own name; what is given outright goes before them.
  static let secretFiles = ["API_HASH": apiHashFile, "HEALTH_TOKEN": healthTokenFile, "PROXY_URL": proxyFile]

  /// Names of the Python service that still work, and what they are called now.
  static let legacyNames = ["TELEGRAM_DELETED_MEDIA_KEY_B64": "DELETED_MEDIA_KEY_B64"]

  /// What a setting is called now that a name of the Python service stands for; any other name is its own.
  public static func currentName(of name: String) -> String { legacyNames[name] ?? name }

  private static func secretFile(for name: String, _ what: String) -> Setting<String?> {
    Setting<String?>.optional(
      "\(name)_FILE", .text("a file that holds \(name), which other users cannot read"),
      "A file with \(what), as systemd's credentials and containers' secrets give it.")
  }

  private static func isHost(_ text: String) -> Bool {
    let isHostName = text.utf8.allSatisfy { byte in
      Character(UnicodeScalar(byte)).isLetter && byte < 0x80 || (48...57).contains(byte) || [45, 46, 95].contains(byte)
    }
    var address = in6_addr()
    return isHostName || inet_pton(AF_INET6, text, &address) == 1
  }

  private static func persistence(_ type: String, _ chats: String) -> Setting<Int> {
    Setting(
      "PERSIST_TIME_IN_DAYS_\(type)", default: 1, .integer(0...36_500, "days, 0 to 36500"),
      "How long messages of \(chats) are kept.")
  }
}

extension SettingFormat where Value == PeerID {
  static var peer: SettingFormat {
    SettingFormat(
      accepts: "a chat id as bots see it: -100… for a channel or supergroup, -… for a group, positive for a user"
    ) {
      Int64($0).flatMap(PeerID.init(rawValue:))
    }
  }
}

extension SettingFormat where Value == Set<PeerID> {
  static var peers: SettingFormat {
    SettingFormat(accepts: "chat or user ids, as a JSON array or with commas between") { text in
      let isArray = text.hasPrefix("[") && text.hasSuffix("]")
      let list = isArray ? String(text.dropFirst().dropLast()) : text
      if list.allSatisfy(\.isWhitespace) { return [] }
      let items = list.split(separator: ",", omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: CharacterSet(charactersIn: " \t\n\""))
      }
      let peers = items.compactMap { Int64($0).flatMap(PeerID.init(rawValue:)) }
      return peers.count == items.count ? Set(peers) : nil
    }
  }
}

extension SettingFormat where Value == Secret<String> {
  static var token: SettingFormat {
    SettingFormat(accepts: "16 characters or more, of those a header can carry") { text in
      let isPrintable = text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
      return text.utf8.count >= 16 && isPrintable ? Secret(text) : nil
    }
  }
}

extension SettingFormat where Value == Secret<[UInt8]> {
  static var key: SettingFormat {
    SettingFormat(accepts: "base64 of 32 bytes, as `tgl keygen` makes it") { text in
      Data(base64Encoded: text).flatMap { $0.count == 32 ? Secret(Array($0)) : nil }
    }
  }
}
