import TL
import TelegramClient
import TestSupport

extension Simulation {
  func doFault(_ fault: Plan.Fault) {
    trace("fault \(fault)")
    count("\(fault)")
    switch fault {
    case .endNow: endProcess("at once")
    case .endBeforeCommit: process?.endsBeforeCommit = true
    case .endInsideCommit: armEnd(.inside)
    case .endBehindCommit: armEnd(.behind)
    case .powerCut: powerCut()
    case .busy: process?.lockDatabase(for: .milliseconds(Int.random(in: 100...8_000, using: &random)))
    case .diskFull: process?.fillDisk(for: .milliseconds(Int.random(in: 100...8_000, using: &random)))
    case .disconnect: disconnect(for: .milliseconds(Int.random(in: 10...60_000, using: &random)))
    case .serverRestart:
      disconnect(for: .milliseconds(Int.random(in: 500...5_000, using: &random)))
    case .longOutage: disconnect(for: .seconds(Int.random(in: 60...7_200, using: &random)))
    case .tooLong:
      let channel = Self.channelIDs.randomElement(using: &random).known
      let sequence = server.channels[channel]?.sequence
      if roll(0.5) {
        push(Delivery(payload: .updates(.updatesTooLong(API.UpdatesTooLong()))))
      } else if server.channels[channel]?.isMember == true {
        let tooLong = API.UpdateChannelTooLong(channelId: channel, pts: roll(0.5) ? sequence?.pts : nil)
        push(
          Delivery(
            payload: .updates(
              .updateShort(API.UpdateShort(update: .updateChannelTooLong(tooLong), date: server.date)))))
      }
    case .gap: process?.deliver(Delivery(payload: .gap))
    case .channelLost:
      let channel = [Int64(600), 700].randomElement(using: &random).known
      server.channels[channel]?.isMember = false
      loop.after(.seconds(Int.random(in: 1...3_600, using: &random))) { [unowned self] in
        server.channels[channel]?.isMember = true
      }
    case .clockJump: clockOffset += .seconds(Int.random(in: -plan.clockJump...plan.clockJump, using: &random))
    case .referencesExpire: server.fileReference += 1
    case .amnesia: amnesiaEnd = loop.now + .seconds(Int.random(in: 5...300, using: &random))
    case .logChatClosed:
      logChatIsClosed = true
      loop.after(.seconds(Int.random(in: 1...3_600, using: &random))) { [unowned self] in logChatIsClosed = false }
    }
  }

  private func armEnd(_ moment: CommitWatch.Moment) {
    guard let process, !process.isDead, image == nil, let target = try? disk.newDirectory() else { return }
    image = target
    process.watch.arm(moment, image: target)
  }

  /// From now on commits may get lost; some time later the power goes.
  private func powerCut() {
    guard let process, !process.isDead, image == nil, let target = try? disk.newDirectory() else { return }
    process.watch.keepImage(at: target)
    loop.after(.milliseconds(Int.random(in: 10...8_000, using: &random))) { [unowned self, weak process] in
      guard !isCalm, let process, process === self.process, !process.isDead, process.watch.hasImage else { return }
      keptImage = target
      wantsPowerCut = true
      image = nil
      endProcess("power cut")
    }
  }
}
