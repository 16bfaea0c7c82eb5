import TestSupport
import Testing

@testable import MTProtoCrypto

@Suite struct FactorizationTests {
  @Test func factorsTelegramsExample() throws {
    var random = SeededGenerator(seed: 1)
    let factors = try #require(Factorization.factor(PublishedKeyExchange.pq, using: &random))
    #expect(factors == (PublishedKeyExchange.p, PublishedKeyExchange.q))
  }

  @Test(arguments: 0..<100 as Range<UInt64>)
  func factorsRandomSemiprimes(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    func prime(bits: Int) -> UInt64 {
      while true {
        let candidate = UInt64.random(in: 1 << (bits - 1)..<1 << bits, using: &random)
        if Factorization.isPrime(candidate) { return candidate }
      }
    }
    let p = prime(bits: Int.random(in: 2...32, using: &random))
    var q = p
    while q == p { q = prime(bits: Int.random(in: 2...32, using: &random)) }
    let factors = try #require(Factorization.factor(p * q, using: &random), "\(p) * \(q)")
    #expect(factors == (min(p, q), max(p, q)))
  }

  /// The largest primes below 2^32 and numbers at the edges of the arithmetic.
  @Test(
    arguments: [
      (4_294_967_279, 4_294_967_291), (2, 4_294_967_291), (2, 9_223_372_036_854_775_783), (2, 3), (3, 5), (3, 7),
      (1_000_000_007, 1_000_000_009), (3, 6_148_914_691_236_517_199),
    ] as [(UInt64, UInt64)])
  func factorsExtremes(p: UInt64, q: UInt64) throws {
    var random = SeededGenerator(seed: 3)
    let factors = try #require(Factorization.factor(p * q, using: &random))
    #expect(factors == (p, q))
  }

  /// Zero, one, primes, squares, powers and numbers of more than two primes.
  @Test(
    arguments: [
      0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 25, 27, 30, 105, 1 << 63, 3 * 5 * 7 * 11, 65_537 * 65_537,
      4_294_967_291 * 4_294_967_291, 18_446_744_073_709_551_557, 9_223_372_036_854_775_807, .max,
    ] as [UInt64])
  func refusesWhatIsNoProductOfTwoPrimes(number: UInt64) {
    var random = SeededGenerator(seed: 2)
    #expect(Factorization.factor(number, using: &random) == nil)
  }

  @Test func knowsThePrimesBelowTenThousand() {
    var sieve = [Bool](repeating: true, count: 10_000)
    sieve[0] = false
    sieve[1] = false
    for number in 2..<100 where sieve[number] {
      for multiple in stride(from: number * number, to: sieve.count, by: number) { sieve[multiple] = false }
    }
    for number in sieve.indices { #expect(Factorization.isPrime(UInt64(number)) == sieve[number], "\(number)") }
  }

  /// Strong pseudoprimes to the first bases: OEIS A014233; and Carmichael numbers: OEIS A002997.
  @Test(
    arguments: [
      2047, 1_373_653, 25_326_001, 3_215_031_751, 2_152_302_898_747, 3_474_749_660_383, 341_550_071_728_321,
      3_825_123_056_546_413_051, 561, 1105, 8911, 825_265,
    ] as [UInt64])
  func isNotFooledByPseudoprimes(number: UInt64) {
    #expect(!Factorization.isPrime(number))
  }
}
