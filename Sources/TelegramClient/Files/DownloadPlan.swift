import NIOCore

/// Which parts of a file to ask for next, and which of those that came can be written: a value without IO.
///
/// Parts are asked for in order and may be answered in any; they are handed out to be written strictly in order, so
/// that the length of what is written says where to go on after an interruption.
///
/// Source: core.telegram.org/api/files, "Downloading files": `offset` and `limit` are multiples of 4 KiB, 1 MiB is a
/// multiple of `limit`, and no part crosses a boundary of 1 MiB. Parts of one such size that start at multiples of it
/// keep all of these rules.
struct DownloadPlan: Sendable {
  static let partSize = 512 * 1024
  /// What a file may be sent in, 8000 parts of 512 KiB: where one whose size nobody said must have ended.
  static let maximumSize: Int64 = 8000 * 512 * 1024

  struct Part: Sendable, Hashable {
    let offset: Int64
  }

  enum Failure: Error, Equatable {
    case sizeMismatch(expected: Int64, actual: Int64)
  }

  let partSize: Int
  /// As announced; 0 where nobody said.
  let announcedSize: Int64
  /// Every byte before it has been handed out to be written.
  private(set) var written: Int64
  /// Where the file ends, once that is known.
  private var end: Int64?
  /// The first byte that was never asked for.
  private var next: Int64
  /// Asked for in vain, to be asked for again.
  private var again: Set<Int64> = []
  /// Answered before what comes in front of them.
  private var early: [Int64: ByteBuffer] = [:]

  /// - Parameter length: how much there is already; what goes past the last whole part is fetched anew.
  init(size: Int64, resumingAt length: Int64 = 0, partSize: Int = DownloadPlan.partSize) {
    self.partSize = partSize
    announcedSize = size
    end = size > 0 ? size : nil
    written = Self.resumePoint(size: size, length: length, partSize: partSize)
    next = written
  }

  /// How much of a partial file of `length` bytes can be kept.
  static func resumePoint(size: Int64, length: Int64, partSize: Int = DownloadPlan.partSize) -> Int64 {
    if size > 0, length == size { return size }
    guard size <= 0 || length < size else { return 0 }
    return max(length, 0) / Int64(partSize) * Int64(partSize)
  }

  /// Whether the whole file has been handed out.
  var isComplete: Bool { end == written }

  /// Parts that arrived and wait for earlier ones.
  var earlyParts: Int { early.count }

  /// Parts that failed and are still to be asked for again.
  var failedParts: Int { again.count }

  var hasNextPart: Bool { !again.isEmpty || end.map { next < $0 } ?? true }

  /// The part to ask for now; nil when all have been asked for.
  mutating func nextPart() -> Part? {
    if let first = again.min() {
      again.remove(first)
      return Part(offset: first)
    }
    guard hasNextPart else { return nil }
    defer { next += Int64(partSize) }
    return Part(offset: next)
  }

  /// `part` was not answered: `nextPart` gives it again.
  mutating func failed(_ part: Part) { again.insert(part.offset) }

  /// Takes the answer to `part`.
  ///
  /// - Returns: what can be written now, in order, each at the end of the one before; the first at `written` as it was.
  mutating func received(_ bytes: ByteBuffer, for part: Part) throws(Failure) -> [ByteBuffer] {
    let count = Int64(bytes.readableBytes)
    let expected = end.map { min(max($0 - part.offset, 0), Int64(partSize)) } ?? Int64(partSize)
    if count != expected {
      // A short part says where the file ends, unless that was known.
      guard announcedSize == 0, count < expected else {
        throw .sizeMismatch(expected: end ?? 0, actual: part.offset + count)
      }
      try settle(end: part.offset + count)
    }
    guard announcedSize > 0 || part.offset < Self.maximumSize || count == 0 else {
      throw .sizeMismatch(expected: Self.maximumSize, actual: part.offset + count)
    }
    if count > 0 { early[part.offset] = bytes }
    var ready: [ByteBuffer] = []
    while let bytes = early.removeValue(forKey: written) {
      written += Int64(bytes.readableBytes)
      ready.append(bytes)
    }
    return ready
  }

  private mutating func settle(end new: Int64) throws(Failure) {
    // Parts past the end are answered with nothing; they say no more than that the end lies before them.
    end = min(end ?? new, new)
    again = again.filter { $0 < new }
    guard let late = early.max(by: { $0.key < $1.key }), late.key + Int64(late.value.readableBytes) > new else {
      return
    }
    throw .sizeMismatch(expected: new, actual: late.key + Int64(late.value.readableBytes))
  }
}
