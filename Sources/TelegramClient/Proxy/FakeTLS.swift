import MTProtoCrypto
import NIOCore

/// The opening of a connection that looks like TLS 1.3 to a web site, as MTProxies with an `ee` secret want it.
///
/// The `random` of the ClientHello is an HMAC of the message, with the time in its last four bytes; the proxy proves with
/// the ServerHello's that it knows the secret, too. What follows is obfuscated MTProto in records of application data.
///
/// Source: "Transport obfuscation", core.telegram.org/mtproto/mtproto-transports; RFC 8446, section 4.1 and 5.1.
struct FakeTLSHandshake: ProxyHandshake {
  private static let randomOffset = 11
  /// A ClientHello in its record, as browsers pad it.
  static let helloLength = 517
  /// An answer that is longer is none.
  private static let maximumAnswer = 64 * 1024

  private let key: [UInt8]
  private let hello: [UInt8]

  /// - Parameters:
  ///   - unixTime: seconds since 1970; the proxy refuses what differs by many minutes.
  ///   - publicKey: 32 bytes, a point of Curve25519.
  init(
    key: [UInt8], domain: String, unixTime: UInt32, publicKey: [UInt8],
    using generator: inout some RandomNumberGenerator
  ) throws(CryptoError) {
    self.key = key
    var hello = Self.clientHello(domain: domain, publicKey: publicKey, using: &generator)
    var digest = try HMACSHA256.code(hello, key: key)
    for index in 0..<4 { digest[28 + index] ^= UInt8(truncatingIfNeeded: unixTime >> (8 * UInt32(index))) }
    hello.replaceSubrange(Self.randomOffset..<Self.randomOffset + 32, with: digest)
    self.hello = hello
  }

  mutating func start() -> ByteBuffer { ByteBuffer(bytes: hello) }

  /// ServerHello, ChangeCipherSpec and a record of what would be the certificate.
  mutating func receive(_ input: inout ByteBuffer) throws(ProxyRefusal) -> ProxyHandshakeStep {
    var end = input.readerIndex
    for type: UInt8 in [0x16, 0x14, 0x17] {
      guard let (found, version) = input.getMultipleIntegers(at: end, as: (UInt8, UInt16).self) else {
        return .needsMore
      }
      guard found == type, version == 0x0303 else { throw .noSuchProxy("no TLS") }
      guard let length = input.getInteger(at: end + 3, as: UInt16.self) else { return .needsMore }
      end += 5 + Int(length)
    }
    guard end <= input.writerIndex else {
      guard input.readableBytes <= Self.maximumAnswer else { throw .noSuchProxy("too long an answer") }
      return .needsMore
    }
    guard var answer = input.readBytes(length: end - input.readerIndex), answer.count >= Self.randomOffset + 32 else {
      throw .noSuchProxy("no ServerHello")
    }
    let random = Self.randomOffset..<Self.randomOffset + 32
    let proof = Array(answer[random])
    answer.replaceSubrange(random, with: repeatElement(0, count: 32))
    guard let expected = try? HMACSHA256.code(Array(hello[random]) + answer, key: key), expected == proof else {
      throw .wrongSecret
    }
    return .done
  }

  // MARK: The ClientHello

