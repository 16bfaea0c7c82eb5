import TelegramSandbox

/// A message of the demo and what becomes of it.
struct DemoLine {
  enum Fate {
    case stays
    case deleted
    case edited(to: String)
  }

  let author: String
  let chat: String
  let text: String
  var bold: String?
  let fate: Fate
  private(set) var id: Int32 = 0

  init(_ author: String, _ chat: String, _ text: String, bold: String? = nil, _ fate: Fate) {
    self.author = author
    self.chat = chat
    self.text = text
    self.bold = bold
    self.fate = fate
  }

  mutating func say(in sandbox: Sandbox) async throws {
    id = try await sandbox.say(text, as: author, in: chat, bold: bold)
  }

  func takeBack(in sandbox: Sandbox) async throws {
    switch fate {
    case .stays: break
    case .deleted: try await sandbox.delete(id, as: author, in: chat)
    case .edited(let new): try await sandbox.edit(id, to: new, as: author, in: chat)
    }
  }

  /// Whether the log chat has what was taken back; true for what was not.
  func isRecovered(in posts: [String]) -> Bool {
    if case .stays = fate { return true }
    return posts.contains { $0.contains(text) }
  }
}

enum DemoScript {
  static var lines: [DemoLine] {
    [
      DemoLine("bob", "alice", "The key is under the third flower pot.", bold: "third", .deleted),
      DemoLine("bob", "alice", "See you at seven!", .stays),
      DemoLine("carol", "alice", "I owe you 500.", .edited(to: "I owe you 50.")),
      DemoLine("carol", "group", "Bob, that was not funny 😠", .deleted),
      DemoLine("bob", "group", "Who wants cake?", .stays),
      DemoLine(
        "carol", "supergroup", "The meeting is at 10:00 in room 4.", .edited(to: "The meeting is at 11:00 in room 4.")),
      DemoLine("bob", "supergroup", "I already told them yes.", .deleted),
      DemoLine("bob", "channel", "Prices go up 20 % tomorrow.", bold: "20 %", .deleted),
    ]
  }
}
