import TL

/// An answer that describes users and chats besides what it is about.
protocol PeerCarrying: Sendable {
  var carriedUsers: [API.AnyUser] { get }
  var carriedChats: [API.AnyChat] { get }
}

extension API.AnyUpdates: PeerCarrying {
  var carriedUsers: [API.AnyUser] {
    switch self {
    case .updates(let value): value.users
    case .updatesCombined(let value): value.users
    default: []
    }
  }
  var carriedChats: [API.AnyChat] {
    switch self {
    case .updates(let value): value.chats
    case .updatesCombined(let value): value.chats
    default: []
    }
  }
}

extension API.AnyUpdatesDifference: PeerCarrying {
  var carriedUsers: [API.AnyUser] {
    switch self {
    case .updatesDifference(let value): value.users
    case .updatesDifferenceSlice(let value): value.users
    default: []
    }
  }
  var carriedChats: [API.AnyChat] {
    switch self {
    case .updatesDifference(let value): value.chats
    case .updatesDifferenceSlice(let value): value.chats
    default: []
    }
  }
}

extension API.AnyUpdatesChannelDifference: PeerCarrying {
  var carriedUsers: [API.AnyUser] {
    switch self {
    case .updatesChannelDifference(let value): value.users
    case .updatesChannelDifferenceTooLong(let value): value.users
    default: []
    }
  }
  var carriedChats: [API.AnyChat] {
    switch self {
    case .updatesChannelDifference(let value): value.chats
    case .updatesChannelDifferenceTooLong(let value): value.chats
    default: []
    }
  }
}

extension API.AnyMessagesDialogs: PeerCarrying {
  var carriedUsers: [API.AnyUser] {
    switch self {
    case .messagesDialogs(let value): value.users
    case .messagesDialogsSlice(let value): value.users
    default: []
    }
  }
  var carriedChats: [API.AnyChat] {
    switch self {
    case .messagesDialogs(let value): value.chats
    case .messagesDialogsSlice(let value): value.chats
    default: []
    }
  }
}

extension API.AnyMessagesMessages: PeerCarrying {
  var carriedUsers: [API.AnyUser] {
    switch self {
    case .messagesMessages(let value): value.users
    case .messagesMessagesSlice(let value): value.users
    case .messagesChannelMessages(let value): value.users
    default: []
    }
  }
  var carriedChats: [API.AnyChat] {
    switch self {
    case .messagesMessages(let value): value.chats
    case .messagesMessagesSlice(let value): value.chats
    case .messagesChannelMessages(let value): value.chats
    default: []
    }
  }
}

extension API.AnyMessagesChats: PeerCarrying {
  var carriedUsers: [API.AnyUser] { [] }
  var carriedChats: [API.AnyChat] {
    switch self {
    case .messagesChats(let value): value.chats
    case .messagesChatsSlice(let value): value.chats
    case .other: []
    }
  }
}

extension API.AnyContactsContacts: PeerCarrying {
  var carriedUsers: [API.AnyUser] { if case .contactsContacts(let value) = self { value.users } else { [] } }
  var carriedChats: [API.AnyChat] { [] }
}

extension API.AnyAuthAuthorization: PeerCarrying {
  var carriedUsers: [API.AnyUser] { if case .authAuthorization(let value) = self { [value.user] } else { [] } }
  var carriedChats: [API.AnyChat] { [] }
}

extension API.ContactsResolvedPeer: PeerCarrying {
  var carriedUsers: [API.AnyUser] { users }
  var carriedChats: [API.AnyChat] { chats }
}

extension API.MessagesPeerDialogs: PeerCarrying {
  var carriedUsers: [API.AnyUser] { users }
  var carriedChats: [API.AnyChat] { chats }
}

extension API.MessagesChatFull: PeerCarrying {
  var carriedUsers: [API.AnyUser] { users }
  var carriedChats: [API.AnyChat] { chats }
}

extension API.UsersUserFull: PeerCarrying {
  var carriedUsers: [API.AnyUser] { users }
  var carriedChats: [API.AnyChat] { chats }
}

extension API.ChannelsChannelParticipant: PeerCarrying {
  var carriedUsers: [API.AnyUser] { users }
  var carriedChats: [API.AnyChat] { chats }
}

extension [API.AnyUser]: PeerCarrying {
  var carriedUsers: [API.AnyUser] { self }
  var carriedChats: [API.AnyChat] { [] }
}
