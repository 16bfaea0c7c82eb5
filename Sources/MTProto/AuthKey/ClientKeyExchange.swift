public import MTProtoCrypto
public import NIOCore
import TL

/// The client's half of the creation of an authorization key: one state a step, each accepting only what is due.
///
/// Source: core.telegram.org/mtproto/auth_key, and core.telegram.org/mtproto/security_guidelines.
public struct ClientKeyExchange: Sendable {
  /// What to do after an answer.
  public enum Step: Sendable {
    /// Send this packet.
    case send(ByteBuffer)
    case done(AuthKeyAgreement)
  }

  private enum State: Sendable {
    case idle
    case awaitingResPQ(AwaitingResPQ)
    case awaitingParams(AwaitingParams)
    case awaitingResult(AwaitingResult)
    case ended
  }

  private var state = State.idle
  private let publicKeys: [RSAPublicKey]
  private let dc: Int32
  private var messageIDs = MessageIDGenerator()

  /// - Parameters:
  ///   - publicKeys: the RSA keys the server may have.
  ///   - dc: the data centre the key is for; plus 10,000 for the test servers, negative for media.
  public init(publicKeys: [RSAPublicKey], dc: Int32) {
    self.publicKeys = publicKeys
    self.dc = dc
  }

  /// The first packet.
  public mutating func start(now: Moment, using generator: inout some RandomNumberGenerator) -> ByteBuffer {
    let nonce = TLInt128(using: &generator)
    state = .awaitingResPQ(AwaitingResPQ(nonce: nonce))
    return packet(MT.ReqPqMulti(nonce: nonce), now)
  }

  /// Takes in the server's next packet.
  ///
  /// - Throws: `KeyExchangeError`; the exchange is over and has to be started anew on a new connection.
  public mutating func received(
    _ packet: ByteBuffer, now: Moment, using generator: inout some RandomNumberGenerator
  ) throws(KeyExchangeError) -> Step {
    let current = state
    state = .ended
    guard let message = PlainMessage(packet) else { throw .notPlain }
    switch current {
    case .idle, .ended:
      throw .unexpected
    case .awaitingResPQ(let step):
      let answer = try KeyExchangeError.wrap { try MT.ResPQ(decoding: message.body) }
      let (request, next) = try step.received(answer, publicKeys: publicKeys, dc: dc, using: &generator)
      state = .awaitingParams(next)
      return .send(self.packet(request, now))
    case .awaitingParams(let step):
      let answer = try KeyExchangeError.wrap { try MT.AnyServerDHParams(decoding: message.body) }
      let (request, next) = try step.received(answer, now: now, using: &generator)
      state = .awaitingResult(next)
      return .send(self.packet(request, now))
    case .awaitingResult(let step):
      let answer = try KeyExchangeError.wrap { try MT.AnySetClientDHParamsAnswer(decoding: message.body) }
      switch try step.received(answer, using: &generator) {
      case .done(let agreement): return .done(agreement)
      case .retry(let request, let next):
        state = .awaitingResult(next)
        return .send(self.packet(request, now))
      }
    }
  }

  private mutating func packet(_ request: some TLEncodable, _ now: Moment) -> ByteBuffer {
    PlainMessage(id: messageIDs.next(unixTime: now.unixTime), body: request.encoded()).packet
  }
}

/// Waits for `resPQ`: factors `pq` and sends the new nonce encrypted with one of the server's RSA keys.
private struct AwaitingResPQ: Sendable {
  let nonce: TLInt128

  func received(
    _ answer: MT.ResPQ, publicKeys: [RSAPublicKey], dc: Int32, using generator: inout some RandomNumberGenerator
  ) throws(KeyExchangeError) -> (MT.ReqDHParams, AwaitingParams) {
    guard answer.nonce == nonce else { throw .nonceMismatch }
    let pq = answer.pq.readableBytesView.drop { $0 == 0 }
    guard pq.count <= 8,
      let (p, q) = Factorization.factor(pq.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }, using: &generator)
    else { throw .notFactored }
    guard let key = publicKeys.first(where: { answer.serverPublicKeyFingerprints.contains($0.fingerprint) }) else {
      throw .unknownFingerprints(answer.serverPublicKeyFingerprints)
    }
    let newNonce = TLInt256(using: &generator)
    let inner = MT.PQInnerDataDc(
      pq: answer.pq, p: bigEndian(p), q: bigEndian(q), nonce: nonce, serverNonce: answer.serverNonce,
      newNonce: newNonce, dc: dc)
    let encrypted: [UInt8]
    do { encrypted = try key.encryptPadded(Array(buffer: inner.encoded()), using: &generator) } catch {
      throw .crypto(error)
    }
    let request = MT.ReqDHParams(
      nonce: nonce, serverNonce: answer.serverNonce, p: bigEndian(p), q: bigEndian(q),
      publicKeyFingerprint: key.fingerprint, encryptedData: ByteBuffer(bytes: encrypted))
    return (request, AwaitingParams(nonce: nonce, serverNonce: answer.serverNonce, newNonce: newNonce))
  }

  private func bigEndian(_ number: UInt64) -> ByteBuffer {
    ByteBuffer(bytes: (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }.drop { $0 == 0 })
  }
}

/// Waits for `server_DH_params_ok`: checks the group and the server's value, and sends our own.
private struct AwaitingParams: Sendable {
  let nonce: TLInt128
  let serverNonce: TLInt128
  let newNonce: TLInt256

