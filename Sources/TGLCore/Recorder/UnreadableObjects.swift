import Foundation
import Logging
import MTProto
import NIOCore
import TL

/// Reads the answers again that an earlier version of this program could not read, and records what they hold.
struct UnreadableObjects {
  let archive: Archive
  let recorder: Recorder
  let policy: NoticePolicy
  /// Called after something was recorded, with what it came to.
  let recorded: @Sendable (CommitReport) -> Void
  var time = ServiceTime()
  let logger: Logger
  /// The layer of the schema that is known now.
  var layer = SetAside.knownLayer

  /// Answers read at once.
  private static let page = 20

  /// Looks at each answer that is due; one that still cannot be read rests again.
  ///
  /// Safe to repeat: what is recorded twice changes nothing, and an answer is forgotten only after it was recorded.
  func readAgain() async throws(ArchiveError) {
    var count = 0
    while true {
      let due = try await archive.dueSetAside(.object, now: time.now(), layer: layer, limit: Self.page)
      guard !due.isEmpty else { break }
      for object in due {
        if let updates = Self.updates(in: object) {
          recorded(try await archive.commit(recorder.record(updates, now: time.now()), policy: policy))
          try await archive.clearSetAside(object)
          count += 1
        } else {
          try await archive.setAside(resting(object))
        }
      }
    }
    if count > 0 { logger.notice("messages read that an earlier version could not", metadata: ["answers": "\(count)"]) }
  }

  private func resting(_ object: SetAside) -> SetAside {
    var object = object
    object.layer = layer
    object.lookAgainAt = time.now().addingReportingOverflow(SetAside.rest).partialValue
    return object
  }

  /// What an answer holds: a difference of its scope, or messages that were asked for.
  ///
  /// Nil for bytes that still cannot be read, and for none.
  static func updates(in object: SetAside) -> UpdateBatch? {
    guard let raw = object.raw else { return nil }
    let bytes = ByteBuffer(bytes: raw)
    var batch = UpdateBatch()
    switch try? API.AnyMessagesMessages(decoding: bytes) {
    case nil, .messagesMessagesNotModified, .other: break
    case let answer?:
      let fetched = FetchedMessages(answer)
      (batch.users, batch.chats) = (fetched.users, fetched.chats)
      batch.updates = fetched.messages.map(Self.update)
      return batch
    }
    let messages: [API.AnyMessage]
    switch object.scope {
    case .common:
      switch try? API.AnyUpdatesDifference(decoding: bytes) {
      case .updatesDifference(let difference):
        (batch.users, batch.chats) = (difference.users, difference.chats)
        (messages, batch.updates) = (difference.newMessages, difference.otherUpdates)
      case .updatesDifferenceSlice(let slice):
        (batch.users, batch.chats) = (slice.users, slice.chats)
        (messages, batch.updates) = (slice.newMessages, slice.otherUpdates)
      default: return nil
      }
    case .channel:
      switch try? API.AnyUpdatesChannelDifference(decoding: bytes) {
      case .updatesChannelDifference(let difference):
        (batch.users, batch.chats) = (difference.users, difference.chats)
        (messages, batch.updates) = (difference.newMessages, difference.otherUpdates)
      case .updatesChannelDifferenceTooLong(let tooLong):
        (batch.users, batch.chats, messages) = (tooLong.users, tooLong.chats, tooLong.messages)
      default: return nil
      }
    }
    batch.updates.insert(contentsOf: messages.map(Self.update), at: 0)
    return batch
  }

  private static func update(_ message: API.AnyMessage) -> API.AnyUpdate {
    .updateNewMessage(API.UpdateNewMessage(message: message, pts: 0, ptsCount: 0))
  }
}
