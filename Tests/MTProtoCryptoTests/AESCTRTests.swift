import TestSupport
import Testing

@testable import MTProtoCrypto

@Suite struct AESCTRTests {
  private func apply(_ cipher: AESCTR, _ data: [UInt8]) -> [UInt8] {
    var out = data
    out.withUnsafeMutableBytes { cipher.apply($0) }
    return out
  }

  /// NIST SP 800-38A, appendix F.5.5.
  @Test func encryptsNISTsExample() throws {
    let cipher = try AESCTR(
      key: hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
      iv: hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"))
    let plain = hex(
      """
      6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52ef\
      f69f2445df4f9b17ad2b417be66c3710
      """)
    let expected = """
      601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988d\
      dfc9c58db67aada613c2dd08457941a6
      """
    #expect(hex(apply(cipher, plain)) == expected)
  }

  /// SHA-256 of what Python's `cryptography` 48 makes of `pattern(100_001, 85)`, taken here in pieces of random length.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func keystreamGoesOnFromCallToCall(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let cipher = try AESCTR(key: pattern(32, seed: 83), iv: pattern(16, seed: 84))
    var rest = pattern(100_001, seed: 85)[...]
    var out: [UInt8] = []
    while !rest.isEmpty {
      let count = min(rest.count, Int.random(in: 0...9000, using: &random))
      out += apply(cipher, Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    #expect(hex(SHA256.hash(out)) == "d65c4fa3cef48f34ffa04e582b284daf250b5f772e9c9b15e4380a81f84ea0ff")
  }

  @Test func refusesWrongLengths() {
    #expect(throws: CryptoError.invalidLength(what: "AES key", expected: "32", actual: 16)) {
      try AESCTR(key: pattern(16, seed: 1), iv: pattern(16, seed: 2))
    }
    #expect(throws: CryptoError.invalidLength(what: "CTR block", expected: "16", actual: 12)) {
      try AESCTR(key: pattern(32, seed: 1), iv: pattern(12, seed: 2))
    }
  }
}
