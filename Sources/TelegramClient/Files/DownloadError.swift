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
    switch error {
    case .floodWait(let wait, _): self = .floodWait(wait)
    case .rpc(let refusal, _):
      if case .fileReferenceExpired = refusal.kind {
        self = .referenceExpired
      } else if Self.final.contains(refusal.name) {
        self = .gone(refusal.name)
      } else {
        self = .telegram(error)
      }
    default: self = .telegram(error)
    }
  }

  /// Source: core.telegram.org/method/upload.getFile, "Possible errors".
  private static let final: Set<String> = [
    "FILE_ID_INVALID", "LOCATION_INVALID", "LOCATION_NOT_AVAILABLE", "MEDIA_EMPTY", "PHOTO_INVALID", "DOCUMENT_INVALID",
  ]
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
