import Foundation
import TL
import Testing

@testable import TelegramClient

/// What the server refuses, and what cannot be written.
@Suite(.serialized) struct DownloadRefusalTests {
  static let partSize = DownloadPlan.partSize
  @Test func anExpiredReferenceIsSaidAndANewOneGoesOn() async throws {
    let file = ScriptedFile(size: 3_000_000)
    let server = try await LoopbackServer.keepingFiles { call, _ in
      call.reference == [1] && call.offset >= 1_048_576
        ? .refuse(400, "FILE_REFERENCE_EXPIRED") : .value(file.answer(call))
    }
    let client = testClient(try configuration(port: server.port))
    try await withTemporaryPath { path in
      try await running(client) { client in
        let error = await #expect(throws: DownloadError.self) {
          try await client.download(ScriptedFile.document(size: 3_000_000, reference: [1]), to: path)
        }
        guard case .referenceExpired? = error else {
          Issue.record("\(String(describing: error))")
          return
        }
        let kept = contents(of: path).count
        let remote = ScriptedFile.document(size: 3_000_000, reference: [2])
        let result = try await client.download(remote, to: path)
        #expect(result.sha256 == file.sha256)
        let offsets = server.fileCalls.filter { $0.reference == [2] }.map(\.offset)
        #expect(offsets.min() == Int64(kept))
      }
    }
    #expect(client.transferBudget.used == 0)
    try await server.stop()
  }

  @Test(arguments: ["FILE_ID_INVALID", "LOCATION_INVALID"]) func whatIsGoneIsSaidToBe(name: String) async throws {
    let server = try await LoopbackServer.keepingFiles { _, _ in .refuse(400, name) }
    let client = testClient(try configuration(port: server.port))
    try await withTemporaryPath { path in
      let error = await #expect(throws: DownloadError.self) {
        try await running(client) { try await $0.download(ScriptedFile.document(size: 10), to: path) }
      }
      guard case .gone(name)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    try await server.stop()
  }

  @Test(arguments: ["FLOOD_WAIT_17", "FLOOD_PREMIUM_WAIT_17"])
  func sleepsThroughAShortFloodWait(name: String) async throws {
    let file = ScriptedFile(size: 3_000_000)
    let floods = Locked(2)
    let server = try await LoopbackServer.keepingFiles { call, _ in
      let isFlooded = floods.withValue { left in
        guard left > 0, call.offset > 0 else { return false }
        left -= 1
        return true
      }
      return isFlooded ? .refuse(420, name) : .value(file.answer(call))
    }
    let clock = ManualClock()
    let client = testClient(try configuration(port: server.port), clock: clock)
    try await withTemporaryPath { path in
      let result = try await running(client) { client in
        async let result = client.download(ScriptedFile.document(size: 3_000_000), to: path)
        await clock.sleeper(atLeast: .seconds(17))
        let driver = Task {
          while !Task.isCancelled {
            clock.advance(by: .seconds(17))
            try? await Task.sleep(for: .milliseconds(1))
          }
        }
        defer { driver.cancel() }
        return try await result
      }
      #expect(result.sha256 == file.sha256)
      #expect(contents(of: path) == file.content)
    }
    try await server.stop()
  }

  @Test func aLongFloodWaitIsSaidAndWhatArrivedIsKept() async throws {
    let file = ScriptedFile(size: 3_000_000)
    let server = try await LoopbackServer.keepingFiles { call, _ in
      call.offset >= 2_000_000 ? .refuse(420, "FLOOD_WAIT_3600") : .value(file.answer(call))
    }
    let client = testClient(try configuration(port: server.port))
    try await withTemporaryPath { path in
      let error = await #expect(throws: DownloadError.self) {
        try await running(client) { try await $0.download(ScriptedFile.document(size: 3_000_000), to: path) }
      }
      guard case .floodWait(.seconds(3600))? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      let kept = contents(of: path)
      #expect(kept.count >= Self.partSize && kept.count <= 2_097_152)
      #expect(kept == Array(file.content.prefix(kept.count)))
    }
    try await server.stop()
  }

  @Test func anotherSizeThanAnnouncedIsNotTheFile() async throws {
    let file = ScriptedFile(size: 1_000_000)
    let server = try await LoopbackServer.keepingFiles { call, _ in .value(file.answer(call)) }
    let client = testClient(try configuration(port: server.port))
    try await withTemporaryPath { path in
      let error = await #expect(throws: DownloadError.self) {
        try await running(client) { try await $0.download(ScriptedFile.document(size: 1_000_001), to: path) }
      }
      guard case .sizeMismatch(expected: 1_000_001, actual: 1_000_000)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(contents(of: path).isEmpty)
    }
    try await server.stop()
  }

  @Test func linksAndDirectoriesAreNotWrittenTo() async throws {
    let client = testClient(try configuration(port: 9))
    try await withTemporaryPath { path in
      let precious = path + ".precious"
      try Data([1, 2, 3]).write(to: URL(fileURLWithPath: precious))
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: precious)
      for target in [path, (path as NSString).deletingLastPathComponent, path + "/no/such"] {
        let error = await #expect(throws: DownloadError.self) {
          try await client.download(ScriptedFile.document(size: 10), to: target)
        }
        guard case .file? = error else {
          Issue.record("\(String(describing: error))")
          return
        }
      }
      #expect(contents(of: precious) == [1, 2, 3])
    }
  }
}
