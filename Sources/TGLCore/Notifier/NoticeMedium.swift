import Foundation

/// A file a notice is to be posted with, or why it cannot be.
struct NoticeMedium: Sendable {
  var job: MediaJob.ID
  var messageID: Int64
  var kind: MediaKind
  /// Nil when the file is there.
  var failure: String?
}

/// Media that can be posted as one album.
///
/// Source: "Albums, grouped media", core.telegram.org/api/files.
struct MediaGroup: Sendable, Hashable {
  enum Class: Sendable, Hashable {
    case visual, document, audio
    /// Posted alone, with a text or without.
    case single, wordless
  }

  static let maximumCount = 10
  /// Source: `caption_length_max` of `help.getConfig`, in UTF-16 units.
  static let maximumCaption = 1024

  var jobs: [MediaJob.ID]
  var kind: Class

  /// Neighbours that go together, in order.
  static func groups(_ media: [NoticeMedium]) -> [MediaGroup] {
    var groups: [MediaGroup] = []
    for medium in media where medium.failure == nil {
      let kind = medium.kind.albumClass
      if let last = groups.last, last.kind == kind, kind.joins, last.jobs.count < maximumCount {
        groups[groups.count - 1].jobs.append(medium.job)
      } else {
        groups.append(MediaGroup(jobs: [medium.job], kind: kind))
      }
    }
    return groups
  }
}

extension MediaGroup.Class {
  fileprivate var joins: Bool {
    switch self {
    case .visual, .document, .audio: true
    case .single, .wordless: false
    }
  }
}

extension MediaKind {
  fileprivate var albumClass: MediaGroup.Class {
    switch self {
    case .photo, .video: .visual
    case .document: .document
    case .audio: .audio
    case .sticker, .videoNote: .wordless
    default: .single
    }
  }
}

extension NoticeRenderer {
  /// The posts of a notice with files: one that holds all where the text fits under them, else the text first.
  func posts(for notice: Notice, media: [NoticeMedium]) -> [Post] {
    var texts = posts(for: notice, missing: media.filter { $0.failure != nil })
    var groups = MediaGroup.groups(media)
    guard let first = groups.first else { return texts }
    if texts.count == 1, first.kind != .wordless, texts[0].content.length <= MediaGroup.maximumCaption {
      texts[0].media = first.jobs
      groups.removeFirst()
    }
    return texts + posts(of: groups, media, notice, answering: notice.logReply)
  }

  /// The text of a notice that goes ahead of its files.
  func posts(ahead notice: Notice) -> [Post] { posts(for: notice, missing: [], areFilesComing: true) }

  /// The files of a notice whose text is posted already, as answers to it; also why there is none.
  ///
  /// - Parameter post: the message of the log chat with the text, where it is known.
  func posts(answering post: Int64?, _ notice: Notice, media: [NoticeMedium]) -> [Post] {
    var posts = posts(of: MediaGroup.groups(media), media, notice, answering: post)
    for medium in media {
      guard let failure = medium.failure else { continue }
      var text = FormattedText()
      text.append("No file of message \(medium.messageID): ")
      text.append(DisplayName.clean(failure, limit: Self.reasonLimit), .italic)
      var answer = Post(text)
      answer.replyTo = post
      posts.append(answer)
    }
    return posts
  }

  private func posts(
    of groups: [MediaGroup], _ media: [NoticeMedium], _ notice: Notice, answering post: Int64?
  ) -> [Post] {
    let byJob = Dictionary(media.map { ($0.job, $0.messageID) }, uniquingKeysWith: { first, _ in first })
    return groups.map { group in
      var caption = FormattedText()
      if group.kind != .wordless {
        caption.append("Media of message \(group.jobs.first.flatMap { byJob[$0] } ?? notice.messageID)", .italic)
      }
      var answer = Post(caption)
      answer.media = group.jobs
      answer.replyTo = post
      return answer
    }
  }
}

extension Post {
  /// The text alone, with where the files are kept that could not be posted with it.
  func tellingFiles(_ media: [LogChatMedia], _ reason: String) -> Post {
    var post = withoutMedia
    if !post.content.isEmpty { post.content.append("\n\n") }
    post.content.append("Not posted: ", .italic)
    post.content.append(DisplayName.clean(reason, limit: 200))
    for medium in media {
      let name = medium.file.path.split(separator: "/").last.map(String.init) ?? ""
      post.content.append("\nKept as: media_deleted/\(DisplayName.clean(name, limit: 120))")
    }
    return post
  }
}
