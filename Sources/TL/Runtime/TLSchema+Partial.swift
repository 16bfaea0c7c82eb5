public import NIOCore

/// The fields of an object that could be read before something behind them could not.
public struct TLPartialObject: Sendable {
  public let name: String
  /// Fields of type `int` and `long`.
  public fileprivate(set) var numbers: [String: Int64] = [:]
  /// Fields that are objects, and were read to their end.
  public fileprivate(set) var objects: [String: TLPartialObject] = [:]
}

extension TLSchema {
  /// The objects that are begun and not ended where reading a boxed value fails, from the outermost to the innermost.
  ///
  /// Empty for a value that can be read.
  public func openObjects(in bytes: ByteBuffer) -> [TLPartialObject] {
    var reader = TLReader(bytes)
    var visitor = PartialVisitor()
    do throws(TLError) {
      try walk(&reader, &visitor)
      return []
    } catch {
      return visitor.open.map(\.object)
    }
  }
}

/// Keeps the fields of the objects that are open; those of finished ones only as long as the object around them is.
private struct PartialVisitor: TLVisitor {
  var open: [(object: TLPartialObject, field: String)] = []
  /// Vectors that are open in the innermost object: what is in them belongs to no field.
  private var depths: [Int] = []

  mutating func int(_ value: Int32) { note(Int64(value)) }
  mutating func long(_ value: Int64) { note(value) }
  func double(_ value: Double) {}
  func bool(_ value: Bool) {}
  func string(_ value: ByteBuffer) {}
  func bytes(_ value: ByteBuffer) {}

  mutating func beginVector() { if !depths.isEmpty { depths[depths.count - 1] += 1 } }
  mutating func endVector() { if !depths.isEmpty { depths[depths.count - 1] -= 1 } }

  mutating func beginObject(_ name: String) {
    open.append((TLPartialObject(name: name), ""))
    depths.append(0)
  }

  mutating func field(_ name: String) { if !open.isEmpty { open[open.count - 1].field = name } }

  mutating func endObject() {
    guard let ended = open.popLast() else { return }
    depths.removeLast()
    guard let index = open.indices.last, depths.last == 0 else { return }
    open[index].object.objects[open[index].field] = ended.object
  }

  private mutating func note(_ value: Int64) {
    guard let index = open.indices.last, depths.last == 0 else { return }
    open[index].object.numbers[open[index].field] = value
  }
}
