import MTProto

/// What an MTProxy is shown, and how it wants to be spoken to.
///
/// Source: "Transport obfuscation", core.telegram.org/mtproto/mtproto-transports; core.telegram.org/api/links, "MTProxy links".
struct MTProxySecret: Sendable, Hashable {
  /// 16 bytes that take part in the keys of the obfuscation.
  let key: [UInt8]
  /// Whether packets are to be padded, so that their lengths tell nothing (`dd` and `ee`).
  let isPadded: Bool
  /// The web site whose TLS is imitated (`ee`); nil for plain obfuscation.
  let domain: String?

  /// The bytes of a link's secret.
  init(_ bytes: [UInt8]) {
    switch (bytes.first, bytes.count) {
    case (0xee, 18...):
      key = Array(bytes[1..<17])
      isPadded = true
      domain = String(decoding: bytes[17...], as: UTF8.self)
    case (0xdd, 17):
      key = Array(bytes[1...])
      isPadded = true
      domain = nil
    default:
      key = bytes
      isPadded = false
      domain = nil
    }
  }

  /// The transport to use where `wanted` was asked for: an MTProxy takes obfuscated ones only.
  func transport(wanted: Transport) -> Transport {
    if isPadded { return Transport(.padded, obfuscated: true) }
    return Transport(wanted.framing == .full ? .abridged : wanted.framing, obfuscated: true)
  }
}
