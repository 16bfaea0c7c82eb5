public import NIOCore

/// How packets are laid out on a TCP connection, and whether the connection is obfuscated.
///
/// Source: core.telegram.org/mtproto/mtproto-transports.
public struct Transport: Sendable, Hashable {
  public enum Framing: String, Sendable, CaseIterable {
    /// A length of one or four bytes.
    case abridged
    /// A length of four bytes.
    case intermediate
    /// A length of four bytes that counts up to 15 random bytes behind the packet.
    case padded
    /// Length, sequence number and CRC-32.
    case full
  }

  public var framing: Framing
  /// Whether everything is encrypted with keys sent at the start, so that the protocol cannot be told from noise.
  public var isObfuscated: Bool

  public init(_ framing: Framing, obfuscated: Bool) {
    self.framing = framing
    isObfuscated = obfuscated
  }

  /// The name of a transport as TELEGRAM_TRANSPORT takes it, as in `obfuscated-abridged`; nil for any other text.
  public init?(name: String) {
    guard let transport = Self.all.first(where: { $0.name == name }) else { return nil }
    self = transport
  }

  public var name: String { (isObfuscated ? "obfuscated-" : "") + framing.rawValue }

  /// Every transport there is; `full` cannot be obfuscated.
  public static let all =
    Framing.allCases.map { Transport($0, obfuscated: false) }
    + Framing.allCases.filter { $0 != .full }.map { Transport($0, obfuscated: true) }

  public static let allNames = all.map(\.name)
}

/// What arrives on a connection.
public enum Frame: Sendable, Equatable {
  /// An MTProto message; in the padded transport with its random padding.
  case packet(ByteBuffer)
  /// A transport error, as in -404: the authorization key or the data centre is unknown to the server.
  case error(Int32)
  /// The token of a quick acknowledgment.
  case quickAck(UInt32)
}

/// Why the bytes of a connection cannot be understood; the connection is of no more use.
public enum FramingError: Error, Equatable, Sendable, CustomStringConvertible {
  case packetTooLong(Int)
  case badLength(Int)
  case badSequenceNumber(expected: Int32, actual: Int32)
  case badChecksum
  case unknownTransport

  public var description: String {
    switch self {
    case .packetTooLong(let length): "packet of \(length) bytes; at most \(PacketCodec.maximumLength) are accepted"
    case .badLength(let length): "packet length \(length) is not possible"
    case .badSequenceNumber(let expected, let actual): "packet number \(actual) where \(expected) was due"
    case .badChecksum: "packet checksum does not fit"
    case .unknownTransport: "the first bytes belong to no transport"
    }
  }
}
