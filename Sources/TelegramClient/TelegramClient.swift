public import Logging
public import NIOCore
import TL

/// A client of one account: connections, calls and updates.
///
/// `run()` keeps the connections; calls may be made before it starts and wait until it does.
public final class TelegramClient: Sendable {
  public let configuration: ClientConfiguration
  /// What the server sends on its own, and the `Updates` our own calls are answered with.
  ///
  /// For one consumer.
  public let updates: ClientUpdates

  let environment: LinkEnvironment
  let centers: DataCenters
  let peers: PeerBook
  let dialogSearch = DialogSearch()
  let transferBudget: TransferBudget

  public convenience init(
    configuration: ClientConfiguration, store: any SessionStore, group: any EventLoopGroup, logger: Logger,
    dialer: any Dialer = TCPDialer()
  ) {
    self.init(
      configuration: configuration, store: store, group: group, logger: logger, dialer: dialer,
      clock: ContinuousClock(), wallClock: .system, random: .system)
  }

  /// `clock` measures the waits between attempts and for FLOOD_WAIT; time-outs go by the event loop's clock.
  public init(
    configuration: ClientConfiguration, store: any SessionStore, group: any EventLoopGroup, logger: Logger,
    dialer: any Dialer, clock: any Clock<Duration>, wallClock: WallClock, random: RandomSource
  ) {
    let feed = UpdateFeed(capacity: configuration.updateBufferSize)
    let environment = LinkEnvironment(
      configuration: configuration,
      store: store,
      addresses: SharedAddresses(AddressBook(servers: configuration.servers)),
      hints: SessionHints(),
      feed: configuration.receivesUpdates ? feed : nil,
      state: StateReporter(),
      dialer: configuration.proxy.map { ProxyDialer(proxy: $0, dialer: dialer) } ?? dialer,
      clock: clock,
      wallClock: wallClock,
      random: random,
      logger: logger)
    self.configuration = configuration
    self.environment = environment
    transferBudget = TransferBudget(capacity: max(configuration.transferMemory, DownloadPlan.partSize))
    centers = DataCenters(environment: environment, group: group)
    peers = PeerBook(store: store, wallClock: wallClock, logger: logger)
    updates = ClientUpdates(feed: feed, peers: peers)
  }

  /// Whether CDNs can be reached: an MTProxy knows Telegram's own data centres only.
  var acceptsCDNs: Bool { configuration.proxy?.mtproxySecret == nil }

  /// How the client stands with its home data centre now.
  public var connectionState: ConnectionState { environment.state.current }

  /// The current state and every later one; a slow reader sees only the latest.
  public func connectionStates() -> AsyncStream<ConnectionState> { environment.state.states() }

  /// The data centre the account lives on; before any sign-in the one to start with.
  public func homeDC() async throws(TelegramError) -> Int { try await centers.homeDC() }

  /// Keeps the connections up until the task is cancelled; call it once.
  ///
  /// - Throws: where retrying cannot help: the key is lost, the server is not who it should be, the store fails.
  public func run() async throws(TelegramError) {
    let outcome: Result<Void, any Error>
    do {
      _ = try await centers.homeLink()
      try await runLinks()
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    await centers.close()
    switch outcome {
    case .success: return
    case .failure(let error as TelegramError): throw error
    case .failure: return
    }
  }

  private func runLinks() async throws {
    let (filled, roomChanges) = roomChanges()
    defer { roomChanges.finish() }
    try await withThrowingDiscardingTaskGroup { group in
      group.addTask { try await self.keepHints() }
      group.addTask { await self.keepAddresses() }
      group.addTask { for await hasRoom in filled { await self.centers.updateBufferChanged(hasRoom: hasRoom) } }
      for await link in centers.newLinks {
        group.addTask {
          do {
            try await link.run()
          } catch {
            // This loop waits for links to come, and a task that fails does not end it.
            await self.centers.announceNoMore()
            throw error
          }
        }
      }
      group.cancelAll()
    }
  }

  /// The update buffer's state on its way to the link; only the latest counts.
  private func roomChanges() -> (AsyncStream<Bool>, AsyncStream<Bool>.Continuation) {
    let (stream, continuation) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingNewest(1))
    environment.feed?.listen { continuation.yield($0) }
    return (stream, continuation)
  }

  /// Saves salts and clock corrections as they change.
  private func keepHints() async throws(TelegramError) {
    for await _ in environment.hints.changes {
      for hint in environment.hints.takeChanged() {
        do { try await environment.store.setSessionHint(hint) } catch { throw .store("\(error)") }
      }
    }
  }

  /// Asks every new connection to home where the data centres are; it introduces the client to the server, too.
  ///
  /// While home cannot be reached, the data centre the settings name is asked whether it has moved.
  private func keepAddresses() async {
    for await state in environment.state.states() {
      do throws(TelegramError) {
        switch state {
        case .connected: try await refreshAddresses(from: nil)
        case .waiting:
          let first = environment.addresses.withBook(\.initialDC)
          if try await homeDC() != first { try await refreshAddresses(from: first) }
        case .idle, .connecting: break
        }
      } catch {
        switch error {
        case .cancelled, .closed: continue
        default: break
        }
        environment.logger.warning("addresses not refreshed", metadata: ["error": "\(error)"])
      }
    }
  }

  /// Takes over what the server says of the data centres' addresses.
  func refreshAddresses(from dc: Int?) async throws(TelegramError) {
    let config = try await invoke(API.HelpGetConfig(), dc: dc, timeout: .seconds(30))
    environment.addresses.withBook { $0.announce(config.dcOptions) }
  }
}
