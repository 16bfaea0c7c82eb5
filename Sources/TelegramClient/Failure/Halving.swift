/// Asks for ever fewer objects while the answer cannot be read: what is in front of the unreadable one is then had.
///
/// - Parameters:
///   - limit: how many are asked for at first; at least 1.
///   - ask: asks for at most so many.
/// - Throws: `TelegramError.decoding` when a single one cannot be read.
func inHalves<Answer>(
  of limit: Int32, _ ask: (Int32) async throws(TelegramError) -> Answer
) async throws(TelegramError) -> Answer {
  var limit = limit
  while true {
    do throws(TelegramError) { return try await ask(limit) } catch {
      guard case .decoding = error, limit > 1 else { throw error }
      limit /= 2
    }
  }
}
