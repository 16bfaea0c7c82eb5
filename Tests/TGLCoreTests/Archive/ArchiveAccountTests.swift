import TGLCore
import TelegramClient
import Testing

@Suite struct ArchiveAccountTests {
  @Test func archiveBelongsToTheAccountThatStartedIt() async throws {
    let fixture = try ArchiveFixture()
    let (alice, bob) = (try #require(PeerID.user(1)), try #require(PeerID.user(2)))
    try await fixture.archive.claim(account: alice)
    try await fixture.archive.claim(account: alice)
    await #expect(throws: ArchiveError.otherAccount(path: fixture.archive.path, userID: 1)) {
      try await fixture.archive.claim(account: bob)
    }
  }
}
