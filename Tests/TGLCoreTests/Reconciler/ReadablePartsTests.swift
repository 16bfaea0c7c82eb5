import MTProto
import NIOCore
import TL
import TelegramClient
import Testing

@testable import TGLCore

/// Answers with messages that cannot be read.
@Suite struct ReadablePartsTests {
  private let unreadable = TelegramError.decoding(
    .unexpectedConstructor(7, offset: 0), method: "messages.getHistory", answer: ByteBuffer(string: "as it came"))

  /// Asks for messages 0 to 99, of which some cannot be read; counts the questions.
  private func fetch(_ odd: Set<Int>, asked: inout Int) async throws -> FetchedMessages {
    var count = 0
    defer { asked = count }
    return try await FetchedMessages.readable(0..<100) { places throws(TelegramError) in
      count += 1
      if places.contains(where: odd.contains) { throw unreadable }
      return FetchedMessages(messages: places.map { Make.message(Int32($0), in: Make.user(1002), "\($0)") })
    }
  }

  @Test(arguments: [[], [0], [99], [50], [3, 4, 5], [0, 33, 66, 99]] as [Set<Int>])
  func everythingElseIsHadInItsOrder(odd: Set<Int>) async throws {
    var asked = 0
    let fetched = try await fetch(odd, asked: &asked)
    #expect(fetched.messages.compactMap(\.messageID) == (0..<100).filter { !odd.contains($0) }.map(Int64.init))
    #expect(fetched.unreadable.map(\.place) == odd.sorted())
    #expect(fetched.unreadable.allSatisfy { $0.answer.bytes == ByteBuffer(string: "as it came") })
    #expect(asked <= 1 + 16 * odd.count)
  }

  @Test func anAnswerThatIsUnreadableThroughoutIsGivenUp() async throws {
    var asked = 0
    await #expect(throws: TelegramError.self) { try await fetch(Set(0..<100), asked: &asked) }
    #expect(asked < 60)
  }

  @Test func otherFailuresAreThrownAtOnce() async throws {
    var asked = 0
    await #expect(throws: TelegramError.self) {
      try await FetchedMessages.readable(0..<100) { _ throws(TelegramError) in
        asked += 1
        throw .timeout(method: "messages.getHistory")
      }
    }
    #expect(asked == 1)
  }
}
