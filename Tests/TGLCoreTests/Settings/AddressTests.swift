import Foundation
import TelegramClient
import Testing

@testable import TGLCore

@Suite struct AddressTests {
  @Test(
    arguments: [
      ("2@127.0.0.1:4430", 2, "127.0.0.1", 4430), ("2@[::1]:4430", 2, "::1", 4430),
      ("1@dc.example.org:443", 1, "dc.example.org", 443),
      ("1000@h:65535", 1000, "h", 65_535),
    ])
  func serversAreNumberHostAndPort(text: String, dc: Int, host: String, port: Int) {
    let address = ServerAddress(text)
    #expect(address?.dc == dc && address?.host == host && address?.port == port)
    #expect(address?.description == text)
  }

  @Test(
    arguments: [
      "", "2", "2@", "2@host", "@host:1", "0@host:1", "1001@host:1", "x@host:1", "2@host:0", "2@host:65536", "2@host:x",
      "2@::1:443", "2@[]:1", "2@:1", "2@a b:1", "2@a/b:1", "-1@host:1",
    ])
  func otherTextsAreNoServers(text: String) { #expect(ServerAddress(text) == nil) }

  @Test(
    arguments: [
      ("socks5://host:1080", ProxyAddress.socks5(host: "host", port: 1080, user: nil, password: nil)),
      ("socks5h://10.0.0.1:1/", .socks5(host: "10.0.0.1", port: 1, user: nil, password: nil)),
      ("SOCKS5://u:p%40ss@host:1080", .socks5(host: "host", port: 1080, user: "u", password: "p@ss")),
      ("socks5://[::1]:1080", .socks5(host: "::1", port: 1080, user: nil, password: nil)),
      ("http://user@proxy.example.org:3128", .http(host: "proxy.example.org", port: 3128, user: "user", password: nil)),
      (
        "tg://proxy?server=h&port=443&secret=000102030405060708090a0b0c0d0e0f",
        .mtproxy(host: "h", port: 443, secret: Array(0..<16))
      ),
      (
        "https://t.me/proxy?server=h&port=443&secret=dd000102030405060708090a0b0c0d0e0f",
        .mtproxy(host: "h", port: 443, secret: [0xdd] + Array(0..<16))
      ),
      (
        // base64url of ee, 16 bytes and "a.b".
        "https://t.me/proxy?server=h&port=443&secret=7gABAgMEBQYHCAkKCwwNDg9hLmI",
        .mtproxy(host: "h", port: 443, secret: [0xee] + Array(0..<16) + Array("a.b".utf8))
      ),
    ])
  func proxiesAreURLsOrLinks(text: String, proxy: ProxyAddress) { #expect(ProxyAddress(text) == proxy) }

  @Test(
    arguments: [
      "", "host:1080", "socks5://host", "socks5://:1080", "socks5://host:0", "socks5://host:99999", "socks4://host:1",
      "ftp://host:1", "http://host:1/path", "tg://proxy?server=h&port=443", "tg://proxy?server=h&secret=00",
      "tg://proxy?server=h&port=443&secret=00", "tg://resolve?domain=x", "https://example.org/proxy?server=h",
      "tg://proxy?server=h&port=443&secret=ff000102030405060708090a0b0c0d0e0f", "http://%zz:1",
      "tg://proxy?server=h&port=443&secret=００0102030405060708090a0b0c0d0e0f",
    ])
  func otherTextsAreNoProxies(text: String) { #expect(ProxyAddress(text) == nil) }

  @Test(arguments: ["socks5://user:hunter2@h:1", "http://user:hunter2@h:1"])
  func aProxyNeverShowsWhoUsesIt(text: String) throws {
    let proxy = try #require(ProxyAddress(text))
    var dumped = ""
    dump(proxy, to: &dumped)
    for shown in ["\(proxy)", String(reflecting: proxy), "\([proxy])", dumped] {
      #expect(!shown.contains("hunter2") && !shown.contains("user"))
    }
  }

  @Test func anotherServerNeedsItsKeyAndTheKeyItsServer() throws {
    let folder = try TemporaryFolder()
    let noKey = try folder.file("no.pem", "-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n")
    #expect(problems(["TELEGRAM_DC": "2@127.0.0.1:1"]).map { $0.prefix { $0 != ":" } } == ["TELEGRAM_RSA_KEY"])
    #expect(problems(["TELEGRAM_RSA_KEY": noKey]).map { $0.prefix { $0 != ":" } } == ["TELEGRAM_RSA_KEY"])
    #expect(
      problems(["TELEGRAM_DC": "2", "TELEGRAM_RSA_KEY": "\(folder.path)/none"]).map { $0.prefix { $0 != ":" } }
        == ["TELEGRAM_DC", "TELEGRAM_RSA_KEY"])
    let key = try folder.file("rsa.pem", Self.publicKey)
    #expect(problems(["TELEGRAM_RSA_KEY": key]).map { $0.prefix { $0 != ":" } } == ["TELEGRAM_DC"])
    guard
      case .custom(let dc, let host, let port, let keys) = try settings([
        "TELEGRAM_DC": "2@[::1]:4430", "TELEGRAM_RSA_KEY": key,
      ]).account.servers
    else { return #expect(Bool(false), "not the server that was named") }
    #expect(dc == 2 && host == "::1" && port == 4430 && keys.count == 1)
  }

  /// Telegram's published production key.
  private static let publicKey = """
    -----BEGIN RSA PUBLIC KEY-----
    MIIBCgKCAQEA6LszBcC1LGzyr992NzE0ieY+BSaOW622Aa9Bd4ZHLl+TuFQ4lo4g
    5nKaMBwK/BIb9xUfg0Q29/2mgIR6Zr9krM7HjuIcCzFvDtr+L0GQjae9H0pRB2OO
    62cECs5HKhT5DZ98K33vmWiLowc621dQuwKWSQKjWf50XYFw42h21P2KXUGyp2y/
    +aEyZ+uVgLLQbRA1dEjSDZ2iGRy12Mk5gpYc397aYp438fsJoHIgJ2lgMv5h7WY9
    t6N/byY9Nw9p21Og3AoXSL2q/2IJ1WRUhebgAdGVMlV1fkuOQoEzR7EdpqtQD9Cs
    5+bfo3Nhmcyvk5ftB0WkJ9z6bNZ7yxrP8wIDAQAB
    -----END RSA PUBLIC KEY-----
    """
}
