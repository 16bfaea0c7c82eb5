import TestSupport

extension Simulation {
  /// Something happens at the server.
  func act() {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<45:
      let chat = randomChat()
      let isOutgoing = chat > 0 && roll(0.2)
      let padding = roll(0.03) ? 330 : 0
      for _ in 0..<(roll(0.1) ? Int.random(in: 2...12, using: &random) : 1) {
        let file = roll(plan.files) ? newFile() : nil
        happen { $0.send(to: chat, out: isOutgoing, padding: padding, file: file) }
      }
    case 45..<65:
      guard let key = randomMessage() else { return }
      let isHidden = roll(0.1)
      for _ in 0..<(roll(0.2) ? 2 : 1) { happen { $0.edit(key, isHidden: isHidden, padding: 0) } }
    case 65..<85:
      guard let key = randomMessage() else { return }
      let others = server.alive(inChannel: key.channelID).shuffled(using: &random)
      let number = roll(0.1) ? Int.random(in: 5...20, using: &random) : Int.random(in: 0...2, using: &random)
      happen { $0.delete(Array(Set([key] + others.prefix(number))).sorted()) }
    case 85..<90: happen { $0.read() }
    case 90..<94:
      let channel = roll(0.5) ? nil : Int64(600)
      if channel.map({ self.server.channels[$0]?.isMember ?? false }) ?? true { happen { $0.webPage(in: channel) } }
    case 94..<96: server.channels[800]?.isMember = true
    case 96..<98: writeLink()
    default:
      // Sent and gone at once.
      let chat = randomChat()
      happen { $0.send(to: chat, out: false, padding: 0) }
      let last = server.alive(inChannel: MessageKey(chat: chat, id: 0).channelID).last { $0.chat == chat }
      if let last { happen { $0.delete([last]) } }
    }
  }

  /// The account's owner wants a message of a channel to be saved.
  private func writeLink() {
    guard let target = server.alive(inChannel: 600).randomElement(using: &random) else { return }
    let id = roll(0.8) ? target.id : target.id + 1_000
    count("link")
    happen {
      $0.send(
        to: -1_000_000_000_000 - ServerTruth.logChat, out: true, padding: 0, saying: "https://t.me/c/600/\(id)?single")
    }
    if let last = server.alive(inChannel: ServerTruth.logChat).last { oracle.links.insert(last) }
  }

  private func newFile() -> TrueFile {
    let fates: [TrueFile.Fate] = [.fine, .fine, .fine, .gone, .fails]
    return TrueFile(
      id: Int64(server.files.count + 1), size: Int.random(in: 1...3_000, using: &random),
      fate: fates.randomElement(using: &random).known)
  }

  private func randomChat() -> Int64 {
    let channels = Self.channelIDs.filter { $0 != ServerTruth.logChat }.map { -1_000_000_000_000 - $0 }
    return (ServerTruth.privateChats + [ServerTruth.group] + channels).randomElement(using: &random).known
  }

  private func randomMessage() -> MessageKey? {
    let channels: [Int64?] = [nil, nil, 600, 700, 800]
    let channel = channels.randomElement(using: &random).known
    let alive = server.alive(inChannel: channel)
    // Mostly of late.
    return roll(0.7) ? alive.suffix(5).randomElement(using: &random) : alive.randomElement(using: &random)
  }
}
