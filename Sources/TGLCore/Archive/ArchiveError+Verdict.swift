public import TelegramClient

extension ArchiveError {
  /// What to do about this failure, in the words of the failures of calls.
  public var verdict: Verdict { isTransient ? .retry(after: nil) : .stop(reason: "\(self)") }
}
