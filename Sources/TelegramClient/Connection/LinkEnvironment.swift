import Logging
import MTProto
import Synchronization

/// What all links of a client share.
struct LinkEnvironment: Sendable {
  var configuration: ClientConfiguration
  var store: any SessionStore
  var addresses: SharedAddresses
  var hints: SessionHints
  var serverClock = ServerClock()
  var feed: UpdateFeed?
  var state: StateReporter
  var dialer: any Dialer
  var clock: any Clock<Duration>
  var wallClock: WallClock
  var random: RandomSource
  var logger: Logger
  /// How long a link that is not home stays connected without a call.
  var idleTimeout: Duration = .seconds(60)
  /// How long a key exchange may take.
  var keyExchangeTimeout: Duration = .seconds(20)
}

/// Telegram's time as its messages tell it, shared by the links; independent of this machine's clock.
final class ServerClock: Sendable {
  private let base = Mutex<Duration?>(nil)

  /// Notes Telegram's time when the monotonic clock was at zero.
  func note(_ base: Duration) { self.base.withLock { $0 = base } }

  /// The time since 1970-01-01 UTC; nil while nothing was heard.
  func time(at uptime: Duration) -> Duration? { base.withLock { $0.map { $0 + uptime } } }
}

/// The address book, shared by the links.
final class SharedAddresses: Sendable {
  private let book: Mutex<AddressBook>

  init(_ book: AddressBook) { self.book = Mutex(book) }

  func withBook<Result: Sendable>(_ body: (inout AddressBook) -> sending Result) -> Result {
    book.withLock { body(&$0) }
  }
}

/// The latest salt and clock correction of each data centre, on their way to the store.
final class SessionHints: Sendable {
  private struct State {
    var hints: [Int: StoredSessionHint] = [:]
    var changed: Set<Int> = []
  }

  private let state = Mutex(State())
  /// Says that there is something to `takeChanged`.
  let changes: AsyncStream<Void>
  private let notify: AsyncStream<Void>.Continuation

  init() { (changes, notify) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  func start(_ hint: StoredSessionHint) { state.withLock { $0.hints[hint.dc] = hint } }

  func known(dc: Int) -> StoredSessionHint? { state.withLock { $0.hints[dc] } }

  func note(dc: Int, salt: Int64) { change(dc) { $0.salt = salt } }
  func note(dc: Int, timeOffset: Duration) { change(dc) { $0.timeOffset = timeOffset } }

  func takeChanged() -> [StoredSessionHint] {
    state.withLock { state in
      defer { state.changed = [] }
      return state.changed.sorted().compactMap { state.hints[$0] }
    }
  }

  private func change(_ dc: Int, _ body: (inout StoredSessionHint) -> Void) {
    state.withLock { state in
      body(&state.hints[dc, default: StoredSessionHint(dc: dc, salt: 0, timeOffset: .zero)])
      state.changed.insert(dc)
    }
    notify.yield()
  }
}

/// Tells whoever asks how the home link stands.
final class StateReporter: Sendable {
  private struct State {
    var current = ConnectionState.idle
    var listeners: [Int: AsyncStream<ConnectionState>.Continuation] = [:]
    var lastListener = 0
  }

  private let state = Mutex(State())

  var current: ConnectionState { state.withLock { $0.current } }

  func report(_ new: ConnectionState) {
    let listeners = state.withLock { state -> [AsyncStream<ConnectionState>.Continuation] in
      guard state.current != new else { return [] }
      state.current = new
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.yield(new) }
  }

  /// The current state and every later one; a slow reader sees only the latest.
  func states() -> AsyncStream<ConnectionState> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: ConnectionState.self, bufferingPolicy: .bufferingNewest(1))
    let (id, current) = state.withLock { state in
      state.lastListener += 1
      state.listeners[state.lastListener] = continuation
      return (state.lastListener, state.current)
    }
    continuation.yield(current)
    continuation.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) } }
    return stream
  }
}
