public import NIOCore
import TelegramClient

/// One message of an answer that could not be read.
public struct UnreadableAnswer: Sendable {
  /// Its id; nil when neither the question nor its header tells it.
  public var messageID: Int64?
  /// The answer with this message alone, as it came.
  public var bytes: ByteBuffer?
  public var reason: String

  public init(messageID: Int64? = nil, bytes: ByteBuffer?, reason: String) {
    self.messageID = messageID
    self.bytes = bytes
    self.reason = reason
  }
}

extension FetchedMessages {
  /// Messages of one answer that may be unreadable before the whole answer is given up.
  private static let maximumUnreadable = 10

  /// Asks for some messages; where an answer cannot be read, for its halves, down to a single message.
  ///
  /// - Parameters:
  ///   - places: of the messages in what is asked for.
  ///   - ask: asks for the messages at some of the places.
  /// - Throws: `TelegramError.decoding` when more than ten messages cannot be read: it is something else then.
  static func readable(
    _ places: Range<Int>, ask: (Range<Int>) async throws(TelegramError) -> FetchedMessages
  ) async throws(TelegramError) -> FetchedMessages {
    var fetched = FetchedMessages()
    var waiting = [places]
    while let next = waiting.popLast() {
      do throws(TelegramError) {
        fetched.append(try await ask(next))
      } catch {
        guard case .decoding(let reason, _, let answer) = error, fetched.unreadable.count < maximumUnreadable else {
          throw error
        }
        if next.count > 1 {
          let middle = next.lowerBound + next.count / 2
          waiting += [middle..<next.upperBound, next.lowerBound..<middle]
        } else {
          fetched.unreadable.append((next.lowerBound, UnreadableAnswer(bytes: answer, reason: "\(reason)")))
        }
      }
    }
    return fetched
  }

  private mutating func append(_ other: FetchedMessages) {
    messages += other.messages
    users += other.users
    chats += other.chats
  }
}
