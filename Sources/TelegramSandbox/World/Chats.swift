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
