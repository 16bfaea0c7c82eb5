import CReadline
import Dispatch
import Foundation

/// Why a question got no answer.
enum PromptError: Error, CustomStringConvertible {
  case endOfInput(question: String)

  var description: String {
    switch self {
    case .endOfInput(let question): "standard input ended where an answer was needed: \(question)"
    }
  }
}

/// Asks questions: with readline at a terminal, by plain lines elsewhere.
struct Terminal: Sendable {
  let isInteractive = isatty(STDIN_FILENO) == 1
  private let queue = DispatchQueue(label: "tgl.terminal")

  /// The answer to `question`, without the blanks around it; a secret is not shown while it is typed.
  ///
  /// - Throws: `PromptError.endOfInput`.
  func ask(_ question: String, isSecret: Bool = false) async throws -> String {
    let line: String? = await withCheckedContinuation { continuation in
      // Reading blocks its thread, which must not be one of the pool's.
      queue.async {
        continuation.resume(returning: isInteractive ? Self.prompt("\(question): ", isSecret) : readLine())
      }
    }
    guard let line else { throw PromptError.endOfInput(question: question) }
    // Blanks may belong to a password.
    return isSecret ? line : line.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func prompt(_ text: String, _ isSecret: Bool) -> String? {
    guard let line = creadline_read(text, isSecret ? 1 : 0) else { return nil }
    defer {
      if isSecret { memset(line, 0, strlen(line)) }
      free(line)
    }
    return String(cString: line)
  }
}
