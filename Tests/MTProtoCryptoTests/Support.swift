@testable import MTProtoCrypto

/// The bytes written in hexadecimal.
func hex(_ text: String) -> [UInt8] {
  let digits = text.compactMap(\.hexDigitValue)
  precondition(digits.count == text.count && digits.count % 2 == 0, "not hexadecimal: \(text)")
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// Bytes as lower-case hexadecimal digits.
func hex(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}

/// Arbitrary bytes that a test vector's author can make too: SHA-256 of "seed:0", of "seed:1" and so on, cut to length.
///
/// In Python: `b"".join(hashlib.sha256(b"%d:%d" % (seed, i)).digest() for i in range((n + 31) // 32))[:n]`.
func pattern(_ count: Int, seed: Int) -> [UInt8] {
  Array((0..<(count + 31) / 32).flatMap { SHA256.hash(Array("\(seed):\($0)".utf8)) }.prefix(count))
}

/// Gives out prepared bytes in order, each request starting on a multiple of eight; then zeros.
struct ReplayGenerator: RandomNumberGenerator {
  private var words: [UInt64] = []

  init(_ pieces: [[UInt8]]) {
    for piece in pieces {
      for start in stride(from: 0, to: piece.count, by: 8) {
        let bytes = piece[start..<min(start + 8, piece.count)]
        words.append(bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
      }
    }
    words.reverse()
  }

  mutating func next() -> UInt64 { words.popLast() ?? 0 }
}

/// A generator that is stuck on one value.
struct StuckGenerator: RandomNumberGenerator {
  let value: UInt64
  mutating func next() -> UInt64 { value }
}
