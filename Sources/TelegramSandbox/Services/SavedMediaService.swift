import TL

/// Saved GIFs and recent stickers. Source: core.telegram.org/api/gifs, core.telegram.org/api/stickers.
extension Dispatcher {
  mutating func registerSavedMedia() {
    on(API.MessagesGetSavedGifs.self) { telegram, caller, request in
      let ids = try telegram.world.account(caller.viewer()).savedGifs
      let hash = Telegram.hash(ids)
      if request.hash != 0, request.hash == hash { return .messagesSavedGifsNotModified(.init()) }
      return .messagesSavedGifs(.init(hash: hash, gifs: telegram.documents(ids)))
    }
    on(API.MessagesSaveGif.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.file(request.id)
      guard telegram.world.files[id]?.kind == "gif" else { throw RPCFailure.gifIDInvalid }
      telegram.world.saveGif(id, by: viewer, !request.unsave)
      return true
    }
    on(API.MessagesGetRecentStickers.self) { telegram, caller, request in
      let stickers = try telegram.world.account(caller.viewer()).recentStickers
      let hash = Telegram.hash(stickers.map(\.file))
      if request.hash != 0, request.hash == hash { return .messagesRecentStickersNotModified(.init()) }
      return .messagesRecentStickers(
        .init(
          hash: hash, packs: [], stickers: telegram.documents(stickers.map(\.file)), dates: stickers.map(\.date)))
    }
    on(API.MessagesSaveRecentSticker.self) { telegram, caller, request in
      let viewer = try caller.viewer()
      let id = try telegram.file(request.id)
      guard telegram.world.files[id]?.kind == "sticker" else { throw RPCFailure.stickerIDInvalid }
      telegram.world.saveRecentSticker(id, by: viewer, !request.unsave)
      return true
    }
  }
}

extension Telegram {
  fileprivate func documents(_ ids: [Int64]) -> [API.AnyDocument] {
    ids.compactMap { world.files[$0] }.map { .document(world.document($0)) }
  }

  /// Source: "Pagination in the API", hash generation.
  fileprivate static func hash(_ ids: [Int64]) -> Int64 {
    var hash: UInt64 = 0
    for id in ids {
      hash ^= hash >> 21
      hash ^= hash << 35
      hash ^= hash >> 4
      hash &+= UInt64(bitPattern: id)
    }
    return Int64(bitPattern: hash)
  }
}
