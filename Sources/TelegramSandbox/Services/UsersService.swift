import TL

/// `users.*`.
extension Dispatcher {
  mutating func registerUsers() {
    on(API.UsersGetUsers.self, access: .signedIn) { telegram, caller, request in
      let viewer = try caller.viewer()
      return request.id.map { input in
        guard let id = try? telegram.world.resolve(input, for: viewer) else {
          if case .inputUser(let user) = input { return .userEmpty(.init(id: user.userId)) }
          return .userEmpty(.init(id: 0))
        }
        return telegram.world.user(id, for: viewer)
      }
    }
    on(API.UsersGetFullUser.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.world.resolve(request.id, for: viewer)
      let common = telegram.world.groups.values.filter { $0.contains(viewer) && $0.contains(id) }.count
      return API.UsersUserFull(
        fullUser: API.UserFull(
          id: id, settings: API.PeerSettings(), notifySettings: API.PeerNotifySettings(),
          commonChatsCount: id == viewer ? 0 : Int32(common)),
        chats: [], users: [telegram.world.user(id, for: viewer)])
    }
    on("photos.getUserPhotos") { writer in
      writer.writeConstructor(0x8dca_6aa5)  // photos.photos
      writer.writeVectorHeader(0)
      writer.writeVectorHeader(0)
    }
  }
}
