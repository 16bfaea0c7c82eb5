/// Which parts of a file are asked for, and in which order they are written: a value.
///
/// Parts are asked for several at a time and may come in any order; they are written strictly in order, so that the
/// length of the file on disk says all about what is there.
///
/// Source: "Downloading files", core.telegram.org/api/files: offset and limit are multiples of 4 KiB, the limit divides
/// 1 MiB, and a part lies within one MiB.
struct DownloadPlan: Sendable {
  static let partSize = 512 * 1024

  /// In bytes; nil while it is not known.
  let size: Int64?
  /// Parts behind the file's end are not asked for.
  private var end: Int?
  private var next: Int
  private(set) var written: Int
  /// Arrived, but behind one that has not.
  private var arrived: Set<Int> = []
  private var again: [Int] = []

  /// - Parameters:
  ///   - size: in bytes; 0 when it is not known.
  ///   - present: bytes of the file that are there already; the rest of the part they end in is fetched once more.
  init(size: Int64, present: Int64) {
    self.size = size > 0 ? size : nil
    end = size > 0 ? Int((size + Int64(Self.partSize) - 1) / Int64(Self.partSize)) : nil
    let isWhole = size > 0 && present == size
    written = isWhole ? end ?? 0 : Int(min(present, size > 0 ? size - 1 : .max) / Int64(Self.partSize))
    next = written
  }

  static func offset(of part: Int) -> Int64 { Int64(part) * Int64(partSize) }

  /// Bytes that need not be fetched.
  var start: Int64 { min(Self.offset(of: written), size ?? .max) }

  var isFinished: Bool { end.map { written >= $0 } ?? false }

  /// A part that has to be asked for once more.
  mutating func takeAgain() -> Int? { again.isEmpty ? nil : again.removeFirst() }

  /// Whether there is a part to ask for that is not too far ahead of what is written.
  ///
  /// Of a file of unknown size, one part is asked for after the other.
  func hasNext(window: Int) -> Bool { next < end ?? written + 1 && next < written + 2 * window }

  /// The next part, asked for the first time.
  mutating func takeNext() -> Int {
    next += 1
    return next - 1
  }

  /// The part is to be asked for once more.
  mutating func failed(_ part: Int) { again.append(part) }

  /// A part has come.
  ///
  /// - Returns: the parts that can be written now, in order.
  mutating func received(_ part: Int, bytes: Int) throws(DownloadError) -> [Int] {
    if let size {
      let expected = min(Int64(Self.partSize), size - Self.offset(of: part))
      guard Int64(bytes) == expected else {
        throw .sizeMismatch(expected: size, actual: Self.offset(of: part) + Int64(bytes))
      }
    } else if bytes < Self.partSize {
      end = part + (bytes > 0 ? 1 : 0)
    }
    arrived.insert(part)
    var ready: [Int] = []
    while arrived.remove(written) != nil {
      ready.append(written)
      written += 1
    }
    return ready
  }
}
