import Foundation
import NIOCore
import NIOPosix
import TL
import TestSupport
import Testing

@testable import TelegramClient

@Suite(.serialized) struct UploadTests {
  private struct Part: Sendable {
    let number: Int32
    let total: Int32?
    let bytes: ByteBuffer
  }

  private func file(_ bytes: Data) throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("upload-\(UUID().uuidString)").path
    try bytes.write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Sizes around the part size and the border to the big files.
  @Test(arguments: [1, 131_072, 131_073, 1_000_000, 10_485_760, 10_485_761])
  func theServerGetsEveryByteOnce(size: Int) async throws {
    var random = SeededGenerator(seed: UInt64(size))
    let content = Data(
      (0..<(size + 7) / 8).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }.prefix(size))
    let path = try file(content)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let parts = Locked<[Part]>([])
    let server = try await LoopbackServer.start(group: MultiThreadedEventLoopGroup.singleton) { call, server in
      var reader = TLReader(call.body)
      guard let id = try? reader.readConstructor() else { return .nothing }
      if id == API.HelpGetConfig.constructor { return .value(LoopbackServer.config([2: server.port], thisDC: 2)) }
      let isBig = id == API.UploadSaveBigFilePart.constructor
      guard isBig || id == API.UploadSaveFilePart.constructor, (try? reader.readLong()) != nil,
        let number = try? reader.readInt(), let total = isBig ? try? reader.readInt() : 0,
        let bytes = try? reader.readBytes()
      else { return .nothing }
      parts.withValue { $0.append(Part(number: number, total: isBig ? total : nil, bytes: bytes)) }
      return .value(true)
    }
    let client = testClient(try configuration(port: server.port))
    let answer = try await running(client) { try await $0.upload(file: path, name: "digest.txt") }
    let sorted = parts.current.sorted { $0.number < $1.number }
    #expect(sorted.map(\.number) == Array(0..<Int32(sorted.count)))
    #expect(Data(sorted.flatMap { $0.bytes.readableBytesView }) == content)
    switch answer {
    case .inputFile(let file):
      #expect(size <= 10_485_760)
      #expect(file.parts == Int32(sorted.count))
      #expect(file.name == "digest.txt")
    case .inputFileBig(let file):
      #expect(size > 10_485_760)
      #expect(sorted.allSatisfy { $0.total == file.parts })
    default: Issue.record("\(answer)")
    }
    try await server.stop()
  }

  @Test func whatCannotBeSentIsSaidBeforeAnythingIs() async throws {
    let client = testClient(try configuration(port: 9))
    let empty = try file(Data())
    defer { try? FileManager.default.removeItem(atPath: empty) }
    for path in [empty, "/nonexistent/file", "/"] {
      let error = await #expect(throws: TelegramError.self) { try await client.upload(file: path, name: "x") }
      guard case .file? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    #expect(throws: TelegramError.self) { try UploadPlan(size: 4000 * 524_288 + 1) }
    #expect(try UploadPlan(size: 4000 * 524_288).partCount == 4000)
  }
}
