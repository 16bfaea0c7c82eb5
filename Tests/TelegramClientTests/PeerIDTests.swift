import Foundation
import Testing

@testable import TelegramClient

@Suite struct PeerIDTests {
  /// Bounds as in core.telegram.org/api/bots/ids.
  @Test(
    arguments: [
      (1, PeerID.Kind.user, 1),
      (1_099_511_627_775, .user, 1_099_511_627_775),
      (-1, .basicGroup, 1),
      (-999_999_999_999, .basicGroup, 999_999_999_999),
      (-1_000_000_000_001, .channel, 1),
      (-1_001_234_567_890, .channel, 1_234_567_890),
      (-1_997_852_516_352, .channel, 997_852_516_352),
      (-2_002_147_483_649, .channel, 1_002_147_483_649),
      (-4_000_000_000_000, .channel, 3_000_000_000_000),
    ] as [(Int64, PeerID.Kind, Int64)])
  func tellsKindAndBareIDFromTheNumber(raw: Int64, kind: PeerID.Kind, bare: Int64) throws {
    let peer = try #require(PeerID(rawValue: raw))
    #expect(peer.kind == kind)
    #expect(peer.bareID == bare)
    #expect(PeerID(kind: kind, bareID: bare) == peer)
    #expect(peer.description == String(raw))
  }

  @Test(
    arguments: [
      0, 1_099_511_627_776, -1_000_000_000_000, -1_997_852_516_353, -2_002_147_483_648, -4_000_000_000_001, .min, .max,
    ] as [Int64])
  func refusesNumbersThatNameNoPeer(raw: Int64) {
    #expect(PeerID(rawValue: raw) == nil)
  }

  @Test(arguments: PeerID.Kind.allCases, [0, -1, .min, .max, 3_000_000_000_001, -1_000_000_000_001] as [Int64])
  func refusesBareIDsOfNoKind(kind: PeerID.Kind, bare: Int64) {
    #expect(PeerID(kind: kind, bareID: bare) == nil)
  }

  @Test func aBareIDNeverCrossesIntoAnotherKind() {
    #expect(PeerID.basicGroup(1_000_000_000_001) == nil)
    #expect(PeerID.user(2_000_000_000_000) == nil)
  }

  @Test func isANumberInJSON() throws {
    let peer = try #require(PeerID.channel(42))
    let json = try JSONEncoder().encode([peer])
    #expect(String(bytes: json, encoding: .utf8) == "[-1000000000042]")
    #expect(try JSONDecoder().decode([PeerID].self, from: json) == [peer])
    #expect(throws: DecodingError.self) { try JSONDecoder().decode([PeerID].self, from: Data("[0]".utf8)) }
  }
}
