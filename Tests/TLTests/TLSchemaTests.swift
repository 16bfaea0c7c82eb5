import Foundation
import NIOCore
import TestSupport
import Testing

@testable import TL

@Suite struct TLSchemaTests {
  @Test func theTableHoldsTheWholeSchema() {
    // Counted in the published text of layer 229, `vector` left out.
    #expect(API.layer == 229)
    #expect(TLSchema.api.combinators.filter { !$0.isFunction }.count == 1_657)
    #expect(TLSchema.api.combinators.filter(\.isFunction).count == 813)
    #expect(TLSchema.mtproto.combinators.filter { !$0.isFunction }.count == 46)
    #expect(TLSchema.mtproto.combinators.filter(\.isFunction).count == 10)
  }

  @Test func namesAndNumbersLookEachOtherUp() {
    #expect(TLSchema.api.name(of: 0x59511722) == "peerUser")
    #expect(TLSchema.api.id(of: "peerUser") == API.PeerUser.constructor)
    #expect(TLSchema.api.id(of: "peerUser#59511722") == API.PeerUser.constructor)
    #expect(TLSchema.api.id(of: "messages.sendMessage") == API.MessagesSendMessage.constructor)
    #expect(TLSchema.mtproto.name(of: MT.ResPQ.constructor) == "resPQ")
    #expect(TLSchema.api.name(of: 1) == nil)
    #expect(TLSchema.api.id(of: "peerNobody") == nil)
  }

  @Test func twoConstructorsOfOneNameAreToldApartByNumber() {
    #expect(TLSchema.mtproto.name(of: 0xd997_c3c5) == "help.configSimple")
    #expect(TLSchema.mtproto.name(of: 0x5a59_2a6c) == "help.configSimple#5a592a6c")
    #expect(TLSchema.mtproto.id(of: "help.configSimple#5a592a6c") == 0x5a59_2a6c)
  }

  @Test func jsonShowsEveryKindOfField() throws {
    let value = API.InputMediaUploadedDocument(
      spoiler: true, file: .inputFile(API.InputFile(id: -1, parts: 2, name: "a\"\\\n\u{1}ж", md5Checksum: "")),
      mimeType: "text/plain", attributes: [], ttlSeconds: 7)
    #expect(
      try TLSchema.api.json(value.encoded())
        == #"{"_":"inputMediaUploadedDocument","spoiler":true,"file":{"_":"inputFile","id":"-1","parts":2,"#
        + #""name":"a\"\\\n\u0001ж","md5_checksum":""},"mime_type":"text/plain","attributes":[],"ttl_seconds":7}"#)
  }

  @Test func jsonKeepsWhatItHasNoWordFor() throws {
    var writer = TLWriter()
    writer.writeConstructor(0x4822_2faf)  // inputGeoPoint
    writer.writeFlags(0x8000_0001)
    writer.writeDouble(-.infinity)
    writer.writeDouble(-0.0)
    writer.writeInt(3)
    let json = try TLSchema.api.json(writer.buffer)
    #expect(
      json
        == #"{"_":"inputGeoPoint","flags":-2147483648,"lat":"-inf","long":-0.0,"accuracy_radius":3}"#)
    #expect(try encoded(json) == writer.buffer)

    // A round number beyond 2^53 stays the double it was.
    writer = TLWriter()
    writer.writeConstructor(0x4822_2faf)
    writer.writeFlags(0)
    writer.writeDouble(1.234_567_890_123_456_7e+18)
    writer.writeDouble(-1e22)
    #expect(try encoded(TLSchema.api.json(writer.buffer)) == writer.buffer)

    writer = TLWriter()
    writer.writeConstructor(0xc4b9_f9bb)  // error
    writer.writeInt(1)
    writer.writeBytes(ByteBuffer(bytes: [0xFF, 0xFE]))
    #expect(try TLSchema.api.json(writer.buffer) == #"{"_":"error","code":1,"text":{"base64":"//4="}}"#)
    #expect(try encoded(TLSchema.api.json(writer.buffer)) == writer.buffer)
  }

