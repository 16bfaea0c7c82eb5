import MTProtoCrypto
import NIOCore
import TestSupport
import Testing

@testable import TelegramClient

@Suite struct ProxyHandshakeTests {
  private static let target = Endpoint(host: "149.154.167.50", port: 443)

  /// Gives a handshake what a proxy answers, and returns all it says; each answer comes `cut` bytes at a time.
  private func converse(
    _ handshake: any ProxyHandshake, answers: [[UInt8]], cut: Int = .max
  ) throws -> (said: [[UInt8]], left: [UInt8], isDone: Bool) {
    var handshake = handshake
    var said = [Array(handshake.start().readableBytesView)]
    var input = ByteBuffer()
    var isDone = false
    for answer in answers {
      var rest = answer[...]
      while !rest.isEmpty {
        input.writeBytes(rest.prefix(cut))
        rest = rest.dropFirst(min(cut, rest.count))
        loop: while !isDone {
          switch try handshake.receive(&input) {
          case .needsMore: break loop
          case .send(let bytes): said.append(Array(bytes.readableBytesView))
          case .done: isDone = true
          }
        }
      }
    }
    return (said, Array(input.readableBytesView), isDone)
  }

  /// The bytes are those of RFC 1928, sections 3, 4 and 6, and RFC 1929.
  @Test(arguments: [1, 2, 3, 1_000])
  func socksGoesThroughMethodCredentialsAndConnection(cut: Int) throws {
    let reply: [UInt8] = [5, 0, 0, 1, 10, 0, 0, 1, 0x1f, 0x90]
    let address: [UInt8] = [5, 1, 0, 1, 149, 154, 167, 50, 0x01, 0xbb]
    let open = try converse(
      SOCKS5Handshake(target: Self.target, user: nil, password: nil), answers: [[5, 0], reply + [7, 8]], cut: cut)
    #expect(open.said == [[5, 1, 0], address] && open.isDone && open.left == [7, 8])
    let closed = try converse(
      SOCKS5Handshake(target: Self.target, user: "me", password: "pw"), answers: [[5, 2], [1, 0], reply], cut: cut)
    #expect(closed.said == [[5, 2, 0, 2], [1, 2, 0x6d, 0x65, 2, 0x70, 0x77], address] && closed.isDone)
    let named = try converse(
      SOCKS5Handshake(target: Endpoint(host: "dc.test", port: 80), user: nil, password: nil),
      answers: [[5, 0], [5, 0, 0, 3, 2, 0x61, 0x62, 0, 0]], cut: cut)
    #expect(named.said.last == [5, 1, 0, 3, 7] + Array("dc.test".utf8) + [0, 80] && named.isDone && named.left == [])
    let six = try converse(
      SOCKS5Handshake(target: Endpoint(host: "2001:67c:4e8:f002::a", port: 443), user: nil, password: nil),
      answers: [[5, 0], [5, 0, 0, 4] + [UInt8](repeating: 1, count: 18)], cut: cut)
    #expect(
      six.said.last == [5, 1, 0, 4, 0x20, 1, 6, 0x7c, 4, 0xe8, 0xf0, 2, 0, 0, 0, 0, 0, 0, 0, 0x0a, 1, 0xbb]
        && six.isDone && six.left == [])
  }

  @Test(
    arguments: [
      ([[5, 0xff]], nil, ProxyRefusal.needsCredentials), ([[5, 0xff]], "me", .wrongCredentials),
      ([[5, 2]], nil, .needsCredentials), ([[5, 2], [1, 1]], "me", .wrongCredentials),
      ([[5, 0], [5, 5, 0, 1]], nil, .target("connection refused")),
      ([[5, 0], [5, 2]], nil, .target("not allowed by its rules")),
      ([[5, 0], [5, 99]], nil, .target("reply 99")), ([[5, 0], [5, 0, 0, 9]], nil, .noSuchProxy("address type 9")),
      ([[0x48, 0x54]], nil, .noSuchProxy("version 72")),
    ] as [([[UInt8]], String?, ProxyRefusal)])
  func socksRefusals(answers: [[UInt8]], user: String?, refusal: ProxyRefusal) {
    #expect(throws: refusal) {
      try converse(SOCKS5Handshake(target: Self.target, user: user, password: "x"), answers: answers)
    }
  }

  /// RFC 9110, section 9.3.6; the credentials are those of RFC 7617, section 2.
  @Test(arguments: [1, 5, 1_000])
  func connectSaysWhereAndWho(cut: Int) throws {
    let answer = Array("HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n".utf8)
    let plain = try converse(
      HTTPConnectHandshake(target: Self.target, user: nil, password: nil), answers: [answer + [1, 2]], cut: cut)
    #expect(
      plain.said == [Array("CONNECT 149.154.167.50:443 HTTP/1.1\r\nHost: 149.154.167.50:443\r\n\r\n".utf8)]
        && plain.isDone && plain.left == [1, 2])
    let known = try converse(
      HTTPConnectHandshake(target: Self.target, user: "Aladdin", password: "open sesame"), answers: [answer], cut: cut)
    #expect(
      String(decoding: known.said[0], as: UTF8.self)
        .contains("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") && known.isDone)
  }

  @Test(
    arguments: [
      ("HTTP/1.1 407 Authentication Required\r\n\r\n", nil, ProxyRefusal.needsCredentials),
      ("HTTP/1.1 407 Authentication Required\r\n\r\n", "me", .wrongCredentials),
      ("HTTP/1.1 502 Bad Gateway\r\n\r\n", nil, .target("HTTP status 502")),
      ("HTTP/1.1\r\n\r\n", nil, .noSuchProxy("no HTTP status")), ("SSH-2.0", nil, .noSuchProxy("no HTTP")),
      ("HTTP/1.1 200 " + String(repeating: "x", count: 20_000), nil, .noSuchProxy("no end of the answer")),
    ] as [(String, String?, ProxyRefusal)])
  func connectRefusals(answer: String, user: String?, refusal: ProxyRefusal) {
    #expect(throws: refusal) {
      try converse(
        HTTPConnectHandshake(target: Self.target, user: user, password: nil), answers: [Array(answer.utf8)])
    }
  }

  // MARK: Fake TLS

  private static let key = [UInt8](0..<16)

  private func hello(_ generator: inout SeededGenerator, domain: String = "www.example.com") throws -> FakeTLSHandshake
  {
    try FakeTLSHandshake(
      key: Self.key, domain: domain, unixTime: 0x0102_0304, publicKey: try X25519.newPublicKey(), using: &generator)
  }

  /// What a proxy that knows `key` answers to a ClientHello.
  private func answer(to hello: [UInt8], key: [UInt8]) throws -> [UInt8] {
    let session = Array(hello[44..<76])
    var body: [UInt8] = [3, 3] + [UInt8](repeating: 0, count: 32) + [32] + session + [0x13, 1, 0, 0, 0]
    body = [2, 0, 0, UInt8(body.count)] + body
    var answer: [UInt8] = [0x16, 3, 3, 0, UInt8(body.count)] + body + [0x14, 3, 3, 0, 1, 1]
    answer += [0x17, 3, 3, 0, 50] + [UInt8](repeating: 9, count: 50)
    answer.replaceSubrange(11..<43, with: try HMACSHA256.code(Array(hello[11..<43]) + answer, key: key))
    return answer
  }

  @Test(arguments: ["www.example.com", "x", String(repeating: "long", count: 60)])
  func theHelloIsTLSAndItsRandomProvesTheSecretAndTheTime(domain: String) throws {
    var generator = SeededGenerator(seed: 1)
    var handshake = try hello(&generator, domain: domain)
    let hello = Array(handshake.start().readableBytesView)
    #expect(hello.count == FakeTLSHandshake.helloLength)
    #expect(Array(hello[..<11]) == [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])
    var blank = hello
    blank.replaceSubrange(11..<43, with: repeatElement(0, count: 32))
    let code = try HMACSHA256.code(blank, key: Self.key)
    let difference = zip(code, hello[11..<43]).map { $0 ^ $1 }
    #expect(difference == [UInt8](repeating: 0, count: 28) + [4, 3, 2, 1])
    // The extensions fill the rest exactly, each with its length.
    var place = 11 + 32 + 1 + 32
    place += 2 + Int(hello[place]) << 8 + Int(hello[place + 1])
    place += 2
    #expect(Int(hello[place]) << 8 + Int(hello[place + 1]) == hello.count - place - 2)
    place += 2
    var types: [Int] = []
    while place + 4 <= hello.count {
      types.append(Int(hello[place]) << 8 + Int(hello[place + 1]))
      place += 4 + Int(hello[place + 2]) << 8 + Int(hello[place + 3])
    }
    #expect(place == hello.count && types.contains(0) && types.contains(0x2b) && types.contains(0x33))
  }

  @Test(arguments: [1, 7, 10_000])
  func theProxyProvesThatItKnowsTheSecret(cut: Int) throws {
    var generator = SeededGenerator(seed: 2)
    let handshake = try hello(&generator)
    var copy = handshake
    let sent = Array(copy.start().readableBytesView)
    let good = try converse(handshake, answers: [try answer(to: sent, key: Self.key) + [1, 2, 3]], cut: cut)
    #expect(good.isDone && good.left == [1, 2, 3])
    #expect(throws: ProxyRefusal.wrongSecret) {
      try converse(handshake, answers: [try answer(to: sent, key: [UInt8](repeating: 5, count: 16))], cut: cut)
    }
    // A web site that is no proxy refuses what is no handshake to it.
    #expect(throws: ProxyRefusal.noSuchProxy("no TLS")) {
      try converse(handshake, answers: [[0x15, 3, 3, 0, 2, 2, 40]], cut: cut)
    }
  }

  @Test func recordsCarryBytesBothWays() throws {
    var generator = SeededGenerator.run(0)
    var sender = FakeTLSRecords()
    var receiver = FakeTLSRecords()
    var wire: [UInt8] = []
    var sent: [UInt8] = []
    for _ in 0..<20 {
      let bytes = (0..<Int.random(in: 0...40_000, using: &generator)).map { UInt8(truncatingIfNeeded: $0) }
      sent += bytes
      wire += sender.seal(ByteBuffer(bytes: bytes)).readableBytesView
    }
    #expect(Array(wire[..<6]) == [0x14, 3, 3, 0, 1, 1])
    var received: [UInt8] = []
    while !wire.isEmpty {
      let count = min(wire.count, Int.random(in: 1...30_000, using: &generator))
      if let bytes = try receiver.open(ByteBuffer(bytes: wire[..<count])) { received += bytes.readableBytesView }
      wire.removeFirst(count)
    }
    #expect(received == sent)
    #expect(throws: ProxyRefusal.noSuchProxy("no TLS")) {
      try receiver.open(ByteBuffer(bytes: [0x15, 3, 3, 0, 2, 1, 0]))
    }
  }

  @Test func anyAnswerIsSurvived() throws {
    var generator = SeededGenerator.run(0)
    for round in 0..<3_000 {
      let made: any ProxyHandshake =
        switch round % 3 {
        case 0: SOCKS5Handshake(target: Self.target, user: "u", password: nil)
        case 1: HTTPConnectHandshake(target: Self.target, user: nil, password: nil)
        default: try hello(&generator)
        }
      var answer = (0..<Int.random(in: 0...80, using: &generator)).map { _ in
        UInt8.random(in: .min ... .max, using: &generator)
      }
      // Some of them begin well.
      let starts: [[UInt8]] = [[5, 2, 1, 0, 5, 0], Array("HTTP/1.1 ".utf8), [0x16, 3, 3, 0, 5]]
      if round % 2 == 0 { answer = starts[round % 3] + answer }
      _ = try? converse(made, answers: [answer], cut: Int.random(in: 1...100, using: &generator))
    }
  }
}
