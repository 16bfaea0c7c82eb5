import Testing

@testable import TGLCore

@Suite struct MediaStateTests {
  /// Every way on, written out once more: state, event, next state, action.
  private static let ways: [(MediaState, MediaState.Event, MediaState, MediaState.Action)] = [
    (.wanted, .needed, .wanted, .fetch),
    (.wanted, .neededTooLarge, .wanted, .fetch),
    (.wanted, .asked, .wanted, .fetch),
    (.wanted, .found, .buffered, .settle),
    (.wanted, .began, .fetching, .none),
    (.fetching, .arrived, .buffered, .settle),
    (.fetching, .arrivedNeeded, .preserving, .copy),
    (.fetching, .vanished, .wanted, .fetch),
    (.fetching, .failed, .wanted, .retry),
    (.fetching, .exhausted, .lost, .settle),
    (.fetching, .refused, .refused, .settle),
    (.fetching, .gone, .gone, .settle),
    (.buffered, .needed, .preserving, .copy),
    (.buffered, .neededTooLarge, .preserving, .copy),
    (.buffered, .vanished, .lost, .settle),
    (.preserving, .needed, .preserving, .copy),
    (.preserving, .neededTooLarge, .preserving, .copy),
    (.preserving, .copied, .recovered, .settle),
    (.preserving, .vanished, .wanted, .fetch),
    (.preserving, .failed, .preserving, .retry),
    (.preserving, .exhausted, .lost, .settle),
    (.preserving, .refused, .refused, .settle),
    (.recovered, .needed, .preserving, .copy),
    (.recovered, .neededTooLarge, .preserving, .copy),
    (.recovered, .vanished, .lost, .settle),
    (.tooLarge, .needed, .wanted, .fetch),
    (.tooLarge, .neededTooLarge, .tooLarge, .settle),
    (.tooLarge, .asked, .wanted, .fetch),
    (.tooLarge, .found, .buffered, .settle),
    (.refused, .needed, .wanted, .fetch),
    (.refused, .neededTooLarge, .refused, .settle),
    (.refused, .asked, .wanted, .fetch),
    (.refused, .found, .buffered, .settle),
    (.gone, .needed, .gone, .settle),
    (.gone, .neededTooLarge, .gone, .settle),
    (.gone, .asked, .wanted, .fetch),
    (.gone, .found, .buffered, .settle),
    (.lost, .needed, .wanted, .fetch),
    (.lost, .neededTooLarge, .tooLarge, .settle),
    (.lost, .asked, .wanted, .fetch),
    (.lost, .found, .buffered, .settle),
  ]

  @Test(arguments: MediaState.allCases) func everyEventLeadsWhereItShould(state: MediaState) {
    for event in MediaState.Event.allCases {
      let way = Self.ways.first { $0.0 == state && $0.1 == event }
      let (next, action) = state.after(event)
      #expect(next == way?.2 ?? state, "\(state) \(event)")
      #expect(action == way?.3 ?? .none, "\(state) \(event)")
    }
  }

  @Test func noWayIsWrittenTwice() {
    let ways = MediaState.table.flatMap { row in row.states.map { "\($0) \(row.event)" } }
    #expect(Set(ways).count == ways.count)
    #expect(ways.count == Self.ways.count)
  }

  /// Whatever happens, the vault has work exactly where an action asks for some.
  @Test func openStatesAreThoseWithWork() {
    for row in MediaState.table {
      switch row.action {
      case .fetch, .copy, .retry: #expect(row.next.isOpen)
      case .settle: #expect(!row.next.isOpen)
      case .none: #expect(row.next == .fetching)
      }
    }
  }

  /// No state is a trap for a file that a person asks for.
  @Test(arguments: MediaState.allCases) func aFileThatIsAskedForIsHereOrFetched(state: MediaState) {
    let after = state.after(.asked).state
    #expect(after.isOpen || after == .buffered || after == .recovered)
  }

  @Test(arguments: MediaState.allCases) func statesAreReadAsTheyWereWritten(state: MediaState) {
    let read = MediaState(
      column: state.column, ending: state.ending, isBuffered: state == .buffered || state == .preserving,
      isRecovered: state == .recovered)
    #expect(read == (state == .fetching ? .wanted : state))
  }

  @Test(
    arguments: [
      ("failed", nil, false, false, MediaState.lost), ("buffered", nil, false, false, .lost),
      ("kept", nil, false, false, .lost), ("kept", nil, true, false, .buffered),
      ("buffered", nil, false, true, .recovered),
      ("skipped", "gone", false, false, .tooLarge), ("failed", "of a newer version", false, false, nil),
      ("elsewhere", nil, false, false, nil),
    ] as [(String, String?, Bool, Bool, MediaState?)])
  func rowsOfOtherVersions(
    column: String, ending: String?, isBuffered: Bool, isRecovered: Bool, expected: MediaState?
  ) {
    #expect(
      MediaState(column: column, ending: ending, isBuffered: isBuffered, isRecovered: isRecovered) == expected)
  }
}
