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
    #expect(client.transferBudget.used == 0)
    // One connection for updates and calls, one for files.
    #expect(server.connectionCount == 2)
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
  }

  @Test(arguments: [4000, 8000]) func aFileMayHaveAsManyPartsAsTheAccountMaySend(limit: Int) {
    let largest = Int64(limit) * 524_288
    #expect(throws: TelegramError.self) { try UploadPlan(size: largest + 1, partLimit: limit) }
    #expect((try? UploadPlan(size: largest, partLimit: limit))?.partCount == limit)
  }

  /// Bytes made on the way, as a file that is decrypted while it is sent.
  private struct Pattern: UploadSource {
    let size: Int64
    let reads = Locked<[Range<Int64>]>([])

    func read(count: Int, at offset: Int64) async throws(TelegramError) -> ByteBuffer {
      reads.withValue { $0.append(offset..<offset + Int64(count)) }
      return ByteBuffer(repeating: UInt8(truncatingIfNeeded: offset / 524_288), count: count)
    }
  }

  /// Parts are held, flooded and answered in any order: each arrives, and memory stays within its bound.
  @Test func aSourceIsSentWithinTheSharedMemory() async throws {
    let arrived = Locked<Set<Int32>>([])
    let floods = Locked(3)
    let server = try await LoopbackServer.start(group: MultiThreadedEventLoopGroup.singleton) { call, server in
      if call.constructor == API.HelpGetConfig.constructor {
        return .value(LoopbackServer.config([2: server.port], thisDC: 2))
      }
      let isFlooded = floods.withValue { left in
        left -= 1
        return left >= 0
      }
      return isFlooded ? .refuse(420, "FLOOD_PREMIUM_WAIT_2") : .hold
    }
    let clock = ManualClock()
    var configuration = try configuration(port: server.port)
    configuration.transferMemory = 8 * 524_288
    let client = testClient(configuration, clock: clock)
    let source = Pattern(size: 40 * 524_288 - 5)
    try await running(client) { client in
      async let answer = client.upload(source, name: "big")
      var random = SeededGenerator.run(4)
      while arrived.current.count < 40 {
        let held = server.heldCalls.count
        // A part under way takes twice its size.
        #expect(held <= 4)
        guard held > 0 else {
          clock.advance(by: .seconds(2))
          try await Task.sleep(for: .milliseconds(1))
          continue
        }
        server.answerHeld(Int.random(in: 0..<held, using: &random)) { call in
          var reader = TLReader(call.body)
          guard (try? reader.readInt()) != nil, (try? reader.readLong()) != nil, let part = try? reader.readInt(),
            (try? reader.readInt()) == 40, let bytes = try? reader.readBytes(),
            bytes.readableBytes == (part == 39 ? 524_283 : 524_288), bytes.readableBytesView.last == UInt8(part)
          else { return false }
          arrived.withValue { _ = $0.insert(part) }
          return true
        }
      }
      guard case .inputFileBig(let file) = try await answer else {
        Issue.record("not a big file")
        return
      }
      #expect(file.parts == 40)
    }
    #expect(source.reads.current.allSatisfy { $0.upperBound <= source.size })
    #expect(client.transferBudget.highest <= 8 * 524_288)
    #expect(client.transferBudget.used == 0)
    try await server.stop()
  }
}
