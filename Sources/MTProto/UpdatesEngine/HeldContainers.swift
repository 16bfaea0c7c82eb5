import TL

/// Containers of updates that came ahead of their `seq`: they wait a moment for the ones before them.
///
/// Source: "Working with Updates", core.telegram.org/api/updates, section "Handling gaps".
struct HeldContainers: Sendable {
  struct Container: Sendable {
    /// The first `seq` it stands for.
    var start: Int32
    /// The last one.
    var end: Int32
    /// Those without a number of their own; the others are ordered by that.
    var updates: [API.AnyUpdate]
  }

  /// Containers held at most; later ones are left out: the difference, which is asked for, tells what matters in them.
  static let limit = 100

  /// By ascending `start`.
  private var containers: [Container] = []
  /// When a hole that does not close asks for a difference (uptime).
  private(set) var deadline: Duration?

  var isEmpty: Bool { containers.isEmpty }

  /// Keeps a container for its turn.
  ///
  /// - Parameter time: when the hole before it is to be closed at the latest (uptime); nil when a difference is on its way.
  mutating func hold(_ container: Container, until time: Duration?) {
    deadline = deadline ?? time
    guard containers.count < Self.limit else { return }
    let index = containers.firstIndex { $0.start >= container.start } ?? containers.endIndex
    // Told twice.
    if containers.indices.contains(index), containers[index].start == container.start { return }
    containers.insert(container, at: index)
  }

  /// The next container whose turn has come behind `seq`; those that are covered already are dropped.
  mutating func next(after seq: Int32) -> Container? {
    while let first = containers.first, Int64(first.start) <= Int64(seq) + 1 {
      containers.removeFirst()
      if first.end > seq { return first }
    }
    if containers.isEmpty { deadline = nil }
    return nil
  }

  /// Gives what is still held time until `time` (uptime).
  mutating func wait(until time: Duration) { deadline = containers.isEmpty ? nil : time }

  /// Whether a hole has not closed in time; said once.
  mutating func hasExpired(now: Duration) -> Bool {
    guard let deadline, now >= deadline else { return false }
    self.deadline = nil
    return true
  }
}
