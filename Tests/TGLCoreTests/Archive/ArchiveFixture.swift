import Foundation
import GRDB
import Logging
import MTProto
import NIOCore
import TL
import TelegramClient

@testable import TGLCore

/// An archive in a directory of its own, which goes with it.
final class ArchiveFixture: Sendable {
  let directory: String
  let archive: Archive
  let recorder: Recorder

  static let alice = PeerID.user(1001).require
  static let bob = PeerID.user(1002).require
  static let logChat = PeerID.channel(9999).require

  init(policy: RecorderPolicy? = nil) throws {
    directory = NSTemporaryDirectory() + "tgl-archive-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    archive = try Archive.open(at: directory + "/messages.db")
    recorder = Recorder(policy: policy ?? RecorderPolicy(selfID: Self.alice, logChat: Self.logChat))
  }

  deinit {
    try? FileManager.default.removeItem(atPath: directory)
  }

  var path: String { directory + "/messages.db" }

  /// Records and commits updates as the service does.
  @discardableResult
  func receive(
    _ updates: [API.AnyUpdate], users: [API.AnyUser] = People.users, chats: [API.AnyChat] = People.chats,
    state: UpdatesStateChange = UpdatesStateChange(), now: Int64 = 2_000_000_000,
    policy: NoticePolicy = NoticePolicy(edited: true)
  ) async throws -> CommitReport {
    var batch = UpdateBatch()
    batch.updates = updates
    batch.users = users
    batch.chats = chats
    batch.stateChange = state
    return try await archive.commit(recorder.record(batch, now: now), policy: policy)
  }

  /// What is in the outbox, in order.
  func outbox() async throws -> [OutboxPayload] {
    try await archive.read { db in
      try Row.fetchAll(db, sql: "SELECT kind, payload FROM outbox ORDER BY id").map { row in
        row["kind"] == "digest"
          ? .digest(try ArchiveJSON.decode(DigestNotice.self, from: row["payload"]))
          : .message(try ArchiveJSON.decode(Notice.self, from: row["payload"]))
      }
    }
  }

  func notices() async throws -> [Notice] {
    try await outbox().compactMap { if case .message(let notice) = $0 { notice } else { nil } }
  }
}

/// The accounts and chats of the tests.
enum People {
  static let users: [API.AnyUser] = [
    .user(API.User(isSelf: true, id: 1001, accessHash: 11, firstName: "Alice")),
    .user(API.User(id: 1002, accessHash: 22, firstName: "Bob", lastName: "Builder", username: "bob_b")),
    .user(API.User(bot: true, id: 1003, accessHash: 33, firstName: "Helper", username: "helper_bot")),
  ]
  static let chats: [API.AnyChat] = [
    .chat(
      API.Chat(
        id: 500, title: "Family", photo: .chatPhotoEmpty(.init()), participantsCount: 2, date: 1, version: 1)),
    .channel(
      API.Channel(megagroup: true, id: 600, accessHash: 66, title: "Team", photo: .chatPhotoEmpty(.init()), date: 1)),
    .channel(
      API.Channel(
        broadcast: true, id: 700, accessHash: 77, title: "News", username: "news", photo: .chatPhotoEmpty(.init()),
        date: 1)),
  ]
}

/// Messages and updates, short.
enum Make {
  static func message(
    _ id: Int32, in peer: API.AnyPeer, from: Int64? = 1002, _ text: String, out: Bool = false,
    entities: [API.AnyMessageEntity]? = nil, editDate: Int32? = nil, editHide: Bool = false,
    media: API.AnyMessageMedia? = nil, post: Bool = false, date: Int32 = 1_900_000_000, views: Int32? = nil
  ) -> API.AnyMessage {
    .message(
      API.Message(
        out: out, post: post, editHide: editHide, id: id,
        fromId: from.map { .peerUser(API.PeerUser(userId: $0)) }, peerId: peer, date: date, message: text,
        media: media, entities: entities, views: views, editDate: editDate))
  }

  static func new(_ message: API.AnyMessage) -> API.AnyUpdate {
    .updateNewMessage(API.UpdateNewMessage(message: message, pts: 0, ptsCount: 0))
  }

  static func newInChannel(_ message: API.AnyMessage) -> API.AnyUpdate {
    .updateNewChannelMessage(API.UpdateNewChannelMessage(message: message, pts: 0, ptsCount: 0))
  }

