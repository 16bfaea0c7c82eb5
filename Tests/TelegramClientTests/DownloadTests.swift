import Foundation
import MTProtoCrypto
import NIOCore
import NIOPosix
import Synchronization
import TL
import TestSupport
import Testing

@testable import TelegramClient

@Suite(.serialized) struct DownloadTests {
  static let partSize = DownloadPlan.partSize
  private let group = MultiThreadedEventLoopGroup.singleton

  // MARK: Whole files

  /// Sizes around the part size, announced and not.
  @Test(arguments: [1, 524_287, 524_288, 524_289, 1_048_576, 5_000_001], [true, false])
  func arrivesWhole(size: Int, isAnnounced: Bool) async throws {
    let file = ScriptedFile(size: size)
    let server = try await LoopbackServer.keepingFiles { call, _ in .value(file.answer(call)) }
    let client = testClient(try configuration(port: server.port))
    try await withTemporaryPath { path in
      let remote = ScriptedFile.document(size: isAnnounced ? size : 0)
      let result = try await running(client) { try await $0.download(remote, to: path) }
      #expect(result == DownloadedFile(size: Int64(size), sha256: file.sha256))
      #expect(contents(of: path) == file.content)
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600)
    }
    #expect(server.fileCalls.allSatisfy { $0.keepsTheRules })
    // A connection of their own, to which no updates are pushed.
    #expect(server.calls(of: API.UploadGetFile.constructor).allSatisfy { $0.isWithoutUpdates })
    #expect(server.connectionCount == 2)
    #expect(client.transferBudget.used == 0)
    try await server.stop()
  }

  @Test(arguments: [0, 1, 524_288, 600_000, 1_999_999, 2_000_000, 2_000_001])
  func goesOnWhereItStopped(length: Int) async throws {
    let file = ScriptedFile(size: 2_000_000)
    let server = try await LoopbackServer.keepingFiles { call, _ in .value(file.answer(call)) }
    let client = testClient(try configuration(port: server.port))
    try await withTemporaryPath { path in
      let rest = [UInt8](repeating: 0, count: max(length - file.content.count, 0))
      try Data(file.content.prefix(length) + rest).write(to: URL(fileURLWithPath: path))
      let result = try await running(client) { try await $0.download(ScriptedFile.document(size: 2_000_000), to: path) }
      #expect(result.sha256 == file.sha256)
      #expect(contents(of: path) == file.content)
    }
    let point = DownloadPlan.resumePoint(size: 2_000_000, length: Int64(length))
    #expect(server.fileCalls.allSatisfy { $0.offset >= point })
    #expect(server.fileCalls.count == (2_000_000 - Int(point) + Self.partSize - 1) / Self.partSize)
    try await server.stop()
  }

  // MARK: Elsewhere

  @Test func asksTheRightDataCentreForTheRestOfTheFile() async throws {
    let file = ScriptedFile(size: 6_000_000)
    let other = try await LoopbackServer.start(group: group) { call, _ in
      if let call = GetFileCall(call) { return .value(file.answer(call)) }
      return .value(API.AnyAuthAuthorization.authAuthorization(API.AuthAuthorization(user: user(9, isSelf: true))))
    }
    let home = try await LoopbackServer.start(group: group) { call, server in
      switch call.constructor {
      case API.HelpGetConfig.constructor: .value(LoopbackServer.config([2: server.port, 4: other.port], thisDC: 2))
      case API.AuthExportAuthorization.constructor:
        .value(API.AuthExportedAuthorization(id: 9, bytes: ByteBuffer(bytes: [1])))
      default: .refuse(303, "FILE_MIGRATE_4")
      }
    }
    let store = InMemorySessionStore()
    let client = testClient(try configuration(port: home.port), store: store)
    try await withTemporaryPath { path in
      let remote = ScriptedFile.document(size: 6_000_000)
      let result = try await running(client) { try await $0.download(remote, to: path) }
      #expect(result.sha256 == file.sha256)
    }
    #expect(home.fileCalls.count <= TransferWindow.minimum)
    #expect(other.calls(of: API.AuthImportAuthorization.constructor).count == 1)
    // One key for both connections.
    #expect(other.state.withLock { $0.keys.count } == 1)
    #expect(other.connectionCount == 2)
    #expect(await store.authorization(dc: 4)?.authKey?.count == 256)
    try await home.stop()
    try await other.stop()
  }

  /// The other data centre forgets the key that both connections share: a new one is agreed once, and files go on.
  @Test func aForgottenKeyIsAgreedAnewForFilesToo() async throws {
    let file = ScriptedFile(size: 1_000_000)
    let other = try await LoopbackServer.start(group: group) { call, _ in
      if let call = GetFileCall(call) { return .value(file.answer(call)) }
      return .value(API.AnyAuthAuthorization.authAuthorization(API.AuthAuthorization(user: user(9, isSelf: true))))
    }
    let home = try await LoopbackServer.start(group: group) { call, server in
      switch call.constructor {
      case API.HelpGetConfig.constructor: .value(LoopbackServer.config([2: server.port, 4: other.port], thisDC: 2))
      default: .value(API.AuthExportedAuthorization(id: 9, bytes: ByteBuffer(bytes: [1])))
      }
    }
    let clock = ManualClock()
    let store = InMemorySessionStore()
    let client = testClient(try configuration(port: home.port), store: store, clock: clock)
    try await withTemporaryPath { path in
      try await running(client) { client in
        let driver = Task {
          while !Task.isCancelled {
            clock.advance(by: .seconds(1))
            try? await Task.sleep(for: .milliseconds(1))
          }
        }
        defer { driver.cancel() }
        let remote = ScriptedFile.document(size: 1_000_000, dc: 4)
        let first = try await client.download(remote, to: path + ".1")
        #expect(first.sha256 == file.sha256)
        let old = await store.authorization(dc: 4)?.authKey
        other.forgetKeys()
        other.disconnectAll()
        let second = try await client.download(remote, to: path + ".2")
        #expect(second.sha256 == file.sha256)
        let new = await store.authorization(dc: 4)?.authKey
        #expect(new != nil && new != old)
      }
    }
    #expect(other.state.withLock { $0.keys.count } == 1)
    #expect(other.calls(of: API.AuthImportAuthorization.constructor).count == 2)
    try await home.stop()
    try await other.stop()
  }

  // MARK: Trouble on the way

  @Test func outlivesDisconnects() async throws {
    let file = ScriptedFile(size: 8_000_000)
    let count = Locked(0)
    let server = try await LoopbackServer.keepingFiles { call, _ in
      let number = count.withValue { count in
        count += 1
        return count
      }
      return number % 5 == 0 ? .disconnect : .value(file.answer(call))
    }
    let clock = ManualClock()
    let client = testClient(try configuration(port: server.port), clock: clock)
    try await withTemporaryPath { path in
      let result = try await running(client) { client in
        let driver = Task {
          while !Task.isCancelled {
            clock.advance(by: .seconds(1))
            try? await Task.sleep(for: .milliseconds(1))
          }
        }
        defer { driver.cancel() }
        return try await client.download(ScriptedFile.document(size: 8_000_000), to: path)
      }
      #expect(result.sha256 == file.sha256)
      #expect(contents(of: path) == file.content)
    }
    try await server.stop()
  }

  @Test func updatesAndCallsPassAFileThatIsStuck() async throws {
    let file = ScriptedFile(size: 4_000_000)
    let server = try await LoopbackServer.start(group: group) { call, server in
      switch call.constructor {
      case API.UploadGetFile.constructor: .hold
      case API.HelpGetConfig.constructor: .value(LoopbackServer.config([2: server.port], thisDC: 2))
      default: .value(API.UpdatesState(pts: 1, qts: 0, date: 1, seq: 1, unreadCount: 0))
      }
    }
    let client = testClient(try configuration(port: server.port))
    try await withTemporaryPath { path in
      try await running(client) { client in
        async let result = client.download(ScriptedFile.document(size: 4_000_000), to: path)
        try await eventually { server.heldCalls.count == TransferWindow.minimum }
        // Asked and answered while the parts are waited for.
        #expect(try await client.invoke(API.UpdatesGetState()).pts == 1)
        var updates = client.updates.makeAsyncIterator()
        server.push(API.AnyUpdates.updatesTooLong(API.UpdatesTooLong()))
        while let payload = await updates.next() {
          if case .updates = payload { break }
        }
        while server.heldCalls.count > 0 || !FileManager.default.fileExists(atPath: path)
          || contents(of: path).count < 4_000_000
        {
          if server.heldCalls.isEmpty {
            try await Task.sleep(for: .milliseconds(1))
          } else {
            server.answerHeld(server.heldCalls.count - 1) { call in
              guard let call = GetFileCall(call) else { return "no such call" }
              return file.answer(call)
            }
          }
        }
        #expect(try await result.sha256 == file.sha256)
      }
    }
    try await server.stop()
  }

  /// Three files at once within memory for four parts, answered in random order.
  @Test func memoryIsBoundedForAllTransfersTogether() async throws {
    let files = (0..<3).map { ScriptedFile(size: 4_000_000, seed: UInt64($0)) }
    let server = try await LoopbackServer.keepingFiles { _, _ in .hold }
    var configuration = try configuration(port: server.port)
    configuration.transferMemory = 4 * Self.partSize
    let client = testClient(configuration)
    try await withTemporaryPath { path in
      try await running(client) { client in
        async let results = withThrowingTaskGroup(of: (Int, DownloadedFile).self) { group in
          for index in files.indices {
            group.addTask {
              let remote = ScriptedFile.document(size: 4_000_000, reference: [UInt8(index)])
              return (index, try await client.download(remote, to: "\(path).\(index)"))
            }
          }
          return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        var random = SeededGenerator.run(3)
        var answered = 0
        while answered < 3 * 8 {
          let held = server.heldCalls.count
          #expect(held <= 4)
          guard held > 0 else {
            try await Task.sleep(for: .milliseconds(1))
            continue
          }
          server.answerHeld(Int.random(in: 0..<held, using: &random)) { call in
            guard let call = GetFileCall(call) else { return "no such call" }
            return files[Int(call.reference[0])].answer(call)
          }
          answered += 1
        }
        let all = try await results
        for (index, file) in files.enumerated() { #expect(all[index]?.sha256 == file.sha256) }
      }
    }
    #expect(client.transferBudget.highest == 4 * Self.partSize)
    #expect(client.transferBudget.used == 0)
    try await server.stop()
  }

  @Test func aStoppedClientFetchesNothing() async throws {
    let server = try await LoopbackServer.keepingFiles { _, _ in .hold }
    let client = testClient(try configuration(port: server.port))
    try await running(client) { client in
      try await eventually { client.connectionState == .connected }
    }
    try await eventually { client.connectionState == .idle }
    try await withTemporaryPath { path in
      let error = await #expect(throws: DownloadError.self) {
        try await client.download(ScriptedFile.document(size: 10), to: path)
      }
      guard case .telegram(.closed)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    try await server.stop()
  }

  @Test func aCancelledDownloadGivesEverythingBack() async throws {
    let server = try await LoopbackServer.keepingFiles { _, _ in .hold }
    let client = testClient(try configuration(port: server.port))
    try await withTemporaryPath { path in
      try await running(client) { client in
        let download = Task { try await client.download(ScriptedFile.document(size: 4_000_000), to: path) }
        try await eventually { server.heldCalls.count == TransferWindow.minimum }
        download.cancel()
        let error = await #expect(throws: DownloadError.self) { try await download.value }
        guard case .telegram(.cancelled)? = error else {
          Issue.record("\(String(describing: error))")
          return
        }
        #expect(client.transferBudget.used == 0)
        try await eventually { server.state.withLock { $0.drops.count } == TransferWindow.minimum }
      }
    }
    try await server.stop()
  }
}
