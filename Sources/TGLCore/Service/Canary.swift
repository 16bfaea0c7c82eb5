import Foundation
import Logging
import MTProto
import Metrics
import Synchronization
import TL
import TelegramClient

/// What the canary asks of Telegram; `TelegramCanaryPerch` is one, a test another.
protocol CanaryPerch: Sendable {
  /// Posts a silent message to the log chat; its id.
  func post(_ text: String) async throws(TelegramError) -> Int32
  func delete(_ message: Int32) async throws(TelegramError)
  /// Has the log chat's events fetched, as for a gap: what this session deletes itself is not pushed to it.
  func fetchEvents() async
}

/// Posts a message to the log chat, deletes it, and waits until its deletion has come from Telegram through the whole
/// path into the archive.
struct Canary: Sendable {
  static let label = "tgl_canary_seconds"
  /// How long a deletion may take to come back.
  private static let patience = Duration.seconds(60)

  private let perch: any CanaryPerch
  private let logChat: PeerID
  private let interval: Duration
  private let vitals: ServiceVitals
  private let time: ServiceTime
  private let logger: Logger
  private let box = Box()

  private final class Box: Sendable {
    struct State {
      /// The message whose deletion is waited for.
      var awaited: Int32?
      /// Those whose deletion Telegram did not take yet.
      var left: [Int32] = []
      var seen: CheckedContinuation<Bool, Never>?
    }

    let state = Mutex(State())
  }

  init(
    perch: any CanaryPerch, logChat: PeerID, interval: Duration, vitals: ServiceVitals,
    time: ServiceTime = ServiceTime(), logger: Logger
  ) {
    self.perch = perch
    self.logChat = logChat
    self.interval = interval
    self.vitals = vitals
    self.time = time
    self.logger = logger
  }

  /// Runs until the task is cancelled.
  func run() async throws {
    while true {
      try await time.sleep(interval)
      await once()
    }
  }

  /// What has just been recorded: the deletion may be among it.
  func recorded(_ batch: UpdateBatch) {
    guard let awaited = box.state.withLock({ $0.awaited }) else { return }
    let isDeleted = batch.updates.contains { update in
      switch update {
      case .updateDeleteMessages(let deletion): logChat.kind != .channel && deletion.messages.contains(awaited)
      case .updateDeleteChannelMessages(let deletion):
        PeerID.channel(deletion.channelId) == logChat && deletion.messages.contains(awaited)
      default: false
      }
    }
    if isDeleted { finish(true) }
  }

  /// One canary.
  func once() async {
    do throws(TelegramError) {
      try await deleteWhatIsLeft()
      let message = try await perch.post("tgl: a test of the path of deletions; this message goes away at once")
      let start = ContinuousClock.now
      box.state.withLock { state in
        state.awaited = message
        state.left.append(message)
      }
      try await deleteWhatIsLeft()
      await perch.fetchEvents()
      let cameBack = await waitForDeletion()
      if Task.isCancelled { return }
      guard cameBack else {
        return failed("a canary's deletion did not come back within \(Self.patience.inWholeSeconds) s")
      }
      let lasted = ContinuousClock.now - start
      Metrics.Recorder(label: Self.label).record(lasted.inSeconds)
      logger.debug("canary came back", metadata: ["seconds": "\(lasted.inSeconds)"])
      vitals.noteCanary(failure: nil)
    } catch {
      if !Task.isCancelled { failed("the canary could not be posted or deleted: \(error)") }
    }
  }

  private func failed(_ reason: String) {
    Counter(label: "tgl_canary_failures_total").increment()
    logger.warning("canary failed", metadata: ["reason": "\(reason)"])
    vitals.noteCanary(failure: reason)
  }

  private func deleteWhatIsLeft() async throws(TelegramError) {
    for message in box.state.withLock({ $0.left }) {
      try await perch.delete(message)
      box.state.withLock { state in state.left.removeAll { $0 == message } }
    }
  }

  private func waitForDeletion() async -> Bool {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        try? await time.sleep(Self.patience)
        finish(false)
      }
      let result = await withCheckedContinuation { continuation in
        let isSeen = box.state.withLock { state in
          // It may have come before anybody waited.
          guard state.awaited != nil else { return true }
          state.seen = continuation
          return false
        }
        if isSeen { continuation.resume(returning: true) }
      }
      group.cancelAll()
      return result
    }
  }

  private func finish(_ cameBack: Bool) {
    let waiting = box.state.withLock { state in
      state.awaited = nil
      defer { state.seen = nil }
      return state.seen
    }
    waiting?.resume(returning: cameBack)
  }
}

/// The log chat on Telegram.
struct TelegramCanaryPerch: CanaryPerch {
  let client: TelegramClient
  let chat: PeerID

  func post(_ text: String) async throws(TelegramError) -> Int32 {
    let answer = try await client.invoke(
      API.MessagesSendMessage(
        silent: true, peer: try await client.inputPeer(chat), message: text,
        randomId: Int64.random(in: 1 ... .max)))
    guard let id = answer.sentMessageID else {
      throw .rpc(RPCError(code: 500, message: "NO_MESSAGE_ID"), method: API.MessagesSendMessage.name)
    }
    return id
  }

  func delete(_ message: Int32) async throws(TelegramError) {
    if chat.kind == .channel {
      _ = try await client.invoke(
        API.ChannelsDeleteMessages(channel: try await client.inputChannel(chat), id: [message]))
    } else {
      _ = try await client.invoke(API.MessagesDeleteMessages(revoke: true, id: [message]))
    }
  }

  func fetchEvents() async { client.lookAgain(inChannel: chat.kind == .channel ? chat.bareID : nil) }
}

extension API.AnyUpdates {
  /// The id of the message a call has sent.
  fileprivate var sentMessageID: Int32? {
    switch self {
    case .updateShortSentMessage(let sent): return sent.id
    case .updates(let updates):
      for case .updateMessageID(let update) in updates.updates { return update.id }
      return nil
    case .updatesCombined(let updates):
      for case .updateMessageID(let update) in updates.updates { return update.id }
      return nil
    default: return nil
    }
  }
}
