import Foundation
import TelegramSandbox

/// The folder with the servers' key and what clients need to know.
struct SandboxFolder {
  private let url: URL

  var path: String { url.path(percentEncoded: false) }
  var publicKeyPath: String { url.appending(path: "rsa.pem").path(percentEncoded: false) }
  /// Settings with which tgl reaches the sandbox.
  var settingsPath: String { settingsURL.path(percentEncoded: false) }
  /// Where the demo keeps what tgl logs.
  var logURL: URL { url.appending(path: "tgl.log") }
  private var settingsURL: URL { url.appending(path: "tgl.env") }
  private var privateKeyURL: URL { url.appending(path: "rsa-private.pem") }

  /// - Parameter path: nil makes a temporary folder.
  init(path: String?) throws {
    let manager = FileManager.default
    let url =
      path.map { URL(filePath: $0, directoryHint: .isDirectory) }
      ?? manager.temporaryDirectory.appending(path: "tgl-sandbox-\(UUID().uuidString)", directoryHint: .isDirectory)
    try manager.createDirectory(
      at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    self.url = url.standardizedFileURL
  }

  /// The key of an earlier run, so that clients need not learn a new one.
  var privateKey: String? { try? String(contentsOf: privateKeyURL, encoding: .utf8) }

  /// Writes everything about a running sandbox.
  ///
  /// - Returns: its description as a line of JSON.
  func write(_ sandbox: Sandbox) throws -> String {
    try write(sandbox.privateKeyPEM, to: privateKeyURL)
    try write(sandbox.publicKeyPEM, to: URL(filePath: publicKeyPath))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = String(decoding: try encoder.encode(sandbox.description), as: UTF8.self)
    try write(line + "\n", to: url.appending(path: "sandbox.json"))
    try write(environment(sandbox.description), to: settingsURL)
    return line
  }

  func remove() { try? FileManager.default.removeItem(at: url) }

  private func environment(_ sandbox: SandboxDescription) -> String {
    let home = sandbox.dcs.first { $0.id == sandbox.homeDC }
    let host = home.map { $0.host.contains(":") ? "[\($0.host)]" : $0.host } ?? ""
    return """
      API_ID=\(sandbox.apiID)
      API_HASH=\(sandbox.apiHash)
      LOG_CHAT_ID=\(sandbox.logChatID)
      DATA_ROOT=\(url.appending(path: "data").path(percentEncoded: false))
      HEALTH_PORT=0
      TELEGRAM_DC=\(sandbox.homeDC)@\(host):\(home?.port ?? 0)
      TELEGRAM_RSA_KEY=\(sandbox.rsaPublicKey)

      """
  }

  private func write(_ text: String, to url: URL) throws {
    try Data(text.utf8).write(to: url, options: .atomic)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: url.path(percentEncoded: false))
  }
}
