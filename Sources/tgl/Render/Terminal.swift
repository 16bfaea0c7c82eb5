import CReadline
import Dispatch
import Foundation
import Synchronization

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
  /// Cancelling the task ends the wait, so that an error of the connection is told at once; the thread that reads goes
  /// on until the process ends.
  /// - Throws: `PromptError.endOfInput`, `CancellationError`.
  func ask(_ question: String, isSecret: Bool = false) async throws -> String {
    let answer = Answer()
    let line = try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        guard answer.isAwaited(by: continuation) else { return }
        // Reading blocks its thread, which must not be one of the pool's.
        queue.async {
          answer.settle(.success(isInteractive ? Self.prompt("\(question): ", isSecret) : readLine()))
        }
      }
    } onCancel: {
      if isInteractive { creadline_abandon() }
      answer.settle(.failure(CancellationError()))
    }
    guard let line else { throw PromptError.endOfInput(question: question) }
    // Blanks may belong to a password.
    return isSecret ? line : line.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func prompt(_ text: String, _ isSecret: Bool) -> String? {
    guard let line = creadline_read(text, isSecret ? 1 : 0) else { return nil }
    defer {
      if isSecret { explicit_bzero(line, strlen(line)) }
      free(line)
    }
    return String(cString: line)
  }
}

/// An answer that comes once: the line, or that nobody waits for it any more.
private final class Answer: Sendable {
  private struct State {
    var continuation: CheckedContinuation<String?, any Error>?
    var isCancelled = false
  }

  private let state = Mutex(State())

  /// False when it was cancelled before; `continuation` has then been resumed.
  func isAwaited(by continuation: CheckedContinuation<String?, any Error>) -> Bool {
    let isCancelled = state.withLock { state in
      if !state.isCancelled { state.continuation = continuation }
      return state.isCancelled
    }
    if isCancelled { continuation.resume(throwing: CancellationError()) }
    return !isCancelled
  }

  func settle(_ outcome: Result<String?, any Error>) {
    let continuation = state.withLock { state in
      if case .failure = outcome { state.isCancelled = true }
      return state.continuation.take()
    }
    continuation?.resume(with: outcome)
  }
}
