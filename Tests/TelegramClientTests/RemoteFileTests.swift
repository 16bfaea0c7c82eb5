import NIOCore
import TL
import Testing

@testable import TelegramClient

@Suite struct RemoteFileTests {
  private func photo(_ sizes: [API.AnyPhotoSize]) -> API.Photo {
    API.Photo(
      id: 1, accessHash: 2, fileReference: ByteBuffer(bytes: [3]), date: 0, sizes: sizes, dcId: 4)
  }

  private static let small = API.AnyPhotoSize.photoSize(API.PhotoSize(type: "m", w: 320, h: 200, size: 9000))
  private static let cached = API.AnyPhotoSize.photoCachedSize(
    API.PhotoCachedSize(type: "s", w: 90, h: 60, bytes: ByteBuffer(repeating: 0, count: 700)))
  private static let progressive = API.AnyPhotoSize.photoSizeProgressive(
    API.PhotoSizeProgressive(type: "y", w: 1280, h: 800, sizes: [100, 5000, 200_000]))
  private static let stripped = API.AnyPhotoSize.photoStrippedSize(
    API.PhotoStrippedSize(type: "i", bytes: ByteBuffer(repeating: 0, count: 30)))

  @Test(arguments: [
    ([small, progressive, stripped, cached], "y", 200_000), ([small, cached], "m", 9000),
    ([stripped, cached], "s", 700),
  ])
  func ofAPhotoTheLargestSizeIsMeant(sizes: [API.AnyPhotoSize], type: String, bytes: Int64) throws {
    let file = try #require(RemoteFile(photo(sizes)))
    #expect(file.dc == 4)
    #expect(file.size == bytes)
    guard case .inputPhotoFileLocation(let location) = file.location else {
      Issue.record("\(file.location)")
      return
    }
    #expect(location.thumbSize == type)
    #expect(location.id == 1 && location.accessHash == 2)
  }

  @Test func aPhotoWithoutStoredSizesIsNoFile() {
    #expect(RemoteFile(photo([Self.stripped])) == nil)
    #expect(RemoteFile(photo([])) == nil)
  }

  @Test func aNewReferenceIsAnotherValue() {
    let document = API.Document(
      id: 1, accessHash: 2, fileReference: ByteBuffer(bytes: [3]), date: 0, mimeType: "", size: 5_000_000_000, dcId: 2,
      attributes: [])
    var renewed = document
    renewed.fileReference = ByteBuffer(bytes: [4])
    #expect(RemoteFile(document).size == 5_000_000_000)
    #expect(RemoteFile(document) == RemoteFile(document))
    #expect(RemoteFile(document) != RemoteFile(renewed))
    #expect(Set([RemoteFile(document), RemoteFile(document), RemoteFile(renewed)]).count == 2)
  }
}
