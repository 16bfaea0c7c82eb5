import TL
import TelegramClient

extension TelegramLogChat {
  public func upload(_ media: [LogChatMedia]) async throws(LogChatError) -> UploadedMedia {
    var uploaded = UploadedMedia(media: media)
    for medium in media { uploaded.inputs.append(try await input(medium, isAlbum: media.count > 1)) }
    return uploaded
  }

  public func sendMedia(
    _ media: UploadedMedia, caption: Post, randomIDs: [Int64]
  ) async throws(LogChatError) -> Int64? {
    let ready = media.inputs
    return try await mentioning(caption.content, metIn: caption.metIn) { peer, users throws(TelegramError) in
      let entities = caption.content.messageEntities(users: users)
      if ready.count == 1, let input = ready.first, let randomID = randomIDs.first {
        let answer = try await client.invoke(
          API.MessagesSendMedia(
            peer: peer, replyTo: caption.inputReply, media: input, message: caption.content.text, randomId: randomID,
            entities: entities))
        await tidy(answer)
        return answer.postedID(randomID)
      } else {
        // An album shows the caption of one of its items as its own.
        let items = zip(ready, randomIDs).enumerated().map { index, item in
          API.InputSingleMedia(
            media: item.0, randomId: item.1, message: index == 0 ? caption.content.text : "",
            entities: index == 0 ? entities : nil)
        }
        let answer = try await client.invoke(
          API.MessagesSendMultiMedia(peer: peer, replyTo: caption.inputReply, multiMedia: items))
        return randomIDs.first.flatMap(answer.postedID)
      }
    }
  }

  /// Uploads a file, and what goes with it; what is to be part of an album has to be on the server before.
  private func input(_ medium: LogChatMedia, isAlbum: Bool) async throws(LogChatError) -> API.AnyInputMedia {
    let file = try await upload(medium.file, name: medium.description.name)
    var cover: API.AnyInputPhoto?
    var motion: API.AnyInputDocument?
    if let companion = medium.companion, !medium.isPlainFile {
      let extra = try await upload(companion.file, name: companion.description.name)
      let record = medium.medium
      let uploaded = companion.description.inputMedia(extra, of: record, isPlainFile: false)
      let kept = try await keep(uploaded)
      if case .messageMediaPhoto(let media) = kept { cover = media.photo?.input }
      if case .messageMediaDocument(let media) = kept { motion = media.document?.input }
    }
    let input = medium.description.inputMedia(
      file, of: medium.medium, cover: cover, motion: motion, isPlainFile: medium.isPlainFile)
    return isAlbum ? try await keep(input).input() : input
  }

  private func upload(_ file: LogChatMedia.File, name: String) async throws(LogChatError) -> API.AnyInputFile {
    do throws(TelegramError) {
      guard file.isEncrypted else { return try await client.upload(file: file.path, name: name) }
      guard let key else { throw .file("\(file.path) is encrypted, and no key is set (DELETED_MEDIA_KEY_B64)") }
      let reader: EncryptedFileReader
      do throws(EncryptedFileError) {
        reader = try await EncryptedFileReader.open(file.path, keys: [key])
      } catch { throw .file("\(error)") }
      return try await client.upload(reader, name: name)
    } catch { throw LogChatError(error) }
  }

  /// Has the server keep uploaded media without posting it.
  ///
  /// Source: core.telegram.org/method/messages.uploadMedia.
  private func keep(_ media: API.AnyInputMedia) async throws(LogChatError) -> API.AnyMessageMedia {
    do throws(TelegramError) {
      return try await client.invoke(API.MessagesUploadMedia(peer: try await client.inputPeer(chat), media: media))
    } catch { throw LogChatError(error) }
  }

  /// Takes a posted GIF or sticker out of the account's own lists, where sending it has put it.
  private func tidy(_ answer: API.AnyUpdates) async {
    guard let document = answer.postedDocument, let input = document.input else { return }
    do throws(TelegramError) {
      switch document.collection {
      case .gifs where tidiesGIFs: _ = try await client.invoke(API.MessagesSaveGif(id: input, unsave: true))
      case .stickers where tidiesStickers:
        _ = try await client.invoke(API.MessagesSaveRecentSticker(id: input, unsave: true))
      default: break
      }
    } catch {
      // The post is made; a list that was not tidied is no reason to make it again.
    }
  }
}

extension API.AnyPhoto {
  fileprivate var input: API.AnyInputPhoto? {
    guard case .photo(let photo) = self else { return nil }
    return .inputPhoto(
      API.InputPhoto(id: photo.id, accessHash: photo.accessHash, fileReference: photo.fileReference))
  }
}

extension API.AnyDocument {
  fileprivate var input: API.AnyInputDocument? {
    guard case .document(let document) = self else { return nil }
    return .inputDocument(
      API.InputDocument(id: document.id, accessHash: document.accessHash, fileReference: document.fileReference))
  }

  fileprivate enum Collection { case gifs, stickers }

  /// The list of the account that sending it puts it in.
  fileprivate var collection: Collection? {
    guard case .document(let document) = self else { return nil }
    for attribute in document.attributes {
      switch attribute {
      case .documentAttributeAnimated: return .gifs
      case .documentAttributeSticker: return .stickers
      default: break
      }
    }
    return nil
  }
}

extension API.AnyMessageMedia {
  /// Media the server keeps, to be posted in an album.
  fileprivate func input() throws(LogChatError) -> API.AnyInputMedia {
    switch self {
    case .messageMediaPhoto(let media):
      guard let photo = media.photo?.input else { break }
      return .inputMediaPhoto(API.InputMediaPhoto(spoiler: media.spoiler, id: photo))
    case .messageMediaDocument(let media):
      guard let document = media.document?.input else { break }
      return .inputMediaDocument(API.InputMediaDocument(spoiler: media.spoiler, id: document))
    default: break
    }
    throw .postRefused("the server keeps an uploaded file as something else")
  }
}

extension API.AnyUpdates {
  /// The document of the message that was posted.
  fileprivate var postedDocument: API.AnyDocument? {
    guard case .updates(let updates) = self else { return nil }
    for update in updates.updates {
      let message: API.AnyMessage
      switch update {
      case .updateNewMessage(let update): message = update.message
      case .updateNewChannelMessage(let update): message = update.message
      default: continue
      }
      if case .message(let message) = message, case .messageMediaDocument(let media) = message.media {
        return media.document
      }
    }
    return nil
  }
}
