public import TL
public import TelegramClient

/// Who is signed in, as it is told to people and programs.
public struct SignedInUser: Sendable, Codable, Equatable {
  public let id: Int64
  public let name: String
  /// Without "@".
  public let username: String?
  /// International, digits only.
  public let phone: String?
  /// The data centre the account lives on.
  public let dc: Int

  public init(_ user: API.User, dc: Int) {
    id = user.id
    name = [user.firstName, user.lastName].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " ")
    username = user.username ?? user.usernames?.first { $0.active }?.username
    phone = user.phone
    self.dc = dc
  }

  /// The account of a running client.
  ///
  /// - Throws: `AccountError` when there is none, with the reason.
  public static func current(of client: TelegramClient, root: DataRoot) async throws -> SignedInUser {
    do throws(TelegramError) {
      if let user = try await client.currentUser() { return SignedInUser(user, dc: try await client.homeDC()) }
    } catch {
      if case .signIn(let cause) = error.verdict { throw AccountError.ended(cause) }
      throw error
    }
    throw AccountError.notSignedIn(path: root.sessionFile)
  }
}
