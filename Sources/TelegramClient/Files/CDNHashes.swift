import MTProtoCrypto
import NIOCore
import TL

/// What the pieces of a file from a CDN must hash to, as the file's own data centre says: a value without IO.
///
/// Source: core.telegram.org/cdn, "Verifying files".
struct CDNHashes: Sendable {
  enum Verdict: Equatable {
    case genuine
    /// Nothing is known of the piece at this offset.
    case unknown(offset: Int64)
    case forged
  }

  private struct Piece {
    let count: Int
    let hash: [UInt8]
  }

  private var pieces: [Int64: Piece] = [:]

  init(_ hashes: [API.FileHash] = []) { add(hashes) }

  mutating func add(_ hashes: [API.FileHash]) {
    for hash in hashes where hash.limit > 0 && hash.offset >= 0 {
      pieces[hash.offset] = Piece(count: Int(hash.limit), hash: Array(hash.hash.readableBytesView))
    }
  }

  /// Whether a piece begins at `offset`.
  func knows(_ offset: Int64) -> Bool { pieces[offset] != nil }

  /// Judges the decrypted bytes of a part of at most `limit` bytes.
  ///
  /// Every byte must belong to a piece whose hash is right. A part shorter than `limit` is the file's last.
  func judge(_ bytes: ByteBuffer, at offset: Int64, limit: Int) -> Verdict {
    var done = 0
    let view = bytes.readableBytesView
    while done < view.count {
      guard let piece = pieces[offset + Int64(done)] else { return .unknown(offset: offset + Int64(done)) }
      // A piece that reaches past what came can be the end of the file only.
      let count = min(piece.count, view.count - done)
      guard count == piece.count || view.count < limit else { return .forged }
      let digest = view.withUnsafeBytes { bytes in
        var hasher = SHA256()
        hasher.update(UnsafeRawBufferPointer(rebasing: bytes[done..<done + count]))
        return hasher.finish()
      }
      guard ConstantTime.equal(digest, piece.hash) else { return .forged }
      done += count
    }
    // A part must not be cut short between two pieces.
    return view.count < limit && knows(offset + Int64(done)) ? .forged : .genuine
  }
}
