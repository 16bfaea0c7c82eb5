import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import TL

/// Whatever comes off the wire is decoded or refused with a `TLError`; it never traps and never takes memory by the
/// sender's word.
@Suite struct HostileBytesTests {
  /// One way to nest without end: the bytes of one level.
  static let levels: [(String, UInt16?, ByteBuffer)] = {
    var levels: [(String, UInt16?, ByteBuffer)] = []
    func add(_ name: String, type: String?, _ build: (inout TLWriter) -> Void) {
      var writer = TLWriter()
      build(&writer)
      levels.append((name, type.flatMap(TLSchema.api.type(named:)), writer.buffer))
    }
    add("jsonArray", type: "JSONValue") { writer in
      writer.writeConstructor(TLSchema.api.id(of: "jsonArray") ?? 0)
      writer.writeVectorHeader(1)
      // The header checked the count against the bytes at hand, of which there are many.
    }
    add("messageMediaInvoice", type: "MessageMedia") { writer in
      writer.writeConstructor(TLSchema.api.id(of: "messageMediaInvoice") ?? 0)
      writer.writeFlags(1 << 4)
      writer.writeString("")
      writer.writeString("")
      writer.writeString("")
      writer.writeLong(0)
      writer.writeString("")
      writer.writeConstructor(TLSchema.api.id(of: "messageExtendedMedia") ?? 0)
    }
    add("textBold", type: "RichText") { $0.writeConstructor(TLSchema.api.id(of: "textBold") ?? 0) }
    add("invokeWithLayer", type: nil) { writer in
      writer.writeConstructor(API.InvokeWithLayer<API.HelpGetConfig>.constructor)
      writer.writeInt(229)
    }
    return levels
  }()

  @Test(arguments: levels.indices) func nestingWithoutEndIsRefused(index: Int) throws {
    let (name, type, level) = Self.levels[index]
    var bomb = ByteBuffer()
    for _ in 0..<50_000 { bomb.writeImmutableBuffer(level) }
    let types = typedAPITypes.filter { entry in type.map { TLSchema.api.typeNames[Int($0)] == entry.name } ?? false }
    // Event loops and Swift's own threads have stacks of megabytes; this is what the decoder may need at most.
    let errors = onSmallStack { [bomb] in
      var errors: [TLError] = []
      for (_, type) in types {
        do throws(TLError) { _ = try type.init(decoding: bomb) } catch { errors.append(error) }
      }
      do throws(TLError) { _ = try TLSchema.api.json(bomb) } catch { errors.append(error) }
      do throws(TLError) { _ = try TLSchema.api.value(bomb) } catch { errors.append(error) }
      return errors
    }
    #expect(errors.count == types.count + 2)
    for error in errors {
      guard case .tooDeep = error else {
        Issue.record("\(name): \(error)")
        continue
      }
    }
  }

  @Test func namesNestedWithoutEndAreRefused() {
    var value = TLValue.object("textEmpty", [:])
    for _ in 0..<1_000 { value = .object("textBold", ["text": value]) }
    let deep = value
    let errors = onSmallStack {
      do throws(TLError) { _ = try TLSchema.api.encoded(deep) } catch { return [error] }
      return []
    }
    guard case .tooDeep = errors.first else {
      Issue.record("\(errors)")
      return
    }
  }

