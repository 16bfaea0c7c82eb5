import NIOCore
import TestSupport
import Testing

@testable import TL

@Suite struct TLOmissionTests {
  @Test(arguments: 0..<200 as Range<UInt64>)
  func copyWithoutNothingIsTheValue(seed: UInt64) throws {
    var random = RandomValues(schema: .api, generator: SeededGenerator(seed: seed))
    let value = try random.value(ofType: "Message")
    #expect(try TLSchema.api.copy(value, without: TLOmission([])) == value, "seed \(seed)")
  }

  /// Where no boxed field is left out the copy is a value of the schema, and only those fields are gone.
  @Test(arguments: 0..<200 as Range<UInt64>)
  func copyIsTheValueWithoutItsFields(seed: UInt64) throws {
    let omission = TLOmission(["*.file_reference", "message.views", "message.reply_markup", "document.size"])
    #expect(omission.unknownNames.isEmpty)
    var random = RandomValues(schema: .api, generator: SeededGenerator(seed: seed))
    let value = try random.value(ofType: "Message")
    let copy = try TLSchema.api.copy(value, without: omission)
    let expected = try TLSchema.api.encoded(Self.without(try TLSchema.api.value(value)))
    #expect(copy == expected, "seed \(seed)")
  }

  private static func without(_ value: TLValue) -> TLValue {
    switch value {
    case .vector(let elements): return .vector(elements.map(without))
    case .object(let name, var fields):
      fields = fields.mapValues(without)
      for (field, value) in fields where field == "file_reference" {
        if case .bytes = value { fields[field] = .bytes(ByteBuffer()) }
      }
      if name == "document", fields["size"] != nil { fields["size"] = .long(0) }
      if name == "message" {
        fields["reply_markup"] = nil
        // `forwards` hangs on the same bit, so `views` cannot be absent.
        if fields["views"] != nil { fields["views"] = .int(0) }
      }
      return .object(name, fields)
    default: return value
    }
  }

  @Test func unknownNamesAreNamed() {
    #expect(TLOmission(["message.nothing", "nobody.id", "*.nothing"]).unknownNames.count == 3)
  }

  @Test func damagedBytesAreAnError() throws {
    var random = RandomValues(schema: .api, generator: SeededGenerator(seed: 1))
    var value = try random.value(ofType: "Message")
    let omission = TLOmission(["*.file_reference"])
    for length in stride(from: 0, to: value.readableBytes, by: 3) {
      value.moveWriterIndex(to: length)
      #expect(throws: TLError.self) { try TLSchema.api.copy(value, without: omission) }
    }
  }
}