  func received(
    _ answer: MT.AnyServerDHParams, now: Moment, using generator: inout some RandomNumberGenerator
  ) throws(KeyExchangeError) -> (MT.SetClientDHParams, AwaitingResult) {
    let encrypted: ByteBuffer
    switch answer {
    case .serverDHParamsOk(let ok):
      guard ok.nonce == nonce else { throw .nonceMismatch }
      guard ok.serverNonce == serverNonce else { throw .serverNonceMismatch }
      encrypted = ok.encryptedAnswer
    case .serverDHParamsFail(let fail):
      guard fail.nonce == nonce else { throw .nonceMismatch }
      guard fail.serverNonce == serverNonce else { throw .serverNonceMismatch }
      guard fail.newNonceHash == TLInt128(SHA1.hash(newNonce.bytes)[4...]) else { throw .hashMismatch }
      throw .refused
    case .other:
      throw .unexpected
    }
    let cipher = HandshakeCipher(newNonce: newNonce, serverNonce: serverNonce)
    let inner = try cipher.open(MT.ServerDHInnerData.self, encrypted)
    guard inner.nonce == nonce else { throw .nonceMismatch }
    guard inner.serverNonce == serverNonce else { throw .serverNonceMismatch }
    let next = AwaitingResult(
      nonce: nonce, serverNonce: serverNonce, newNonce: newNonce, prime: Array(buffer: inner.dhPrime),
      generator: inner.g, serverValue: Array(buffer: inner.gA),
      serverTimeOffset: .seconds(Int64(inner.serverTime)) - now.unixTime)
    try KeyExchangeError.wrap {
      try DiffieHellman.check(prime: next.prime, generator: next.generator)
      try DiffieHellman.checkPublic(next.serverValue, prime: next.prime)
    }
    return try next.request(using: &generator)
  }
}

/// Waits for `dh_gen_ok`, which proves that the server has the same key.
private struct AwaitingResult: Sendable {
  /// `dh_gen_retry` means another key has the same identifier, which never happens by chance.
  static let maximumRetries = 5

  enum Outcome {
    case done(AuthKeyAgreement)
    case retry(MT.SetClientDHParams, AwaitingResult)
  }

  let nonce: TLInt128
  let serverNonce: TLInt128
  let newNonce: TLInt256
  let prime: [UInt8]
  let generator: Int32
  let serverValue: [UInt8]
  let serverTimeOffset: Duration
  private(set) var authKey: AuthKey?
  private(set) var retries = 0

  init(
    nonce: TLInt128, serverNonce: TLInt128, newNonce: TLInt256, prime: [UInt8], generator: Int32,
    serverValue: [UInt8], serverTimeOffset: Duration
  ) {
    self.nonce = nonce
    self.serverNonce = serverNonce
    self.newNonce = newNonce
    self.prime = prime
    self.generator = generator
    self.serverValue = serverValue
    self.serverTimeOffset = serverTimeOffset
  }

  /// Makes a secret and the request that tells its public value.
  func request(
    using random: inout some RandomNumberGenerator
  ) throws(KeyExchangeError) -> (MT.SetClientDHParams, AwaitingResult) {
    let secret = (0..<256).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    let (value, key) = try KeyExchangeError.wrap {
      let value = try DiffieHellman.power(base: [UInt8(generator)], exponent: secret, modulus: prime)
      try DiffieHellman.checkPublic(value, prime: prime)
      return (value, try DiffieHellman.power(base: serverValue, exponent: secret, modulus: prime))
    }
    var next = self
    next.authKey = AuthKey(bytes: key)
    let inner = MT.ClientDHInnerData(
      nonce: nonce, serverNonce: serverNonce, retryId: authKey.map { Int64(littleEndianBytes: $0.auxiliaryHash) } ?? 0,
      gB: ByteBuffer(bytes: value))
    let cipher = HandshakeCipher(newNonce: newNonce, serverNonce: serverNonce)
    let request = MT.SetClientDHParams(
      nonce: nonce, serverNonce: serverNonce, encryptedData: try cipher.seal(inner, using: &random))
    return (request, next)
  }

  func received(
    _ answer: MT.AnySetClientDHParamsAnswer, using random: inout some RandomNumberGenerator
  ) throws(KeyExchangeError) -> Outcome {
    guard let authKey else { throw .unexpected }
    func check(_ nonce: TLInt128, _ serverNonce: TLInt128, _ number: UInt8, _ hash: TLInt128) throws(KeyExchangeError) {
      guard nonce == self.nonce else { throw .nonceMismatch }
      guard serverNonce == self.serverNonce else { throw .serverNonceMismatch }
      guard hash == HandshakeCipher.newNonceHash(number, newNonce, authKey) else { throw .hashMismatch }
    }
    switch answer {
    case .dhGenOk(let ok):
      try check(ok.nonce, ok.serverNonce, 1, ok.newNonceHash1)
      return .done(
        AuthKeyAgreement(
          authKey: authKey, salt: HandshakeCipher.salt(newNonce, serverNonce), serverTimeOffset: serverTimeOffset))
    case .dhGenRetry(let retry):
      try check(retry.nonce, retry.serverNonce, 2, retry.newNonceHash2)
      guard retries < Self.maximumRetries else { throw .tooManyRetries }
      var (request, next) = try request(using: &random)
      next.retries = retries + 1
      return .retry(request, next)
    case .dhGenFail(let fail):
      try check(fail.nonce, fail.serverNonce, 3, fail.newNonceHash3)
      throw .refused
    case .other:
      throw .unexpected
    }
  }
}
