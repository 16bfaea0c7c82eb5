import Foundation
import NIOCore
import TL
import TelegramSandbox
import Testing

/// An interpreter that has Telethon and Kurigram; `make unit` names it.
private let python = ProcessInfo.processInfo.environment["TGL_PYTHON"]

/// The calls of Telethon and Kurigram as the sandbox reads them.
@Suite(.enabled(if: python != nil, "TGL_PYTHON is not set"))
struct FunctionDecoderTests {
  private struct Vector: Decodable {
    var schema: String
    var hex: String
  }

  @Test func everyTypedFunctionIsReadAsItWasWritten() throws {
    let seed = UInt32.random(in: 0 ... .max)
    let functions = Dictionary(uniqueKeysWithValues: typedFunctions.map { ($0.type.constructor, $0) })
    var seen = Set<UInt32>()
    for vector in try vectors(seed: seed) where vector.schema == "api" {
      let bytes = try ByteBuffer(plainHexEncodedBytes: vector.hex)
      let id = try TLReader(bytes).peekConstructor()
      guard let (name, type) = functions[id] else { continue }
      seen.insert(id)
      #expect(try type.init(decoding: bytes).encoded() == bytes, "\(name) \(vector.hex.prefix(2_000)) seed \(seed)")
      for length in 0..<min(bytes.readableBytes, 200) {
        #expect(throws: TLError.self, "\(name) \(vector.hex.prefix(2_000)) cut at \(length)") {
          _ = try type.init(decoding: bytes.getSlice(at: 0, length: length) ?? ByteBuffer())
        }
      }
    }
    #expect(seen.count == typedFunctions.count)
  }

  /// What `Tests/Interop/tl_vectors.py write` makes.
  private func vectors(seed: UInt32) throws -> [Vector] {
    let file = FileManager.default.temporaryDirectory.appending(path: "tl-vectors-\(UUID().uuidString).jsonl")
    defer { try? FileManager.default.removeItem(at: file) }
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Interop/tl_vectors.py")
    let process = Process()
    process.executableURL = URL(filePath: python ?? "")
    process.arguments = [script.standardizedFileURL.path, "write", file.path, "--seed", "\(seed)"]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let decoder = JSONDecoder()
    return try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map {
      try decoder.decode(Vector.self, from: $0)
    }
  }
}
