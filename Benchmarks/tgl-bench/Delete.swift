import ArgumentParser
import Foundation
import MTProto
import TGLCore
import TL

struct Delete: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Has made-up messages deleted, each by an update of its own.",
    discussion: """
      Deletions in channels name the channel, the others only ids; each kind is measured by itself and printed as a line \
      of JSON: how many messages were found and marked, and what that took.
      """)

  @Argument(help: "The data directory.")
  var dataRoot: String
  @Option(help: "How many messages there are.")
  var messages: Int
  @Option(help: "How many are deleted of each kind of chat.")
  var count = 1_000
  @Option(help: "Another seed, other messages.")
  var seed = 1

  func validate() throws {
    guard messages > 0, messages < Int(Int32.max), count > 0 else {
      throw ValidationError("numbers of messages are positive")
    }
  }

  func run() async throws {
    let archive = try Archive.open(at: DataRoot(path: dataRoot).archiveFile, creating: false)
    let recorder = Recorder(policy: try MadeUpAccount.policy())
    let silent = NoticePolicy(deletedInPrivateChats: false, deletedInGroups: false, deletedInChannels: false)
    for ofAccount in [true, false] {
      var took = Took()
      var deleted = 0
      for number in chosen(ofAccount: ofAccount) {
        var updates = UpdateBatch()
        updates.updates = [MadeUpAccount.deletion(of: number)]
        let now = MadeUpAccount.date(of: messages)
        deleted += try await took.measure {
          try await archive.commit(recorder.record(updates, now: now), policy: silent).deleted
        }
      }
      try printJSON(
        Deletions(
          chats: ofAccount ? "private" : "channel", asked: count, deleted: deleted, cpu: took.cpu, wall: took.wall))
    }
    try archive.close()
  }

  /// Messages from anywhere in the archive, none twice and none that was deleted while it was filled.
  private func chosen(ofAccount: Bool) -> [Int] {
    var numbers: Set<Int> = []
    // Of the number of messages as well: a remainder by a multiple would choose the same ones again.
    var draw = Int(truncatingIfNeeded: MadeUpAccount.mixed(messages &* 1_000 &+ seed))
    var attempts = 0
    while numbers.count < count, attempts < count * 100 {
      draw &+= 1
      attempts += 1
      let number = Int(MadeUpAccount.mixed(draw) % UInt64(messages))
      guard number % 20 != 9, MadeUpAccount.chat(of: number).isOfAccount == ofAccount else { continue }
      numbers.insert(number)
    }
    // Not in the order of the table.
    return numbers.sorted { MadeUpAccount.mixed($0) < MadeUpAccount.mixed($1) }
  }

  private struct Deletions: Encodable {
    var chats: String
    var asked, deleted: Int
    var cpu, wall: Double
  }
}
