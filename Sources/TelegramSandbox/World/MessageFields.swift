import TL

/// Fields of a message by the schema's names, laid over what the sandbox renders by itself.
///
/// Where a field is an object of the constructor that is there already, its own fields are laid over that object's.
struct MessageFields: Sendable, Equatable {
  /// A field without a value is left out of the message.
  private(set) var values: [String: TLValue?] = [:]

  /// Fields that differ between the boxes that hold a message.
  private static let own: Set<String> = ["id", "peer_id", "out"]

  var isEmpty: Bool { values.isEmpty }

  /// Whether a message needs neither a text nor a medium beside these fields.
  var isContent: Bool { values.keys.contains { $0 == "message" || $0 == "media" || $0 == "rich_message" } }

  /// - Throws: `RPCFailure` that names a field which belongs to the sandbox.
  init(_ values: [String: TLValue?] = [:]) throws(RPCFailure) {
    if let name = values.keys.filter(Self.own.contains).min() {
      throw RPCFailure(400, "'\(name)' is given by the sandbox, and differs from account to account")
    }
    self.values = values
  }

  /// No fields.
  init() {}

  func merging(_ newer: MessageFields) -> MessageFields {
    var merged = self
    merged.values.merge(newer.values) { _, new in new }
    return merged
  }

  /// - Throws: `RPCFailure` that names the field which the schema does not have or of which the value is unsuitable.
  func laid(over message: API.AnyMessage) throws(RPCFailure) -> API.AnyMessage {
    guard !isEmpty else { return message }
    do throws(TLError) {
      guard case .object(let name, let fields) = try TLSchema.api.value(message.encoded()) else { return message }
      let bytes = try TLSchema.api.encoded(.object(name, Self.lay(values, over: fields)), type: "Message")
      // Kept as bytes, so that flags without typed Swift stay.
      var reader = TLReader(bytes)
      return .other(try TLRaw(from: &reader, type: "Message"))
    } catch {
      throw RPCFailure(400, error.description)
    }
  }

  private static func lay(_ upper: [String: TLValue?], over lower: [String: TLValue]) -> [String: TLValue] {
    var fields = lower
    for (name, value) in upper {
      if case .object(let kind, let inner)? = value, case .object(kind, let below)? = lower[name] {
        fields[name] = .object(kind, lay(inner, over: below))
      } else {
        fields[name] = value
      }
    }
    return fields
  }
}

extension World {
  /// The people and chats of the sandbox that a value refers to, in peers and in fields that hold an id.
  func mentions(in value: TLValue) -> Mentions {
    var found = Mentions()
    collect(value, &found)
    found.users = found.users.filter { accounts[$0] != nil }
    found.chats = found.chats.filter { chat in
      switch chat {
      case .user: false
      case .group(let id): groups[id] != nil
      case .channel(let id): channels[id] != nil
      }
    }
    return found
  }

  private func collect(_ value: TLValue, _ found: inout Mentions) {
    switch value {
    case .object(_, let fields):
      for (name, value) in fields {
        guard let id = Self.number(value) else {
          collect(value, &found)
          continue
        }
        switch name {
        case "user_id", "via_bot_id", "bot_id", "inviter_id", "admin_id", "actor_id": found.users.insert(id)
        case "chat_id": found.chats.insert(.group(id))
        case "channel_id": found.chats.insert(.channel(id))
        default: break
        }
      }
    case .vector(let elements): for element in elements { collect(element, &found) }
    default: break
    }
  }

  static func number(_ value: TLValue) -> Int64? {
    switch value {
    case .int(let number): Int64(number)
    case .long(let number): number
    case .string(let text): Int64(text)
    default: nil
    }
  }
}
