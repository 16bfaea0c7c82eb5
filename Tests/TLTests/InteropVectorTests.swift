import Foundation
import NIOCore
import TestSupport
import Testing

@testable import TL

/// An interpreter that has Telethon and Kurigram; `make unit` names it.
private let python = ProcessInfo.processInfo.environment["TGL_PYTHON"]

/// Our codec against the encoders and decoders of Telethon and Kurigram, for every constructor and function.
@Suite(.enabled(if: python != nil, "TGL_PYTHON is not set"))
struct InteropVectorTests {
  /// A line of `tl_vectors.py`.
  private struct Vector: Codable {
    var schema: String
    var by: String
    var hex: String
  }

  private struct Named: Decodable {
    var value: TLValue
  }

  @Test func whatTelethonAndKurigramWriteIsReadAndWrittenAgain() throws {
    let file = temporaryFile()
    defer { try? FileManager.default.removeItem(at: file) }
    let (_, status) = try run(["write", file.path, "--seed", "\(SeededGenerator.runSeed)"])
    try #require(status == 0)
    let typed = Dictionary(typedAPITypes.map { ($0.name, $0.type) }) { first, _ in first }
    let decoder = JSONDecoder()
    var seen: [String: Set<UInt32>] = [:]
    for line in try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")) {
      let vector = try decoder.decode(Vector.self, from: line)
      let schema = vector.schema == "api" ? TLSchema.api : .mtproto
      let bytes = try ByteBuffer(plainHexEncodedBytes: vector.hex)
      let value = try decoder.decode(Named.self, from: line).value
      let combinator = try #require(schema.combinator(TLReader(bytes).peekConstructor()))
      seen[vector.by, default: []].insert(combinator.id)
      let comment: Comment = "\(vector.by) \(vector.hex.prefix(2_000)) seed \(SeededGenerator.runSeed)"

      #expect(try schema.encoded(value) == bytes, comment)
      let json = try schema.json(bytes)
      #expect(try decoder.decode(TLValue.self, from: Data(json.utf8)) == value, comment)
      if vector.schema == "api", !combinator.isFunction, let type = typed[schema.typeNames[Int(combinator.result)]] {
        #expect(try type.init(decoding: bytes).encoded() == bytes, comment)
      }
    }
    // Nearly all of 2,526 constructors and functions; the rest are those that they handle by hand.
    #expect(seen["telethon", default: []].count > 2_480)
    #expect(seen["kurigram", default: []].count > 2_480)
  }

  @Test func telethonAndKurigramReadWhatIsWritten() throws {
    let file = temporaryFile()
    defer { try? FileManager.default.removeItem(at: file) }
    var lines = Data()
    for (name, schema) in [("api", TLSchema.api), ("mtproto", .mtproto)] {
      var values = RandomValues(schema: schema, generator: .run(600))
      for (index, combinator) in schema.combinators.enumerated() {
        // The body of a message is an object of the other schema.
        if name == "mtproto", combinator.fields.contains(where: { schema.fields[$0].type == .any }) { continue }
        let bytes = values.value(of: index)
        let value = try schema.json(bytes)
        let hex = bytes.hexDump(format: .compact)
        lines.append(contentsOf: #"{"schema":"\#(name)","by":"tgl","hex":"\#(hex)","value":\#(value)}"#.utf8)
        lines.append(UInt8(ascii: "\n"))
      }
    }
    try lines.write(to: file)
    let (output, status) = try run(["check", file.path])
    #expect(status == 0, "\(output) seed \(SeededGenerator.runSeed)")
    let counts = try JSONDecoder().decode(
      [String: Int].self, from: Data((output.split(separator: "\n").last ?? "").utf8))
    #expect(counts["failures"] == 0)
    for library in ["telethon", "kurigram"] {
      #expect(counts[library, default: 0] + counts["\(library) decoded only", default: 0] > 2_400)
      #expect(counts[library, default: 0] > 1_000)
    }
  }

  private func temporaryFile() -> URL {
    FileManager.default.temporaryDirectory.appending(path: "tl-vectors-\(UUID().uuidString).jsonl")
  }

  private func run(_ arguments: [String]) throws -> (output: String, status: Int32) {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Interop/tl_vectors.py")
    let process = Process()
    process.executableURL = URL(filePath: python ?? "")
    process.arguments = [script.standardizedFileURL.path] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (output, process.terminationStatus)
  }
}
