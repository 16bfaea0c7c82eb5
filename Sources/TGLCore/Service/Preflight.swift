import Foundation
public import Logging
import NIOCore
import NIOPosix
import TelegramClient

/// What one look at the setup came to.
public struct CheckResult: Sendable, Codable, Hashable {
  public enum Outcome: String, Sendable, Codable {
    case ok
    /// The service starts, but something is not as it should be.
    case warning
    case failed
  }

  public var check: String
  public var outcome: Outcome
  public var message: String
}

/// `tgl run --check`: looks at everything the service will need, changes nothing, and says each in a line.
public struct Preflight: Sendable {
  /// A clock further off than this is worth a word; Telegram tells its own, which the client goes by.
  private static let tolerableSkew = Duration.seconds(30)

  private let settings: Settings
  private let version: String
  private let logger: Logger
  private let tell: @Sendable (CheckResult) -> Void

  /// - Parameter tell: called with each result as soon as it is there.
  public init(
    settings: Settings, version: String, logger: Logger, tell: @escaping @Sendable (CheckResult) -> Void
  ) {
    self.settings = settings
    self.version = version
    self.logger = logger
    self.tell = tell
  }

  /// - Returns: what keeps the service from running; empty when nothing does.
  public func run() async -> [any Error] {
    var failures: [any Error] = []
    for warning in settings.warnings { tell("settings", .warning, warning) }
    tell("settings", .ok, "all are valid")
    await look("data", &failures) { try data() }
    await look("archive", &failures) { try archive() }
    look("key")
    await look("session", &failures) { try session() }
    if failures.isEmpty { await askTelegram(&failures) }
    await look("health", &failures) { try await health() }
    return failures
  }

  private func tell(_ check: String, _ outcome: CheckResult.Outcome, _ message: String) {
    tell(CheckResult(check: check, outcome: outcome, message: message))
  }

  private func look(
    _ check: String, _ failures: inout [any Error], _ body: () async throws -> (CheckResult.Outcome, String)
  ) async {
    do {
      let (outcome, message) = try await body()
      tell(check, outcome, message)
    } catch {
      failures.append(error)
      tell(check, .failed, "\(error)")
    }
  }

  // MARK: On this machine

  private var root: DataRoot { DataRoot(existing: settings.account.dataRoot) }

  private func data() throws -> (CheckResult.Outcome, String) {
    // A directory that is not there is made at the start, in the nearest one that is.
    var place = URL(fileURLWithPath: root.path).standardizedFileURL
    while FileStatus(place.path) == nil, place.path != "/" { place.deleteLastPathComponent() }
    guard FileStatus(place.path)?.isFolder == true else {
      throw DataRootError.unusable(path: root.path, reason: "\(place.path) is no directory")
    }
    guard access(place.path, W_OK | X_OK) == 0 else {
      throw DataRootError.unusable(path: root.path, reason: SystemReason.last())
    }
    let free = MediaStore.freeBytes(at: place.path) ?? 0
    let room = "\(root.path), \(MediaFile.bytes(free)) free"
    if free < Int64(settings.mediaMinFree) {
      return (.warning, "\(room), less than MEDIA_MIN_FREE_BYTES: no media will be downloaded")
    }
    return (.ok, place.path == URL(fileURLWithPath: root.path).standardizedFileURL.path ? room : "\(room), to be made")
  }

  private func archive() throws -> (CheckResult.Outcome, String) {
    let status = try ArchiveStatus(of: root.archiveFile, counting: false)
    switch status.layout {
    case .none: return (.ok, "none yet; it is made at the start")
    case .current: return (.ok, "\(status.path), \(MediaFile.bytes(status.size))")
    case .older: return (.ok, "\(status.path) is brought up to date at the start")
    case .python: return (.ok, "\(status.path) is the Python service's, and taken over at the start")
    case .newer: throw status.newerSchema
    }
  }

  private func look(_ check: String) {
    guard settings.encryptsDeletedMedia else { return tell(check, .ok, "none needed: ENCRYPT_DELETED_MEDIA is off") }
    tell(check, .ok, "recovered media is encrypted")
  }

  private func session() throws -> (CheckResult.Outcome, String) {
    guard FileStatus(root.sessionFile) != nil else { throw AccountError.notSignedIn(path: root.sessionFile) }
    _ = try SessionFile(path: root.sessionFile)
    return (.ok, root.sessionFile)
  }

  // MARK: Telegram

  private func askTelegram(_ failures: inout [any Error]) async {
    do {
      let found = try await Account.withClient(
        settings: settings.account, root: root, version: version, receivesUpdates: false, logger: logger
      ) { client, session -> [any Error] in
        guard try await session.home()?.authKey != nil else { throw AccountError.notSignedIn(path: root.sessionFile) }
        return try await ask(client)
      }
      failures += found
    } catch {
      failures.append(error)
      tell("telegram", .failed, "\(error)")
    }
  }

  private func ask(_ client: TelegramClient) async throws -> [any Error] {
    let start = ContinuousClock.now
    let user = try await SignedInUser.current(of: client, root: root)
    let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
    tell(
      "telegram", .ok, "signed in as \(user.name) (id \(user.id)), DC\(user.dc), answered in \(Int(milliseconds)) ms")
    let clock = TelegramTime(client)
    let skew = clock.offset ?? .zero
    tell(
      "clock", abs(skew.inSeconds) > Self.tolerableSkew.inSeconds ? .warning : .ok,
      abs(skew.inSeconds) < 1
        ? "as Telegram's" : "\(TelegramTime.words(for: skew)) Telegram's; see timedatectl(1)")
    var failures: [any Error] = []
    await look("log chat", &failures) {
      try await LogChatCheck.run(settings.logChat, client: client)
      return (.ok, "\(settings.logChat): this account can post to it")
    }
    return failures
  }

  // MARK: Health endpoint

  private func health() async throws -> (CheckResult.Outcome, String) {
    let (host, port) = (settings.health.host, settings.health.port)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let outcome: (CheckResult.Outcome, String)
    do {
      let channel = try await ServerBootstrap(group: group)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .bind(host: host, port: port).get()
      try await channel.close()
      outcome = (.ok, port == 0 ? "the system chooses a port; the log says which" : "\(host):\(port) is free")
    } catch {
      let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
      let running = try? InstanceLock(root)
      outcome =
        running == nil
        ? (.ok, "\(host):\(port) is in use, as is to be expected while 'tgl run' is running")
        : (.warning, "\(host):\(port) cannot be listened on (\(reason)); set HEALTH_HOST or HEALTH_PORT")
    }
    try? await group.shutdownGracefully()
    return outcome
  }
}