  /// With zeros for `random`.
  private static func clientHello(
    domain: String, publicKey: [UInt8], using generator: inout some RandomNumberGenerator
  ) -> [UInt8] {
    // Values that servers must ignore, so that they learn to (RFC 8701).
    func grease() -> UInt16 {
      let byte = UInt16(UInt8.random(in: 0...15, using: &generator)) << 4 | 0x0a
      return byte << 8 | byte
    }
    func random(_ count: Int) -> [UInt8] {
      (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    var extensions = ByteBuffer()
    func add(_ type: UInt16, _ body: (inout ByteBuffer) -> Void) {
      var content = ByteBuffer()
      body(&content)
      extensions.writeMultipleIntegers(type, UInt16(content.readableBytes))
      extensions.writeBuffer(&content)
    }
    add(grease()) { _ in }
    add(0x0000) { content in
      let name = Array(domain.utf8.prefix(182))
      content.writeMultipleIntegers(UInt16(name.count + 3), UInt8(0), UInt16(name.count))
      content.writeBytes(name)
    }
    add(0x0017) { _ in }
    add(0xff01) { $0.writeInteger(UInt8(0)) }
    let group = grease()
    add(0x000a) { $0.writeMultipleIntegers(UInt16(8), group, UInt16(0x001d), UInt16(0x0017), UInt16(0x0018)) }
    add(0x000b) { $0.writeMultipleIntegers(UInt8(1), UInt8(0)) }
    add(0x0023) { _ in }
    add(0x0010) { content in
      content.writeMultipleIntegers(UInt16(12), UInt8(2))
      content.writeString("h2")
      content.writeInteger(UInt8(8))
      content.writeString("http/1.1")
    }
    add(0x0005) { $0.writeMultipleIntegers(UInt8(1), UInt32(0)) }
    let signatures: [UInt16] = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]
    add(0x000d) { content in
      content.writeInteger(UInt16(2 * signatures.count))
      for signature in signatures { content.writeInteger(signature) }
    }
    add(0x0012) { _ in }
    add(0x0033) { content in
      content.writeMultipleIntegers(UInt16(5 + 4 + publicKey.count), group, UInt16(1), UInt8(0))
      content.writeMultipleIntegers(UInt16(0x001d), UInt16(publicKey.count))
      content.writeBytes(publicKey)
    }
    add(0x002d) { $0.writeMultipleIntegers(UInt8(1), UInt8(1)) }
    add(0x002b) { $0.writeMultipleIntegers(UInt8(6), grease(), UInt16(0x0304), UInt16(0x0303)) }
    add(0x001b) { $0.writeMultipleIntegers(UInt8(2), UInt16(2)) }
    add(grease()) { $0.writeInteger(UInt8(0)) }

    let ciphers: [UInt16] = [
      grease(), 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d,
      0x002f, 0x0035,
    ]
    var hello = ByteBuffer(bytes: [0x16, 3, 1])
    hello.writeInteger(UInt16(helloLength - 5))
    hello.writeBytes([1, 0])
    hello.writeInteger(UInt16(helloLength - 9))
    hello.writeInteger(UInt16(0x0303))
    hello.writeRepeatingByte(0, count: 32)
    hello.writeInteger(UInt8(32))
    hello.writeBytes(random(32))
    hello.writeInteger(UInt16(2 * ciphers.count))
    for cipher in ciphers { hello.writeInteger(cipher) }
    hello.writeBytes([1, 0])
    let room = helloLength - hello.readableBytes - 2
    add(0x0015) { $0.writeRepeatingByte(0, count: max(room - extensions.readableBytes - 4, 0)) }
    hello.writeInteger(UInt16(extensions.readableBytes))
    hello.writeBuffer(&extensions)
    return Array(hello.readableBytesView)
  }
}

/// The records behind that opening.
///
/// Source: RFC 8446, section 5.1 and appendix D.4 (the ChangeCipherSpec that middleboxes want to see).
struct FakeTLSRecords: Sendable {
  /// The most a record holds.
  private static let maximumRecord = 16 * 1024

  private var input = ByteBuffer()
  private var hasSent = false

  /// What arrived, without its records; nil while no record is whole.
  ///
  /// - Throws: `ProxyRefusal.noSuchProxy` for what is no record.
  mutating func open(_ bytes: ByteBuffer) throws(ProxyRefusal) -> ByteBuffer? {
    input.writeImmutableBuffer(bytes)
    defer { input.discardReadBytes() }
    var output: ByteBuffer?
    while let (type, version, length) = input.getMultipleIntegers(
      at: input.readerIndex, as: (UInt8, UInt16, UInt16).self)
    {
      // Ciphertexts may be a little longer than what is in them.
      guard version == 0x0303, type == 0x17 || type == 0x14, Int(length) <= Self.maximumRecord + 256 else {
        throw .noSuchProxy("no TLS")
      }
      guard input.readableBytes >= 5 + Int(length) else { break }
      input.moveReaderIndex(forwardBy: 5)
      guard let content = input.readSlice(length: Int(length)), type == 0x17 else { continue }
      if output == nil { output = content } else { output?.writeImmutableBuffer(content) }
    }
    return output
  }

  mutating func seal(_ bytes: ByteBuffer) -> ByteBuffer {
    var bytes = bytes
    var output = ByteBuffer()
    if !hasSent {
      hasSent = true
      output.writeBytes([0x14, 3, 3, 0, 1, 1])
    }
    while bytes.readableBytes > 0, let content = bytes.readSlice(length: min(bytes.readableBytes, Self.maximumRecord)) {
      output.writeMultipleIntegers(UInt8(0x17), UInt16(0x0303), UInt16(content.readableBytes))
      output.writeImmutableBuffer(content)
    }
    return output
  }
}
