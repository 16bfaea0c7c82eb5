import Foundation
import TelegramClient

extension ProxyAddress {
  static let accepts =
    "socks5://[user:pass@]host:port, http://[user:pass@]host:port, or an MTProxy link (tg://proxy?… or https://t.me/proxy?…)"

  init?(_ text: String) {
    guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased() else { return nil }
    switch scheme {
    case "socks5", "socks5h", "http":
      guard var host = url.host, !host.isEmpty, let port = url.port, (1...65_535).contains(port),
        url.path.isEmpty || url.path == "/"
      else { return nil }
      if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
      self =
        scheme == "http"
        ? .http(host: host, port: port, user: url.user, password: url.password)
        : .socks5(host: host, port: port, user: url.user, password: url.password)
    case "tg" where url.host == "proxy",
      "https" where ["t.me", "telegram.me"].contains(url.host) && url.path == "/proxy":
      func item(_ name: String) -> String? { url.queryItems?.first { $0.name == name }?.value }
      guard let host = item("server"), !host.isEmpty, let port = item("port").flatMap({ Int($0) }),
        (1...65_535).contains(port), let secret = item("secret").flatMap(Self.secret)
      else { return nil }
      self = .mtproxy(host: host, port: port, secret: secret)
    default:
      return nil
    }
  }

  /// Hexadecimal or URL-safe base64; 16 bytes, or more behind `dd` and `ee`.
  private static func secret(_ text: String) -> [UInt8]? {
    let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    let bytes: [UInt8]
    if digits.count == text.utf8.count, digits.count % 2 == 0 {
      bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    } else {
      var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
      base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
      guard let data = Data(base64Encoded: base64) else { return nil }
      bytes = Array(data)
    }
    switch bytes.count {
    case 16: return bytes
    case 17 where bytes[0] == 0xdd: return bytes
    case 18... where bytes[0] == 0xee: return bytes
    default: return nil
    }
  }
}
