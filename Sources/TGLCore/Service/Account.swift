public import Logging
import NIOCore
import NIOPosix
public import TelegramClient

/// Why there is nobody to act for.
public enum AccountError: Error, Sendable, CustomStringConvertible {
  /// The session file holds no key, or one that was never signed in.
  case notSignedIn(path: String)
  /// The server ended the session.
  case ended(SignInCause)

  public var description: String {
    switch self {
    case .notSignedIn(let path): "nobody is signed in (\(path)); run 'tgl login'"
    case .ended(let cause): "\(cause)"
    }
  }
}

/// Runs a client for as long as something is done with it.
public enum Account {
  /// Connects with the session file of `root`, runs `body`, and disconnects.
  ///
  /// - Parameters:
  ///   - callTimeout: how long a call may take; nil for the client's own limit.
  ///   - storage: of a service, which waits while the session file cannot be written; nil for a command.
  /// - Throws: what `body` throws, or why the client cannot go on.
  public static func withClient<Result: Sendable>(
    settings: AccountSettings, root: DataRoot, version: String, receivesUpdates: Bool,
    callTimeout: Duration? = nil, logger: Logger, storage: StorageHealth? = nil,
    _ body: @Sendable @escaping (TelegramClient, SessionFile) async throws -> Result
  ) async throws -> Result {
    let session = try SessionFile(
      path: root.sessionFile, storage: storage ?? StorageHealth(), isPatient: storage != nil)
    var configuration = settings.clientConfiguration(version: version)
    configuration.receivesUpdates = receivesUpdates
    // A person waits for a command; a service waits for the network to come back.
    if let callTimeout { configuration.callTimeout = callTimeout }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let client = TelegramClient(configuration: configuration, store: session, group: group, logger: logger)
    let outcome: Swift.Result<Result, any Error>
    do {
      outcome = .success(
        try await withThrowingTaskGroup(of: Result?.self) { tasks in
          defer { tasks.cancelAll() }
          tasks.addTask {
            try await client.run()
            return nil
          }
          tasks.addTask { try await body(client, session) }
          while let result = try await tasks.next() {
            if let result { return result }
          }
          throw TelegramError.closed
        })
    } catch {
      outcome = .failure(error)
    }
    try? await group.shutdownGracefully()
    return try outcome.get()
  }
}
