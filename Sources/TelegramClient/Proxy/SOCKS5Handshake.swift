import Glibc
import NIOCore

/// The client's side of SOCKS version 5, with or without a user and password.
///
/// Source: RFC 1928; RFC 1929 for the user and password.
struct SOCKS5Handshake: ProxyHandshake {
  private enum Phase { case method, credentials, connection }

  private let target: Endpoint
  private let credentials: (user: [UInt8], password: [UInt8])?
  private var phase = Phase.method

  /// User and password are cut to the 255 bytes the protocol has room for.
  init(target: Endpoint, user: String?, password: String?) {
    self.target = target
    credentials = user.map { (Array($0.utf8.prefix(255)), Array((password ?? "").utf8.prefix(255))) }
  }

  mutating func start() -> ByteBuffer {
    ByteBuffer(bytes: credentials == nil ? [5, 1, 0] : [5, 2, 0, 2])
  }

  mutating func receive(_ input: inout ByteBuffer) throws(ProxyRefusal) -> ProxyHandshakeStep {
    switch phase {
    case .method:
      guard let (version, method) = input.readMultipleIntegers(as: (UInt8, UInt8).self) else { return .needsMore }
      guard version == 5 else { throw .noSuchProxy("version \(version)") }
      switch (method, credentials) {
      case (0, _):
        phase = .connection
        return .send(request)
      case (2, let credentials?):
        phase = .credentials
        var answer = ByteBuffer(bytes: [1, UInt8(credentials.user.count)])
        answer.writeBytes(credentials.user)
        answer.writeInteger(UInt8(credentials.password.count))
        answer.writeBytes(credentials.password)
        return .send(answer)
      default: throw credentials == nil ? .needsCredentials : .wrongCredentials
      }
    case .credentials:
      guard let (_, status) = input.readMultipleIntegers(as: (UInt8, UInt8).self) else { return .needsMore }
      guard status == 0 else { throw .wrongCredentials }
      phase = .connection
      return .send(request)
    case .connection:
      guard let reply = input.getInteger(at: input.readerIndex + 1, as: UInt8.self) else { return .needsMore }
      guard reply == 0 else { throw .target(Self.reason(reply)) }
      // The address the proxy connects from follows, which nobody needs.
      guard let type = input.getInteger(at: input.readerIndex + 3, as: UInt8.self) else { return .needsMore }
      let addressLength: Int
      switch type {
      case 1: addressLength = 4
      case 4: addressLength = 16
      case 3:
        guard let length = input.getInteger(at: input.readerIndex + 4, as: UInt8.self) else { return .needsMore }
        addressLength = 1 + Int(length)
      default: throw .noSuchProxy("address type \(type)")
      }
      guard input.readableBytes >= 4 + addressLength + 2 else { return .needsMore }
      input.moveReaderIndex(forwardBy: 4 + addressLength + 2)
      return .done
    }
  }

  private var request: ByteBuffer {
    var request = ByteBuffer(bytes: [5, 1, 0])
    if let address = bytes(ofAddress: AF_INET, count: 4) {
      request.writeInteger(UInt8(1))
      request.writeBytes(address)
    } else if let address = bytes(ofAddress: AF_INET6, count: 16) {
      request.writeInteger(UInt8(4))
      request.writeBytes(address)
    } else {
      let name = Array(target.host.utf8.prefix(255))
      request.writeMultipleIntegers(UInt8(3), UInt8(name.count))
      request.writeBytes(name)
    }
    request.writeInteger(UInt16(clamping: target.port))
    return request
  }

  /// Nil for what is no address of that family.
  private func bytes(ofAddress family: Int32, count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return inet_pton(family, target.host, &bytes) == 1 ? bytes : nil
  }

  /// Source: RFC 1928, section 6.
  private static func reason(_ reply: UInt8) -> String {
    switch reply {
    case 1: "general failure"
    case 2: "not allowed by its rules"
    case 3: "network unreachable"
    case 4: "host unreachable"
    case 5: "connection refused"
    case 6: "no answer in time"
    case 7: "it does not know CONNECT"
    case 8: "it does not know this type of address"
    default: "reply \(reply)"
    }
  }
}
