public import MTProtoCrypto
public import NIOCore
import TL

/// The server's half of the creation of an authorization key, as strict as the client's.
///
/// Source: core.telegram.org/mtproto/auth_key.
public struct ServerKeyExchange: Sendable {
  /// The answer to a client's packet, and the key when it is agreed.
  public struct Reply: Sendable {
    public let packet: ByteBuffer
    public let agreement: AuthKeyAgreement?
    /// The data centre the client means, once it has said so.
    public let dc: Int32?
  }

  private struct Nonces {
    var client: TLInt128
    var server: TLInt128
    var new: TLInt256
  }

  private enum State {
    case idle
    case challenged(nonce: TLInt128, serverNonce: TLInt128, p: UInt64, q: UInt64)
    case offered(Nonces, secret: [UInt8])
    case ended
  }

  private static let generator: Int32 = 3

  private let privateKey: RSAPrivateKey
  private var state = State.idle
  private var dc: Int32?
  private var lastID: Int64 = 0

  public init(privateKey: RSAPrivateKey) { self.privateKey = privateKey }

  /// Takes in the client's next packet.
  ///
  /// - Throws: `KeyExchangeError`; a server answers it with -404 or closes the connection.
  public mutating func received(
    _ packet: ByteBuffer, now: Moment, using random: inout some RandomNumberGenerator
  ) throws(KeyExchangeError) -> Reply {
    guard let message = PlainMessage(packet) else { throw .notPlain }
    var reader = TLReader(message.body)
    let id = try KeyExchangeError.wrap { try reader.peekConstructor() }
    var agreement: AuthKeyAgreement?
    let answer: ByteBuffer
    switch id {
    case MT.ReqPqMulti.constructor, MT.ReqPq.constructor:
      answer = try challenge(&reader, using: &random)
    case MT.ReqDHParams.constructor:
      answer = try offer(&reader, now: now, using: &random)
    case MT.SetClientDHParams.constructor:
      (answer, agreement) = try agree(&reader, now: now)
    default:
      throw .unexpected
    }
    lastID = max(lastID + 4, MessageIDGenerator.identifier(unixTime: now.unixTime) | 1)
    return Reply(packet: PlainMessage(id: lastID, body: answer).packet, agreement: agreement, dc: dc)
  }

  private mutating func challenge(
    _ reader: inout TLReader, using random: inout some RandomNumberGenerator
  ) throws(KeyExchangeError) -> ByteBuffer {
    let nonce = try KeyExchangeError.wrap {
      _ = try reader.readConstructor()
      return try reader.readInt128()
    }
    let serverNonce = TLInt128(using: &random)
    let first = Self.prime(using: &random)
    var second = first
    while second == first { second = Self.prime(using: &random) }
    let (p, q) = (min(first, second), max(first, second))
    state = .challenged(nonce: nonce, serverNonce: serverNonce, p: p, q: q)
    return MT.ResPQ(
      nonce: nonce, serverNonce: serverNonce, pq: ByteBuffer(integer: p * q),
      serverPublicKeyFingerprints: [privateKey.publicKey.fingerprint]
    ).encoded()
  }

  private mutating func offer(
    _ reader: inout TLReader, now: Moment, using random: inout some RandomNumberGenerator
  ) throws(KeyExchangeError) -> ByteBuffer {
    guard case .challenged(let nonce, let serverNonce, let p, let q) = state else { throw .unexpected }
    let inner: InnerData = try KeyExchangeError.wrap {
      _ = try reader.readConstructor()
      guard try reader.readInt128() == nonce else { throw KeyExchangeError.nonceMismatch }
      guard try reader.readInt128() == serverNonce else { throw KeyExchangeError.serverNonceMismatch }
      guard Self.number(try reader.readBytes()) == p, Self.number(try reader.readBytes()) == q else {
        throw KeyExchangeError.notFactored
      }
      let fingerprint = try reader.readLong()
      guard fingerprint == privateKey.publicKey.fingerprint else {
        throw KeyExchangeError.unknownFingerprints([fingerprint])
      }
      return try innerData(Array(buffer: try reader.readBytes()))
    }
    guard inner.nonce == nonce else { throw .nonceMismatch }
    guard inner.serverNonce == serverNonce else { throw .serverNonceMismatch }
    guard Self.number(inner.pq) == p * q else { throw .notFactored }
    dc = inner.dc
    let secret = (0..<256).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    let value = try KeyExchangeError.wrap {
      let base = [UInt8(Self.generator)]
      return try DiffieHellman.power(base: base, exponent: secret, modulus: DiffieHellman.telegramPrime)
    }
    let answer = MT.ServerDHInnerData(
      nonce: nonce, serverNonce: serverNonce, g: Self.generator,
      dhPrime: ByteBuffer(bytes: DiffieHellman.telegramPrime), gA: ByteBuffer(bytes: value),
      serverTime: Int32(truncatingIfNeeded: now.unixTime.components.seconds))
    let cipher = HandshakeCipher(newNonce: inner.newNonce, serverNonce: serverNonce)
    state = .offered(Nonces(client: nonce, server: serverNonce, new: inner.newNonce), secret: secret)
    return MT.ServerDHParamsOk(
      nonce: nonce, serverNonce: serverNonce, encryptedAnswer: try cipher.seal(answer, using: &random)
    ).encoded()
  }

