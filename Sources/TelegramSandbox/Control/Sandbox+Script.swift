/// Acting as the sandbox's accounts from inside the process, for the demo.
extension Sandbox {
  /// A message as a chat holds it.
  public struct Post: Sendable, Equatable {
    public let id: Int32
    public let text: String
  }

  /// Sends `text` as `account`; returns the message's id as that account sees it.
  ///
  /// - Parameters:
  ///   - account: an account's name, as in `bob`.
  ///   - chat: `group`, `supergroup`, `channel`, or an account's name for a private chat.
  ///   - bold: a part of the text to be set bold.
  public func say(_ text: String, as account: String, in chat: String, bold: String? = nil) async throws -> Int32 {
    let bolds = bold.flatMap { text.firstRange(of: $0) }.map { range in
      [
        EntityRequest(
          type: "bold", offset: Int32(text[..<range.lowerBound].utf16.count), length: Int32(text[range].utf16.count))
      ]
    }
    return try await control.say(SayRequest(from: .name(account), chat: .name(chat), text: text, entities: bolds)).id
  }

  /// Changes the text of a message.
  public func edit(_ id: Int32, to text: String, as account: String, in chat: String) async throws {
    _ = try await control.edit(EditRequest(from: .name(account), chat: .name(chat), id: id, text: text))
  }

  /// Deletes a message for everybody.
  public func delete(_ id: Int32, as account: String, in chat: String) async throws {
    _ = try await control.delete(DeleteRequest(from: .name(account), chat: .name(chat), ids: [id]))
  }

  /// What a chat holds now, as `account` sees it, service messages left out.
  public func posts(in chat: String, seenBy account: String) async throws -> [Post] {
    try await control.chat(.name(chat), seenBy: .name(account)).messages.filter { $0.action == nil }.map {
      Post(id: $0.id, text: $0.text)
    }
  }
}
