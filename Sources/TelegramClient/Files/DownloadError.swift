import MTProto

/// Why a file did not arrive; what did arrive is kept unless the case says otherwise.
public enum DownloadError: Error, Sendable {
  /// The file reference is too old: fetch the message again, and go on with the new one.
  case referenceExpired
  /// The server does not have the file and never will; its word for it.
  case gone(String)
  /// The server asks to wait longer than `ClientConfiguration.floodSleepThreshold`.
  case floodWait(Duration)
  /// No room left on the device of `path`.
  case diskFull(path: String)
  /// The local file cannot be opened, read or written.
  case file(String)
  /// The server's file has another size than was announced; the partial file is empty again.
  case sizeMismatch(expected: Int64, actual: Int64)
  /// What a CDN sent is not the file, and there is no other way to it.
  case hashMismatch
  case telegram(TelegramError)

  /// What the refusal of a part means for its file.
  init(_ error: TelegramError) {
    switch (error.verdict, error) {
    case (.retry(let wait?), _): self = .floodWait(wait)
    case (.renew(.fileReference), _): self = .referenceExpired
    case (.setAside(.file, let reason), .rpc): self = .gone(reason)
    default: self = .telegram(error)
    }
  }

  /// What to do about this failure.
  public var verdict: Verdict {
    switch self {
    case .referenceExpired: .renew(.fileReference)
    case .gone(let name): .setAside(.file, reason: name)
    case .floodWait(let wait): .retry(after: Patience.bounded(wait))
    case .diskFull, .file, .sizeMismatch, .hashMismatch: .retry(after: nil)
    case .telegram(let error): error.verdict
    }
  }

  /// Whether what there is of the file is of no use for another attempt.
  public var spoilsPartialFile: Bool {
    switch self {
    case .sizeMismatch, .hashMismatch: true
    case .referenceExpired, .gone, .floodWait, .diskFull, .file, .telegram: false
    }
  }

  /// Whether it says nothing of the file: the connection, a data centre or the account's pace is in the way.
  public var isOutage: Bool {
    switch self {
    case .floodWait: true
    case .telegram(.floodWait), .telegram(.unreachable), .telegram(.timeout), .telegram(.keyExchange),
      .telegram(.store), .telegram(.unauthorized), .telegram(.authKeyLost), .telegram(.closed):
      true
    case .telegram, .referenceExpired, .gone, .diskFull, .file, .sizeMismatch, .hashMismatch: false
    }
  }
}

extension DownloadError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .referenceExpired: "the file reference has expired"
    case .gone(let name): "Telegram does not have the file any more (\(name))"
    case .floodWait(let wait): "Telegram asks to wait \(wait.components.seconds) s before more of the file is fetched"
    case .diskFull(let path): "\(path): no space left on the device"
    case .file(let reason): reason
    case .sizeMismatch(let expected, let actual): "the file has \(actual) bytes where \(expected) were announced"
    case .hashMismatch: "what the CDN sent is not the file"
    case .telegram(let error): "\(error)"
    }
  }
}
