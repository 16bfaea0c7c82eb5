import Logging
import MTProto
import Synchronization
import TL
import TelegramClient
import Testing

@testable import TGLCore

@Suite(.timeLimit(.minutes(1))) struct CanaryTests {
  /// A log chat whose events come when the test says.
  private final class Perch: CanaryPerch {
    struct State {
      var next: Int32 = 10
      var posted: [Int32] = []
      var deleted: [Int32] = []
      var refusal: TelegramError?
      var deletionRefusal: TelegramError?
    }

    let state = Mutex(State())
    let onFetch: @Sendable (Int32) -> Void

    init(onFetch: @escaping @Sendable (Int32) -> Void) { self.onFetch = onFetch }

    func post(_ text: String) async throws(TelegramError) -> Int32 {
      let result = state.withLock { state -> Result<Int32, TelegramError> in
        if let refusal = state.refusal { return .failure(refusal) }
        state.next += 1
        state.posted.append(state.next)
        return .success(state.next)
      }
      return try result.get()
    }

    func delete(_ message: Int32) async throws(TelegramError) {
      let refusal = state.withLock { state in
        if state.deletionRefusal == nil { state.deleted.append(message) }
        return state.deletionRefusal
      }
      if let refusal { throw refusal }
    }

    func fetchEvents() async { if let last = state.withLock({ $0.posted.last }) { onFetch(last) } }
  }

  private let logChat: PeerID
  private let vitals = ServiceVitals()

  init() throws { logChat = try #require(PeerID.channel(77)) }

  private func deletion(_ id: Int32, channel: Int64 = 77) -> UpdateBatch {
    var batch = UpdateBatch()
    batch.updates = [
      .updateDeleteChannelMessages(
        API.UpdateDeleteChannelMessages(channelId: channel, messages: [id], pts: 1, ptsCount: 1))
    ]
    return batch
  }

  private func canary(_ perch: Perch, sleep: @escaping @Sendable (Duration) async throws -> Void) -> Canary {
    Canary(
      perch: perch, logChat: logChat, interval: .seconds(60), vitals: vitals,
      time: ServiceTime(now: { 1 }, sleep: sleep), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test func aDeletionThatComesBackIsWell() async {
    let box = Mutex<Canary?>(nil)
    let perch = Perch { id in box.withLock { $0 }?.recorded(deletion(id)) }
    let canary = canary(perch) { _ in try await Task.sleep(for: .seconds(60)) }
    box.withLock { $0 = canary }
    vitals.noteCanary(failure: "before")
    await canary.once()
    #expect(vitals.current.canaryFailure == nil)
    #expect(perch.state.withLock { $0.posted == [11] && $0.deleted == [11] })
  }

  @Test func oneThatDoesNotComeBackIsAFailureUntilTheNext() async {
    let box = Mutex<Canary?>(nil)
    let perch = Perch { id in
      guard let canary = box.withLock({ $0 }) else { return }
      // Neither another message's deletion nor another channel's is it.
      canary.recorded(deletion(id + 1))
      canary.recorded(deletion(id, channel: 78))
      if id > 11 { canary.recorded(deletion(id)) }
    }
    let canary = canary(perch) { _ in
      if perch.state.withLock({ $0.posted.count }) > 1 { try await Task.sleep(for: .seconds(60)) }
    }
    box.withLock { $0 = canary }
    await canary.once()
    #expect(vitals.current.canaryFailure?.message == "a canary's deletion did not come back within 60 s")
    await canary.once()
    #expect(vitals.current.canaryFailure == nil)
  }

  @Test func whatCouldNotBeDeletedIsDeletedTheNextTime() async {
    let box = Mutex<Canary?>(nil)
    let perch = Perch { id in box.withLock { $0 }?.recorded(deletion(id)) }
    let canary = canary(perch) { _ in try await Task.sleep(for: .seconds(60)) }
    box.withLock { $0 = canary }
    perch.state.withLock { $0.deletionRefusal = .timeout(method: "channels.deleteMessages") }
    await canary.once()
    #expect(vitals.current.canaryFailure?.message.contains("could not be posted or deleted") == true)
    perch.state.withLock { $0.deletionRefusal = nil }
    await canary.once()
    #expect(perch.state.withLock { $0.deleted } == [11, 12])
    #expect(vitals.current.canaryFailure == nil)
  }
}
