import Foundation

/// Runs tgl with the sandbox's settings.
struct Program {
  let path: String
  let folder: SandboxFolder

  /// Runs a command to its end with lines of input.
  ///
  /// - Returns: what it prints.
  /// - Throws: `DemoError` with its messages unless it exits with 0.
  func run(_ arguments: [String], input: [String]) async throws -> String {
    let process = process(arguments, [:])
    let (standardInput, standardOutput, standardError) = (Pipe(), Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = standardOutput
    process.standardError = standardError
    try process.run()
    try standardInput.fileHandleForWriting.write(contentsOf: Data(input.map { $0 + "\n" }.joined().utf8))
    try standardInput.fileHandleForWriting.close()
    // What these commands print fits a pipe's buffer.
    let status = await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        process.waitUntilExit()
        continuation.resume(returning: process.terminationStatus)
      }
    }
    let output = try Self.text(standardOutput)
    guard status == 0 else {
      throw DemoError("tgl \(arguments.joined(separator: " ")) exited with \(status): \(try Self.text(standardError))")
    }
    return output
  }

  /// Starts a command that goes on; its log is kept in a file.
  func start(_ arguments: [String], environment: [String: String]) throws -> Service {
    let process = process(arguments, environment)
    let log = folder.logURL
    _ = FileManager.default.createFile(atPath: log.path(percentEncoded: false), contents: nil)
    process.standardError = try FileHandle(forWritingTo: log)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return Service(process: process, log: log)
  }

  private func process(_ arguments: [String], _ environment: [String: String]) -> Process {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = ["--env-file", folder.settingsPath] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    return process
  }

  private static func text(_ pipe: Pipe) throws -> String {
    String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// A command that goes on.
  struct Service {
    fileprivate let process: Process
    fileprivate let log: URL

    var isRunning: Bool { process.isRunning }
    var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Returns when a line with `text` is in the log.
    func waitForLog(_ text: String) async throws {
      let deadline = ContinuousClock.now + .seconds(20)
      while true {
        let lines = logText
        if lines.contains(text) { return }
        guard process.isRunning, ContinuousClock.now < deadline else {
          throw DemoError("tgl run did not get ready:\n\(lines)")
        }
        try await Task.sleep(for: .milliseconds(20))
      }
    }

    func stop() {
      process.terminate()
      process.waitUntilExit()
    }
  }
}
