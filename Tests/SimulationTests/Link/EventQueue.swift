/// What is to happen, in the order of its time; what is due at one moment happens in the order it was entered.
struct EventQueue<Event> {
  private struct Entry {
    let time: Duration
    let number: Int
    let event: Event
  }

  /// The next one stands last.
  private var entries: [Entry] = []
  private var count = 0

  var nextTime: Duration? { entries.last?.time }

  mutating func add(_ event: Event, at time: Duration) {
    count += 1
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].time > time { low = middle + 1 } else { high = middle }
    }
    entries.insert(Entry(time: time, number: count, event: event), at: low)
  }

  mutating func next() -> (time: Duration, event: Event)? { entries.popLast().map { ($0.time, $0.event) } }
}
