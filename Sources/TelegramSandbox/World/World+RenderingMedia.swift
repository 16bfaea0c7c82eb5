import NIOCore
import TL

extension World {
  /// A medium as everybody sees it: paid media as if everybody had paid.
  func render(_ media: StoredMedia) -> API.AnyMessageMedia? {
    // What was opened and is gone leaves a shell that only tells how long it was shown.
    let isGone = media.isGone(at: now)
    switch media.content {
    case .plain(let media): return media
    case .paid(let stars, let parts):
      return .messageMediaPaidMedia(
        .init(
          starsAmount: stars,
          extendedMedia: parts.compactMap(render).map { .messageExtendedMedia(.init(media: $0)) }))
    case .photo(let id):
      guard let file = files[id] else { return nil }
      return .messageMediaPhoto(
        .init(spoiler: media.isSpoiler, photo: isGone ? nil : .photo(photo(file)), ttlSeconds: media.ttlSeconds))
    case .document(let id, let cover):
      guard let file = files[id] else { return nil }
      let kind = file.kind
      return .messageMediaDocument(
        .init(
          spoiler: media.isSpoiler, video: ["video", "video_note", "gif"].contains(kind), round: kind == "video_note",
          voice: kind == "voice", document: isGone ? nil : .document(document(file)),
          videoCover: isGone ? nil : cover.flatMap { files[$0] }.map { .photo(photo($0)) },
          ttlSeconds: media.ttlSeconds))
    }
  }

  func photo(_ file: StoredFile) -> API.Photo {
    let (width, height) = (max(file.width, 1), max(file.height, 1))
    let small = API.PhotoSize(
      type: "m", w: (width + 3) / 4, h: (height + 3) / 4, size: Int32(clamping: file.smallSize.size))
    return API.Photo(
      id: file.id, accessHash: file.accessHash, fileReference: ByteBuffer(bytes: file.reference), date: file.date,
      sizes: [
        .photoSize(small), .photoSize(.init(type: "x", w: width, h: height, size: Int32(clamping: file.size))),
      ], dcId: file.dc)
  }

  func document(_ file: StoredFile) -> API.Document {
    let thumbnail = file.thumbnail.flatMap { files[$0] }.map { thumbnail in
      API.AnyPhotoSize.photoSize(
        .init(
          type: "m", w: max(thumbnail.width, 1), h: max(thumbnail.height, 1), size: Int32(clamping: thumbnail.size)))
    }
    return API.Document(
      id: file.id, accessHash: file.accessHash, fileReference: ByteBuffer(bytes: file.reference), date: file.date,
      mimeType: file.mimeType, size: file.size, thumbs: thumbnail.map { [$0] }, dcId: file.dc,
      attributes: file.attributes)
  }

  /// The bytes of a file in the size a location names.
  func content(of file: StoredFile, size: String) throws(RPCFailure) -> FileContent {
    switch size {
    case "", "x", "y", "w": return file.content
    case "m":
      if let thumbnail = file.thumbnail { return try content(of: thumbnail) }
      guard file.mimeType.hasPrefix("image/") else { throw .locationInvalid }
      return file.smallSize
    default: throw .locationInvalid
    }
  }

  private func content(of file: Int64) throws(RPCFailure) -> FileContent {
    guard let file = files[file] else { throw .locationInvalid }
    return file.content
  }
}
