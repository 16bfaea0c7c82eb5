import TL

extension MediaFile {
  /// The medium to be posted, of a file that was uploaded: what it was, but for any time limit on looking at it.
  ///
  /// - Parameters:
  ///   - medium: what the message showed.
  ///   - cover: of a video.
  ///   - motion: the video of a live photo.
  ///   - isPlainFile: as a file, whatever it was.
  func inputMedia(
    _ file: API.AnyInputFile, of medium: MediaRecord, cover: API.AnyInputPhoto? = nil,
    motion: API.AnyInputDocument? = nil, isPlainFile: Bool
  ) -> API.AnyInputMedia {
    switch source {
    case .photo where !isPlainFile:
      return .inputMediaUploadedPhoto(
        API.InputMediaUploadedPhoto(
          spoiler: medium.isSpoiler, livePhoto: motion != nil, file: file, video: motion))
    case .photo:
      return plainFile(file, spoiler: false)
    case .document where isPlainFile:
      return plainFile(file, spoiler: false)
    case .document(let document):
      var timestamp: Int32?
      if case .messageMediaDocument(let media) = medium.value { timestamp = media.videoTimestamp }
      return .inputMediaUploadedDocument(
        API.InputMediaUploadedDocument(
          // A video without sound would become a GIF, and a picture sent as a file a photo.
          nosoundVideo: kind == .video, forceFile: kind == .document, spoiler: medium.isSpoiler, file: file,
          mimeType: mimeType, attributes: document.attributes.compactMap(\.forUpload), videoCover: cover,
          videoTimestamp: timestamp))
    }
  }

  private func plainFile(_ file: API.AnyInputFile, spoiler: Bool) -> API.AnyInputMedia {
    .inputMediaUploadedDocument(
      API.InputMediaUploadedDocument(
        forceFile: true, spoiler: spoiler, file: file, mimeType: mimeType,
        attributes: [.documentAttributeFilename(API.DocumentAttributeFilename(fileName: name))]))
  }
}

extension MediaRecord {
  fileprivate var isSpoiler: Bool {
    switch value {
    case .messageMediaPhoto(let media): media.spoiler
    case .messageMediaDocument(let media): media.spoiler
    default: false
    }
  }
}

extension API.AnyDocumentAttribute {
  /// Nil for what only the server may say of a file.
  fileprivate var forUpload: Self? {
    switch self {
    case .documentAttributeSticker(var sticker):
      // Of which set it is, is for the set's owner to say.
      sticker.stickerset = .inputStickerSetEmpty(API.InputStickerSetEmpty())
      return .documentAttributeSticker(sticker)
    case .documentAttributeCustomEmoji, .documentAttributeHasStickers, .other: return nil
    case .documentAttributeVideo, .documentAttributeAudio, .documentAttributeAnimated, .documentAttributeFilename,
      .documentAttributeImageSize:
      return self
    }
  }
}
