import Foundation
import TL

/// The device that was let in.
struct AcceptLoginAnswer: Encodable, Sendable {
  let device: String
  let dc: Int32
}

extension Control {
  /// Scans the QR code of a device that wants to be signed in.
  func acceptLogin(_ request: AcceptLoginRequest) async throws -> AcceptLoginAnswer {
    guard let token = Self.token(in: request.token) else {
      throw ControlError("'\(request.token)' is no link like tg://login?token=…")
    }
    return try await hub.perform { telegram in try accept(token, as: request.user, &telegram) }
  }

  private func accept(_ token: [UInt8], as name: Reference, _ telegram: inout Telegram) throws -> AcceptLoginAnswer {
    let user = try account(name, telegram)
    let dc = telegram.loginTokens[token]?.key.dc ?? 0
    let device = try telegram.acceptLoginToken(token, as: user)
    return AcceptLoginAnswer(device: device.deviceModel, dc: dc)
  }

  /// Source: core.telegram.org/api/links, "QR code login links".
  private static func token(in link: String) -> [UInt8]? {
    let url = URLComponents(string: link)
    guard url?.scheme == "tg", url?.host == "login",
      let text = url?.queryItems?.first(where: { $0.name == "token" })?.value
    else { return nil }
    let base64 = text.replacing("-", with: "+").replacing("_", with: "/")
    let padded = base64 + String(repeating: "=", count: (4 - base64.count % 4) % 4)
    return Data(base64Encoded: padded).map { Array($0) }
  }
}
