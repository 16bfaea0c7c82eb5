import NIOCore
import TL

/// Updates that somebody made up, and their place in the numbered logs.
extension World {
  /// Announces an update as it is given.
  ///
  /// Where its `pts` is `"next"`, it gets the next number of the log it belongs to, and stands in the differences, too.
  ///
  /// - Throws: `RPCFailure` that says what is wrong with it.
  mutating func push(_ value: TLValue, to user: Int64) throws(RPCFailure) {
    let numbered = try number(value, for: user)
    guard case .object(let name, _) = numbered else { throw RPCFailure(400, "an update is an object") }
    do throws(TLError) {
      switch TLSchema.api.resultType(of: name) {
      case "Update":
        // In a channel's log, it was announced to every member.
        if case .channel? = log(of: numbered), numbered != value { return }
        let update = try API.AnyUpdate(decoding: TLSchema.api.encoded(numbered, type: "Update"))
        announce(update, to: user, mentioning: mentions(in: numbered))
      case "Updates": announce(container: try TLSchema.api.encoded(completed(numbered, for: user)), to: user)
      default: throw .unknownName("\(name) among Update and Updates")
      }
    } catch {
      throw RPCFailure(400, error.description)
    }
  }

  /// Announces bytes as an update, which need not be of any schema; `count` is what they move the account's `pts` by.
  mutating func push(_ bytes: ByteBuffer, count: Int32, to user: Int64) throws(RPCFailure) {
    guard let constructor = bytes.getInteger(at: bytes.readerIndex, endianness: .little, as: UInt32.self),
      bytes.readableBytes % 4 == 0
    else { throw RPCFailure(400, "an update begins with its constructor and has whole words") }
    let update = (try? API.AnyUpdate(decoding: bytes)) ?? .other(TLRaw(unknown: constructor, bytes: bytes))
    if count > 0 { _ = accounts[user]?.box.logPushed(update, count: count) }
    announce(update, to: user, mentioning: Mentions())
  }

  /// Gives every update in a value that asks for it its number, in order.
  private mutating func number(_ value: TLValue, for user: Int64) throws(RPCFailure) -> TLValue {
    guard case .object(let name, var fields) = value else { return value }
    if case .vector(let updates)? = fields["updates"] {
      var numbered: [TLValue] = []
      for update in updates { numbered.append(try number(update, for: user)) }
      fields["updates"] = .vector(numbered)
    }
    if let inner = fields["update"] { fields["update"] = try number(inner, for: user) }
    guard fields["pts"] == .string("next") else { return .object(name, fields) }
    guard TLSchema.api.resultType(of: name) == "Update" else { throw RPCFailure(400, "\(name) has no next pts") }
    let isEvent = TLSchema.api.fields(of: name)?.contains { $0.name == "pts_count" } == true
    var count: Int32 = isEvent ? 1 : 0
    if case .int(let given)? = fields["pts_count"] { count = given }
    guard (0...1_000_000).contains(count) else { throw RPCFailure(400, "pts_count is \(count)") }
    let log = log(of: value)
    let before = try pts(of: log, for: user)
    fields["pts"] = .int(before + count)
    if isEvent { fields["pts_count"] = .int(count) }
    let numbered = TLValue.object(name, fields)
    guard count > 0 else { return numbered }
    let update: API.AnyUpdate
    do throws(TLError) {
      update = try API.AnyUpdate(decoding: TLSchema.api.encoded(numbered, type: "Update"))
    } catch {
      throw RPCFailure(400, error.description)
    }
    if case .channel(let id)? = log {
      guard let event = channels[id]?.box.logPushed(update, count: count) else { throw .channelInvalid }
      announce(event, inChannel: id)
    } else {
      _ = accounts[user]?.box.logPushed(update, count: count)
    }
    return numbered
  }

  /// The channel in whose log an update is numbered; nil for the account's own.
  private func log(of update: TLValue) -> PeerKey? {
    guard case .object(_, let fields) = update else { return nil }
    var holder = fields
    if case .object(_, let message)? = fields["message"], case .object("peerChannel", let peer)? = message["peer_id"] {
      holder = peer
    }
    return holder["channel_id"].flatMap(Self.number).map { .channel($0) }
  }

  private func pts(of log: PeerKey?, for user: Int64) throws(RPCFailure) -> Int32 {
    guard case .channel(let id)? = log else { return try account(user).box.pts }
    guard let channel = channels[id], channel.member(user) != nil else { throw .channelPrivate }
    return channel.box.pts
  }

  /// A container with the people, chats and clock that it lacks.
  private func completed(_ container: TLValue, for user: Int64) throws(TLError) -> TLValue {
    guard case .object(let name, var fields) = container else { return container }
    let known = Set((TLSchema.api.fields(of: name) ?? []).filter { !$0.isOptional }.map(\.name))
    let mentions = mentions(in: container)
    for (field, value) in [
      ("users", try Self.vector(users(mentions, for: user))), ("chats", try Self.vector(chats(mentions, for: user))),
      ("date", .int(now)), ("seq", .int(0)), ("seq_start", .int(0)),
    ] where known.contains(field) && fields[field] == nil { fields[field] = value }
    return .object(name, fields)
  }

  private static func vector(_ values: [some TLEncodable]) throws(TLError) -> TLValue {
    var elements: [TLValue] = []
    for value in values { elements.append(try TLSchema.api.value(value.encoded())) }
    return .vector(elements)
  }
}
