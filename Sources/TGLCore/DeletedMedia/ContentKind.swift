import Foundation

/// What a file holds, told from its first bytes.
///
/// Only marks that 32 random bytes show less than once in a billion times.
enum ContentKind: Sendable, CaseIterable {
  case jpeg, png, gif, riff, isoMedia, matroska, ogg, mp3, flac, pdf, zip, gzip, sevenZip, rar, text

  /// Enough to tell all of them.
  static let headLength = 32

  /// Nil when the bytes say nothing.
  init?(head: [UInt8]) {
    guard let kind = Self.allCases.first(where: { $0.matches(head) }) else { return nil }
    self = kind
  }

  private func matches(_ head: [UInt8]) -> Bool {
    func starts(_ bytes: [UInt8], at offset: Int = 0) -> Bool { head.dropFirst(offset).starts(with: bytes) }
    return switch self {
    case .jpeg: [0xE0, 0xE1, 0xDB, 0xEE].contains { starts([0xFF, 0xD8, 0xFF, $0]) }
    case .png: starts([0x89, 0x50, 0x4E, 0x47])
    case .gif: starts(Array("GIF8".utf8))
    case .riff: starts(Array("RIFF".utf8))
    case .isoMedia: starts(Array("ftyp".utf8), at: 4)
    case .matroska: starts([0x1A, 0x45, 0xDF, 0xA3])
    case .ogg: starts(Array("OggS".utf8))
    case .mp3: starts(Array("ID3".utf8)) && head.count > 5 && (2...4).contains(head[3]) && head[4] == 0
    case .flac: starts(Array("fLaC".utf8))
    case .pdf: starts(Array("%PDF".utf8))
    case .zip: starts([0x50, 0x4B, 3, 4])
    case .gzip: starts([0x1F, 0x8B, 8]) && head.count > 3 && head[3] & 0xE0 == 0
    case .sevenZip: starts([0x37, 0x7A, 0xBC, 0xAF])
    case .rar: starts(Array("Rar!".utf8))
    case .text: Self.isText(head)
    }
  }

  /// Whole lines of what keyboards write; a character may be cut at the end.
  private static func isText(_ head: [UInt8]) -> Bool {
    guard head.count == headLength else { return false }
    guard head.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || (9...13).contains($0) }) else { return false }
    return (0..<4).contains { String(validating: head.dropLast($0), as: UTF8.self) != nil }
  }

  /// Whether a file of this name, less the encrypted file's suffix, would show its kind in its first bytes.
  static func isRecognizable(name: String, size: Int64) -> Bool {
    let plain = name.hasSuffix(EncryptedFile.suffix) ? String(name.dropLast(EncryptedFile.suffix.count)) : name
    guard size >= headLength else { return false }
    let known: Set = [
      "jpg", "jpeg", "png", "gif", "webp", "wav", "mp4", "mov", "m4a", "webm", "mkv", "ogg", "oga", "opus", "flac",
      "pdf", "zip", "docx", "xlsx", "apk", "7z", "rar", "tgs",
    ]
    return known.contains((plain as NSString).pathExtension.lowercased())
  }
}