  @Test(arguments: [
    (#"{"_":"peerUser","user_id":123}"#, "peerUser"), (#"{"_":"peerUser","user_id":"123","x":null}"#, "peerUser"),
    (#"{"_":"peerUser#59511722","user_id":123}"#, "peerUser"),
  ])
  func namesBecomeBytes(json: String, name: String) throws {
    #expect(try encoded(json) == API.PeerUser(userId: 123).encoded())
  }

  @Test(arguments: [
    (#"{"_":"peerNobody"}"#, TLError.unknownName("peerNobody")),
    (#"{"_":"peerUser"}"#, .missingField("peerUser.user_id")),
    (#"{"_":"peerUser","user_id":1,"b":2,"a":1}"#, .unknownField("peerUser.a")),
    (#"{"_":"peerUser","user_id":"x"}"#, .unsuitableValue("peerUser.user_id", expected: "a long of 64 bits")),
    (#"{"_":"peerUser","user_id":1.5}"#, .unsuitableValue("peerUser.user_id", expected: "long")),
    (#"{"_":"error","code":2147483648,"text":""}"#, .unsuitableValue("error.code", expected: "an int of 32 bits")),
    (#"{"_":"error","code":1,"text":2}"#, .unsuitableValue("error.text", expected: "string")),
    (
      #"{"_":"updatePeerBlocked","peer_id":{"_":"user"}}"#,
      .unsuitableValue("updatePeerBlocked.peer_id", expected: "Peer")
    ),
    (
      #"{"_":"updatePeerBlocked","blocked":1,"peer_id":{"_":"peerUser","user_id":1}}"#,
      .unsuitableValue("updatePeerBlocked.blocked", expected: "Bool")
    ),
    (
      #"{"_":"inputPhoto","id":1,"access_hash":1,"file_reference":"?"}"#,
      .unsuitableValue("inputPhoto.file_reference", expected: "base64 of less than 16 MiB")
    ),
    (
      #"{"_":"inputMediaUploadedPhoto","live_photo":true,"file":{"_":"inputFile","id":1,"parts":1,"name":"","md5_checksum":""}}"#,
      .missingField("inputMediaUploadedPhoto.video")
    ),
    (#"[1]"#, .unsuitableValue("value", expected: "an object")),
    (
      #"{"_":"users.getUsers","id":{"_":"inputUserSelf"}}"#, .unsuitableValue("users.getUsers.id", expected: "a vector")
    ),
  ])
  func namesThatMakeNoValueAreRefused(json: String, error: TLError) {
    #expect(throws: error) { try encoded(json) }
  }

  @Test func aFunctionIsNoValueOfItsAnswersType() {
    let call = API.MessagesGetMessages(id: []).encoded()
    var reader = TLReader(call)
    #expect(throws: TLError.unexpectedConstructor(API.MessagesGetMessages.constructor, offset: 0)) {
      _ = try TLSchema.api.copy(from: &reader, type: "messages.Messages")
    }
    #expect(throws: TLError.self) { _ = try API.AnyMessagesMessages(decoding: call) }
    #expect(throws: TLError.self) {
      _ = try TLSchema.api.encoded(.object("messages.getMessages", ["id": .vector([])]), type: "messages.Messages")
    }
  }

  @Test func aConstructorWithoutTypedSwiftIsKeptRaw() throws {
    let bytes = try encoded(#"{"_":"updateTheme","theme":{"_":"theme","id":1,"access_hash":2,"slug":"s","title":"t"}}"#)
    var batch = TLWriter()
    batch.writeVectorHeader(2)
    batch.writeRaw(bytes)
    batch.writeRaw(API.UpdateConfig().encoded())
    let updates = try [API.AnyUpdate](decoding: batch.buffer)
    guard case .other(let raw) = updates.first else {
      Issue.record("decoded as \(updates)")
      return
    }
    #expect(raw.name == "updateTheme")
    #expect(raw.bytes == bytes)
    #expect(updates.encoded() == batch.buffer)
  }

  @Test func aRawValueOfMTProtoIsMeasuredByItsOwnTable() throws {
    var values = RandomValues(schema: .mtproto, generator: .run(1))
    let index = try #require(TLSchema.mtproto.combinators.firstIndex { $0.name == "p_q_inner_data_temp" })
    let bytes = values.value(of: index)
    guard case .other(let raw) = try MT.AnyPQInnerData(decoding: bytes) else {
      Issue.record("not raw")
      return
    }
    #expect(raw.name == "p_q_inner_data_temp")
    #expect(raw.encoded() == bytes)
  }

  @Test func aFailedWalkTakesItsJSONBack() throws {
    var buffer = ByteBuffer(string: "before")
    var reader = TLReader(API.Error(code: 1, text: "text").encoded().getSlice(at: 0, length: 8) ?? ByteBuffer())
    #expect(throws: TLError.self) { try TLSchema.api.writeJSON(from: &reader, to: &buffer) }
    #expect(String(buffer: buffer) == "before")
  }

  /// Every constructor and function: bytes to JSON and to a value, both back to the same bytes.
  @Test(arguments: 0..<4) func everyCombinatorSurvivesTheWayThroughNames(part: Int) throws {
    for (table, schema) in [TLSchema.api, TLSchema.mtproto].enumerated() {
      var values = RandomValues(schema: schema, generator: .run(100 + part))
      values.invalidUTF8 = true
      let decoder = JSONDecoder()
      for (index, combinator) in schema.combinators.enumerated() where index % 4 == part || table == 1 {
        for _ in 0..<2 {
          let bytes = values.value(of: index)
          var reader = TLReader(bytes)
          // The body of a message is an object of the other schema.
          if combinator.fields.contains(where: { schema.fields[$0].type == .any }), table == 1 { continue }
          try schema.skip(&reader)
          try reader.finish()
          let json = try schema.json(bytes)
          let parsed = try decoder.decode(TLValue.self, from: Data(json.utf8))
          #expect(try schema.encoded(parsed) == bytes, "\(combinator.name) \(json) seed \(SeededGenerator.runSeed)")
          #expect(
            try schema.encoded(schema.value(bytes)) == bytes, "\(combinator.name) seed \(SeededGenerator.runSeed)")
        }
      }
    }
  }

  private func encoded(_ json: String) throws -> ByteBuffer {
    try TLSchema.api.encoded(JSONDecoder().decode(TLValue.self, from: Data(json.utf8)))
  }
}
