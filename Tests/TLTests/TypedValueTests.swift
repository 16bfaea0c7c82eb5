import NIOCore
import TestSupport
import Testing

@testable import TL

@Suite struct TypedValueTests {
  /// What the table calls a value, typed Swift reads and writes as the same bytes.
  @Test(arguments: 0..<8) func typedSwiftAgreesWithTheTable(part: Int) throws {
    for (schema, types) in [(TLSchema.api, typedAPITypes), (.mtproto, typedMTProtoTypes)] {
      var values = RandomValues(schema: schema, generator: .run(200 + part))
      for (name, type) in types {
        for _ in 0..<6 {
          let bytes = try values.value(ofType: name)
          let again = try? type.init(decoding: bytes).encoded()
          #expect(again == bytes, "\(name) seed \(SeededGenerator.runSeed)")
        }
      }
    }
  }

  /// A TL value is no prefix of another: every cut is noticed.
  @Test func everyCutOfAValueIsRefused() throws {
    var values = RandomValues(schema: .api, generator: .run(300))
    values.maximumDepth = 1
    for (name, type) in typedAPITypes {
      let bytes = try values.value(ofType: name)
      for length in 0..<min(bytes.readableBytes, 400) {
        let cut = bytes.getSlice(at: 0, length: length) ?? ByteBuffer()
        #expect(throws: TLError.self, "\(name) cut at \(length), seed \(SeededGenerator.runSeed)") {
          _ = try type.init(decoding: cut)
        }
        #expect(throws: TLError.self, "\(name) cut at \(length), seed \(SeededGenerator.runSeed)") {
          _ = try TLSchema.api.value(cut)
        }
      }
    }
  }

  @Test func optionalsThatShareABitAreWrittenTogetherOrNotAtAll() throws {
    let photo = API.InputMediaUploadedPhoto(
      livePhoto: true, file: .inputFile(API.InputFile(id: 1, parts: 1, name: "", md5Checksum: "")))
    let read = try API.InputMediaUploadedPhoto(decoding: photo.encoded())
    #expect(read.livePhoto == false)
    #expect(read.video == nil)
  }

  @Test func aCallCarriesTheCallInsideIt() throws {
    let call = API.InvokeWithLayer(layer: API.layer, query: API.HelpGetConfig())
    #expect(
      try TLSchema.api.json(call.encoded()) == #"{"_":"invokeWithLayer","layer":229,"query":{"_":"help.getConfig"}}"#)
  }
}
