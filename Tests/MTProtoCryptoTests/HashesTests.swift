import TestSupport
import Testing

@testable import MTProtoCrypto

@Suite struct HashesTests {
  /// FIPS 180-4's examples, and the empty message.
  @Test(arguments: [
    (
      "", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    ),
    (
      "abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    ),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func hashesPublishedMessages(message: String, sha1: String, sha256: String) {
    let bytes = Array(message.utf8)
    #expect(hex(SHA1.hash(bytes)) == sha1)
    #expect(hex(SHA256.hash(bytes)) == sha256)
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func piecesHashAsTheWhole(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let data = random.bytes(Int.random(in: 0...5000, using: &random))
    let cut = Int.random(in: 0...data.count, using: &random)
    let (head, tail) = (Array(data[..<cut]), Array(data[cut...]))
    #expect(SHA256.hash(head, tail) == SHA256.hash(data))
    #expect(SHA1.hash(head, [], tail) == SHA1.hash(data))
    var hasher = SHA256()
    head.withUnsafeBytes { hasher.update($0) }
    tail.withUnsafeBytes { hasher.update($0) }
    #expect(hasher.finish() == SHA256.hash(data))
    let both = head.withUnsafeBytes { a in tail.withUnsafeBytes { b in SHA256.hash(a, b) } }
    #expect(both == SHA256.hash(data))
  }

  /// RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
  @Test func authenticatesRFC4231Messages() throws {
    #expect(
      hex(try HMACSHA256.code(Array("Hi There".utf8), key: [UInt8](repeating: 0x0B, count: 20)))
        == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    #expect(
      hex(try HMACSHA256.code(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8)))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    let longKey = Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
    #expect(
      hex(try HMACSHA256.code(longKey, key: [UInt8](repeating: 0xAA, count: 131)))
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
  }

  /// By Python's `hashlib.pbkdf2_hmac("sha512", ...)`.
  @Test func stretchesPasswordsAsPythonDoes() throws {
    let long = try PBKDF2SHA512.derive(
      password: Array("password".utf8), salt: Array("salt".utf8), iterations: 1, count: 64)
    #expect(
      hex(long) == """
        867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252c02d470a285a0501bad999bfe943c08f\
        050235d7d68b1da55e63f73b60a57fce
        """)
    let empty = try PBKDF2SHA512.derive(password: [], salt: [], iterations: 3, count: 20)
    #expect(hex(empty) == "ba78a2c18fe1f3cfffaba0f93ccf85fc342edf2c")
  }

  @Test(arguments: [(0, 20), (-1, 20), (1, 0), (1 << 40, 20), (1, 1 << 40)])
  func refusesToStretchByNonsense(iterations: Int, count: Int) {
    #expect(throws: CryptoError.self) {
      try PBKDF2SHA512.derive(password: [1], salt: [2], iterations: iterations, count: count)
    }
  }

  @Test func comparesBytes() {
    #expect(ConstantTime.equal([], []))
    #expect(ConstantTime.equal([1, 2, 3], [1, 2, 3]))
    #expect(!ConstantTime.equal([1, 2, 3], [1, 2, 4]))
    #expect(!ConstantTime.equal([1, 2, 3], [1, 2]))
  }
}
