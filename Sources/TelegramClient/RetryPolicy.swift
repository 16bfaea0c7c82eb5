import MTProto

/// What to do about a refused call: a value, one for each call.
///
/// Source: "Error handling", core.telegram.org/api/errors.
struct RetryPolicy {
  enum Decision {
    case fail(TelegramError)
    /// Call again at once.
    case retry
    /// Call again after the server's wait, or ours for a server in trouble.
    case wait(Duration)
    /// The account, or the phone number, lives on another data centre.
    case moveHome(Int)
    /// What is asked for lives on another data centre.
    case ask(Int)
    /// The sign-in has to be carried over to this data centre first.
    case authorize
  }

  private static let maximumFloodWaits = 10
  private static let maximumMigrations = 3
  private static let maximumServerFailures = 5
  /// Introducing the client once more, asking again after a call's outcome was lost.
  private static let maximumRepetitions = 3

  let floodSleepThreshold: Duration
  /// Whether FILE_MIGRATE is followed.
  let followsFiles: Bool
  /// Whether failures of the server are retried here, and not by the caller, whose tries they would multiply.
  let retriesFailures: Bool
  private var floodWaits = 0
  private var migrations = 0
  private var repetitions = 0
  private var transfers = 0
  private var serverFailures = 0

  init(floodSleepThreshold: Duration, followsFiles: Bool = true, retriesFailures: Bool = true) {
    self.floodSleepThreshold = floodSleepThreshold
    self.followsFiles = followsFiles
    self.retriesFailures = retriesFailures
  }

  /// - Parameters:
  ///   - isHome: whether the account's home data centre was asked.
  ///   - isOpen: whether the call needs no sign-in.
  mutating func decide(_ error: RPCError, method: String, isHome: Bool, isOpen: Bool) -> Decision {
    switch error.kind {
    case .floodWait(let wait):
      floodWaits += 1
      guard wait <= floodSleepThreshold, floodWaits <= Self.maximumFloodWaits else {
        return .fail(.floodWait(wait, method: method))
      }
      return .wait(max(wait, .seconds(1)))
    case .migrate(let migration, let dc):
      migrations += 1
      if case .file = migration, !followsFiles { break }
      guard migrations <= Self.maximumMigrations, (1...1000).contains(dc) else { break }
      return switch migration {
      case .phone, .network, .user: .moveHome(dc)
      case .file, .stats: .ask(dc)
      }
    case .unauthorized:
      guard !isHome, !isOpen, error.name == "AUTH_KEY_UNREGISTERED", transfers == 0 else {
        return .fail(.unauthorized(error.name))
      }
      transfers += 1
      return .authorize
    case .serverFailure:
      serverFailures += 1
      guard retriesFailures, serverFailures <= Self.maximumServerFailures else { break }
      return .wait(.seconds(1 << (serverFailures - 1)))
    case .outcomeUnknown:
      repetitions += 1
      guard Self.isRepeatable(method), repetitions <= Self.maximumRepetitions else { break }
      return .retry
    case .slowModeWait, .fileReferenceExpired, .other:
      guard Self.introductionErrors.contains(error.name) else { break }
      repetitions += 1
      guard repetitions <= Self.maximumRepetitions else { break }
      return .retry
    }
    return .fail(.rpc(error, method: method))
  }

  /// The link introduces the client again after one of these.
  static let introductionErrors: Set<String> = ["CONNECTION_NOT_INITED", "CONNECTION_LAYER_INVALID"]

  /// Whether running the method twice does nothing that running it once does not.
  private static func isRepeatable(_ method: String) -> Bool {
    let verb = method.split(separator: ".").last ?? ""
    let repeatable = ["get", "resolve", "search", "saveFilePart", "saveBigFilePart", "reuploadCdnFile"]
    return repeatable.contains { verb.hasPrefix($0) }
  }
}
