import NIOCore
import TL

/// A file that is part of a message.
struct TrueFile {
  enum Fate: Hashable {
    case fine
    /// The server does not have it any more.
    case gone
    /// Every request for it fails.
    case fails
  }

  var id: Int64
  var size: Int
  var fate: Fate

  /// The same for the same file.
  var bytes: [UInt8] { (0..<size).map { UInt8(truncatingIfNeeded: Int(id) &* 31 &+ $0 &* 7) } }
}

extension ServerTruth {
  /// Gives the newest message of a chat a file.
  mutating func attach(_ file: TrueFile, to key: MessageKey) {
    files[file.id] = file
    messages[key]?.file = file.id
  }

  func media(of message: TrueMessage) -> API.AnyMessageMedia? {
    guard let file = message.file.flatMap({ files[$0] }) else { return nil }
    let document = API.Document(
      id: file.id, accessHash: 1, fileReference: ByteBuffer(integer: fileReference), date: 1,
      mimeType: "application/octet-stream", size: Int64(file.size), dcId: 2,
      attributes: [.documentAttributeFilename(API.DocumentAttributeFilename(fileName: "file-\(file.id).bin"))])
    return .messageMediaDocument(API.MessageMediaDocument(document: .document(document)))
  }
}
