import Foundation
import TelegramClient

@testable import TGLCore

/// What is in the log chat, in order; it knows a `random_id` again, as Telegram does.
struct LogChatTruth {
  struct Entry {
    var randomID: Int64
    var text: String
    /// The message it answers.
    var replyTo: Int64?
    /// What a digest's file says.
    var file: String?
    /// Recovered files.
    var files: [(id: Int64, bytes: [UInt8])] = []
  }

  var entries: [Entry] = []
  private var known: Set<Int64> = []

  mutating func post(_ entry: Entry) -> Bool {
    guard known.insert(entry.randomID).inserted else { return false }
    entries.append(entry)
    return true
  }
}

struct SimulatedLogChat: LogChat {
  let process: Process

  private var world: Simulation { process.world }

  func send(_ post: Post, randomID: Int64) async throws(LogChatError) -> Int64? {
    try await make(
      .init(randomID: randomID, text: post.content.text, replyTo: post.replyTo),
      mayBeRefused: !post.content.entities.isEmpty)
    return nil
  }

  func sendFile(_ file: LogChatFile, randomID: Int64) async throws(LogChatError) -> Int64? {
    let content = FileManager.default.contents(atPath: file.path).map { String(decoding: $0, as: UTF8.self) }
    try await make(.init(randomID: randomID, text: file.caption.text, file: content ?? ""), mayBeRefused: false)
    return nil
  }

  func upload(_ media: [LogChatMedia]) async throws(LogChatError) -> UploadedMedia { UploadedMedia(media: media) }

  func sendMedia(_ media: UploadedMedia, caption: Post, randomIDs: [Int64]) async throws(LogChatError) -> Int64? {
    let files = media.media.map { item in
      (item.description.mediumID, FileManager.default.contents(atPath: item.file.path).map { Array($0) } ?? [])
    }
    try await make(
      .init(randomID: randomIDs[0], text: caption.content.text, replyTo: caption.replyTo, files: files),
      mayBeRefused: false)
    return nil
  }

  private func make(_ entry: LogChatTruth.Entry, mayBeRefused: Bool) async throws(LogChatError) {
    do throws(LogChatError) {
      try await attempt(entry, mayBeRefused: mayBeRefused)
    } catch {
      guard world.sabotage == .failedPostsForgotten, !process.isDead else { throw error }
    }
  }

  private func attempt(_ entry: LogChatTruth.Entry, mayBeRefused: Bool) async throws(LogChatError) {
    let world = world
    guard await world.loop.sleep(world.latency()), !process.isDead else { throw .unavailable("ended") }
    guard process.isConnected else { throw .unavailable("not connected") }
    if world.logChatIsClosed { throw .chatRefused("CHAT_WRITE_FORBIDDEN") }
    if world.roll(world.plan.postFails) {
      switch Int.random(in: 0..<4, using: &world.random) {
      case 0: throw .floodWait(Int64.random(in: 1...120, using: &world.random))
      case 1: throw .unavailable("500")
      case 2: throw .postRefused("MEDIA_INVALID")
      default: if mayBeRefused { throw .postRefused("ENTITY_BOUNDS_INVALID") }
      }
    }
    var entry = entry
    if world.sabotage == .newRandomIDEachTry { entry.randomID = world.random.number() }
    if world.sabotage == .noticesShareRandomIDs { entry.randomID &= 0xF }
    if world.logChat.post(entry) {
      world.trace("posted \(entry.text.count)")
      world.happen { $0.send(to: -1_000_000_000_000 - ServerTruth.logChat, out: true, padding: 0) }
    }
    let isLost = world.roll(world.plan.answerLost)
    guard await world.loop.sleep(world.latency()), !process.isDead else { throw .unavailable("ended") }
    if isLost { throw .unavailable("no answer") }
  }
}
