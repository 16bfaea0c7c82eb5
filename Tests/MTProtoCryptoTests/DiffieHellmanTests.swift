import TestSupport
import Testing

@testable import MTProtoCrypto

@Suite struct DiffieHellmanTests {
  private static let one: [UInt8] = [1]

  /// `number` + `addend`, big-endian, as long as the number; the addend is small and may be negative.
  private func adding(_ number: [UInt8], _ addend: Int) -> [UInt8] {
    var out = number
    var carry = addend
    for index in out.indices.reversed() {
      let sum = Int(out[index]) + carry
      out[index] = UInt8(truncatingIfNeeded: sum)
      carry = sum >> 8
    }
    return out
  }

  /// 2^(2048-64), 256 bytes.
  private let margin = [UInt8](repeating: 0, count: 7) + [1] + [UInt8](repeating: 0, count: 248)

  /// `prime` - 2^(2048-64): the margin touches only the first eight bytes.
  private func upper(_ prime: [UInt8]) -> [UInt8] { adding(Array(prime[..<8]), -1) + prime[8...] }

  /// Which generators fit was computed in Python from the residues of the security guidelines.
  @Test(arguments: 0...9 as ClosedRange<Int32>)
  func acceptsTelegramsPrimeWithItsGenerators(generator: Int32) {
    check(DiffieHellman.telegramPrime, generator, fits: [3, 4, 7].contains(generator))
  }

  @Test func provesAnotherSafePrime() { check(Primes.modp2048, 2, fits: true) }

  @Test(arguments: [Int32.min, -2, -1, 0, 1, 8, 9, .max])
  func refusesGeneratorsOutOfRange(generator: Int32) {
    check(Primes.modp2048, generator, fits: false)
  }

  private func check(_ prime: [UInt8], _ generator: Int32, fits: Bool) {
    if fits {
      #expect(throws: Never.self) { try DiffieHellman.check(prime: prime, generator: generator) }
    } else {
      #expect(throws: CryptoError.unsafe("generator \(generator) does not fit dh_prime")) {
        try DiffieHellman.check(prime: prime, generator: generator)
      }
    }
  }

  @Test func refusesPrimesThatAreNotSafe() {
    #expect(throws: CryptoError.unsafe("(dh_prime - 1) / 2 is not prime")) {
      try DiffieHellman.check(prime: Primes.notSafe, generator: 4)
    }
    #expect(throws: CryptoError.unsafe("dh_prime is not prime")) {
      try DiffieHellman.check(prime: adding(DiffieHellman.telegramPrime, 2), generator: 4)
    }
    #expect(throws: CryptoError.unsafe("dh_prime is not prime"), "even") {
      try DiffieHellman.check(prime: adding(DiffieHellman.telegramPrime, 1), generator: 4)
    }
  }

  @Test func refusesPrimesOfTheWrongSize() {
    for count in [0, 1, 128, 255, 257, 100_000] {
      #expect(throws: CryptoError.invalidLength(what: "dh_prime", expected: "256", actual: count)) {
        try DiffieHellman.check(prime: pattern(count, seed: 1), generator: 4)
      }
    }
    let short = [0x7F] + DiffieHellman.telegramPrime.dropFirst()
    #expect(throws: CryptoError.unsafe("dh_prime has 2047 bits, not 2048")) {
      try DiffieHellman.check(prime: short, generator: 4)
    }
  }

  @Test(arguments: [DiffieHellman.telegramPrime, Primes.modp2048])
  func publicValuesStayAwayFromBothEnds(prime: [UInt8]) {
    func passes(_ value: [UInt8]) -> Bool {
      do { try DiffieHellman.checkPublic(value, prime: prime) } catch { return false }
      return true
    }
    #expect(passes(margin))
    #expect(!passes(adding(margin, -1)))
    #expect(passes(upper(prime)))
    #expect(!passes(adding(upper(prime), 1)))
    #expect(passes([0, 0] + margin), "leading zeros change nothing")
    for value in [[], [0], [1], [2], prime, adding(prime, -1), adding(prime, 1), [UInt8](repeating: 0xFF, count: 256)] {
      #expect(!passes(value))
    }
    #expect(!passes([1] + margin), "larger than the prime")
    #expect(!passes([UInt8](repeating: 1, count: 5000)))
  }

  @Test func publicValueIsNotCheckedAgainstASmallPrime() {
    #expect(throws: CryptoError.unsafe("dh_prime has 5 bits, not 2048")) {
      try DiffieHellman.checkPublic([9], prime: [23])
    }
    #expect(throws: CryptoError.self) { try DiffieHellman.checkPublic([9], prime: []) }
  }

  @Test func powersAreThoseOfTelegramsExample() throws {
    typealias Example = PublishedKeyExchange
    let prime = DiffieHellman.telegramPrime
    #expect(try DiffieHellman.power(base: [Example.g], exponent: Example.b, modulus: prime) == Example.gB)
    #expect(try DiffieHellman.power(base: Example.gA, exponent: Example.b, modulus: prime) == Example.authKey)
    try DiffieHellman.checkPublic(Example.gA, prime: prime)
    try DiffieHellman.checkPublic(Example.gB, prime: prime)
  }

  @Test(arguments: 0..<5 as Range<UInt64>)
  func bothSidesAgree(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let prime = DiffieHellman.telegramPrime
    let (a, b) = (random.bytes(256), random.bytes(256))
    let gA = try DiffieHellman.power(base: [3], exponent: a, modulus: prime)
    let gB = try DiffieHellman.power(base: [3], exponent: b, modulus: prime)
    let shared = try DiffieHellman.power(base: gB, exponent: a, modulus: prime)
    #expect(try DiffieHellman.power(base: gA, exponent: b, modulus: prime) == shared)
    #expect(shared.count == 256)
  }

  @Test func powersOfSmallNumbers() throws {
    func power(_ base: UInt8, _ exponent: UInt8, _ modulus: [UInt8]) throws -> [UInt8] {
      try DiffieHellman.power(base: [base], exponent: [exponent], modulus: modulus)
    }
    #expect(try power(5, 6, [23]) == [8])
    #expect(try power(5, 0, [23]) == [1])
    #expect(try power(0, 5, [23]) == [0])
    #expect(try power(2, 8, [0, 0, 1, 1]) == [0, 0, 1, 0], "as long as the modulus")
  }

  @Test(arguments: [[], [0], [0, 0], [22]] as [[UInt8]])
  func refusesModuliThatAreNone(modulus: [UInt8]) {
    #expect(throws: CryptoError.self) { try DiffieHellman.power(base: [5], exponent: [6], modulus: modulus) }
  }

  @Test func refusesNumbersThatWouldTakeForever() {
    #expect(throws: CryptoError.invalidLength(what: "a number", expected: "at most 1024", actual: 1025)) {
      try DiffieHellman.power(base: [5], exponent: pattern(1025, seed: 1), modulus: DiffieHellman.telegramPrime)
    }
  }
}
