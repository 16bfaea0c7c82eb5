import MTProto
import MTProtoCrypto
import NIOCore
import TL
import TestSupport
import Testing

private let serverKey = try? RSAPrivateKey.generate()
private let now = Moment(uptime: .zero, unixTime: .seconds(1_800_000_000))

/// Both halves side by side; `alter` may change what the server says on its way.
private func exchange(
  seed: UInt64, keys: [RSAPublicKey]? = nil, alter: (Int, inout ByteBuffer) -> Void = { _, _ in }
) throws -> (client: AuthKeyAgreement, server: AuthKeyAgreement) {
  let privateKey = try #require(serverKey)
  var random = SeededGenerator(seed: seed)
  var client = ClientKeyExchange(publicKeys: keys ?? [privateKey.publicKey], dc: 2)
  var server = ServerKeyExchange(privateKey: privateKey)
  var agreed: AuthKeyAgreement?
  var packet = client.start(now: now, using: &random)
  for step in 0..<3 {
    let reply = try server.received(packet, now: now.advanced(by: .seconds(3)), using: &random)
    agreed = reply.agreement ?? agreed
    var answer = try #require(PlainMessage(reply.packet))
    alter(step, &answer.body)
    switch try client.received(PlainMessage(id: answer.id, body: answer.body).packet, now: now, using: &random) {
    case .send(let next): packet = next
    case .done(let agreement): return (agreement, try #require(agreed))
    }
  }
  throw KeyExchangeError.unexpected
}

@Suite struct KeyExchangeTests {
  @Test func bothSidesAgree() throws {
    let (client, server) = try exchange(seed: 1)
    #expect(client.authKey == server.authKey)
    #expect(client.salt == server.salt)
    #expect(client.serverTimeOffset == .seconds(3))
  }

  @Test func unknownServerKeysAreNamed() throws {
    let key = try #require(serverKey)
    #expect(throws: KeyExchangeError.unknownFingerprints([key.publicKey.fingerprint])) {
      try exchange(seed: 2, keys: TelegramKeys.production)
    }
  }

  /// Whatever byte of any answer is changed, no key comes of it.
  @Test func everyAlteredAnswerIsRefused() throws {
    var random = SeededGenerator.run(4)
    for step in 0..<3 {
      // The middle answer is long and mostly encrypted: samples of it do.
      for _ in 0..<(step == 1 ? 40 : 25) {
        #expect(throws: KeyExchangeError.self) {
          try exchange(seed: 3) { current, body in
            guard current == step else { return }
            let index = body.readerIndex + Int.random(in: 0..<body.readableBytes, using: &random)
            // The fingerprint list may name more keys than ours, and padding of byte strings is not read.
            let flip = UInt8.random(in: 1...255, using: &random)
            if let byte = body.getInteger(at: index, as: UInt8.self), !isFree(index - body.readerIndex, step, body) {
              body.setInteger(byte ^ flip, at: index)
            } else {
              body.setInteger(UInt8(0), at: body.readerIndex)
            }
          }
        }
      }
    }
  }

  @Test func answersOutOfTurnAreRefused() throws {
    let privateKey = try #require(serverKey)
    var random = SeededGenerator(seed: 5)
    var client = ClientKeyExchange(publicKeys: [privateKey.publicKey], dc: 2)
    _ = client.start(now: now, using: &random)
    let early = MT.DhGenOk(nonce: .zero, serverNonce: .zero, newNonceHash1: .zero).encoded()
    #expect(throws: KeyExchangeError.self) {
      try client.received(PlainMessage(id: 1, body: early).packet, now: now, using: &random)
    }
    // Once broken off it stays so.
    #expect(throws: KeyExchangeError.unexpected) {
      try client.received(PlainMessage(id: 1, body: early).packet, now: now, using: &random)
    }
  }

  @Test func randomAnswersNeverTrap() throws {
    let privateKey = try #require(serverKey)
    var random = SeededGenerator.run(5)
    for _ in 0..<3_000 {
      var client = ClientKeyExchange(publicKeys: [privateKey.publicKey], dc: 2)
      var server = ServerKeyExchange(privateKey: privateKey)
      _ = client.start(now: now, using: &random)
      var noise = ByteBuffer(bytes: random.bytes(Int.random(in: 0...120, using: &random)))
      if Bool.random(using: &random) { noise.setInteger(MT.ResPQ.constructor, at: 0, endianness: .little) }
      let packet = PlainMessage(id: 1, body: noise).packet
      _ = try? client.received(packet, now: now, using: &random)
      _ = try? server.received(packet, now: now, using: &random)
    }
  }

  /// Places whose value the client rightly does not look at.
  private func isFree(_ offset: Int, _ step: Int, _ body: ByteBuffer) -> Bool {
    switch step {
    // resPQ: the server's own nonce, which is new to us, and the padding behind pq.
    case 0: (20..<36).contains(offset) || (45..<48).contains(offset)
    default: false
    }
  }
}
