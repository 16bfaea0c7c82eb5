import Foundation
import MTProto
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct SettingsTests {
  @Test func defaultsAreThoseOfTheDocumentation() throws {
    let settings = try settings()
    #expect(settings.account.apiID == 12_345)
    #expect(settings.account.apiHash.exposed == leastSettings["API_HASH"])
    #expect(settings.account.dataRoot == "./data")
    #expect(settings.account.transport.name == "obfuscated-abridged")
    if case .custom = settings.account.servers { Issue.record("not Telegram's own servers") }
    #expect(settings.logChat.rawValue == -1_001_234_567_890)
    #expect(settings.listensToOutgoing)
    #expect(settings.ignoredIDs == [])
    #expect(!settings.buffersAllMedia && settings.buffersNoforwards && settings.processesSelfDestruct)
    #expect(settings.maxBufferFileSize == 209_715_200)
    #expect(settings.mediaBufferTTL == .seconds(24 * 3_600))
    #expect(!settings.encryptsDeletedMedia && settings.deletedMediaKey == nil)
    #expect(settings.maxDeletedPerEvent == 5)
    #expect(!settings.savesEdited)
    #expect(
      settings.savesDeletedFromPrivateChats && settings.savesDeletedFromGroups && settings.savesDeletedFromChannels)
    #expect(settings.tidiesGIFs && settings.tidiesStickers)
    #expect(settings.retention == Settings.Retention(userDays: 1, groupDays: 1, channelDays: 1, botDays: 1))
    #expect(
      settings.health
        == Settings.Health(
          host: "127.0.0.1", port: 8080, path: "/health", errorWindow: .seconds(300), housekeepingStale: .seconds(900),
          stall: .seconds(120), token: nil))
    #expect(
      settings.reconciliation
        == Settings.Reconciliation(interval: .seconds(1_800), window: .seconds(172_800), requestsPerMinute: 10))
    #expect(settings.reconciliation.isOn)
    #expect(settings.backfill == Settings.Backfill(messagesPerChat: 0, chats: nil))
    #expect(!settings.isDebug)
    #expect(settings.warnings == [])
  }

  @Test func everyNameReachesItsField() throws {
    let key = Data(0..<32).base64EncodedString()
    let settings = try settings([
      "DATA_ROOT": "/srv/tgl", "LISTEN_OUTGOING_MESSAGES": "false", "IGNORED_IDS": "[1, -2]",
      "BUFFER_ALL_MEDIA": "true",
      "BUFFER_NOFORWARDS_CONTENT": "false", "PROCESS_SELF_DESTRUCT_MEDIA": "no", "MAX_BUFFER_FILE_SIZE": "7",
      "MEDIA_BUFFER_TTL_HOURS": "2", "ENCRYPT_DELETED_MEDIA": "on", "DELETED_MEDIA_KEY_B64": key,
      "MAX_DELETED_MESSAGES_PER_EVENT": "9", "SAVE_EDITED_MESSAGES": "1", "SAVE_DELETED_FROM_PRIVATE_CHATS": "0",
      "SAVE_DELETED_FROM_GROUPS": "off", "SAVE_DELETED_FROM_CHANNELS": "FALSE", "DELETE_SENT_GIFS_FROM_SAVED": "false",
      "DELETE_SENT_STICKERS_FROM_SAVED": "false", "PERSIST_TIME_IN_DAYS_USER": "2", "PERSIST_TIME_IN_DAYS_GROUP": "3",
      "PERSIST_TIME_IN_DAYS_CHANNEL": "4", "PERSIST_TIME_IN_DAYS_BOT": "5", "PERSIST_TIME_IN_DAYS_DELETED": "6",
      "HEALTH_HOST": "::1", "HEALTH_PORT": "0",
      "HEALTH_PATH": "/ok", "HEALTH_ERROR_WINDOW_SECS": "6", "HEALTH_HOUSEKEEPING_STALE_SECS": "60",
      "RECONCILE_INTERVAL_MINUTES": "5", "RECONCILE_WINDOW_HOURS": "6", "RECONCILE_REQUESTS_PER_MINUTE": "7",
      "BACKFILL_MESSAGES_PER_CHAT": "8", "BACKFILL_CHATS": "[-1, 2]", "DEBUG_MODE": "yes", "TELEGRAM_TRANSPORT": "full",
    ])
    #expect(settings.account.dataRoot == "/srv/tgl")
    #expect(settings.account.transport == Transport(.full, obfuscated: false))
    #expect(!settings.listensToOutgoing)
    #expect(
      settings.reconciliation
        == Settings.Reconciliation(interval: .seconds(300), window: .seconds(21_600), requestsPerMinute: 7))
    #expect(settings.backfill.messagesPerChat == 8)
    #expect(settings.backfill.chats.map { Set($0.map(\.rawValue)) } == [-1, 2])
    #expect(Set(settings.ignoredIDs.map(\.rawValue)) == [1, -2])
    #expect(settings.buffersAllMedia && !settings.buffersNoforwards && !settings.processesSelfDestruct)
    #expect(settings.maxBufferFileSize == 7 && settings.mediaBufferTTL == .seconds(7_200))
    #expect(settings.encryptsDeletedMedia && settings.deletedMediaKey?.exposed == Array(0..<32))
    #expect(settings.maxDeletedPerEvent == 9 && settings.savesEdited)
    #expect(!settings.savesDeletedFromPrivateChats)
    #expect(!settings.savesDeletedFromGroups)
    #expect(!settings.savesDeletedFromChannels)
    #expect(!settings.tidiesGIFs && !settings.tidiesStickers)
    #expect(
      settings.retention == Settings.Retention(userDays: 2, groupDays: 3, channelDays: 4, botDays: 5, deletedDays: 6))
    #expect(
      settings.health
        == Settings.Health(
          host: "::1", port: 0, path: "/ok", errorWindow: .seconds(6), housekeepingStale: .seconds(60),
          stall: .seconds(120), token: nil)
    )
    #expect(settings.isDebug)
  }

  /// The names of the design; a new one is documented by being declared.
  @Test func everySettingIsDeclaredOnceWithMeaningAndAcceptedValues() {
    let names = """
      API_ID API_HASH LOG_CHAT_ID DATA_ROOT LISTEN_OUTGOING_MESSAGES IGNORED_IDS BUFFER_ALL_MEDIA
      BUFFER_NOFORWARDS_CONTENT PROCESS_SELF_DESTRUCT_MEDIA MAX_BUFFER_FILE_SIZE MEDIA_BUFFER_TTL_HOURS
      ENCRYPT_DELETED_MEDIA DELETED_MEDIA_KEY_B64 DELETED_MEDIA_KEY_FILE MAX_DELETED_MESSAGES_PER_EVENT
      SAVE_EDITED_MESSAGES SAVE_DELETED_FROM_PRIVATE_CHATS SAVE_DELETED_FROM_GROUPS SAVE_DELETED_FROM_CHANNELS
      DELETE_SENT_GIFS_FROM_SAVED DELETE_SENT_STICKERS_FROM_SAVED PERSIST_TIME_IN_DAYS_USER PERSIST_TIME_IN_DAYS_GROUP
      PERSIST_TIME_IN_DAYS_CHANNEL PERSIST_TIME_IN_DAYS_BOT PERSIST_TIME_IN_DAYS_DELETED HEALTH_HOST HEALTH_PORT HEALTH_PATH
      HEALTH_ERROR_WINDOW_SECS HEALTH_HOUSEKEEPING_STALE_SECS DEBUG_MODE PROXY_URL TELEGRAM_DC TELEGRAM_RSA_KEY
      TELEGRAM_TRANSPORT
      """.split(whereSeparator: \.isWhitespace).map(String.init)
    let declared = SettingsCatalog.all.map(\.name)
    #expect(Set(declared).count == declared.count)
    #expect(Set(names).isSubset(of: declared), "\(Set(names).subtracting(declared))")
    for setting in SettingsCatalog.all {
      #expect(setting.meaning.hasSuffix("."), "\(setting.name)")
      #expect(!setting.accepts.isEmpty, "\(setting.name)")
    }
    #expect(
      SettingsCatalog.all.filter(\.isSecret).map(\.name) == [
        "API_HASH", "DELETED_MEDIA_KEY_B64", "HEALTH_TOKEN", "PROXY_URL",
      ])
  }

  @Test(arguments: ["true", "TRUE", "True", "1", "yes", "on", " on "])
  func trueIsWrittenInTheseWays(text: String) throws {
    #expect(try settings(["SAVE_EDITED_MESSAGES": text]).savesEdited)
  }

  @Test(arguments: ["false", "FALSE", "0", "no", "Off"])
  func falseIsWrittenInTheseWays(text: String) throws {
    #expect(try !settings(["LISTEN_OUTGOING_MESSAGES": text]).listensToOutgoing)
  }

  @Test(
    arguments: [
      ("", []), ("[]", []), ("[ ]", []), ("5", [5]), ("5,-6", [5, -6]),
      ("[5, -1001234567890]", [5, -1_001_234_567_890]),
      ("[\"5\", \"-6\"]", [5, -6]), (" 5 , 6 ", [5, 6]), ("5,5", [5]),
    ] as [(String, Set<Int64>)])
  func ignoredIDsAreAJSONArrayOrAList(text: String, ids: Set<Int64>) throws {
    #expect(Set(try settings(["IGNORED_IDS": text]).ignoredIDs.map(\.rawValue)) == ids)
  }

  @Test(
    arguments: [
      ("API_ID", "0"), ("API_ID", "-1"), ("API_ID", "2147483648"), ("API_ID", "12a"), ("API_ID", "1.0"),
      ("API_HASH", "0123"), ("API_HASH", "0123456789abcdef0123456789abcdeg"),
      ("API_HASH", String(repeating: "０", count: 32)),
      ("LOG_CHAT_ID", "0"), ("LOG_CHAT_ID", "chat"), ("LOG_CHAT_ID", "-9999999999999999"),
      ("LOG_CHAT_ID", "99999999999999999999"), ("LOG_CHAT_ID", "@name"),
      ("LISTEN_OUTGOING_MESSAGES", "maybe"), ("BUFFER_ALL_MEDIA", "2"), ("DEBUG_MODE", "ja"),
      ("IGNORED_IDS", "1,x"), ("IGNORED_IDS", "[1"), ("IGNORED_IDS", "1,,2"), ("IGNORED_IDS", "{}"),
      ("IGNORED_IDS", "[[1]]"), ("IGNORED_IDS", "0"),
      ("MAX_BUFFER_FILE_SIZE", "-1"), ("MAX_BUFFER_FILE_SIZE", "1e9"), ("MAX_BUFFER_FILE_SIZE", "9223372036854775808"),
      ("MEDIA_BUFFER_TTL_HOURS", "0"), ("MAX_DELETED_MESSAGES_PER_EVENT", "-1"), ("PERSIST_TIME_IN_DAYS_BOT", "36501"),
      ("HEALTH_HOST", "localhost:80"), ("HEALTH_HOST", "a b"), ("HEALTH_HOST", "::x"), ("HEALTH_PORT", "65536"),
      ("HEALTH_PORT", "-1"), ("HEALTH_PORT", "http"), ("HEALTH_PATH", "health"), ("HEALTH_PATH", "/a b"),
      ("HEALTH_ERROR_WINDOW_SECS", "x"), ("HEALTH_HOUSEKEEPING_STALE_SECS", "59"),
      ("TELEGRAM_TRANSPORT", "obfuscated-full"), ("TELEGRAM_TRANSPORT", "tcp"),
    ])
  func aWrongValueIsOneLineWithNameValueAndWhatIsAccepted(name: String, value: String) throws {
    let lines = problems([name: value])
    #expect(lines.count == 1)
    let line = try #require(lines.first)
    let declaration = try #require(SettingsCatalog.all.first { $0.name == name })
    #expect(line.hasPrefix("\(name): "))
    #expect(line.contains(declaration.accepts))
    #expect(line.contains(value) == !declaration.isSecret)
  }

  @Test func everythingThatIsWrongIsToldAtOnce() {
    let lines = problems(["API_ID": "", "LOG_CHAT_ID": "here", "HEALTH_PORT": "70000", "DEBUG_MODE": "?"])
    #expect(lines.map { $0.prefix { $0 != ":" } } == ["API_ID", "LOG_CHAT_ID", "HEALTH_PORT", "DEBUG_MODE"])
    #expect(lines.first?.contains("not set") == true)
  }

  @Test func allThatIsRequiredIsAskedForAtOnce() {
    #expect(throws: SettingsError.self) { try Settings(SettingsSource(environment: [:], envFile: "/dev/null")) }
    let lines = problems(["API_ID": "", "API_HASH": "", "LOG_CHAT_ID": ""])
    #expect(lines.map { $0.prefix { $0 != ":" } } == ["API_ID", "API_HASH", "LOG_CHAT_ID"])
  }

  @Test func signingInNeedsNoLogChat() throws {
    var values = leastSettings
    values["LOG_CHAT_ID"] = nil
    values["HEALTH_PORT"] = "wrong"
    let account = try AccountSettings(SettingsSource(environment: values, envFile: "/dev/null"))
    #expect(account.apiID == 12_345)
  }

  @Test func aValueCannotBreakTheLineThatTellsOfIt() {
    let lines = problems(["HEALTH_PORT": "1\n2\u{1B}[31m\u{9B}5\u{2028}6"])
    #expect(lines.count == 1)
    #expect(lines.allSatisfy { $0.contains("1\\n2\\u{1b}[31m\\u{9b}5\\u{2028}6") && !$0.contains("\n") })
  }

  @Test(
    arguments: [
      ("API_HASH", "topsecret"), ("DELETED_MEDIA_KEY_B64", "dG9wc2VjcmV0"), ("PROXY_URL", "socks5://u:topsecret@h"),
      ("TELEGRAM_DELETED_MEDIA_KEY_B64", "dG9wc2VjcmV0"), ("PROXY_URL", "socks5://u:topsecret@h:1:1"),
    ])
  func aSecretIsNotShownWhenItIsWrong(name: String, value: String) {
    let lines = problems([name: value])
    #expect(lines.count == 1)
    #expect(lines.allSatisfy { !$0.contains("topsecret") && !$0.contains("dG9wc2VjcmV0") })
  }

  @Test func settingsNeverShowTheirSecrets() throws {
    let settings = try settings(["DELETED_MEDIA_KEY_B64": Data(repeating: 0x61, count: 32).base64EncodedString()])
    var dumped = ""
    dump(settings, to: &dumped)
    for text in ["\(settings)", String(reflecting: settings), dumped] {
      #expect(!text.lowercased().contains("0123456789abcdef"))
      #expect(!text.contains("97, 97") && !text.contains("- 97"))
    }
    #expect(settings.deletedMediaKey?.exposed.count == 32)
  }
}
