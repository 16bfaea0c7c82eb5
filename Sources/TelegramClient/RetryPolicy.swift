import MTProto

/// What to do about a refused call: a value, one for each call.
///
/// Source: "Error handling", core.telegram.org/api/errors.
struct RetryPolicy {
  enum Decision: Equatable {
    case fail(TelegramError)
    /// Call again, after a wait if there is one.
    case retry(after: Duration?)
    /// The account, or the phone number, lives on another data centre.
    case moveHome(Int)
    /// What is asked for lives on another data centre.
    case ask(Int)
    /// The sign-in has to be carried over to this data centre first.
    case authorize

    static func == (left: Decision, right: Decision) -> Bool { String(describing: left) == String(describing: right) }
  }

  private static let signedOut: Set<String> = [
    "AUTH_KEY_UNREGISTERED", "AUTH_KEY_INVALID", "AUTH_KEY_DUPLICATED", "SESSION_REVOKED", "SESSION_EXPIRED",
    "USER_DEACTIVATED", "USER_DEACTIVATED_BAN",
  ]
  private static let homeMigrations: Set<String> = ["PHONE_MIGRATE", "NETWORK_MIGRATE", "USER_MIGRATE"]
  private static let dataMigrations: Set<String> = ["FILE_MIGRATE", "STATS_MIGRATE"]
  private static let floodWaits: Set<String> = ["FLOOD_WAIT", "FLOOD_PREMIUM_WAIT", "FLOOD_TEST_PHONE_WAIT"]
  private static let introductions: Set<String> = ["CONNECTION_NOT_INITED", "CONNECTION_LAYER_INVALID"]

  let floodSleepThreshold: Duration
  private var floodWaits = 0
  private var migrations = 0
  private var introductions = 0
  private var transfers = 0
  private var transientFailures = 0

  init(floodSleepThreshold: Duration) { self.floodSleepThreshold = floodSleepThreshold }

  mutating func decide(_ error: RPCError, method: String, isHome: Bool, isTransfer: Bool) -> Decision {
    let refused = Decision.fail(.rpc(error, method: method))
    if Self.floodWaits.contains(error.name) {
      let wait = Duration.seconds(max(error.argument ?? 0, 1))
      floodWaits += 1
      guard wait <= floodSleepThreshold, floodWaits <= 10 else { return .fail(.floodWait(wait, method: method)) }
      return .retry(after: wait)
    }
    if Self.homeMigrations.contains(error.name) || Self.dataMigrations.contains(error.name) {
      migrations += 1
      guard migrations <= 3, let dc = error.argument, (1...1000).contains(dc) else { return refused }
      return Self.homeMigrations.contains(error.name) ? .moveHome(dc) : .ask(dc)
    }
    if Self.introductions.contains(error.name) {
      introductions += 1
      return introductions <= 2 ? .retry(after: nil) : refused
    }
    if Self.signedOut.contains(error.name) {
      guard !isHome, !isTransfer, error.name == "AUTH_KEY_UNREGISTERED" else {
        return .fail(.unauthorized(error.name))
      }
      transfers += 1
      return transfers <= 1 ? .authorize : .fail(.unauthorized(error.name))
    }
    if error.code <= -500 || error.code >= 500 {
      transientFailures += 1
      guard transientFailures <= 5 else { return refused }
      return .retry(after: .seconds(1 << (transientFailures - 1)))
    }
    return refused
  }
}
