import Foundation
import Synchronization

@testable import TGLCore

/// A log chat in memory that knows a `random_id` again, and fails when told to; its messages are numbered from 1001.
final class FakeLogChat: LogChat {
  struct State {
    var posts: [(post: Post, randomID: Int64)] = []
    var files: [(text: String, caption: String, size: Int)] = []
    var media: [(media: [LogChatMedia], caption: Post, randomIDs: [Int64])] = []
    var uploads: [[LogChatMedia]] = []
    var attempts: [Int64] = []
    /// What goes wrong next, in order; nil for nothing.
    var faults: [Fault?] = []
    var onPost: (@Sendable (Int) -> Void)?
    /// What media waits for before it is posted.
    var gate: (@Sendable () async -> Void)?
  }
  enum Fault {
    case before(LogChatError)
    /// Posted, but the answer is lost.
    case after(LogChatError)
  }
  let state = Mutex(State())

  func send(_ post: Post, randomID: Int64) async throws(LogChatError) -> Int64? {
    return try take(randomID) { $0.posts.append((post, randomID)) }
  }

  func sendFile(_ file: LogChatFile, randomID: Int64) async throws(LogChatError) -> Int64? {
    let data = FileManager.default.contents(atPath: file.path) ?? Data()
    return try take(randomID) {
      $0.files.append((String(decoding: data, as: UTF8.self), file.caption.text, data.count))
    }
  }

  func upload(_ media: [LogChatMedia]) async throws(LogChatError) -> UploadedMedia {
    state.withLock { $0.uploads.append(media) }
    return UploadedMedia(media: media)
  }

  func sendMedia(_ media: UploadedMedia, caption: Post, randomIDs: [Int64]) async throws(LogChatError) -> Int64? {
    await state.withLock { $0.gate }?()
    return try take(randomIDs[0]) { $0.media.append((media.media, caption, randomIDs)) }
  }

  private func take(_ randomID: Int64, _ add: (inout State) -> Void) throws(LogChatError) -> Int64? {
    let (fault, notify, count, id) = state.withLock { state in
      let fault = state.faults.isEmpty ? nil : state.faults.removeFirst()
      if case .before = fault { return (fault, state.onPost, state.attempts.count, nil as Int64?) }
      var id: Int64?
      if !state.attempts.contains(randomID) {
        add(&state)
        state.attempts.append(randomID)
        id = Int64(1000 + state.attempts.count)
      }
      return (fault, state.onPost, state.attempts.count, id)
    }
    notify?(count)
    switch fault {
    case .before(let error), .after(let error): throw error
    case nil: return id
    }
  }

  var texts: [String] { state.withLock { $0.posts.map(\.post.content.text) } }
}
