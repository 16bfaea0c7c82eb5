import Foundation
import TelegramClient
import TestSupport
import Testing

@testable import TGLCore

@Suite struct SettingsSourceTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func source(
    flags: [String: String] = [:], environment: [String: String] = [:], file: String
  ) throws -> SettingsSource {
    SettingsSource(flags: flags, environment: environment, envFile: try folder.file("tgl.env", file))
  }

  @Test func flagsWinOverTheEnvironmentAndTheEnvironmentOverTheFile() throws {
    let file = "A=file\nB=file\nC=file"
    let source = try source(flags: ["A": "flag"], environment: ["A": "env", "B": "env"], file: file)
    #expect(source.text("A") == "flag")
    #expect(source.text("B") == "env")
    #expect(source.text("C") == "file")
    #expect(source.text("D") == nil)
  }

  /// As in `FOO=${FOO:-}` of a compose file.
  @Test func anEmptyValueIsOneThatIsNotGiven() throws {
    let source = try source(environment: ["A": "", "B": "  "], file: "A=file")
    #expect(source.text("A") == "file")
    #expect(source.text("B") == nil)
  }

  @Test func aNamedFileThatIsMissingIsAnErrorBesideTheOthers() {
    let path = "\(folder.path)/none.env"
    let source = SettingsSource(environment: leastSettings.merging(["HEALTH_PORT": "x"]) { $1 }, envFile: path)
    let error = #expect(throws: SettingsError.self) { try Settings(source) }
    #expect(error?.problems.map(\.subject) == [path, "HEALTH_PORT"])
    #expect(error?.description.contains("no such file") == true)
  }

  @Test func aFolderOrBinaryFileInTheFilesPlaceIsAnError() throws {
    for path in [folder.path, try folder.file("binary", Data([0xFF, 0xFE, 0x00, 0xD8]))] {
      let error = #expect(throws: SettingsError.self) {
        try Settings(SettingsSource(environment: leastSettings, envFile: path))
      }
      #expect(error?.problems.map(\.subject) == [path])
    }
  }

  @Test func aLineOfTheFileThatIsNoneIsToldWithItsNumber() throws {
    let path = try folder.file("tgl.env", "API_ID=1\nwhat\nLOG_CHAT_ID=x\n")
    let error = #expect(throws: SettingsError.self) {
      try Settings(SettingsSource(environment: [:], envFile: path))
    }
    #expect(error?.problems.map(\.subject) == ["\(path), line 2", "API_HASH", "LOG_CHAT_ID"])
  }

  @Test(
    arguments: [
      ("HEALT_PORT", "HEALTH_PORT"), ("health_port", "HEALTH_PORT"), ("HEALTH_POTR", "HEALTH_PORT"),
      ("LOGCHAT_ID", "LOG_CHAT_ID"), ("PERSIST_TIME_IN_DAYS_USERS", "PERSIST_TIME_IN_DAYS_USER"),
      ("SAVE_DELETED_FROM_GROUP", "SAVE_DELETED_FROM_GROUPS"),
    ])
  func aNameThatIsNearlyASettingGetsAWarning(name: String, meant: String) throws {
    let file = leastSettings.map { "\($0)=\($1)" }.joined(separator: "\n") + "\n\(name)=1"
    let warnings = try Settings(try source(file: file)).warnings
    #expect(warnings.count == 1)
    #expect(warnings.first?.hasSuffix("\(name) is no setting; did you mean \(meant)?") == true)
  }

  @Test func otherNamesInTheFileAreNobodysBusiness() throws {
    let file = leastSettings.map { "\($0)=\($1)" }.joined(separator: "\n") + "\nPATH=/bin\nTZ=UTC\nPOSTGRES_PASSWORD=x"
    #expect(try Settings(try source(file: file)).warnings == [])
  }

  @Test func theKeyMayHaveItsLegacyNameWithOneWarning() throws {
    let key = Data(repeating: 7, count: 32).base64EncodedString()
    let settings = try settings(["TELEGRAM_DELETED_MEDIA_KEY_B64": key, "ENCRYPT_DELETED_MEDIA": "true"])
    #expect(settings.deletedMediaKey?.exposed == [UInt8](repeating: 7, count: 32))
    #expect(settings.warnings.count == 1)
    #expect(settings.warnings.first?.contains("DELETED_MEDIA_KEY_B64") == true)
  }

  @Test func theKeyMayBeInAFile() throws {
    let key = Data(repeating: 8, count: 32).base64EncodedString()
    let path = try folder.file("key", "\(key)\n")
    #expect(try settings(["DELETED_MEDIA_KEY_FILE": path]).deletedMediaKey?.exposed == [UInt8](repeating: 8, count: 32))
    let short = try folder.file("short", "c2hvcnQ=")
    for path in [short, "\(folder.path)/none"] {
      let lines = problems(["DELETED_MEDIA_KEY_FILE": path])
      #expect(lines.count == 1)
      #expect(lines.first?.hasPrefix("DELETED_MEDIA_KEY_FILE: ") == true)
      #expect(lines.first?.contains("c2hvcnQ") == false)
    }
  }

  @Test func aSecretMayBeInAFileOfItsOwn() throws {
    let hash = String(repeating: "ab", count: 16)
    let files = [
      "API_HASH_FILE": try folder.file("hash", " \(hash)\n"),
      "HEALTH_TOKEN_FILE": try folder.file("token", "0123456789abcdef\n"),
    ]
    var least = leastSettings
    least["API_HASH"] = nil
    let fromFiles = try Settings(SettingsSource(environment: least.merging(files) { $1 }))
    #expect(fromFiles.account.apiHash.exposed == hash)
    #expect(fromFiles.health.token?.exposed == "0123456789abcdef")
    // What is given outright goes before.
    #expect(try settings(["API_HASH_FILE": "/nonexistent"]).account.apiHash.exposed == leastSettings["API_HASH"])
  }

  @Test(arguments: [0o644, 0o604, 0o602]) func aSecretFileThatIsOpenToEverybodyIsRefused(mode: Int) throws {
    let path = try folder.file("key's file", Data(repeating: 8, count: 32).base64EncodedString())
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    for setting in ["DELETED_MEDIA_KEY_FILE", "HEALTH_TOKEN_FILE"] {
      let lines = problems([setting: path])
      #expect(lines.count == 1)
      #expect(lines.first?.contains("can be read by every user of this machine; run: chmod 600 '") == true)
    }
    // A group of one's own, and the way systemd hands credentials over.
    try FileManager.default.setAttributes([.posixPermissions: 0o440], ofItemAtPath: path)
    #expect(try settings(["DELETED_MEDIA_KEY_FILE": path]).deletedMediaKey != nil)
  }

  @Test func anEmptySecretFileIsNamedAndTheSettingIsNotCalledMissing() throws {
    var least = leastSettings
    least["API_HASH"] = nil
    least["API_HASH_FILE"] = try folder.file("hash", "\n")
    let error = #expect(throws: SettingsError.self) { try Settings(SettingsSource(environment: least)) }
    #expect(error?.problems.map(\.subject) == ["API_HASH_FILE"])
  }

  @Test func encryptionWithoutAKeyIsAnError() {
    #expect(problems(["ENCRYPT_DELETED_MEDIA": "true"]).map { $0.prefix { $0 != ":" } } == ["DELETED_MEDIA_KEY_B64"])
  }

  /// Any text in any setting: settings, or lines that name a setting.
  @Test func anyTextsMakeSettingsOrErrors() {
    var numbers = SeededGenerator(seed: SeededGenerator.runSeed &+ 2)
    let pieces = [
      "0", "1", "-1", "-100", "99999999999999999999", "true", "/", ":", "@", "[", "]", ",", "\"", "\n", "\u{0}", " ",
      "é",
      "socks5://", "http://", "tg://proxy?", "server=h", "&port=1", "&secret=dd", "%", "%zz", "[::1]", "a", "=", "full",
      "obfuscated-", "２",
    ]
    let names = SettingsCatalog.all.map(\.name) + SettingsCatalog.legacyNames.keys
    var whole = 0
    for _ in 0..<20_000 {
      var values = Bool.random(using: &numbers) ? leastSettings : [:]
      for name in names where Int.random(in: 0..<12, using: &numbers) == 0 {
        values[name] = (0..<Int.random(in: 0...4, using: &numbers)).map { _ in
          pieces.randomElement(using: &numbers) ?? ""
        }.joined()
      }
      do {
        _ = try Settings(SettingsSource(environment: values, envFile: "/dev/null"))
        whole += 1
      } catch {
        #expect(!error.problems.isEmpty)
        #expect(error.problems.allSatisfy { names.contains($0.subject) && !$0.description.contains("\n") })
      }
    }
    #expect(whole > 0)
  }
}