  @Test(arguments: [(#"{"_":"textBold","text":"#, #"{"_":"textEmpty"}"#, "}"), ("[", "", "]")])
  func jsonNestedWithoutEndIsRefused(open: String, inner: String, close: String) {
    for (depth, isAccepted) in [(60, true), (200, false), (500, false), (100_000, false)] {
      let json = String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
      let errors = onSmallStack {
        do { _ = try JSONDecoder().decode(TLValue.self, from: Data(json.utf8)) } catch { return [.unknownName(json)] }
        return []
      }
      #expect(errors.isEmpty == isAccepted, "\(depth) levels")
    }
  }

  @Test func countsTakeNoMemory() {
    // A vector that claims as many elements as the bytes behind it could just hold, and holds none.
    var writer = TLWriter()
    writer.writeVectorHeader(1_000_000)
    var bytes = writer.buffer
    bytes.writeRepeatingByte(0, count: 4_000_000)
    #expect(throws: TLError.unexpectedConstructor(0, offset: 8)) { _ = try [API.AnyMessage](decoding: bytes) }
  }

  /// Random bytes behind a valid constructor, valid values with bytes changed, removed and added.
  @Test(arguments: 0..<8) func typedSwiftAndTheTableRefuseTheSame(part: Int) throws {
    var generator = SeededGenerator.run(400 + part)
    var values = RandomValues(schema: .api, generator: .run(500 + part))
    values.maximumDepth = 2
    var accepted = 0
    for round in 0..<Self.roundsPerPart {
      let (name, type) = try #require(typedAPITypes.randomElement(using: &generator))
      var bytes = try values.value(ofType: name)
      for _ in 0..<Self.casesPerRound {
        bytes = Self.mutated(bytes, &generator)
        let seen = Self.agreement(bytes, name, type)
        if seen == nil || round % 16 == 0 {
          #expect(
            seen != nil, "\(name) of \(bytes.hexDump(format: .plain)) seed \(SeededGenerator.runSeed) part \(part)")
        }
        if seen == true { accepted += 1 }
      }
    }
    // The mutations must leave some values whole, or only the first bytes would ever be looked at.
    #expect(accepted > Self.roundsPerPart)
  }

  static let roundsPerPart = 5_000
  static let casesPerRound = 5

  /// Whether both took the bytes, or nil when they disagree.
  private static func agreement(_ bytes: ByteBuffer, _ name: String, _ type: any TLCodable.Type) -> Bool? {
    var reader = TLReader(bytes)
    let table: Result<Int, TLError> = Result { () throws(TLError) in
      try TLSchema.api.copy(from: &reader, type: name).bytes.readableBytes
    }
    var typedReader = TLReader(bytes)
    let typed: Result<any TLCodable, TLError> = Result { () throws(TLError) in try type.init(from: &typedReader) }
    switch (table, typed) {
    case (.failure, .failure): return false
    case (.success(let length), .success(let value)):
      guard typedReader.offset == length else { return nil }
      // What was read can be written and read again.
      let again = value.encoded()
      guard let second = try? type.init(decoding: again), second.encoded() == again else { return nil }
      return true
    default: return nil
    }
  }

  private static func mutated(_ bytes: ByteBuffer, _ generator: inout SeededGenerator) -> ByteBuffer {
    var out = bytes
    let count = bytes.readableBytes
    let word = Int.random(in: 0..<max(count / 4, 1), using: &generator) * 4
    switch Int.random(in: 0..<8, using: &generator) {
    case 0:
      let at = Int.random(in: 0..<max(count, 1), using: &generator)
      out.setInteger(UInt8.random(in: 0 ... .max, using: &generator), at: at)
    case 1: out.setInteger(UInt32.random(in: 0 ... .max, using: &generator), at: word)
    case 2: out.setInteger(UInt32(1) << UInt32.random(in: 0..<32, using: &generator), at: word, endianness: .little)
    case 3:
      let id = TLSchema.api.combinators.randomElement(using: &generator)?.id ?? 0
      out.setInteger(id, at: word, endianness: .little)
    case 4: out = bytes.getSlice(at: 0, length: Int.random(in: 0...count, using: &generator)) ?? bytes
    case 5: out.writeInteger(UInt32.random(in: 0 ... .max, using: &generator))
    case 6:
      // A piece of the value again, somewhere else.
      let from = Int.random(in: 0..<max(count / 4, 1), using: &generator) * 4
      let piece = bytes.getBytes(at: from, length: min(16, count - from)) ?? []
      if word + piece.count <= count { out.setBytes(piece, at: word) }
    default:
      let constructor = bytes.getSlice(at: 0, length: min(4, count)) ?? ByteBuffer()
      out = constructor
      for _ in 0..<Int.random(in: 0..<20, using: &generator) {
        out.writeInteger(
          UInt32.random(in: 0 ... .max, using: &generator) >> UInt32.random(in: 0..<32, using: &generator))
      }
    }
    return out
  }

  private func onSmallStack(_ body: @escaping @Sendable () -> [TLError]) -> [TLError] {
    let errors = Errors()
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      let found = body()
      errors.list.withLock { $0 = found }
      done.signal()
    }
    thread.stackSize = 512 * 1024
    thread.start()
    done.wait()
    return errors.list.withLock { $0 }
  }

  private final class Errors: Sendable {
    let list = Mutex<[TLError]>([])
  }
}
