import TestSupport
import Testing

@testable import MTProtoCrypto

@Suite struct AESIGETests {
  private func portable(_ data: [UInt8], key: [UInt8], iv: [UInt8], encrypting: Bool) throws -> [UInt8] {
    var out = data
    try out.withUnsafeMutableBytes { try AESIGE.portable($0, key: key, iv: iv, encrypting: encrypting) }
    return out
  }

  /// By cryptg 0.6.0: `cryptg.encrypt_ige(pattern(80, 3), pattern(32, 1), pattern(32, 2))`.
  @Test func encryptsAsCryptgDoes() throws {
    let plain = pattern(80, seed: 3)
    let cipher = hex(
      """
      190ed17e6b291c7f89bfc7dbb408e1de77ef12884a41f712dcae7656dbc1332fc952d7de6ae6acb0639c36e48e730f23d2960e14ad428152\
      bfb4249d7310dba1a37eb3a17a785f565ac6f61719d6a98a
      """)
    let (key, iv) = (pattern(32, seed: 1), pattern(32, seed: 2))
    #expect(try AESIGE.encrypted(plain, key: key, iv: iv) == cipher)
    #expect(try AESIGE.decrypted(cipher, key: key, iv: iv) == plain)
    #expect(try portable(plain, key: key, iv: iv, encrypting: true) == cipher)
    #expect(try portable(cipher, key: key, iv: iv, encrypting: false) == plain)
  }

  /// SHA-256 of what cryptg 0.6.0 makes of `pattern(100_000, 4)`, which is many chunks of the portable code.
  @Test(arguments: [
    (true, "53fbca33a010d9089bf5110e6e39a5b097e746379aaa92b2d3442294ae7fe1b5"),
    (false, "74c44093aa36994bee242ae84650f3c00557d89e112fbafab0ea7c6e6a9a7925"),
  ])
  func agreesWithCryptgOnLongData(encrypting: Bool, digest: String) throws {
    let data = pattern(100_000, seed: 4)
    let (key, iv) = (pattern(32, seed: 1), pattern(32, seed: 2))
    let fast =
      encrypting
      ? try AESIGE.encrypted(data, key: key, iv: iv) : try AESIGE.decrypted(data, key: key, iv: iv)
    #expect(hex(SHA256.hash(fast)) == digest)
    #expect(hex(SHA256.hash(try portable(data, key: key, iv: iv, encrypting: encrypting))) == digest)
  }

  @Test func decryptsTelegramsPublishedAnswer() throws {
    typealias Example = PublishedKeyExchange
    let plain = try AESIGE.decrypted(Example.encryptedAnswer, key: Example.temporaryKey, iv: Example.temporaryIV)
    let answer = Array(plain[20..<584])
    #expect(SHA1.hash(answer) == Array(plain[..<20]))
    #expect(Array(answer[..<4]) == hex("ba0d89b5"))  // server_DH_inner_data#b5890dba
    #expect(Array(answer[44..<300]) == DiffieHellman.telegramPrime)
    #expect(Array(answer[304..<560]) == Example.gA)
    #expect(
      try AESIGE.encrypted(plain, key: Example.temporaryKey, iv: Example.temporaryIV) == Example.encryptedAnswer)
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func instructionsAndOpenSSLAgreeOnRandomData(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    // Around the portable code's chunks of 1,024 bytes, and everything below.
    let data = random.bytes(16 * Int.random(in: 0...140, using: &random))
    let (key, iv) = (random.bytes(32), random.bytes(32))
    let cipher = try AESIGE.encrypted(data, key: key, iv: iv)
    #expect(try portable(data, key: key, iv: iv, encrypting: true) == cipher)
    #expect(try AESIGE.decrypted(cipher, key: key, iv: iv) == data)
    #expect(try portable(cipher, key: key, iv: iv, encrypting: false) == data)
  }

  @Test func worksOnMemoryThatIsNotAligned() throws {
    let (key, iv, data) = (pattern(32, seed: 1), pattern(32, seed: 2), pattern(64, seed: 3))
    for offset in 0..<16 {
      var memory = [UInt8](repeating: 0xEE, count: offset) + data + [0xEE]
      try memory.withUnsafeMutableBytes {
        try AESIGE.encrypt(UnsafeMutableRawBufferPointer(rebasing: $0[offset..<offset + 64]), key: key, iv: iv)
      }
      #expect(memory[..<offset].allSatisfy { $0 == 0xEE } && memory.last == 0xEE)
      #expect(Array(memory[offset..<offset + 64]) == (try AESIGE.encrypted(data, key: key, iv: iv)))
    }
  }

  @Test(arguments: [(15, 32, 32), (17, 32, 32), (16, 31, 32), (16, 16, 32), (16, 32, 16), (16, 0, 0)])
  func refusesWrongLengths(data: Int, key: Int, iv: Int) {
    func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
    #expect(throws: CryptoError.self) { try AESIGE.encrypted(zeros(data), key: zeros(key), iv: zeros(iv)) }
    #expect(throws: CryptoError.self) { try AESIGE.decrypted(zeros(data), key: zeros(key), iv: zeros(iv)) }
  }
}
