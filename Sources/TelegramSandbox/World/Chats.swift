import TL

/// A basic group: its messages live in the boxes of its members.
struct BasicGroup: Sendable {
  struct Member: Sendable {
    let user: Int64
    let inviter: Int64
    let date: Int32
  }

  let id: Int64
  var title: String
  let creator: Int64
  let date: Int32
  var members: [Member] = []
  var version: Int32 = 1
  var noForwards = false
  /// The supergroup it has become.
  var migratedTo: Int64?

  func contains(_ user: Int64) -> Bool { members.contains { $0.user == user } }
}

/// A supergroup or a broadcast channel, with a box of its own.
struct ChannelState: Sendable {
  struct Member: Sendable {
    let user: Int64
    let inviter: Int64
    let date: Int32
    var isAdmin = false
  }

  /// A topic of a forum; its id is that of the message that tells of its creation.
  struct Topic: Sendable {
    let id: Int32
    let title: String
    let iconColor: Int32
    let iconEmoji: Int64?
    let creator: Int64
    let date: Int32

    /// The id of the topic every forum has.
    static let general: Int32 = 1
  }

  let id: Int64
  var title: String
  var username: String?
  let isBroadcast: Bool
  let creator: Int64
  let date: Int32
  var about = ""
  var members: [Member] = []
  var box = MessageBox()
  var noForwards = false
  var isForum = false
  /// Topics of a forum by id, "General" left out.
  var topics: [Int32: Topic] = [:]
  /// The discussion group of a broadcast channel, or the channel of a discussion group.
  var linked: Int64?
  /// Copies of a broadcast channel's posts in its discussion group, by the post's id.
  var discussed: [Int32: Int32] = [:]
  /// Unix time of the latest event of the box.
  var changedAt: Int32 = 0

  func member(_ user: Int64) -> Member? { members.first { $0.user == user } }
  func isAdmin(_ user: Int64) -> Bool { user == creator || member(user)?.isAdmin == true }
  func mayPost(_ user: Int64) -> Bool { member(user) != nil && (!isBroadcast || isAdmin(user)) }

  /// Every right an administrator can have.
  static let allRights = API.ChatAdminRights(
    changeInfo: true, postMessages: true, editMessages: true, deleteMessages: true, banUsers: true, inviteUsers: true,
    pinMessages: true, addAdmins: true, manageCall: true, other: true)
}
