import TL

/// Saved GIFs and recent stickers, as each account has them.
extension World {
  /// `config.saved_gifs_limit` and `config.stickers_recent_limit`.
  static let savedMediaLimit = 200

  /// A GIF that is sent is saved, and a sticker is among the recent ones.
  mutating func noteUse(of media: StoredMedia, by user: Int64) {
    guard case .document(let id, _) = media.content, let file = files[id] else { return }
    switch file.kind {
    case "gif": saveGif(id, by: user, true)
    case "sticker": saveRecentSticker(id, by: user, true)
    default: break
    }
  }

  mutating func saveGif(_ id: Int64, by user: Int64, _ isSaved: Bool) {
    guard var gifs = accounts[user]?.savedGifs else { return }
    gifs.removeAll { $0 == id }
    if isSaved { gifs.insert(id, at: 0) }
    accounts[user]?.savedGifs = Array(gifs.prefix(Self.savedMediaLimit))
    announce(.updateSavedGifs(.init()), to: user, mentioning: Mentions())
  }

  mutating func saveRecentSticker(_ id: Int64, by user: Int64, _ isSaved: Bool) {
    guard var stickers = accounts[user]?.recentStickers else { return }
    stickers.removeAll { $0.file == id }
    if isSaved { stickers.insert(RecentSticker(file: id, date: now), at: 0) }
    accounts[user]?.recentStickers = Array(stickers.prefix(Self.savedMediaLimit))
    announce(.updateRecentStickers(.init()), to: user, mentioning: Mentions())
  }
}
