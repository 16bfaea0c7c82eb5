import Synchronization
import TL

/// A lot of messages, edits and deletions at once, drawn by the sandbox's seed.
struct StormRequest: ControlRequest {
  var from: Reference
  var chats: [Reference]
  /// How many messages are sent.
  var messages: Int
  /// How many messages are deleted, one or several in an event.
  var deletes: Int?
  var edits: Int?
  /// The share of messages that have a small file, from 0 to 1.
  var media: Double?
  /// How many bytes each file has; up to 64 KiB, drawn by the seed, when it is not given.
  var size: Int64?
  /// The most messages one event deletes; 20 when it is not given.
  var batch: Int?
  /// Delete only what was there before the storm.
  var earlier: Bool?
  /// How many messages, edits and deletions a second; as fast as it goes when it is not given.
  var rate: Double?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case from, chats, messages, deletes, edits, media, size, batch, earlier, rate
  }
}

struct StormAnswer: Encodable, Sendable {
  var messages = 0
  var edits = 0
  var deletes = 0
}

/// What an account could ever have seen, whether it is still there or not.
struct RecordAnswer: Encodable, Sendable {
  struct Message: Encodable, Sendable {
    var chat: Int64
    var id: Int32
    /// Every text it had, oldest first.
    var texts: [String]
    /// Since when it had each of them, in Unix time.
    var dates: [Int32]
    /// SHA-256 of every file it had, oldest first.
    var files: [String]
    var deleted: Bool
    /// When it was sent and deleted, in Unix time with its fraction.
    var sentAt: Double
    var deletedAt: Double?

    enum CodingKeys: String, CodingKey {
      case chat, id, texts, dates, files, deleted
      case sentAt = "sent_at"
      case deletedAt = "deleted_at"
    }
  }

  var messages: [Message]
}

extension Control {
  /// Steps taken before others get their turn.
  private static let slice = 50

  func storm(_ request: StormRequest) async throws -> StormAnswer {
    for (name, number) in [
      ("messages", request.messages), ("deletes", request.deletes ?? 0), ("edits", request.edits ?? 0),
      ("batch", request.batch ?? 20),
    ] where !(0...10_000_000).contains(number) {
      throw ControlError("\(name) is \(number); 0 to 10000000 is possible")
    }
    let media = request.media ?? 0
    guard (0...1).contains(media) else { throw ControlError("media is \(media); it is a share, from 0 to 1") }
    if let size = request.size, !FileRequest.sizes.contains(size) {
      throw ControlError("size is \(size); 1 to \(FileRequest.sizes.upperBound) is possible")
    }
    if let rate = request.rate, !(0.01...1_000_000).contains(rate) {
      throw ControlError("rate is \(rate); 0.01 to 1000000 a second is possible")
    }
    guard !request.chats.isEmpty else { throw ControlError("which chats?") }
    let storm = try await hub.perform { telegram in
      let author = try account(request.from, telegram)
      let chats = try request.chats.map { try peer($0, seenBy: author, telegram) }
      return Storm.Shared(
        Storm(
          author: author, chats: chats, request, earlier: Self.own(author, chats, telegram.world),
          generator: SeededGenerator(seed: telegram.world.generator.next())))
    }
    var pace = StormPace(rate: request.rate)
    while !storm.state.withLock(\.isOver) {
      let steps = pace.due(atMost: Self.slice)
      guard steps > 0 else {
        try await pace.wait()
        continue
      }
      try await hub.perform { telegram in
        try storm.state.withLock { storm in
          for _ in 0..<steps where !storm.isOver { try storm.step(in: &telegram.world) }
        }
      }
      await Task.yield()
    }
    return storm.state.withLock(\.done)
  }

  /// What an account has written in some chats and not deleted.
  private static func own(_ author: Int64, _ chats: [PeerKey], _ world: World) -> [Storm.Target] {
    chats.flatMap { chat in
      let box = try? world.box(of: chat, for: author)
      return (box?.histories[chat] ?? []).filter { box?[$0]?.author == author && box?[$0]?.text != nil }
        .map { Storm.Target(chat: chat, id: $0) }
    }
  }

  func record(seenBy viewer: Reference) async throws -> RecordAnswer {
    try await hash { telegram in
      try Self.boxes(seenBy: account(viewer, telegram), telegram.world).flatMap { $0.record.values.flatMap(\.files) }
    }
    return try await hub.perform { telegram in
      RecordAnswer(
        messages: try Self.boxes(seenBy: account(viewer, telegram), telegram.world).flatMap { box in
          box.record.map { id, entry in
            RecordAnswer.Message(
              chat: entry.peer.botAPIID, id: id, texts: entry.texts, dates: entry.dates,
              files: entry.files.compactMap { telegram.digests[$0] }, deleted: box[id] == nil,
              sentAt: entry.sentAt / .seconds(1), deletedAt: entry.deletedAt.map { $0 / .seconds(1) })
          }
        }.sorted { ($0.chat, $0.id) < ($1.chat, $1.id) })
    }
  }

  private static func boxes(seenBy viewer: Int64, _ world: World) throws -> [MessageBox] {
    let joined = world.channels.values.filter { $0.member(viewer) != nil }.map(\.box)
    return [try world.account(viewer).box] + joined
  }
}

/// How many steps of a storm are due.
private struct StormPace {
  /// Steps a second; nil for no limit.
  let rate: Double?
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var taken = 0

  init(rate: Double?) {
    self.rate = rate
    start = clock.now
  }

  /// Counts the steps as taken that it answers.
  mutating func due(atMost limit: Int) -> Int {
    guard let rate else { return limit }
    let due = min(Int(start.duration(to: clock.now) / .seconds(1) * rate) + 1 - taken, limit)
    taken += max(due, 0)
    return due
  }

