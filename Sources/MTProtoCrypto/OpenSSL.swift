internal import COpenSSL

/// OpenSSL's reason for the last failure on this thread, behind the step that failed.
func lastOpenSSLError(_ step: String) -> CryptoError {
  let code = ERR_get_error()
  ERR_clear_error()
  guard code != 0 else { return .openSSL(step) }
  if let reason = ERR_reason_error_string(code) { return .openSSL("\(step): \(String(cString: reason))") }
  return .openSSL("\(step): error 0x\(String(code, radix: 16))")
}

/// An OpenSSL number, cleared and freed at the end of its life.
struct BigNumber: ~Copyable {
  let pointer: OpaquePointer

  init() throws(CryptoError) {
    guard let pointer = BN_new() else { throw lastOpenSSLError("BN_new") }
    self.pointer = pointer
  }

  init(adopting pointer: OpaquePointer) { self.pointer = pointer }

  /// Big-endian bytes.
  init(_ bytes: [UInt8]) throws(CryptoError) {
    guard bytes.count <= 1024 else {
      throw .invalidLength(what: "a number", expected: "at most 1024", actual: bytes.count)
    }
    guard let pointer = BN_bin2bn(bytes, Int32(bytes.count), nil) else { throw lastOpenSSLError("BN_bin2bn") }
    self.pointer = pointer
  }

  init(_ value: UInt) throws(CryptoError) {
    guard let pointer = BN_new() else { throw lastOpenSSLError("BN_new") }
    guard BN_set_word(pointer, value) == 1 else {
      BN_free(pointer)
      throw lastOpenSSLError("BN_set_word")
    }
    self.pointer = pointer
  }

  /// A number of `count` random bytes, which are left nowhere else.
  static func random(count: Int, using generator: inout some RandomNumberGenerator) throws(CryptoError) -> BigNumber {
    var bytes = generator.bytes(count)
    defer { wipe(&bytes) }
    return try BigNumber(bytes)
  }

  deinit { BN_clear_free(pointer) }

  var isZero: Bool { BN_is_zero(pointer) == 1 }

  var bitCount: Int { Int(BN_num_bits(pointer)) }

  /// Big-endian bytes, padded on the left to `count`, or as few as are needed.
  func bytes(count: Int? = nil) throws(CryptoError) -> [UInt8] {
    let count = count ?? Int(copenssl_bn_byte_count(pointer))
    var out = [UInt8](repeating: 0, count: count)
    guard BN_bn2binpad(pointer, &out, Int32(count)) == Int32(count) else { throw lastOpenSSLError("BN_bn2binpad") }
    return out
  }

  func isLess(than other: borrowing BigNumber) -> Bool { BN_cmp(pointer, other.pointer) < 0 }

  /// The remainder of a division by a small number.
  func remainder(by divisor: UInt) -> UInt { BN_mod_word(pointer, divisor) }
}

extension RandomNumberGenerator {
  /// `count` random bytes, eight from each call of the generator.
  mutating func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      while initialized < count {
        withUnsafeBytes(of: next().littleEndian) { word in
          for byte in word.prefix(count - initialized) {
            buffer.initializeElement(at: initialized, to: byte)
            initialized += 1
          }
        }
      }
    }
  }
}

/// Overwrites key material before its memory goes back to the allocator.
///
/// Only what has one owner can be wiped: a shared array is copied first, and the copy is what gets wiped.
public func wipe(_ bytes: inout [UInt8]) {
  bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
}

/// Scratch memory for OpenSSL's arithmetic.
struct Arithmetic: ~Copyable {
  private let context: OpaquePointer

  init() throws(CryptoError) {
    guard let context = BN_CTX_secure_new() else { throw lastOpenSSLError("BN_CTX_secure_new") }
    self.context = context
  }

  deinit { BN_CTX_free(context) }

  /// `base ^ exponent mod modulus`, in constant time for the exponent.
  func power(
    _ base: borrowing BigNumber, _ exponent: borrowing BigNumber, modulus: borrowing BigNumber
  ) throws(CryptoError) -> BigNumber {
    BN_set_flags(exponent.pointer, BN_FLG_CONSTTIME)
    let result = try BigNumber()
    guard BN_mod_exp(result.pointer, base.pointer, exponent.pointer, modulus.pointer, context) == 1 else {
      throw lastOpenSSLError("BN_mod_exp")
    }
    return result
  }

  func product(
    _ a: borrowing BigNumber, _ b: borrowing BigNumber, modulus: borrowing BigNumber
  ) throws(CryptoError) -> BigNumber {
    let result = try BigNumber()
    guard BN_mod_mul(result.pointer, a.pointer, b.pointer, modulus.pointer, context) == 1 else {
      throw lastOpenSSLError("BN_mod_mul")
    }
    return result
  }

  func product(_ a: borrowing BigNumber, _ b: borrowing BigNumber) throws(CryptoError) -> BigNumber {
    let result = try BigNumber()
    guard BN_mul(result.pointer, a.pointer, b.pointer, context) == 1 else { throw lastOpenSSLError("BN_mul") }
    return result
  }

  func sum(_ a: borrowing BigNumber, _ b: borrowing BigNumber) throws(CryptoError) -> BigNumber {
    let result = try BigNumber()
    guard BN_add(result.pointer, a.pointer, b.pointer) == 1 else { throw lastOpenSSLError("BN_add") }
    return result
  }

  func sum(
    _ a: borrowing BigNumber, _ b: borrowing BigNumber, modulus: borrowing BigNumber
  ) throws(CryptoError) -> BigNumber {
    let result = try BigNumber()
    guard BN_mod_add(result.pointer, a.pointer, b.pointer, modulus.pointer, context) == 1 else {
      throw lastOpenSSLError("BN_mod_add")
    }
    return result
  }

  /// `a - b mod modulus`, never negative.
  func difference(
    _ a: borrowing BigNumber, _ b: borrowing BigNumber, modulus: borrowing BigNumber
  ) throws(CryptoError) -> BigNumber {
    let result = try BigNumber()
    guard BN_mod_sub(result.pointer, a.pointer, b.pointer, modulus.pointer, context) == 1 else {
      throw lastOpenSSLError("BN_mod_sub")
    }
    return result
  }

  /// Whether a number is prime, with OpenSSL's error bound of 2^-128 or better for numbers of this size.
  func isPrime(_ number: borrowing BigNumber) throws(CryptoError) -> Bool {
    switch BN_check_prime(number.pointer, context, nil) {
    case 1: return true
    case 0: return false
    default: throw lastOpenSSLError("BN_check_prime")
    }
  }
}