  static func edit(_ message: API.AnyMessage) -> API.AnyUpdate {
    .updateEditMessage(API.UpdateEditMessage(message: message, pts: 0, ptsCount: 0))
  }

  static func delete(_ ids: [Int32]) -> API.AnyUpdate {
    .updateDeleteMessages(API.UpdateDeleteMessages(messages: ids, pts: 0, ptsCount: 0))
  }

  static func delete(_ ids: [Int32], inChannel channel: Int64) -> API.AnyUpdate {
    .updateDeleteChannelMessages(
      API.UpdateDeleteChannelMessages(channelId: channel, messages: ids, pts: 0, ptsCount: 0))
  }

  static func user(_ id: Int64) -> API.AnyPeer { .peerUser(API.PeerUser(userId: id)) }
  static func group(_ id: Int64) -> API.AnyPeer { .peerChat(API.PeerChat(chatId: id)) }
  static func channel(_ id: Int64) -> API.AnyPeer { .peerChannel(API.PeerChannel(channelId: id)) }

  static func photo(_ id: Int64, reference: String = "", ttl: Int32? = nil) -> API.AnyMessageMedia {
    let photo = API.Photo(
      id: id, accessHash: 1, fileReference: .init(string: reference), date: 1,
      sizes: [.photoSize(API.PhotoSize(type: "x", w: 800, h: 600, size: 1000))], dcId: 2)
    return .messageMediaPhoto(API.MessageMediaPhoto(photo: .photo(photo), ttlSeconds: ttl))
  }
}

extension Make {
  static func document(
    _ id: Int64, size: Int64 = 1000, name: String? = nil, mimeType: String = "application/octet-stream",
    attributes: [API.AnyDocumentAttribute] = []
  ) -> API.AnyMessageMedia {
    let named = name.map { [API.AnyDocumentAttribute.documentAttributeFilename(.init(fileName: $0))] } ?? []
    let document = API.Document(
      id: id, accessHash: 1, fileReference: .init(string: "ref"), date: 1, mimeType: mimeType, size: size, dcId: 2,
      attributes: named + attributes)
    return .messageMediaDocument(API.MessageMediaDocument(document: .document(document)))
  }

  static func album(_ ids: ClosedRange<Int32>, in peer: API.AnyPeer, _ media: [API.AnyMessageMedia], _ text: String)
    -> [API.AnyUpdate]
  {
    zip(ids, media).enumerated().map { index, item in
      guard case .message(var message) = message(item.0, in: peer, index == 0 ? text : "", media: item.1) else {
        preconditionFailure("a message is one")
      }
      message.groupedId = 77
      return new(.message(message))
    }
  }

  /// One button that opens an address.
  static func keyboard(_ text: String, _ url: String) throws -> API.AnyReplyMarkup {
    let button = TLValue.object(
      "keyboardInlineButton", ["text": .string(text), "type": .object("inlineButtonTypeUrl", ["url": .string(url)])])
    let value = TLValue.object(
      "replyInlineMarkup",
      ["rows": .vector([.object("keyboardInlineButtonRow", ["buttons": .vector([button])])])])
    return try API.AnyReplyMarkup(decoding: TLSchema.api.encoded(value))
  }

  /// A rich message that shows one photo.
  static func rich(photo: Int64, reference: String) throws -> TLRaw {
    let photo = TLValue.object(
      "photo",
      [
        "id": .long(photo), "access_hash": .long(1), "file_reference": .bytes(ByteBuffer(string: reference)),
        "date": .int(1), "sizes": .vector([]), "dc_id": .int(2),
      ])
    let value = TLValue.object(
      "richMessage", ["blocks": .vector([]), "documents": .vector([]), "photos": .vector([photo])])
    return try TLRaw(decoding: TLSchema.api.encoded(value))
  }

  static func opened(_ ids: [Int32]) -> API.AnyUpdate {
    .updateReadMessagesContents(API.UpdateReadMessagesContents(messages: ids, pts: 0, ptsCount: 0))
  }
}

extension Optional {
  /// The value, which the test knows to be there.
  var require: Wrapped {
    guard let self else { preconditionFailure("a test value is nil") }
    return self
  }
}
