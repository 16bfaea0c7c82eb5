/// Writes JSON as text, a value after another, so that nothing is built in between.
///
/// Source: RFC 8259.
struct JSONText {
  var text = TextBuffer()
  private var needsComma = false

  /// Begins again.
  mutating func clear() {
    text.clear()
    needsComma = false
  }

  mutating func beginObject() { open(UInt8(ascii: "{")) }
  mutating func endObject() { close(UInt8(ascii: "}")) }
  mutating func beginArray() { open(UInt8(ascii: "[")) }
  mutating func endArray() { close(UInt8(ascii: "]")) }

  /// A name, which must need no escapes; its value is next.
  mutating func key(_ name: StaticString) {
    separate()
    text.append(UInt8(ascii: "\""))
    text.append(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    text.append(UInt8(ascii: "\""))
    text.append(UInt8(ascii: ":"))
    needsComma = false
  }

  mutating func value(_ value: String) {
    separate()
    text.append(UInt8(ascii: "\""))
    text.append(value, replacing: Self.escape)
    text.append(UInt8(ascii: "\""))
    needsComma = true
  }

  mutating func value(_ value: Int64) { raw(String(value)) }
  mutating func value(_ value: Int) { raw(String(value)) }
  mutating func value(_ value: Bool) { raw(value ? "true" : "false") }
  mutating func value(_ value: Double) { raw(value.isFinite ? value.description : "null") }
  mutating func null() { raw("null") }

  /// JSON that is written already.
  mutating func raw(_ json: String) {
    separate()
    text.append(json)
    needsComma = true
  }

  mutating func field(_ name: StaticString, _ value: String?) {
    guard let value else { return }
    key(name)
    self.value(value)
  }

  mutating func field(_ name: StaticString, _ value: Int64?) {
    guard let value else { return }
    key(name)
    self.value(value)
  }

  mutating func field(_ name: StaticString, _ value: Int?) { field(name, value.map(Int64.init)) }

  mutating func field(_ name: StaticString, _ value: Double?) {
    guard let value else { return }
    key(name)
    self.value(value)
  }

  /// Left out when false.
  mutating func flag(_ name: StaticString, _ value: Bool) {
    guard value else { return }
    key(name)
    self.value(true)
  }

  private mutating func separate() {
    if needsComma { text.append(UInt8(ascii: ",")) }
  }

  private mutating func open(_ bracket: UInt8) {
    separate()
    text.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    text.append(bracket)
    needsComma = true
  }

  private static func escape(_ byte: UInt8) -> StaticString? {
    if byte >= 0x20, byte != 0x22, byte != 0x5C { return nil }
    switch byte {
    case 0x22: return "\\\""
    case 0x5C: return "\\\\"
    case 0x0A: return "\\n"
    case 0x0D: return "\\r"
    case 0x09: return "\\t"
    default: return controls[Int(byte)]
    }
  }

  private static let controls: [StaticString] = [
    "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007", "\\u0008", "\\u0009",
    "\\u000a", "\\u000b", "\\u000c", "\\u000d", "\\u000e", "\\u000f", "\\u0010", "\\u0011", "\\u0012", "\\u0013",
    "\\u0014", "\\u0015", "\\u0016", "\\u0017", "\\u0018", "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d",
    "\\u001e", "\\u001f",
  ]
}
