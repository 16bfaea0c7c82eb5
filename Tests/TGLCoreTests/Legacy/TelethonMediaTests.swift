import Foundation
import NIOCore
import TL
import TestSupport
import Testing

@testable import TGLCore

/// Media pickled by Python, against what Telethon itself writes to the server for the same objects.
@Suite(.enabled(if: Python.isAvailable, "TGL_PYTHON names no Python; 'make test' sets it"))
struct TelethonMediaTests {
  private struct Sample: Decodable {
    var kind: String
    var bytes: Data
    /// By protocol.
    var pickles: [Data]
  }

  private static func samples(_ count: Int, seed: UInt64) throws -> [Sample] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../Interop").path
    let lines = try Python.run(
      """
      import sys
      sys.path.insert(0, sys.argv[1])
      sys.argv += ["\(count)", "\(seed)"]
      import telethon_media
      telethon_media.main()
      """, folder)
    return try lines.split(separator: "\n").map { try JSONDecoder().decode(Sample.self, from: Data($0.utf8)) }
  }

  @Test func everyKindOfMediaIsWhatTelethonWouldSend() throws {
    let samples = try Self.samples(20, seed: SeededGenerator.runSeed)
    #expect(Set(samples.map(\.kind)).count >= 15)
    for sample in samples {
      #expect(sample.pickles.count == 6)
      for (version, pickle) in sample.pickles.enumerated() {
        do {
          let media = try #require(try LegacyMedia.media(pickle: Array(pickle)))
          let bytes = Data(media.encoded().readableBytesView)
          #expect(bytes == sample.bytes, "\(sample.kind), protocol \(version)")
        } catch { Issue.record("\(sample.kind), protocol \(version): \(error)") }
      }
    }
  }

  @Test func damagedPicklesAreErrorsAndNothingElse() throws {
    var generator = SeededGenerator.run(72)
    let samples = try Self.samples(1, seed: SeededGenerator.runSeed)
    var read = 0
    for pickle in samples.flatMap(\.pickles) {
      for _ in 0..<60 {
        var bytes = Array(pickle)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          let place = Int.random(in: 0..<bytes.count, using: &generator)
          switch Int.random(in: 0..<4, using: &generator) {
          case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
          case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
          case 2: bytes.removeSubrange(place..<min(bytes.count, place + 3))
          default: bytes.insert(contentsOf: generator.bytes(2), at: place)
          }
          if bytes.isEmpty { bytes = [0x2E] }
        }
        if (try? LegacyMedia.media(pickle: bytes)) != nil { read += 1 }
      }
      #expect(throws: LegacyMediaError.self) {
        try LegacyMedia.media(pickle: Array(pickle.prefix(pickle.count / 2)))
      }
    }
    // Most changes fall into texts and numbers.
    #expect(read > 0)
  }

  @Test func anObjectThatRunsSomethingWhenItIsReadIsRefusedByName() throws {
    let hex = try Python.run(
      """
      import os, pickle
      class Trap:
        def __reduce__(self):
          return (os.system, ('touch ' + __import__('sys').argv[1],))
      for protocol in range(6):
        print(pickle.dumps(Trap(), protocol).hex())
      """, "/nonexistent/trap")
    for line in hex.split(separator: "\n") {
      let bytes = stride(from: 0, to: line.count, by: 2).compactMap { offset in
        UInt8(line.dropFirst(offset).prefix(2), radix: 16)
      }
      #expect {
        try LegacyMedia.media(pickle: bytes)
      } throws: { error in
        guard case LegacyMediaError.refused(.refused(let name)) = error else { return false }
        return name == "posix.system"
      }
    }
  }

  @Test func fieldsOfOtherLayersDoNoHarm() throws {
    // A poll as it was before it had a `hash`, with a field Telegram has given up and a type without fields.
    let state: [PickleValue.Entry] = [
      .init(key: .string("long"), value: .float(30.25)), .init(key: .string("lat"), value: .float(59.5)),
      .init(key: .string("given_up"), value: .string("x")), .init(key: .string("accuracy_radius"), value: .none),
    ]
    var geo = PickleObject(module: "telethon.tl.types", name: "GeoPoint")
    geo.state = .dict(state)
    let value = try TLValue(telethon: geo)
    #expect(value == .object("geoPoint", ["long": .double(30.25), "lat": .double(59.5), "access_hash": .int(0)]))
    _ = try TLSchema.api.encoded(value, type: "GeoPoint")
  }

  @Test func aPollOfEarlierLayersIsAPoll() throws {
    func object(_ name: String, _ state: [(String, PickleValue)]) -> PickleValue {
      var object = PickleObject(module: "telethon.tl.types", name: name)
      object.state = .dict(state.map { .init(key: .string($0), value: $1) })
      return .object(object)
    }
    let answer = object("PollAnswer", [("text", .string("yes")), ("option", .bytes([0]))])
    let poll = object("Poll", [("id", .int(7)), ("question", .string("Ж?")), ("answers", .list([answer]))])
    let results = object("PollResults", [("recent_voters", .list([.int(1001)])), ("solution", .none)])
    guard case .object(let media) = object("MessageMediaPoll", [("poll", poll), ("results", results)]) else { return }
    let bytes = try TLSchema.api.encoded(TLValue(telethon: media), type: "MessageMedia")
    guard case .messageMediaPoll(let read) = try API.AnyMessageMedia(decoding: bytes) else {
      throw TestFailure("no poll")
    }
    #expect(read.poll.id == 7 && read.poll.question.text == "Ж?" && read.poll.answers.count == 1)
    #expect(read.results.recentVoters?.count == 1)
  }

  @Test func aTypeTelegramHasGivenUpIsNamed() {
    let object = PickleObject(module: "telethon.tl.types", name: "MessageMediaTelepathy")
    #expect(throws: TelethonError.unknownType("messageMediaTelepathy")) { try TLValue(telethon: object) }
  }
}
