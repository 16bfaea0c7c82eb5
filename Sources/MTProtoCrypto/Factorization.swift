/// Splits the product of two primes that a server sets as its proof of work.
public enum Factorization {
  /// The two prime factors of `number`, the smaller first; nil when it is no product of two different primes that
  /// Pollard's rho method, in Brent's form, finds within bounds.
  ///
  /// Source: R. P. Brent, "An improved Monte Carlo factorization algorithm", BIT 20 (1980).
  public static func factor(_ number: UInt64, using generator: inout some RandomNumberGenerator) -> (UInt64, UInt64)? {
    guard number > 3 else { return nil }
    if number % 2 == 0 { return ordered(2, number / 2) }
    for _ in 0..<16 {
      let c = UInt64.random(in: 1..<number, using: &generator)
      let start = UInt64.random(in: 0..<number, using: &generator)
      if let divisor = divisor(of: number, c: c, start: start) { return ordered(divisor, number / divisor) }
    }
    return nil
  }

  /// Steps allowed in one try: far past the square root of any 32-bit factor.
  private static let stepLimit = 1 << 20

  private static func divisor(of n: UInt64, c: UInt64, start: UInt64) -> UInt64? {
    func next(_ x: UInt64) -> UInt64 { addModulo(multiplyModulo(x, x, n), c, n) }
    var y = start
    var x = start
    var ys = start
    var product: UInt64 = 1
    var divisor: UInt64 = 1
    var r = 1
    var steps = 0
    let batch = 128
    while divisor == 1, steps < stepLimit {
      x = y
      for _ in 0..<r { y = next(y) }
      var k = 0
      while k < r, divisor == 1 {
        ys = y
        for _ in 0..<min(batch, r - k) {
          y = next(y)
          product = multiplyModulo(product, x > y ? x - y : y - x, n)
        }
        divisor = greatestCommonDivisor(product, n)
        k += batch
      }
      steps += r
      r *= 2
    }
    if divisor == n {
      // The batch stepped over both factors at once: walk it again one by one.
      repeat {
        ys = next(ys)
        divisor = greatestCommonDivisor(x > ys ? x - ys : ys - x, n)
      } while divisor == 1
    }
    return divisor == 1 || divisor == n ? nil : divisor
  }

  private static func ordered(_ a: UInt64, _ b: UInt64) -> (UInt64, UInt64)? {
    guard a > 1, b > 1 else { return nil }
    return a < b ? (a, b) : (b, a)
  }

  private static func multiplyModulo(_ a: UInt64, _ b: UInt64, _ n: UInt64) -> UInt64 {
    n.dividingFullWidth(a.multipliedFullWidth(by: b)).remainder
  }

  private static func addModulo(_ a: UInt64, _ b: UInt64, _ n: UInt64) -> UInt64 {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow || sum >= n ? sum &- n : sum
  }

  private static func greatestCommonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
