import Foundation
import Synchronization
import TL
import TelegramClient
import Testing

@testable import TGLCore

/// Files belong to versions: an edit put "after.bin" in the place of "before.bin".
@Suite struct ExportedVersionsTests {
  private let bob = Make.user(1002)
  private let before = [UInt8]("before".utf8)
  private let after = [UInt8]("the file after the edit".utf8)

  private func export(_ format: ExportRequest.Format) async throws -> (files: [String: [UInt8]], text: String) {
    let fixture = try MediaFixture()
    fixture.source.state.withLock { $0.files = [5: before, 6: after] }
    let policy = NoticePolicy(media: MediaPolicy(buffersAll: true))
    func document(_ id: Int64, _ name: String, _ bytes: [UInt8]) -> API.AnyMessageMedia {
      Make.document(id, size: Int64(bytes.count), name: name)
    }
    try await fixture.archive.receive(
      [Make.new(Make.message(1, in: bob, "a", media: document(5, "before.bin", before)))], policy: policy)
    try await fixture.settle()
    try await fixture.archive.receive(
      [Make.edit(Make.message(1, in: bob, "a", editDate: 5, media: document(6, "after.bin", after)))], policy: policy)
    try await fixture.settle()
    let folder = fixture.archive.directory + "/export"
    var request = ExportRequest(format: format, destination: .folder(folder), root: fixture.root)
    request.media = .copy
    let summary = try await Export.run(request, archive: fixture.archive.archive)
    #expect(summary.files == 2 && summary.failedFiles == 0)
    let text: String
    if format == .html {
      let pages = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
      text = try pages.filter { $0.hasSuffix(".html") }.map {
        try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8)
      }.joined()
    } else {
      text = try String(contentsOfFile: try #require(summary.path), encoding: .utf8)
    }
    // The fixture's folder goes with it.
    let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    let files = paths.compactMap { path in
      FileManager.default.contents(atPath: "\(folder)/\(path)").map { (path, [UInt8]($0)) }
    }
    withExtendedLifetime(fixture) {}
    return (Dictionary(uniqueKeysWithValues: files), text)
  }

  private func bytes(_ files: [String: [UInt8]], _ path: Any?) -> [UInt8]? { (path as? String).flatMap { files[$0] } }

  @Test func jsonLinesNameTheFileOfEachVersion() async throws {
    let (files, text) = try await export(.jsonl)
    let message = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let media = try #require(message["media"] as? [String: Any])
    let present = try #require(media["files"] as? [[String: Any]])
    #expect(media["file_name"] as? String == "after.bin" && present.count == 1)
    #expect(bytes(files, present.first?["path"]) == after)
    let version = try #require((message["versions"] as? [[String: Any]])?.first)
    let old = try #require(version["files"] as? [[String: Any]])
    #expect(version["file_name"] as? String == "before.bin" && old.count == 1)
    #expect(bytes(files, old.first?["path"]) == before)
  }

  @Test func jsonNamesTheFileOfEachVersion() async throws {
    let (files, text) = try await export(.json)
    let document = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let chats = (document["chats"] as? [String: Any])?["list"] as? [[String: Any]]
    let message = try #require((chats?.first?["messages"] as? [[String: Any]])?.first)
    #expect(message["file_name"] as? String == "after.bin" && bytes(files, message["file"]) == after)
    #expect(message["file_size"] as? Int == after.count)
    let version = try #require((message["versions"] as? [[String: Any]])?.first)
    #expect(version["file_name"] as? String == "before.bin" && bytes(files, version["file"]) == before)
  }

  @Test func csvNamesThePresentFile() async throws {
    let (files, text) = try await export(.csv)
    let rows = text.split(separator: "\r\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let column = try #require(rows.first?.firstIndex(of: "media_path"))
    #expect(bytes(files, rows.last.map { String($0[column]) }) == after)
    #expect(text.contains("after.bin"))
  }

  @Test func htmlLinksEachFileUnderItsName() async throws {
    let (_, text) = try await export(.html)
    for name in ["before.bin", "after.bin"] {
      #expect(text.contains("📎 \(name)</a>"))
      #expect(text.contains("1002_1_\(name)\">📎 \(name)</a>"))
    }
  }

  @Test func aFileThatNoVersionNamesStaysWithTheMessage() {
    let files = [ExportedFile(position: 0, mediumID: 7, size: 1)]
    guard case .message(let value) = Make.message(1, in: bob, "a"),
      let record = MessageRecord(value, selfID: ArchiveFixture.alice)
    else { return }
    var message = SnapshotMessage(record: record, version: 2, receivedAt: 1)
    message.earlier = [.init(version: 1, date: 1, replacedAt: 2, text: FormattedText("b"))]
    let split = ExportedFile.byVersion(files, of: message)
    #expect(split.present.map(\.mediumID) == [7] && split.earlier.isEmpty)
  }
}
