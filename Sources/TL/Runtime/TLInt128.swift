import NIOCore

/// TL's `int128`: 16 bytes in the order they travel, used as a nonce.
public struct TLInt128: Hashable, Sendable {
  private let first: UInt64
  private let second: UInt64

  public static let zero = TLInt128(first: 0, second: 0)

  private init(first: UInt64, second: UInt64) {
    self.first = first
    self.second = second
  }

  /// The first 16 bytes of `bytes`, or nil when there are fewer.
  public init?(_ bytes: some Collection<UInt8>) {
    var buffer = ByteBuffer(bytes: bytes.prefix(16))
    self.init(readingFrom: &buffer)
  }

  public init(using generator: inout some RandomNumberGenerator) {
    first = generator.next()
    second = generator.next()
  }

  init?(readingFrom buffer: inout ByteBuffer) {
    guard let (first, second) = buffer.readMultipleIntegers(endianness: .big, as: (UInt64, UInt64).self) else {
      return nil
    }
    self.first = first
    self.second = second
  }

  func write(to buffer: inout ByteBuffer) {
    buffer.writeMultipleIntegers(first, second, endianness: .big)
  }

  /// The 16 bytes in the order they travel.
  public var bytes: [UInt8] {
    [first, second].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
  }
}

/// TL's `int256`: 32 bytes in the order they travel.
public struct TLInt256: Hashable, Sendable {
  /// The first 16 bytes.
  public let low: TLInt128
  /// The last 16 bytes.
  public let high: TLInt128

  public init(low: TLInt128, high: TLInt128) {
    self.low = low
    self.high = high
  }

  /// The first 32 bytes of `bytes`, or nil when there are fewer.
  public init?(_ bytes: some Collection<UInt8>) {
    guard let low = TLInt128(bytes.prefix(16)), let high = TLInt128(bytes.dropFirst(16)) else { return nil }
    self.init(low: low, high: high)
  }

  public init(using generator: inout some RandomNumberGenerator) {
    low = TLInt128(using: &generator)
    high = TLInt128(using: &generator)
  }

  /// The 32 bytes in the order they travel.
  public var bytes: [UInt8] { low.bytes + high.bytes }
}
