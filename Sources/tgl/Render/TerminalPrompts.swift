import Foundation
import TelegramClient

/// The sign-in dialogue at a terminal, or fed with lines.
struct TerminalPrompts: SignInPrompts {
  let terminal = Terminal()
  /// Given on the command line: answers the first question.
  let phone: String?

  func phone(retry: PhoneRetry?) async throws -> String {
    switch retry {
    case nil:
      if let phone { return phone }
    case .malformed: Output.notice("That is no phone number; give it in international form, as in +44 20 7946 0000.")
    case .invalid: Output.notice("Telegram does not accept that phone number.")
    }
    return try await terminal.ask("Phone number, in international form")
  }

  func code(_ request: CodeRequest, retry: CodeRetry?) async throws -> CodeAnswer {
    switch retry {
    case nil, .resent: Output.notice("The code was sent \(request.delivery).")
    case .wrong: Output.notice("That code is wrong.")
    case .empty: Output.notice("The code is needed to go on.")
    case .expired: Output.notice("That code was too old; a new one was sent \(request.delivery).")
    case .cannotResend(let reason): Output.notice("It cannot be sent once more (\(reason)).")
    }
    let again = request.next.map { ", or 'resend' to get it \($0)" } ?? ""
    let answer = try await terminal.ask("Code\(again), or 'cancel'", isSecret: true)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    switch answer.lowercased() {
    case "resend" where request.next != nil: return .resend
    case "cancel": return .cancel
    default: return .code(answer)
    }
  }

  func password(hint: String?, isRetry: Bool) async throws -> String {
    if isRetry { Output.notice("That password is wrong.") }
    let shown = hint.flatMap { $0.isEmpty ? nil : " (hint: \($0))" } ?? ""
    return try await terminal.ask("Two-step verification password\(shown)", isSecret: true)
  }
}
