import Foundation
import NIOCore

/// A link that, shown as a QR code and scanned by a device that is signed in, lets this one in.
public struct LoginLink: Sendable, Equatable {
  /// `tg://login?token=…`.
  public let url: String
  /// How long to show it; another one follows.
  public let lifetime: Duration

  /// Source: core.telegram.org/api/links, "QR code login links": base64url, without padding.
  init(token: ByteBuffer, lifetime: Duration) {
    let base64 = Data(token.readableBytesView).base64EncodedString()
    let encoded = base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    url = "tg://login?token=\(encoded)"
    self.lifetime = lifetime
  }
}

/// Where login links are shown: a terminal, or a test.
public protocol LoginLinkDisplay: Sendable {
  /// Shows `link` in the place of the one before; the task is cancelled when it is of no use any more.
  func show(_ link: LoginLink) async throws
  /// No more links follow, however it ended.
  func finish() async
}
