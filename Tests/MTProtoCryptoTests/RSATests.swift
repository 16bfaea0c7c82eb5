import TestSupport
import Testing

@testable import MTProtoCrypto

@Suite struct RSATests {
  @Test(arguments: [
    RSAVectors.publicPKCS1, RSAVectors.publicSPKI, RSAVectors.publicSPKI + "\n\n", "\n" + RSAVectors.publicPKCS1,
  ])
  func readsPublicKeys(pem: String) throws {
    let key = try RSAPublicKey(pem: pem)
    #expect(key.fingerprint == RSAVectors.fingerprint)
    #expect(key.exponent == [1, 0, 1])
    #expect(try RSAPublicKey(modulus: key.modulus, exponent: key.exponent) == key)
  }

  @Test(arguments: [
    "", "hello", RSAVectors.publicEC, RSAVectors.public1024, RSAVectors.privateEncrypted,
    "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", String(RSAVectors.publicPKCS1.dropLast(60)),
    RSAVectors.publicPKCS1.replacing("MIIB", with: "MIIC"),
  ])
  func refusesOtherTexts(pem: String) {
    #expect { try RSAPublicKey(pem: pem) } throws: { error in
      if case .invalidKey? = error as? CryptoError { true } else { false }
    }
    #expect { try RSAPrivateKey(pem: pem) } throws: { error in
      if case .invalidKey? = error as? CryptoError { true } else { false }
    }
  }

  /// A PEM text with a name, so that a test's log shows the name.
  struct Text: CustomTestStringConvertible {
    let testDescription: String
    let pem: String

    init(_ name: String, _ pem: String) { (testDescription, self.pem) = (name, pem) }
  }

  static let publicKeys = [
    Text("PKCS #1", RSAVectors.publicPKCS1), Text("SubjectPublicKeyInfo", RSAVectors.publicSPKI),
    Text("empty lines behind", RSAVectors.publicSPKI + "\n\n"),
    Text("words before", "Telegram's key:\n" + RSAVectors.publicPKCS1),
  ]

  @Test(arguments: publicKeys)
  func readsPublicKeys(text: Text) throws {
    let key = try RSAPublicKey(pem: text.pem)
    #expect(key.fingerprint == RSAVectors.fingerprint)
    #expect(key.exponent == [1, 0, 1])
    #expect(try RSAPublicKey(modulus: key.modulus, exponent: key.exponent) == key)
  }

  static let noKeys = [
    Text("nothing", ""), Text("a word", "hello"), Text("elliptic curve", RSAVectors.publicEC),
    Text("1,024 bits", RSAVectors.public1024), Text("encrypted", RSAVectors.privateEncrypted),
    Text("empty block", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"),
    Text("cut off", String(RSAVectors.publicPKCS1.dropLast(60))),
    Text("wrong DER length", RSAVectors.publicPKCS1.replacing("MIIB", with: "MIIC")),
  ]

  @Test(arguments: noKeys)
  func refusesOtherTexts(text: Text) {
    #expect { try RSAPublicKey(pem: text.pem) } throws: { isInvalidKey($0) }
    #expect { try RSAPrivateKey(pem: text.pem) } throws: { isInvalidKey($0) }
  }

  @Test(arguments: publicKeys)
  func publicKeyIsNoPrivateKey(text: Text) {
    #expect { try RSAPrivateKey(pem: text.pem) } throws: { isInvalidKey($0) }
  }

  private func isInvalidKey(_ error: any Error) -> Bool {
    if case .invalidKey? = error as? CryptoError { true } else { false }
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func neverTrapsOnMutatedPEM(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for text in [RSAVectors.publicPKCS1, RSAVectors.privatePKCS8, RSAVectors.privateEncrypted] {
      var bytes = Array(text.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...127, using: &random)
      }
      let mutated = String(decoding: bytes, as: UTF8.self)
      if let key = try? RSAPublicKey(pem: mutated) { #expect(key.modulus.count == 256) }
      if let key = try? RSAPrivateKey(pem: mutated) { #expect(key.publicKey.modulus.count == 256) }
    }
  }

  @Test(
    arguments: [
      ([UInt8](repeating: 0x7F, count: 256), [3]), ([UInt8](repeating: 0xFF, count: 255), [3]),
      ([UInt8](repeating: 0xFE, count: 256), [3]), ([UInt8](repeating: 0xFF, count: 256), []),
      ([UInt8](repeating: 0xFF, count: 256), [1]), ([UInt8](repeating: 0xFF, count: 256), [4]),
      ([UInt8](repeating: 0xFF, count: 256), [0, 3]),
      ([UInt8](repeating: 0xFF, count: 256), [UInt8](repeating: 1, count: 9)),
    ] as [([UInt8], [UInt8])])
  func refusesNumbersThatMakeNoKey(modulus: [UInt8], exponent: [UInt8]) {
    #expect(throws: CryptoError.self) { try RSAPublicKey(modulus: modulus, exponent: exponent) }
  }

  @Test func padsAsTheDocumentationSays() throws {
    let key = try RSAPublicKey(pem: RSAVectors.publicPKCS1)
    var random = ReplayGenerator(
      [pattern(48, seed: 61)] + RSAVectors.temporaryKeySeeds.map { pattern(32, seed: $0) })
    #expect(RSAVectors.temporaryKeySeeds.count > 1, "the vector covers a number that is past the modulus")
    #expect(try key.encryptPadded(pattern(144, seed: 60), using: &random) == RSAVectors.paddedFull)
  }

  @Test(arguments: [Text("PKCS #8", RSAVectors.privatePKCS8), Text("PKCS #1", RSAVectors.privatePKCS1)])
  func undoesPaddingMadeInPython(text: Text) throws {
    let key = try RSAPrivateKey(pem: text.pem)
    #expect(try key.decryptPadded(RSAVectors.paddedFull) == pattern(144, seed: 60) + pattern(48, seed: 61))
    #expect(try key.decryptPadded(RSAVectors.paddedShort) == Array("tgl".utf8) + pattern(189, seed: 70))
  }

  @Test func undoesTheBareOperation() throws {
    let key = try RSAPrivateKey(pem: RSAVectors.privatePKCS8)
    #expect(try key.decryptBlock(RSAVectors.bareBlock) == [0] + pattern(255, seed: 90))
    for data in [pattern(255, seed: 1), [UInt8](repeating: 0xFF, count: 256)] {
      #expect(throws: CryptoError.self) { try key.decryptBlock(data) }
    }
  }

  @Test(arguments: 0..<30 as Range<UInt64>)
  func randomDataComesBack(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let key = try RSAPrivateKey(pem: RSAVectors.privatePKCS8)
    let data = random.bytes(Int.random(in: 0...144, using: &random))
    let block = try key.publicKey.encryptPadded(data, using: &random)
    #expect(block.count == 256)
    let back = try key.decryptPadded(block)
    #expect(back.count == 192)
    #expect(Array(back.prefix(data.count)) == data)

    var altered = block
    altered[Int.random(in: 1..<256, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    #expect(throws: CryptoError.authenticationFailed) { try key.decryptPadded(altered) }
  }

  @Test func refusesWrongLengths() throws {
    let key = try RSAPrivateKey(pem: RSAVectors.privatePKCS8)
    var random = SeededGenerator(seed: 1)
    #expect(throws: CryptoError.invalidLength(what: "RSA_PAD data", expected: "at most 144", actual: 145)) {
      try key.publicKey.encryptPadded(pattern(145, seed: 1), using: &random)
    }
    #expect(throws: CryptoError.invalidLength(what: "RSA block", expected: "256", actual: 255)) {
      try key.decryptPadded(pattern(255, seed: 1))
    }
    #expect(throws: CryptoError.authenticationFailed, "a number past the modulus") {
      try key.decryptPadded([UInt8](repeating: 0xFF, count: 256))
    }
  }

  /// The stuck bytes make the same temporary key each time; some such key has to give a number past the modulus.
  @Test func brokenGeneratorEndsInAnError() throws {
    let key = try RSAPublicKey(pem: RSAVectors.publicPKCS1)
    let failures = (0..<64 as Range<UInt64>).filter { value in
      var stuck = StuckGenerator(value: value)
      do throws(CryptoError) { _ = try key.encryptPadded([1], using: &stuck) } catch {
        return error == .unsafe("the random generator repeats itself")
      }
      return false
    }
    #expect(!failures.isEmpty)
  }

  @Test func generatedKeyIsWrittenAndReadBack() throws {
    let key = try RSAPrivateKey.generate()
    #expect(key.pem.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
    #expect(key.publicPEM.hasPrefix("-----BEGIN RSA PUBLIC KEY-----\n"))
    #expect(try RSAPrivateKey(pem: key.pem).publicKey == key.publicKey)
    #expect(try RSAPublicKey(pem: key.publicPEM) == key.publicKey)
    var random = SeededGenerator(seed: 5)
    let block = try key.publicKey.encryptPadded([1, 2, 3], using: &random)
    #expect(try RSAPrivateKey(pem: key.pem).decryptPadded(block).starts(with: [1, 2, 3]))
  }

  @Test func publicFormIsPythons() throws {
    let key = try RSAPrivateKey(pem: RSAVectors.privatePKCS8)
    #expect(key.publicPEM.trimmingSuffix(while: \.isNewline) == RSAVectors.publicPKCS1)
    #expect(key.pem.trimmingSuffix(while: \.isNewline) == RSAVectors.privatePKCS8)
  }

  @Test func descriptionKeepsTheSecret() throws {
    let key = try RSAPrivateKey(pem: RSAVectors.privatePKCS8)
    #expect("\(key)" == "RSAPrivateKey(\(RSAVectors.fingerprint))")
    #expect(String(reflecting: key) == "\(key)")
  }
}

extension String {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
    var text = self
    while let last = text.last, predicate(last) { text.removeLast() }
    return text
  }
}
