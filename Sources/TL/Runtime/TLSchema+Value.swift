public import NIOCore

extension TLSchema {
  /// Reads the next boxed value.
  public func value(from reader: inout TLReader) throws(TLError) -> TLValue {
    var builder = ValueBuilder()
    try walk(&reader, &builder)
    return builder.value
  }

  /// One boxed value that fills `bytes`.
  public func value(_ bytes: ByteBuffer) throws(TLError) -> TLValue {
    var reader = TLReader(bytes)
    let value = try value(from: &reader)
    try reader.finish()
    return value
  }
}

private struct ValueBuilder: TLVisitor {
  /// A vector or object that is not finished.
  private struct Frame {
    var name = ""
    var field = ""
    var fields: [String: TLValue] = [:]
    var elements: [TLValue] = []
    var isObject: Bool
  }

  private(set) var value = TLValue.vector([])
  private var open: [Frame] = []

  mutating func int(_ value: Int32) { add(.int(value)) }
  mutating func long(_ value: Int64) { add(.long(value)) }
  mutating func double(_ value: Double) { add(.double(value)) }
  mutating func bool(_ value: Bool) { add(.bool(value)) }
  mutating func bytes(_ value: ByteBuffer) { add(.bytes(value)) }

  mutating func string(_ value: ByteBuffer) {
    add(String(validating: value.readableBytesView, as: UTF8.self).map(TLValue.string) ?? .bytes(value))
  }

  mutating func beginVector() { open.append(Frame(isObject: false)) }

  mutating func endVector() {
    if let frame = open.popLast() { add(.vector(frame.elements)) }
  }

  mutating func beginObject(_ name: String) { open.append(Frame(name: name, isObject: true)) }
  mutating func field(_ name: String) { open[open.count - 1].field = name }

  mutating func endObject() {
    if let frame = open.popLast() { add(.object(frame.name, frame.fields)) }
  }

  private mutating func add(_ value: TLValue) {
    guard let top = open.indices.last else {
      self.value = value
      return
    }
    if open[top].isObject {
      open[top].fields[open[top].field] = value
    } else {
      open[top].elements.append(value)
    }
  }
}
