import MTProto
import TelegramClient
import Testing

@testable import TGLCore

/// Secrets keep themselves out of logs and errors, by type: whoever writes a value into a text cannot give them away.
@Suite struct RedactionTests {
  private static let hash = "0123456789abcdef0123456789abcdef"
  private static let key = [UInt8](repeating: 0x5A, count: 256)

  private static func settings() throws -> Settings {
    try Settings(
      SettingsSource(environment: [
        "API_ID": "1", "API_HASH": hash, "LOG_CHAT_ID": "-1001234567890", "ENCRYPT_DELETED_MEDIA": "true",
        "DELETED_MEDIA_KEY_B64": "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=", "HEALTH_TOKEN": "token-token-token",
      ]))
  }

  private static func values() throws -> [any Sendable] {
    let settings = try settings()
    return [
      settings, settings.account, settings.health, settings.account.clientConfiguration(version: "1"),
      try #require(AuthKey(bytes: key)), StoredDC(id: 2, host: "h", port: 1, authKey: key), Secret(hash),
      try #require(ProxyAddress("socks5://me:hunter22@h:1")),
      try #require(ProxyAddress("tg://proxy?server=h&port=1&secret=5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a")),
      TokenCheck(token: Secret("token-token-token")),
    ]
  }

  @Test func noWayOfPrintingAValueShowsASecret() throws {
    for value in try Self.values() {
      var dumped = ""
      dump(value, to: &dumped)
      for text in ["\(value)", String(reflecting: value), dumped] {
        for secret in [Self.hash, "90, 90", "0x5a", "5a5a", "WlpaWl", "token-token", "hunter22"] {
          #expect(!text.contains(secret), "\(type(of: value)) shows a secret")
        }
      }
    }
  }
}
