/// How fast posts may follow each other: a bucket of posts that fills by the minute.
///
/// A value: monotonic time goes in. Telegram lets a chat have about 20 posts a minute.
/// Source: "My bot is hitting limits", core.telegram.org/bots/faq.
struct PostPace: Sendable, Hashable {
  /// LOG_CHAT_POSTS_PER_MINUTE.
  let perMinute: Int
  /// Posts that may follow each other at once after a quiet time.
  let burst: Int
  /// Posts that may be made now, and a part of the next; below 0 after an album that took more than there were.
  private var posts: Double
  /// When `posts` was true.
  private var time: Duration?

  init(perMinute: Int, burst: Int = 20) {
    self.perMinute = max(perMinute, 1)
    self.burst = max(burst, 1)
    posts = Double(self.burst)
  }

  /// Notices that may wait before they are joined into digests: five minutes' worth.
  var backlog: Int { perMinute.multipliedReportingOverflow(by: 5).partialValue }

  /// Posts that may be made at once.
  mutating func available(at now: Duration) -> Int {
    fill(now)
    return max(Int(posts), 0)
  }

  /// Notes posts that are made.
  mutating func take(_ count: Int, at now: Duration) {
    fill(now)
    posts -= Double(max(count, 0))
  }

  /// How long until the next post may be made; zero for at once.
  mutating func delay(at now: Duration) -> Duration {
    fill(now)
    return posts >= 1 ? .zero : .seconds((1 - posts) * 60 / Double(perMinute)) + .milliseconds(1)
  }

  private mutating func fill(_ now: Duration) {
    defer { time = max(time ?? now, now) }
    guard let time, now > time else { return }
    posts = min(posts + (now - time) / .seconds(60) * Double(perMinute), Double(burst))
  }
}

/// The settings of the log chat that say when something is posted.
struct NotifierPolicy: Sendable {
  /// Nil for no pace of our own.
  var pace: PostPace?
  /// EDIT_SETTLE_SECS.
  var editSettle: Int64 = 0
  /// MEDIA_NOTICE_WAIT_SECS.
  var mediaWait = OutboxTimes.forever

  func times(_ now: Int64) -> OutboxTimes {
    let longest = max(BatchWriter.longestSettling * editSettle, BatchWriter.clearingTime)
    return OutboxTimes(now: now, longestSettling: longest, mediaWait: mediaWait)
  }
}
