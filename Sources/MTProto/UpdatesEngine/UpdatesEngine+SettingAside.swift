public import NIOCore
import TL

extension UpdatesEngine {
  /// Leaves a sequence alone whose difference is refused for good.
  ///
  /// It holds nothing back, what is pushed is applied as it comes, and what was missed is a gap. It is asked for again
  /// after a day, or some time after it is heard of again.
  public mutating func refused(_ request: DifferenceRequest, reason: String, now: Moment) -> UpdateBatch {
    var batch = UpdateBatch()
    let rest = now.uptime + DifferencePace.refusedRest
    switch request {
    case .account:
      let from = account.pts
      account.pace.refused()
      batch.updates = account.rest(until: rest)
      touchAccount(&batch)
      note(.refused(reason: reason), channel: nil, from: from, to: nil, into: &batch)
    case .channel(let id, _, _):
      guard var box = channels[id] else { return batch }
      let from = box.pts
      box.pace.refused()
      batch.updates = box.rest(until: rest)
      batch.stateChange.channels[id] = .some(box.pts)
      channels[id] = box
      note(.refused(reason: reason), channel: id, from: from, to: nil, into: &batch)
    }
    return batch
  }

  /// Takes in that the answer to a request cannot be read.
  ///
  /// Smaller pieces are asked for, and one event that cannot be read alone is stepped over. Where too many in a row
  /// cannot be read, the sequence is set aside as if it was refused.
  ///
  /// - Parameter answer: as the server sent it.
  public mutating func unreadable(
    _ request: DifferenceRequest, answer: ByteBuffer, reason: String, now: Moment
  ) -> UpdateBatch {
    var batch = UpdateBatch()
    switch request {
    case .account(let asked, _, _, _):
      account.endFetching(now: now.uptime)
      guard account.pts == asked, !account.pace.shrink() else {
        account.wantDifference(at: now.uptime)
        return batch
      }
      guard account.pace.stepped() else { return refused(request, reason: reason, now: now) }
      batch.updates = account.jump(to: asked.addingReportingOverflow(1).partialValue)
      touchAccount(&batch)
      note(.unreadable(answer, reason: reason), channel: nil, from: asked, to: account.pts, into: &batch)
      account.wantDifference(at: now.uptime + account.pace.pauseAfterStep)
    case .channel(let id, let asked, _):
      guard var box = channels[id] else { return batch }
      box.endFetching(now: now.uptime)
      guard box.pts == asked, !box.pace.shrink() else {
        box.wantDifference(at: now.uptime)
        channels[id] = box
        return batch
      }
      guard box.pace.stepped() else { return refused(request, reason: reason, now: now) }
      batch.updates = box.jump(to: asked.addingReportingOverflow(1).partialValue)
      batch.stateChange.channels[id] = .some(box.pts)
      note(.unreadable(answer, reason: reason), channel: id, from: asked, to: box.pts, into: &batch)
      box.wantDifference(at: now.uptime + box.pace.pauseAfterStep)
      channels[id] = box
    }
    return batch
  }

  /// Records what is left out, with a gap unless the one message that was left out is known.
  private func note(
    _ cause: SetAsideEvent.Cause, channel: Int64?, from: Int32, to: Int32?, into batch: inout UpdateBatch
  ) {
    var event = SetAsideEvent(channelID: channel, pts: from, cause: cause)
    switch cause {
    case .refused:
      batch.gaps.append(UpdateGap(channelID: channel, fromPts: from, toPts: to, reason: .refused))
    case .unreadable(let answer, _):
      event.message = UnreadableMessage(in: answer)
      if event.message == nil {
        batch.gaps.append(UpdateGap(channelID: channel, fromPts: from, toPts: to, reason: .unreadable))
      }
    }
    batch.setAside.append(event)
  }
}
