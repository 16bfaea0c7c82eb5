import Foundation
import Logging
import MTProtoCrypto
import NIOCore
import Synchronization
import TL
import TelegramClient

@testable import TGLCore

/// Files in memory, by the id of their photo or document, with what goes wrong on the way.
final class FakeMediaSource: MediaSource {
  struct State {
    var files: [Int64: [UInt8]] = [:]
    /// What the next downloads end with, in order; nil for success.
    var faults: [DownloadError?] = []
    /// Ids in the order of their downloads.
    var asked: [Int64] = []
    var messages: [API.AnyMessage] = []
  }
  let state = Mutex(State())

  func download(_ file: RemoteFile, to path: String) async throws(DownloadError) -> DownloadedFile {
    let id =
      switch file.location {
      case .inputDocumentFileLocation(let location): location.id
      case .inputPhotoFileLocation(let location): location.id
      default: Int64(0)
      }
    let (content, fault) = state.withLock { state in
      state.asked.append(id)
      return (state.files[id], state.faults.isEmpty ? nil : state.faults.removeFirst())
    }
    if let fault { throw fault }
    guard let content else { throw .gone("LOCATION_INVALID") }
    guard FileManager.default.createFile(atPath: path, contents: Data(content)) else { throw .file("no file") }
    return DownloadedFile(size: Int64(content.count), sha256: SHA256.hash(content))
  }

  func messages(_ ids: [Int64], in scope: MessageScope) async throws(TelegramError) -> FetchedMessages {
    FetchedMessages(messages: state.withLock(\.messages))
  }

  var asked: [Int64] { state.withLock(\.asked) }
}

/// An archive, the folders of its media, and what works on them.
final class MediaFixture: Sendable {
  let archive: ArchiveFixture
  let source = FakeMediaSource()
  let chat = FakeLogChat()
  let root: DataRoot
  let store: MediaStore
  private let logger = Logger(label: "media") { _ in SwiftLogNoOpLogHandler() }

  init(key: [UInt8]? = nil, minimumFree: Int64 = 0, naming: FileNaming = .system) throws {
    archive = try ArchiveFixture()
    root = try DataRoot(path: archive.directory)
    store = MediaStore(root: root, key: key.map(Secret.init), minimumFree: minimumFree, naming: naming)
  }

  /// Time that passes whenever somebody waits.
  static func jumpingTime(from start: Int64 = 2_000_000_000) -> ServiceTime {
    let clock = JumpingClock(start)
    return ServiceTime(
      now: { clock.now.withLock { $0 } },
      sleep: { duration in
        clock.now.withLock { $0 += max(duration.components.seconds, 1) }
        await Task.yield()
        try Task.checkCancellation()
      })
  }

  private func notifier(_ policy: NotifierPolicy, _ time: ServiceTime) -> Notifier {
    Notifier(
      archive: archive.archive, chat: chat, temporaryDirectory: root.mediaBuffer, store: store, policy: policy,
      time: time, logger: logger)
  }

  /// Runs the notifier alone until so many texts are posted.
  func post(texts: Int, policy: NotifierPolicy) async throws {
    let notifier = notifier(policy, Self.jumpingTime())
    try await withThrowingTaskGroup(of: Void.self) { group in
      defer { group.cancelAll() }
      group.addTask { try await notifier.run() }
      while chat.texts.count < texts { try await Task.sleep(for: .milliseconds(2)) }
    }
  }

  /// Runs vault and notifier until nothing is open any more, or the vault alone.
  func settle(
    time: ServiceTime = jumpingTime(), telling: Bool = true, policy: NotifierPolicy = NotifierPolicy()
  ) async throws {
    let notifier = notifier(policy, time)
    let vault = MediaVault(
      source: source, archive: archive.archive, store: store, wakeNotifier: { notifier.wake() }, time: time,
      logger: logger)
    try await withThrowingTaskGroup(of: Void.self) { group in
      defer { group.cancelAll() }
      group.addTask { try await vault.run() }
      if telling { group.addTask { try await notifier.run() } }
      while true {
        let counts = try await archive.archive.counts()
        let isTold = counts.outboxPending + counts.outboxParked == 0
        if try await archive.archive.nextMediaDue(after: -1) == nil, isTold || !telling { break }
        try await Task.sleep(for: .milliseconds(2))
      }
    }
  }

  func names(_ place: StoredFile.Place) throws -> [String] {
    let folder = place == .buffer ? root.mediaBuffer : root.deletedMedia
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }
}

private final class JumpingClock: Sendable {
  let now: Mutex<Int64>
  init(_ start: Int64) { now = Mutex(start) }
}
