import NIOCore
import TL

/// A file the sandbox keeps, as a photo or a document refers to it.
struct StoredFile: Sendable {
  let id: Int64
  let accessHash: Int64
  let date: Int32
  var name: String?
  let mimeType: String
  let content: ByteBuffer
  /// Hexadecimal.
  let sha256: String
  /// Pixels; for photos and what says so.
  var width: Int32 = 0
  var height: Int32 = 0
  /// As the uploader gave them, the file name among them.
  var attributes: [API.AnyDocumentAttribute] = []
  /// What a download must present; changes when it expires.
  var reference: [UInt8]

  var size: Int64 { Int64(content.readableBytes) }
}
