/// What happened in a run: a hash of everything, and the lines for people.
struct Trace {
  /// FNV-1a, 64 bits.
  private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  private(set) var lines: [String] = []
  let isKept: Bool

  init(isKept: Bool) { self.isKept = isKept }

  mutating func note(_ time: Duration, _ text: String) {
    let line = "\(time / .milliseconds(1)) \(text)"
    for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    if isKept { lines.append(line) }
  }
}
