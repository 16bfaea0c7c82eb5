import NIOCore
import TL

/// A file the sandbox keeps, as a photo or a document refers to it.
struct StoredFile: Sendable {
  let id: Int64
  let accessHash: Int64
  let date: Int32
  var name: String?
  let mimeType: String
  let content: FileContent
  /// Pixels; for photos and what says so.
  var width: Int32 = 0
  var height: Int32 = 0
  /// As the uploader gave them, the file name among them.
  var attributes: [API.AnyDocumentAttribute] = []
  /// What a download must present; changes when it expires.
  var reference: [UInt8]
  /// The data centre that has it.
  var dc: Int32
  /// Key of a document's preview among the files.
  var thumbnail: Int64?
  /// Unix time from which nobody gets it any more: it was shown once, or long enough.
  var expiresAt: Int32?

  var size: Int64 { content.size }

  /// A photo's smaller size: noise, for nobody looks at it.
  var smallSize: FileContent { .generated(size: min(max(size / 4, 1), 4096), seed: UInt64(bitPattern: id)) }
}
