public import ArgumentParser
import Foundation
import Logging
public import TelegramSandbox

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Starts the data centres and serves until it is told to stop.",
    discussion: """
      When it is ready it prints one line of JSON: addresses, accounts with their sign-in codes, chats and the control \
      address. The same goes to DIR/sandbox.json, and settings for tgl to DIR/tgl.env.

      EXAMPLE
        tgl-sandbox serve --dir /tmp/sandbox
      """)

  @Option(
    help: ArgumentHelp("Address to listen on; loopback only, unless --unsafe-listen is given.", valueName: "address"))
  var listen = "127.0.0.1"
  @Option(
    help: ArgumentHelp("Port of the first data centre, the others follow; 0 lets the system choose.", valueName: "port")
  )
  var port = 0
  @Option(
    help: ArgumentHelp(
      "Where the key and the settings are written; a temporary one is made by default.", valueName: "directory"))
  var dir: String?
  @Option(
    help: ArgumentHelp(
      "The world to start with: \(Scenario.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "name"))
  var scenario = Scenario.standard
  @Option(
    help: ArgumentHelp(
      "Number from which ids, hashes and texts are made; the same seed, the same world.", valueName: "number"))
  var seed: UInt64 = 1
  @Option(help: ArgumentHelp("How long the code of a sign-in by QR code is valid.", valueName: "seconds"))
  var qrLifetime: Int32 = 30
  @Flag(help: "Listen where others can connect: anyone then signs in with the codes this tool prints.")
  var unsafeListen = false
  @Flag(help: "Log every call.")
  var debug = false

  func validate() throws {
    guard (0...65_500).contains(port) else { throw ValidationError("--port is \(port); 0 to 65500 is possible") }
    guard (1...3600).contains(qrLifetime) else {
      throw ValidationError("--qr-lifetime is \(qrLifetime); 1 to 3600 is possible")
    }
    guard unsafeListen || listen == "::1" || listen.hasPrefix("127.") else {
      throw ValidationError("--listen \(listen) is no loopback address; --unsafe-listen allows it")
    }
  }

  func run() async throws {
    var logger = Logger(label: "tgl-sandbox", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = debug ? .debug : .notice
    let folder = try SandboxFolder(path: dir)
    var configuration = Sandbox.Configuration()
    configuration.host = listen
    configuration.port = port
    configuration.seed = seed
    configuration.scenario = scenario
    configuration.privateKeyPEM = folder.privateKey
    configuration.loginTokenLifetime = qrLifetime
    configuration.publicKeyPath = folder.publicKeyPath
    configuration.filesFolder = folder.path
    let sandbox = try await Sandbox.start(configuration, logger: logger)
    let line = try folder.write(sandbox)
    let stop = await StopSignal.install()

    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await sandbox.run() }
      group.addTask { await stop.wait() }
      // Not through stdio's buffer: whoever waits for the line reads a pipe.
      try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
      // Whichever ends first ends the other.
      try await group.next()
      group.cancelAll()
    }
  }
}

extension Scenario: ExpressibleByArgument {}
