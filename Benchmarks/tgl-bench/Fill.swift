import ArgumentParser
import Foundation
import TGLCore

struct Fill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Adds made-up messages to the archive of a data directory, as tgl run would.",
    discussion: """
      Prints a line of JSON for each step: how many messages there are, what adding the step's took (CPU seconds of the \
      recorder and the archive, and time), and how large the database is.
      """)

  @Argument(help: "The data directory.")
  var dataRoot: String
  @Option(help: "How many messages are there already.")
  var from = 0
  @Option(help: "How many there shall be.")
  var to: Int
  @Option(help: "How many come together.")
  var batch = 100
  @Option(help: "How many make a line of the result.")
  var step = 10_000

  func validate() throws {
    guard 0 <= from, from <= to, to < Int(Int32.max), batch > 0, step > 0 else {
      throw ValidationError("numbers of messages are positive, and '--to' is not before '--from'")
    }
  }

  func run() async throws {
    let root = try DataRoot(path: dataRoot)
    let archive = try Archive.open(at: root.archiveFile)
    let account = try MadeUpAccount()
    let recorder = Recorder(policy: try MadeUpAccount.policy())
    // What is told is measured by other benchmarks.
    let silent = NoticePolicy(deletedInPrivateChats: false, deletedInGroups: false, deletedInChannels: false)
    for start in stride(from: from, to: to, by: step) {
      var took = Took()
      var report = CommitReport()
      let end = min(start + step, to)
      for first in stride(from: start, to: end, by: batch) {
        let updates = account.batch(first..<min(first + batch, end))
        let now = MadeUpAccount.date(of: first + batch)
        let committed = try await took.measure {
          try await archive.commit(recorder.record(updates, now: now), policy: silent)
        }
        report.added += committed.added
        report.edited += committed.edited
        report.deleted += committed.deleted
      }
      guard report.added == end - start else {
        throw ValidationError("\(report.added) of \(end - start) messages are new: is '--from' right?")
      }
      let size = try FileManager.default.attributesOfItem(atPath: root.archiveFile)[.size] as? Int ?? 0
      try printJSON(
        Step(
          messages: end, added: report.added, edited: report.edited, deleted: report.deleted, cpu: took.cpu,
          wall: took.wall, bytes: size))
    }
    try archive.close()
  }

  private struct Step: Encodable {
    var messages, added, edited, deleted: Int
    var cpu, wall: Double
    var bytes: Int
  }
}
