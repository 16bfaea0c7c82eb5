import MTProtoCrypto

/// The secret shared with one data centre, from which every message's keys are derived.
public struct AuthKey: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  /// 256 bytes.
  public let bytes: [UInt8]
  /// The lower 64 bits of its SHA-1, which name the key in every packet.
  public let id: Int64
  /// The higher 64 bits of its SHA-1, `auth_key_aux_hash`.
  let auxiliaryHash: [UInt8]

  /// - Returns: nil unless there are 256 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 256 else { return nil }
    self.bytes = bytes
    let digest = SHA1.hash(bytes)
    id = Int64(littleEndianBytes: digest[12..<20])
    auxiliaryHash = Array(digest[..<8])
  }

  public var description: String { "AuthKey(\(id))" }
  /// Nothing to see: a dump would show the key.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The result of a key exchange.
public struct AuthKeyAgreement: Sendable, Equatable {
  public let authKey: AuthKey
  /// The first server salt.
  public let salt: Int64
  /// How far the server's clock is ahead of ours, to a second or so.
  public let serverTimeOffset: Duration
}

extension Int64 {
  /// Eight bytes, the lowest first.
  init(littleEndianBytes bytes: some BidirectionalCollection<UInt8>) {
    self = Int64(bitPattern: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }
}