  /// Until the next step is due.
  func wait() async throws {
    guard let rate else { return }
    try await clock.sleep(until: start + .seconds(Double(taken) / rate))
  }
}

/// One storm under way: a value that takes step after step.
private struct Storm: Sendable {
  /// Changed in place: a copy would cost as much as the storm has said so far.
  final class Shared: Sendable {
    let state: Mutex<Storm>

    init(_ storm: consuming Storm) { state = Mutex(storm) }
  }

  struct Target: Sendable {
    var chat: PeerKey
    var id: Int32
  }

  let author: Int64
  let chats: [PeerKey]
  var messages: Int
  var edits: Int
  var deletes: Int
  let batch: Int
  let mediaShare: Double
  let sizes: ClosedRange<Int64>
  /// Sent in this storm, for what is edited; `victims` for what is deleted.
  var targets: [Target] = []
  var victims: [Target]
  let deletesEarlier: Bool
  var generator: SeededGenerator
  var done = StormAnswer()

  init(author: Int64, chats: [PeerKey], _ request: StormRequest, earlier: [Target], generator: SeededGenerator) {
    self.author = author
    self.chats = chats
    messages = request.messages
    edits = request.edits ?? 0
    deletes = request.deletes ?? 0
    batch = max(request.batch ?? 20, 1)
    mediaShare = request.media ?? 0
    sizes = request.size.map { $0...$0 } ?? 1...65_536
    deletesEarlier = request.earlier ?? false
    victims = deletesEarlier ? earlier : []
    self.generator = generator
  }

  var isOver: Bool { messages + edits + deletes <= 0 }

  mutating func step(in world: inout World) throws {
    var choice = Int.random(in: 0..<(messages + edits + deletes), using: &generator)
    if choice < messages { return try say(in: &world) }
    choice -= messages
    if choice < edits { return try edit(in: &world) }
    try delete(in: &world)
  }

  private mutating func say(in world: inout World) throws {
    messages -= 1
    let chat = chats[Int.random(in: 0..<chats.count, using: &generator)]
    done.messages += 1
    var draft = Draft(text: try StormWords.message("message \(done.messages)", using: &generator))
    if mediaShare > 0, Double.random(in: 0..<1, using: &generator) < mediaShare {
      // A caption is shorter than a message.
      draft.text = try MessageText.normalized("message \(done.messages): a file", [])
      draft.media = file(in: &world)
    }
    let sent = try world.send(draft, from: author, to: chat)
    let target = Target(chat: chat, id: sent.id)
    targets.append(target)
    if !deletesEarlier { victims.append(target) }
  }

  /// A small file of one of the usual kinds.
  private mutating func file(in world: inout World) -> StoredMedia {
    let size = Int64.random(in: sizes, using: &generator)
    let content = FileContent.generated(size: size, seed: generator.next())
    let name = "storm-\(done.messages)"
    switch Int.random(in: 0..<4, using: &generator) {
    case 0:
      return StoredMedia(content: .photo(world.addFile(content, name: nil, mimeType: "image/jpeg", attributes: []).id))
    case 1:
      let voice = API.AnyDocumentAttribute.documentAttributeAudio(.init(voice: true, duration: 3))
      return document(content, "\(name).ogg", "audio/ogg", [voice], in: &world)
    case 2:
      let video = API.AnyDocumentAttribute.documentAttributeVideo(.init(duration: 4, w: 320, h: 240))
      return document(content, "\(name).mp4", "video/mp4", [video], in: &world)
    default: return document(content, "\(name).bin", nil, [], in: &world)
    }
  }

  private func document(
    _ content: FileContent, _ name: String, _ mimeType: String?, _ attributes: [API.AnyDocumentAttribute],
    in world: inout World
  ) -> StoredMedia {
    StoredMedia(
      content: .document(world.addFile(content, name: name, mimeType: mimeType, attributes: attributes).id))
  }

  private mutating func edit(in world: inout World) throws {
    edits -= 1
    guard !targets.isEmpty else { return }
    let target = targets[Int.random(in: 0..<targets.count, using: &generator)]
    // It may have been deleted meanwhile.
    guard try world.box(of: target.chat, for: author)[target.id] != nil else { return }
    done.edits += 1
    var text = try StormWords.message("edit \(done.edits)", using: &generator)
    if try world.box(of: target.chat, for: author)[target.id]?.media != nil {
      text = try MessageText.normalized("edit \(done.edits): a file", [])
    }
    try world.edit(target.id, in: target.chat, by: author, text: text)
  }

  private mutating func delete(in world: inout World) throws {
    // Most deletions are of one message, some of many.
    let isSingle = Int.random(in: 0..<4, using: &generator) > 0
    let count = min(isSingle ? 1 : Int.random(in: 1...batch, using: &generator), deletes)
    guard !victims.isEmpty else {
      // Nothing to delete before something is said, or ever again.
      if messages == 0 { deletes = 0 }
      return
    }
    var chosen: [Int32] = []
    var chat: PeerKey?
    for _ in 0..<count where !victims.isEmpty {
      let index = Int.random(in: 0..<victims.count, using: &generator)
      guard chat == nil || victims[index].chat == chat else { continue }
      chat = victims[index].chat
      victims.swapAt(index, victims.count - 1)
      chosen.append(victims.removeLast().id)
    }
    deletes -= chosen.count
    done.deletes += chosen.count
    if case .channel(let id)? = chat {
      try world.deleteMessages(chosen, inChannel: id, by: author)
    } else {
      try world.deleteMessages(chosen, by: author, revoke: true)
    }
  }
}
