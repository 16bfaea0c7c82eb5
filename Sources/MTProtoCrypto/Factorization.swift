/// Splits the product of two primes that a server sets as its proof of work.
public enum Factorization {
  /// The two prime factors of `number`, the smaller first; nil when it is no product of two different primes.
  ///
  /// Takes some milliseconds for the hardest numbers of 63 bits. Source: R. P. Brent, "An improved Monte Carlo
  /// factorization algorithm", BIT 20 (1980).
  public static func factor(_ number: UInt64, using generator: inout some RandomNumberGenerator) -> (UInt64, UInt64)? {
    // What Pollard's method would search in vain, or does not handle: primes, even numbers and squares.
    guard number > 5, !isPrime(number) else { return nil }
    if number % 2 == 0 { return primes(2, number / 2) }
    let root = integerSquareRoot(number)
    guard root * root != number else { return nil }
    // An odd composite that is no square gives way to almost every choice of the polynomial.
    for _ in 0..<64 {
      let c = UInt64.random(in: 1..<number - 2, using: &generator)
      let start = UInt64.random(in: 0..<number, using: &generator)
      if let divisor = divisor(of: number, c: c, start: start) { return primes(divisor, number / divisor) }
    }
    return nil
  }

  /// A divisor found by walking y^2 + c from `start`; nil when both factors turn up in the same step, or when the walk
  /// is far longer than the square root of any factor below 2^32.
  private static func divisor(of n: UInt64, c: UInt64, start: UInt64) -> UInt64? {
    let field = Montgomery(modulus: n)
    func next(_ x: UInt64) -> UInt64 { field.sum(field.product(x, x), c) }
    func distance(_ a: UInt64, _ b: UInt64) -> UInt64 { a > b ? a - b : b - a }
    let stepLimit = 1 << 20
    let batch = 128
    var y = start
    var (x, batchStart) = (y, y)
    var product = field.one
    var divisor: UInt64 = 1
    var r = 1
    while divisor == 1, r < stepLimit {
      x = y
      for _ in 0..<r { y = next(y) }
      var k = 0
      while k < r, divisor == 1 {
        batchStart = y
        for _ in 0..<min(batch, r - k) {
          y = next(y)
          product = field.product(product, distance(x, y))
        }
        divisor = greatestCommonDivisor(product, n)
        k += batch
      }
      r *= 2
    }
    if divisor == n {
      // The batch stepped over both factors at once: walk it again one by one.
      y = batchStart
      repeat {
        y = next(y)
        divisor = greatestCommonDivisor(distance(x, y), n)
      } while divisor == 1
    }
    return divisor == 1 || divisor == n ? nil : divisor
  }

  /// Both, ordered, if they are different primes.
  private static func primes(_ a: UInt64, _ b: UInt64) -> (UInt64, UInt64)? {
    guard a != b, isPrime(a), isPrime(b) else { return nil }
    return a < b ? (a, b) : (b, a)
  }

  /// The Miller-Rabin test with the first twelve primes as bases, which decides every number below 2^64.
  ///
  /// Source: J. Sorenson and J. Webster, "Strong pseudoprimes to twelve prime bases", Math. Comp. 86 (2017).
  static func isPrime(_ n: UInt64) -> Bool {
    let bases: [UInt64] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]
    guard n > 1 else { return false }
    for base in bases where n % base == 0 { return n == base }
    let field = Montgomery(modulus: n)
    let minusOne = n - field.one
    let twos = (n - 1).trailingZeroBitCount
    return bases.allSatisfy { base in
      var x = field.power(field.enter(base), (n - 1) >> UInt64(twos))
      if x == field.one || x == minusOne { return true }
      for _ in 1..<twos {
        x = field.product(x, x)
        if x == minusOne { return true }
      }
      return false
    }
  }

  private static func integerSquareRoot(_ n: UInt64) -> UInt64 {
    var root = UInt64(Double(n).squareRoot())
    // The double is off by at most one on either side.
    root = min(root, UInt64(UInt32.max))
    while root * root > n { root -= 1 }
    while root < UInt64(UInt32.max), (root + 1) * (root + 1) <= n { root += 1 }
    return root
  }

  private static func greatestCommonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}

/// Arithmetic modulo an odd number with no divisions.
///
/// Values are kept multiplied by 2^64. /// Source: P. L. Montgomery, "Modular multiplication without trial division", Math. Comp. 44 (1985).
private struct Montgomery {
  private let modulus: UInt64
  /// -1 / modulus, modulo 2^64.
  private let negativeInverse: UInt64
  /// 1, as kept here.
  let one: UInt64

  init(modulus: UInt64) {
    self.modulus = modulus
    // Newton's iteration doubles the number of right bits; an odd number is its own inverse modulo 8.
    var inverse = modulus
    for _ in 0..<5 { inverse = inverse &* (2 &- modulus &* inverse) }
    negativeInverse = 0 &- inverse
    one = (0 &- modulus) % modulus
  }

  /// A small number as kept here.
  func enter(_ value: UInt64) -> UInt64 { modulus.dividingFullWidth((value % modulus, 0)).remainder }

  func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow || sum >= modulus ? sum &- modulus : sum
  }

  func product(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let wide = a.multipliedFullWidth(by: b)
    let cleared = (wide.low &* negativeInverse).multipliedFullWidth(by: modulus)
    // The low halves add up to 0 modulo 2^64, with a carry unless both are 0.
    let (high, overflow) = wide.high.addingReportingOverflow(cleared.high)
    let (result, carried) = high.addingReportingOverflow(wide.low == 0 ? 0 : 1)
    return overflow || carried || result >= modulus ? result &- modulus : result
  }

  func power(_ base: UInt64, _ exponent: UInt64) -> UInt64 {
    var (result, square, rest) = (one, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = product(result, square) }
      square = product(square, square)
      rest >>= 1
    }
    return result
  }
}
