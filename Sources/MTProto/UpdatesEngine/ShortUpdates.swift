import TL

// The short forms of `Updates` as the `updateNewMessage` they stand for.
// Source: core.telegram.org/constructor/updateShortMessage, updateShortChatMessage, updateShortSentMessage.

extension API.UpdateShortMessage {
  /// A private chat's message.
  ///
  /// `from_id` is absent, as in the long form: the chat tells the other side, `out` which side.
  var expanded: API.UpdateNewMessage {
    let message = API.Message(
      out: out, mentioned: mentioned, mediaUnread: mediaUnread, silent: silent, id: id,
      peerId: .peerUser(API.PeerUser(userId: userId)), fwdFrom: fwdFrom, viaBotId: viaBotId, replyTo: replyTo,
      date: date, message: message, entities: entities, ttlPeriod: ttlPeriod)
    return API.UpdateNewMessage(message: .message(message), pts: pts, ptsCount: ptsCount)
  }
}

extension API.UpdateShortChatMessage {
  /// A basic group's message.
  var expanded: API.UpdateNewMessage {
    let message = API.Message(
      out: out, mentioned: mentioned, mediaUnread: mediaUnread, silent: silent, id: id,
      fromId: .peerUser(API.PeerUser(userId: fromId)), peerId: .peerChat(API.PeerChat(chatId: chatId)),
      fwdFrom: fwdFrom, viaBotId: viaBotId, replyTo: replyTo, date: date, message: message, entities: entities,
      ttlPeriod: ttlPeriod)
    return API.UpdateNewMessage(message: .message(message), pts: pts, ptsCount: ptsCount)
  }
}

extension API.UpdateShortSentMessage {
  /// The place a message sent by this very client takes in the sequence.
  var placeholder: API.UpdateNewMessage {
    API.UpdateNewMessage(message: .messageEmpty(API.MessageEmpty(id: id)), pts: pts, ptsCount: ptsCount)
  }
}
