import MTProto
import NIOCore

/// One file on its way, in parts: what `TransferLoop` needs to know of an upload or a download.
protocol TransferJob: SendableMetatype {
  associatedtype Part: Sendable
  associatedtype Answer: Sendable
  /// Asks the server for a part, or sends it.
  typealias Exchange = @Sendable () async -> Result<Answer, DownloadError>

  /// The most bytes of a part.
  var partSize: Int { get }
  /// The bytes a part takes in memory at most while it is under way.
  var partCost: Int { get }
  var isComplete: Bool { get }
  /// Parts that were answered and are still in memory.
  var earlyParts: Int { get }
  /// Parts that failed and have not been given by `nextPart` again.
  var failedParts: Int { get }
  var hasNextPart: Bool { get }
  /// The next part to exchange, first those that failed; nil while there is none.
  mutating func nextPart() -> Part?
  func exchange(_ part: Part) -> Exchange
  /// Takes an answer. Returns the bytes it moved the file on by, which may be none.
  mutating func received(_ answer: Answer, for part: Part) async throws(DownloadError) -> Int
  /// `nextPart` shall give the part again.
  mutating func failed(_ part: Part)
}

/// Keeps as many parts of a file under way as the window and the shared budget allow, and judges failures.
struct TransferLoop: Sendable {
  /// Failures, and short flood waits, in a row before the transfer gives up.
  static let patience = 8

  let budget: TransferBudget
  let clock: any Clock<Duration>
  let floodSleepThreshold: Duration

  private enum Event<Job: TransferJob> {
    case answered(Job.Part, TransferWindow.Ticket, Result<Job.Answer, DownloadError>)
    /// A pause the server asked for is over.
    case rested
  }

  /// Runs `job` to its end.
  func run<Job: TransferJob>(_ job: inout Job) async throws(DownloadError) {
    // The budget is counted by parts: one is taken before a part is asked for and given back when it has left memory.
    // A part that failed keeps its place: others may wait in memory for it, and for them there would be none.
    var held = 0
    let cost = job.partCost
    defer { budget.release(held * cost) }
    let outcome = await withTaskGroup(of: Event<Job>.self) { group -> Result<Void, DownloadError> in
      defer { group.cancelAll() }
      do throws(DownloadError) {
        try await run(&job, in: &group, held: &held)
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try outcome.get()
  }

  private func run<Job: TransferJob>(
    _ job: inout Job, in group: inout TaskGroup<Event<Job>>, held: inout Int
  ) async throws(DownloadError) {
    var window = TransferWindow(partSize: job.partSize, maximum: budget.capacity / job.partCost)
    var underWay = 0
    var failures = 0
    var isResting = false
    while !job.isComplete {
      while !isResting, underWay < window.size, job.hasNextPart,
        await hasRoom(for: job, underWay: underWay, held: &held), let part = job.nextPart()
      {
        underWay += 1
        let ticket = window.sent(at: Self.now)
        let exchange = job.exchange(part)
        group.addTask { .answered(part, ticket, await exchange()) }
      }
      if Task.isCancelled { throw .telegram(.cancelled) }
      switch await group.next() {
      case nil: throw .telegram(.cancelled)
      case .rested: isResting = false
      case .answered(let part, let ticket, .success(let answer)):
        underWay -= 1
        let progress = try await job.received(answer, for: part)
        if progress > 0 {
          failures = 0
          window.answered(ticket, bytes: progress, at: Self.now)
        }
      case .answered(let part, _, .failure(let error)):
        underWay -= 1
        job.failed(part)
        // What fails while we rest was under way when the first failed.
        if !isResting { failures += 1 }
        let pause = try pause(after: error, failures: failures)
        guard !isResting else { continue }
        window.slowDown()
        isResting = true
        group.addTask { [clock] in
          try? await clock.sleep(for: pause)
          return .rested
        }
      }
      let needed = underWay + job.earlyParts + job.failedParts
      if held > needed {
        budget.release((held - needed) * job.partCost)
        held = needed
      }
    }
  }

  /// Whether there is room in memory for one more part; waits for it only while nothing is held that others wait for.
  private func hasRoom(for job: some TransferJob, underWay: Int, held: inout Int) async -> Bool {
    guard held <= underWay + job.earlyParts else { return true }
    if held == 0 {
      guard await budget.acquire(job.partCost) else { return false }
    } else if !budget.tryAcquire(job.partCost) {
      return false
    }
    held += 1
    return true
  }

  /// How long to rest after a failure.
  private func pause(after error: DownloadError, failures: Int) throws(DownloadError) -> Duration {
    switch error {
    case .floodWait(let wait):
      guard wait <= floodSleepThreshold, failures <= Self.patience else { throw error }
      return max(wait, .seconds(1))
    case .telegram(let cause) where cause.isTransient:
      guard failures <= Self.patience else { throw error }
      return .milliseconds(125 << failures)
    default: throw error
    }
  }

  private static var now: Duration { .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }
}

extension TelegramError {
  /// Whether the same call may work a little later.
  fileprivate var isTransient: Bool {
    switch verdict {
    case .retry, .renew(.outcome): true
    case .renew, .setAside, .alreadyDone, .signIn, .stop, .cancelled: false
    }
  }
}