  /// The client's data, padded with RSA_PAD or in the older way, SHA1(data) + data + padding, that clients still use.
  private func innerData(_ encrypted: [UInt8]) throws -> InnerData {
    do {
      return try InnerData(ByteBuffer(bytes: privateKey.decryptPadded(encrypted)))
    } catch CryptoError.authenticationFailed {
      let block = try privateKey.decryptBlock(encrypted)
      let (hash, padded) = (Array(block[1..<21]), Array(block[21...]))
      let inner = try InnerData(ByteBuffer(bytes: padded))
      guard ConstantTime.equal(SHA1.hash(Array(padded.prefix(inner.length))), hash) else {
        throw KeyExchangeError.hashMismatch
      }
      return inner
    }
  }

  private mutating func agree(
    _ reader: inout TLReader, now: Moment
  ) throws(KeyExchangeError) -> (ByteBuffer, AuthKeyAgreement) {
    guard case .offered(let nonces, let secret) = state else { throw .unexpected }
    state = .ended
    let encrypted = try KeyExchangeError.wrap {
      _ = try reader.readConstructor()
      guard try reader.readInt128() == nonces.client else { throw KeyExchangeError.nonceMismatch }
      guard try reader.readInt128() == nonces.server else { throw KeyExchangeError.serverNonceMismatch }
      return try reader.readBytes()
    }
    let cipher = HandshakeCipher(newNonce: nonces.new, serverNonce: nonces.server)
    let inner = try cipher.open(MT.ClientDHInnerData.self, encrypted)
    guard inner.nonce == nonces.client else { throw .nonceMismatch }
    guard inner.serverNonce == nonces.server else { throw .serverNonceMismatch }
    let value = Array(buffer: inner.gB)
    let shared = try KeyExchangeError.wrap {
      try DiffieHellman.checkPublic(value, prime: DiffieHellman.telegramPrime)
      return try DiffieHellman.power(base: value, exponent: secret, modulus: DiffieHellman.telegramPrime)
    }
    guard let authKey = AuthKey(bytes: shared), let hash = HandshakeCipher.newNonceHash(1, nonces.new, authKey) else {
      throw .unexpected
    }
    let answer = MT.DhGenOk(nonce: nonces.client, serverNonce: nonces.server, newNonceHash1: hash)
    return (
      answer.encoded(),
      AuthKeyAgreement(
        authKey: authKey, salt: HandshakeCipher.salt(nonces.new, nonces.server), serverTimeOffset: .zero)
    )
  }

  /// What the four forms of `p_q_inner_data` have in common.
  private struct InnerData {
    var pq: ByteBuffer
    var nonce: TLInt128
    var serverNonce: TLInt128
    var newNonce: TLInt256
    var dc: Int32?
    /// Bytes it takes.
    var length: Int

    init(_ bytes: ByteBuffer) throws(TLError) {
      var reader = TLReader(bytes)
      let offset = reader.offset
      let id = try reader.readConstructor()
      let names = ["p_q_inner_data", "p_q_inner_data_dc", "p_q_inner_data_temp", "p_q_inner_data_temp_dc"]
      guard let name = TLSchema.mtproto.name(of: id), names.contains(name) else {
        throw .unexpectedConstructor(id, offset: offset)
      }
      pq = try reader.readBytes()
      _ = try reader.readBytes()
      _ = try reader.readBytes()
      nonce = try reader.readInt128()
      serverNonce = try reader.readInt128()
      newNonce = try reader.readInt256()
      dc = name.hasSuffix("_dc") ? try reader.readInt() : nil
      if name.contains("temp") { _ = try reader.readInt() }
      length = reader.offset
    }
  }

  private static func number(_ bytes: ByteBuffer) -> UInt64? {
    let digits = bytes.readableBytesView.drop { $0 == 0 }
    return digits.count <= 8 ? digits.reduce(0) { $0 << 8 | UInt64($1) } : nil
  }

  /// A random prime of 31 bits, by trial division.
  private static func prime(using random: inout some RandomNumberGenerator) -> UInt64 {
    while true {
      let candidate = UInt64.random(in: (1 << 30)..<(1 << 31), using: &random) | 1
      var divisor: UInt64 = 3
      while divisor * divisor <= candidate, candidate % divisor != 0 { divisor += 2 }
      if divisor * divisor > candidate { return candidate }
    }
  }
}
