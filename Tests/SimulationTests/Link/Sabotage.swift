/// What a run can break on purpose, to show that the checks would see it.
enum Sabotage: CaseIterable {
  /// Takes a message as often as it comes.
  case noDuplicateCheck
  /// Sends unanswered calls under new identifiers after a reconnection.
  case newIdentifiersOnReconnect
  /// Keeps the salt it has, whatever the server says.
  case ignoredSalts
  /// Acknowledges nothing.
  case noAcknowledgments
  /// Does not ask what it missed when the server says that the session is new.
  case ignoredNewSessions
  /// Calls again whatever the server may have run already.
  case repeatedOutcomes
  /// Sends unanswered calls again after a reconnection without asking whether the server has them.
  case noQuestionOnReconnect
}
