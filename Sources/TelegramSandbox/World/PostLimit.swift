/// How many posts a minute a client may make in one conversation.
struct PostLimit: Sendable {
  private struct Place: Hashable {
    let user: Int64
    let chat: PeerKey
  }

  let posts: Int
  /// The time over which posts are counted.
  let window: Duration
  /// Only this conversation.
  var chat: PeerKey?
  private var recent: [Place: [Duration]] = [:]

  init(posts: Int, window: Duration, chat: PeerKey? = nil) {
    (self.posts, self.window, self.chat) = (posts, window, chat)
  }

  /// Counts a post.
  ///
  /// - Throws: FLOOD_WAIT, with the seconds until one more may be made.
  mutating func note(_ user: Int64, in peer: PeerKey, at now: Duration) throws(RPCFailure) {
    guard chat == nil || chat == peer else { return }
    let place = Place(user: user, chat: peer)
    var times = recent[place, default: []]
    times.removeAll { $0 <= now - window || $0 > now }
    guard times.count < posts else {
      let wait = (times.first.map { $0 + window - now } ?? window).components
      throw .floodWait(max(1, Int(wait.seconds) + (wait.attoseconds > 0 ? 1 : 0)))
    }
    times.append(now)
    recent[place] = times
  }
}
