import Logging
import MTProto
import MTProtoCrypto
import NIOCore
import NIOPosix
import Synchronization
import TL
import Testing

@testable import TelegramClient

/// Waits until `condition` holds; gives other tasks time in between.
func eventually(
  _ condition: @Sendable () async throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  for _ in 0..<20_000 {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(1))
  }
  Issue.record("the condition never came true", sourceLocation: sourceLocation)
}

func configuration(port: Int, transport: String = "obfuscated-abridged") throws -> ClientConfiguration {
  ClientConfiguration(
    apiID: 1, apiHash: "hash",
    servers: .custom(dc: 2, host: "127.0.0.1", port: port, keys: [LoopbackServer.privateKey.publicKey]),
    transport: try #require(Transport(name: transport)), appVersion: "tgl test")
}

func testClient(
  _ configuration: ClientConfiguration, store: InMemorySessionStore = InMemorySessionStore(),
  clock: any Clock<Duration> = ContinuousClock(), dialer: any Dialer = TCPDialer()
) -> TelegramClient {
  var logger = Logger(label: "test")
  logger.logLevel = .critical
  return TelegramClient(
    configuration: configuration, store: store, group: MultiThreadedEventLoopGroup.singleton, logger: logger,
    dialer: dialer, clock: clock, wallClock: .system, random: .system)
}

/// Runs `body` while the client runs, and then stops it.
func running<Value: Sendable>(
  _ client: TelegramClient, _ body: @escaping @Sendable (TelegramClient) async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value?.self) { group in
    group.addTask {
      try await client.run()
      return nil
    }
    group.addTask { try await body(client) }
    defer { group.cancelAll() }
    while let value = try await group.next() {
      if let value { return value }
    }
    throw TelegramError.closed
  }
}

func user(_ id: Int64, isSelf: Bool = false, username: String? = nil) -> API.AnyUser {
  .user(API.User(isSelf: isSelf, id: id, accessHash: id * 7, firstName: "User", lastName: "\(id)", username: username))
}

/// A value behind a lock.
final class Locked<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  init(_ value: Value) { self.value = Mutex(value) }

  func withValue<Result: Sendable>(_ body: (inout Value) -> Result) -> Result { value.withLock { body(&$0) } }
  var current: Value { value.withLock { $0 } }
}
