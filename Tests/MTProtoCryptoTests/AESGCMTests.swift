import TestSupport
import Testing

@testable import MTProtoCrypto

@Suite struct AESGCMTests {
  private func sealed(_ plain: [UInt8], key: [UInt8], nonce: [UInt8], pieces: Int = .max) throws -> [UInt8] {
    var sealer = try AESGCM.Sealer(key: key, nonce: nonce)
    var out = plain
    for start in stride(from: 0, to: plain.count, by: min(pieces, max(plain.count, 1))) {
      try out[start..<min(plain.count, start + min(pieces, plain.count))].withUnsafeMutableBytes {
        try sealer.apply($0)
      }
    }
    return out + (try sealer.finish())
  }

  private func opened(_ sealed: [UInt8], key: [UInt8], nonce: [UInt8]) throws -> [UInt8] {
    var opener = try AESGCM.Opener(key: key, nonce: nonce)
    var out = Array(sealed.dropLast(AESGCM.tagLength))
    try out.withUnsafeMutableBytes { try opener.apply($0) }
    try opener.finish(tag: Array(sealed.suffix(AESGCM.tagLength)))
    return out
  }

  /// Test cases 13 to 15 of McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: the ones NIST
  /// SP 800-38D was published with that have a 256-bit key, a 96-bit nonce and no associated data.
  static let published: [(key: String, nonce: String, plain: String, sealed: String)] = [
    (
      String(repeating: "00", count: 32), String(repeating: "00", count: 12), "",
      "530f8afbc74536b9a963b4f1c4cb738b"
    ),
    (
      String(repeating: "00", count: 32), String(repeating: "00", count: 12), String(repeating: "00", count: 16),
      "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    ),
    (
      "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
      """
      d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525\
      b16aedf5aa0de657ba637b391aafd255
      """,
      """
      522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838\
      c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c
      """
    ),
  ]

  @Test(arguments: published.indices)
  func sealsPublishedTestCases(index: Int) throws {
    let vector = Self.published[index]
    let (key, nonce, plain) = (hex(vector.key), hex(vector.nonce), hex(vector.plain))
    #expect(hex(try sealed(plain, key: key, nonce: nonce)) == vector.sealed)
    #expect(try opened(hex(vector.sealed), key: key, nonce: nonce) == plain)
  }

  /// SHA-256 of `AESGCM(pattern(32, 80)).encrypt(pattern(12, 81), pattern(100_001, 82), None)` of Python's
  /// `cryptography` 48, which is what the Python service writes `.enc` files with.
  @Test(arguments: [1, 7, 16, 1000, 4096, 65_536, 1_000_000])
  func sealsInPiecesAsPythonDoesAtOnce(pieces: Int) throws {
    let out = try sealed(
      pattern(100_001, seed: 82), key: pattern(32, seed: 80), nonce: pattern(12, seed: 81), pieces: pieces)
    #expect(hex(SHA256.hash(out)) == "dcf4c8864317537b82aff3df3a76a5e7ecd6d87d106ae41edb21a939126999a1")
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func everyAlterationIsNoticed(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (key, nonce) = (random.bytes(32), random.bytes(12))
    let plain = random.bytes(Int.random(in: 0...200, using: &random))
    let whole = try sealed(plain, key: key, nonce: nonce)
    #expect(try opened(whole, key: key, nonce: nonce) == plain)

    func flipped(_ bytes: [UInt8]) -> [UInt8] {
      var bytes = bytes
      bytes[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      return bytes
    }
    let altered = flipped(whole)
    let (otherKey, otherNonce) = (flipped(key), flipped(nonce))
    #expect(throws: CryptoError.authenticationFailed) { try opened(altered, key: key, nonce: nonce) }
    #expect(throws: CryptoError.authenticationFailed) { try opened(whole, key: otherKey, nonce: nonce) }
    #expect(throws: CryptoError.authenticationFailed) { try opened(whole, key: key, nonce: otherNonce) }
    if !plain.isEmpty {
      #expect(throws: CryptoError.authenticationFailed) {
        try opened(Array(whole.dropLast()), key: key, nonce: nonce)
      }
    }
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func anyStretchCanBeDecryptedAlone(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let (key, nonce) = (random.bytes(32), random.bytes(12))
    let plain = random.bytes(Int.random(in: 1...2000, using: &random))
    let whole = try sealed(plain, key: key, nonce: nonce)
    let start = Int.random(in: 0..<plain.count, using: &random)
    let end = Int.random(in: start...plain.count, using: &random)
    var stretch = Array(whole[start..<end])
    try stretch.withUnsafeMutableBytes { try AESGCM.decrypt($0, at: Int64(start), key: key, nonce: nonce) }
    #expect(stretch == Array(plain[start..<end]))
  }

  @Test(arguments: [-1, AESGCM.plaintextLimit, AESGCM.plaintextLimit + 1, .max])
  func refusesStretchesThatCannotBe(offset: Int64) {
    var byte: [UInt8] = [0]
    #expect(throws: CryptoError.self) {
      try byte.withUnsafeMutableBytes {
        try AESGCM.decrypt($0, at: offset, key: pattern(32, seed: 1), nonce: pattern(12, seed: 2))
      }
    }
  }

  @Test func refusesWrongLengths() throws {
    let (key, nonce) = (pattern(32, seed: 1), pattern(12, seed: 2))
    #expect(throws: CryptoError.invalidLength(what: "AES key", expected: "32", actual: 31)) {
      _ = try AESGCM.Sealer(key: Array(key.dropLast()), nonce: nonce).finish()
    }
    #expect(throws: CryptoError.invalidLength(what: "GCM nonce", expected: "12", actual: 16)) {
      _ = try AESGCM.Opener(key: key, nonce: pattern(16, seed: 2)).finish(tag: [])
    }
    #expect(throws: CryptoError.invalidLength(what: "GCM tag", expected: "16", actual: 12)) {
      try AESGCM.Opener(key: key, nonce: nonce).finish(tag: pattern(12, seed: 3))
    }
  }
}
