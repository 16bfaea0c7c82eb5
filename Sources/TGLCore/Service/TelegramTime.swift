import Logging
import MTProto
import TelegramClient

/// Telegram's time, which says when something happened there; this machine's clock only shows times and names files.
struct TelegramTime: Sendable {
  /// How far this machine's clock may be off before people are told.
  static let tolerableOffset = Duration.seconds(60)
  /// How often the two are compared.
  private static let interval = Duration.seconds(60)

  /// Telegram's time since 1970; nil while it is not known.
  var telegram: @Sendable () -> Duration?
  /// This machine's.
  var machine: @Sendable () -> Duration

  init(telegram: @escaping @Sendable () -> Duration?, machine: @escaping @Sendable () -> Duration) {
    self.telegram = telegram
    self.machine = machine
  }

  init(_ client: TelegramClient) {
    self.init(telegram: { client.telegramTime }, machine: { client.now().unixTime })
  }

  /// How far this machine's clock is ahead of Telegram's; nil while that is not known.
  var offset: Duration? { telegram().map { machine() - $0 } }

  /// The clocks for everything that is recorded: Telegram's time, and this machine's only before that is known.
  var serviceTime: ServiceTime {
    var time = ServiceTime()
    let (telegram, machine) = (telegram, machine)
    time.now = { (telegram() ?? machine()).components.seconds }
    return time
  }

  /// What to tell people of the offset; nil when it is tolerable or not known.
  var complaint: String? {
    guard let offset, abs(offset.inSeconds) > Self.tolerableOffset.inSeconds else { return nil }
    return "this machine's clock is \(Self.words(for: offset)) Telegram's; see timedatectl(1)"
  }

  /// Says in the log and in the health endpoint while the clock is off, for as long as it runs.
  func watch(_ vitals: ServiceVitals, logger: Logger, sleep: (Duration) async throws -> Void) async throws {
    var wasOff = false
    while true {
      let complaint = complaint
      vitals.noteImpairment(of: "clock", complaint)
      if let complaint, !wasOff {
        logger.warning("the clock is wrong; times are taken from Telegram", metadata: ["reason": "\(complaint)"])
      } else if complaint == nil, wasOff {
        logger.notice("the clock is right again")
      }
      wasOff = complaint != nil
      try await sleep(Self.interval)
    }
  }

  /// The offset in a few words, as in "90 s ahead of".
  static func words(for offset: Duration) -> String {
    let seconds = (abs(offset.inSeconds) * 10).rounded() / 10
    let amount =
      switch seconds {
      case ..<172_800: "\(seconds) s"
      default: "\(Int((seconds / 86_400).rounded())) days"
      }
    return "\(amount) \(offset > .zero ? "ahead of" : "behind")"
  }
}
