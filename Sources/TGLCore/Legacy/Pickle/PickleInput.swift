/// The bytes of a pickle, and how far they are read; reads nothing beyond their end.
struct PickleInput {
  private let bytes: [UInt8]
  private(set) var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func byte() throws(PickleError) -> UInt8 {
    guard offset < bytes.count else { throw .truncated }
    defer { offset += 1 }
    return bytes[offset]
  }

  mutating func bytes(_ count: Int) throws(PickleError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - offset else { throw .truncated }
    defer { offset += count }
    return bytes[offset..<offset + count]
  }

  /// A number of up to 8 bytes, the lowest first.
  mutating func unsigned(_ count: Int) throws(PickleError) -> UInt64 {
    try bytes(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A length of up to 8 bytes, no more than what is left.
  mutating func length(_ count: Int) throws(PickleError) -> Int {
    guard let length = Int(exactly: try unsigned(count)), length <= bytes.count - offset else { throw .truncated }
    return length
  }

  mutating func prefixed(_ lengthBytes: Int) throws(PickleError) -> ArraySlice<UInt8> {
    try bytes(length(lengthBytes))
  }

  /// What stands before the next line feed, which is read too.
  mutating func line() throws(PickleError) -> ArraySlice<UInt8> {
    guard let end = bytes[offset...].firstIndex(of: UInt8(ascii: "\n")) else { throw .truncated }
    defer { offset = end + 1 }
    return bytes[offset..<end]
  }

  mutating func textLine() throws(PickleError) -> String { String(decoding: try line(), as: UTF8.self) }
}
