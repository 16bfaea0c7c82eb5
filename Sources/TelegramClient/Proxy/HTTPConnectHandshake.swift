import Foundation
import NIOCore

/// The client's side of an HTTP proxy's CONNECT.
///
/// Source: RFC 9110, section 9.3.6; RFC 7617 for user and password.
struct HTTPConnectHandshake: ProxyHandshake {
  /// An answer's head that is longer is none.
  private static let maximumHead = 16 * 1024

  private let target: Endpoint
  private let credentials: String?

  init(target: Endpoint, user: String?, password: String?) {
    self.target = target
    credentials = user.map { Data("\($0):\(password ?? "")".utf8).base64EncodedString() }
  }

  mutating func start() -> ByteBuffer {
    var head = "CONNECT \(target) HTTP/1.1\r\nHost: \(target)\r\n"
    if let credentials { head += "Proxy-Authorization: Basic \(credentials)\r\n" }
    return ByteBuffer(string: head + "\r\n")
  }

  mutating func receive(_ input: inout ByteBuffer) throws(ProxyRefusal) -> ProxyHandshakeStep {
    let start = Data("HTTP/1.".utf8)
    guard input.readableBytesView.prefix(start.count).elementsEqual(start.prefix(input.readableBytes)) else {
      throw .noSuchProxy("no HTTP")
    }
    guard let end = Data(input.readableBytesView).range(of: Data("\r\n\r\n".utf8))?.upperBound else {
      guard input.readableBytes <= Self.maximumHead else { throw .noSuchProxy("no end of the answer") }
      return .needsMore
    }
    let head = String(decoding: input.readableBytesView.prefix(end), as: UTF8.self)
    let words = head.prefix { !$0.isNewline }.split(separator: " ", maxSplits: 2)
    guard words.count >= 2, let status = Int(words[1]) else { throw .noSuchProxy("no HTTP status") }
    switch status {
    case 200..<300: break
    // Some say 401, which is a web site's.
    case 407, 401: throw credentials == nil ? .needsCredentials : .wrongCredentials
    default: throw .target("HTTP status \(status)")
    }
    input.moveReaderIndex(forwardBy: end)
    return .done
  }
}
