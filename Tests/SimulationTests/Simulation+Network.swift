import NIOCore
import TL
import TelegramClient
import TestSupport

// The way from the server to the client.

extension Simulation {
  func connect() {
    guard let process, !process.isDead, !process.isConnected else { return }
    trace("connected")
    process.isConnected = true
    process.deliver(Delivery(payload: .connected))
  }

  func disconnect(for pause: Duration) {
    process?.isConnected = false
    // What is on its way is lost.
    connection += 1
    loop.after(pause) { [unowned self] in connect() }
  }

  /// Lets something happen at the server, and tells the client of it if it can be told.
  func happen(_ change: (inout ServerTruth) -> TrueEvent?) {
    server.date = telegramTime
    guard let event = change(&server) else { return }
    let channel = Self.channel(of: event, server)
    trace("\(event.pts) \(channel ?? 0)")
    waiting.append((event, channel))
    // Some are told together.
    if isCalm || roll(0.7) || waiting.count > 4 { flush() }
  }

  private static func channel(of event: TrueEvent, _ server: ServerTruth) -> Int64? {
    switch event.kind {
    case .new(let key), .edit(let key, _): key.channelID
    case .delete(let keys): keys.first?.channelID
    case .read: nil
    case .webPage: server.channels.first { $0.value.sequence.events.last?.pts == event.pts && isWebPage($0.value) }?.key
    }
  }

  private static func isWebPage(_ channel: ServerTruth.Channel) -> Bool {
    if case .webPage = channel.sequence.events.last?.kind { true } else { false }
  }

  private func flush() {
    let all = waiting.filter { entry in entry.channel.map { server.channels[$0]?.isMember ?? false } ?? true }
    waiting = []
    guard !all.isEmpty else { return }
    var deliveries: [Delivery] = []
    if all.count == 1, let short = short(all[0].event, all[0].channel) {
      deliveries = [short]
    } else {
      var told = all.map { server.update(for: $0.event, channel: $0.channel) }
      if roll(0.2) { told.shuffle(using: &random) }
      let chats = all.compactMap(\.channel).map { server.chat($0) } + server.chats(of: nil)
      let updates: API.AnyUpdates
      if roll(0.15) {
        // Numbered, with something that has no place in any other sequence.
        let first = server.seq + 1
        let status = API.UpdateUserStatus(userId: 1002, status: .userStatusEmpty(API.UserStatusEmpty()))
        let others: [API.AnyUpdate] = [.updateUserStatus(status)]
        if roll(0.5) {
          server.seq += 2
          updates = .updatesCombined(
            API.UpdatesCombined(
              updates: told.map(\.update) + others, users: ServerTruth.users, chats: chats, date: server.date,
              seqStart: first, seq: server.seq))
        } else {
          server.seq = first
          updates = .updates(
            API.Updates(
              updates: told.map(\.update) + others, users: ServerTruth.users, chats: chats, date: server.date,
              seq: first))
        }
      } else {
        updates = .updates(
          API.Updates(updates: told.map(\.update), users: ServerTruth.users, chats: chats, date: server.date, seq: 0))
      }
      deliveries = [Delivery(payload: .updates(updates), shown: told.flatMap(\.shown))]
    }
    for delivery in deliveries { push(delivery) }
  }

  /// The short forms, which private chats, basic groups and single updates may come in.
  private func short(_ event: TrueEvent, _ channel: Int64?) -> Delivery? {
    guard roll(0.5) else { return nil }
    let (update, shown) = server.update(for: event, channel: channel)
    let date = server.date
    guard case .new(let key) = event.kind, channel == nil, let message = server.messages[key], message.file == nil
    else {
      return Delivery(payload: .updates(.updateShort(API.UpdateShort(update: update, date: date))), shown: shown)
    }
    let text = message.versions[0].text
    if key.chat > 0 {
      let short = API.UpdateShortMessage(
        out: message.isOutgoing, id: key.id, userId: key.chat, message: text, pts: event.pts, ptsCount: event.count,
        date: message.date)
      return Delivery(payload: .updates(.updateShortMessage(short)), shown: shown)
    }
    let short = API.UpdateShortChatMessage(
      out: message.isOutgoing, id: key.id, fromId: message.isOutgoing ? ServerTruth.selfID : 1002, chatId: -key.chat,
      message: text, pts: event.pts, ptsCount: event.count, date: message.date)
    return Delivery(payload: .updates(.updateShortChatMessage(short)), shown: shown)
  }

  func push(_ delivery: Delivery) {
    guard let process, !process.isDead, process.isConnected else { return }
    if roll(loop.now < amnesiaEnd ? 0.8 : plan.dropped) { return count("push dropped") }
    var delivery = delivery
    if roll(plan.unreadable) {
      count("push unreadable")
      delivery = Delivery(payload: .undecodable(ByteBuffer(bytes: [1, 2, 3, 4]), .trailingBytes(4)))
    }
    arrive(delivery)
    if roll(plan.doubled) {
      count("push doubled")
      arrive(delivery)
    }
  }

  private func arrive(_ delivery: Delivery) {
    var time = loop.now + latency()
    if roll(plan.late) {
      count("push late")
      time += .milliseconds(Int.random(in: 0...4_000, using: &random))
    } else {
      // Otherwise in the order they were sent.
      time = max(time, lastArrival)
      lastArrival = time
    }
    let connection = connection
    loop.after(time - loop.now) { [unowned self] in
      if connection == self.connection, let process, process.isConnected { process.deliver(delivery) }
    }
  }

  func count(_ fault: String) { faultsDone[fault, default: 0] += 1 }
}
