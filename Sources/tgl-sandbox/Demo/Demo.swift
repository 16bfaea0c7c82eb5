import ArgumentParser
import Foundation
import Logging
import TelegramSandbox

struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows tgl at work: people talk, edit and delete, and the log chat gets it all back.",
    discussion: """
      Starts a sandbox, signs alice in with `tgl login`, starts `tgl run` for her, lets bob and carol talk, and prints \
      what was said, what was taken back, and what alice's log chat holds. Exits 0 only if everything taken back is there.

      EXAMPLE
        tgl-sandbox demo --tgl .build/debug/tgl
      """)

  @Option(help: ArgumentHelp("The tgl to show.", valueName: "path"))
  var tgl: String

  func run() async throws {
    let folder = try SandboxFolder(path: nil)
    defer { folder.remove() }
    var logger = Logger(label: "tgl-sandbox", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = .warning
    var configuration = Sandbox.Configuration()
    configuration.publicKeyPath = folder.publicKeyPath
    let sandbox = try await Sandbox.start(configuration, logger: logger)
    _ = try folder.write(sandbox)
    let program = Program(path: tgl, folder: folder)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await sandbox.run() }
      defer { group.cancelAll() }
      try await show(sandbox, program)
    }
  }

  private func show(_ sandbox: Sandbox, _ program: Program) async throws {
    guard let alice = sandbox.description.users.first(where: { $0.name == "alice" }) else {
      throw DemoError("the sandbox has no alice")
    }
    print("A local Telegram is up: DC1 and DC2, alice, bob and carol, a group, a supergroup and a channel.\n")
    print("$ tgl login")
    print("  " + (try await program.run(["login"], input: [alice.phone, alice.code])))
    print("$ tgl run &")
    let service = try program.start(["run"], environment: ["SAVE_EDITED_MESSAGES": "true", "EDIT_SETTLE_SECS": "0"])
    defer { service.stop() }
    try await service.waitForLog("up to date")
    print("  watching as alice\n")

    var lines = DemoScript.lines
    for index in lines.indices { try await lines[index].say(in: sandbox) }
    for line in lines { try await line.takeBack(in: sandbox) }
    let posts = try await waitForPosts(of: lines, in: sandbox, service)
    DemoTable(lines: lines, posts: posts).print()
    let missing = lines.filter { !$0.isRecovered(in: posts) }
    guard missing.isEmpty else {
      throw DemoError(
        "\(missing.count) of the texts taken back are not in the log chat; tgl's log:\n\(service.logText)")
    }
    print("\nEverything that was taken back is in alice's log chat.")
  }

  /// The log chat as soon as it holds everything, or as it is when that takes too long.
  private func waitForPosts(of lines: [DemoLine], in sandbox: Sandbox, _ service: Program.Service) async throws
    -> [String]
  {
    let deadline = ContinuousClock.now + .seconds(20)
    while true {
      let posts = try await sandbox.posts(in: "log", seenBy: "alice").map(\.text)
      if lines.allSatisfy({ $0.isRecovered(in: posts) }) || ContinuousClock.now > deadline || !service.isRunning {
        return posts
      }
      try await Task.sleep(for: .milliseconds(50))
    }
  }
}

/// Why the demo could not show what it is there to show.
struct DemoError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
