public import TL

extension TelegramClient {
  /// The account this session is signed in as; nil when it is not signed in.
  ///
  /// - Throws: also where only a new sign-in helps, and the server says why.
  public func currentUser() async throws(TelegramError) -> API.User? {
    let users: [API.AnyUser]
    do throws(TelegramError) {
      users = try await invoke(API.UsersGetUsers(id: [.inputUserSelf(API.InputUserSelf())]))
    } catch {
      // What the server says of a key with which nobody has signed in.
      if case .unauthorized("AUTH_KEY_UNREGISTERED") = error { return nil }
      throw error
    }
    for case .user(let user) in users where user.isSelf { return user }
    return nil
  }

  /// Ends the session on the server and forgets it here.
  ///
  /// A session the server has ended already is forgotten all the same.
  public func logOut() async throws(TelegramError) {
    do throws(TelegramError) {
      _ = try await invoke(API.AuthLogOut())
    } catch {
      guard case .unauthorized = error else { throw error }
    }
    do { try await environment.store.clear() } catch { throw .store("\(error)") }
    await peers.forgetAll()
    await centers.forgetAuthorizations()
  }
}
