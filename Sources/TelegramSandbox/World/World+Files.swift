import NIOCore
import TL

extension World {
  /// Keeps a file and gives it the numbers by which it is asked for.
  ///
  /// - Parameters:
  ///   - dc: the data centre that has it; the home one unless told.
  ///   - thumbnail: key of its preview among the files.
  mutating func addFile(
    _ content: FileContent, name: String?, mimeType: String?, attributes: [API.AnyDocumentAttribute],
    dc: Int32? = nil, thumbnail: Int64? = nil
  ) -> StoredFile {
    let named = attributes.contains { if case .documentAttributeFilename = $0 { true } else { false } }
    let kept =
      named || name == nil || name == ""
      ? attributes : attributes + [.documentAttributeFilename(.init(fileName: name ?? ""))]
    var file = StoredFile(
      id: Int64(bitPattern: generator.next() >> 1), accessHash: Int64(bitPattern: generator.next()), date: now,
      name: name, mimeType: mimeType ?? "application/octet-stream", content: content, attributes: kept,
      reference: generator.bytes(24), dc: dc ?? homeDC, thumbnail: thumbnail)
    for attribute in kept {
      switch attribute {
      case .documentAttributeFilename(let attribute): file.name = attribute.fileName
      case .documentAttributeImageSize(let size): (file.width, file.height) = (size.w, size.h)
      case .documentAttributeVideo(let video): (file.width, file.height) = (video.w, video.h)
      default: break
      }
    }
    if file.width == 0, let header = try? content.read(at: 0, length: 1 << 16), let size = ImageSize(header) {
      (file.width, file.height) = (size.width, size.height)
    }
    files[file.id] = file
    return file
  }

  /// The same bytes as a file of its own, which may be destroyed while the other stays.
  mutating func copyFile(_ id: Int64) -> Int64 {
    guard let file = files[id] else { return id }
    return addFile(
      file.content, name: file.name, mimeType: file.mimeType, attributes: file.attributes, dc: file.dc,
      thumbnail: file.thumbnail
    ).id
  }

  /// The file a client refers to, as long as its reference is good.
  ///
  /// Source: "File references", core.telegram.org/api/file-references.
  func file(_ id: Int64, hash: Int64, reference: ByteBuffer) throws(RPCFailure) -> StoredFile {
    guard let file = files[id], file.accessHash == hash else { throw .locationInvalid }
    guard reference.readableBytes > 0 else { throw .fileReferenceEmpty }
    guard ByteBuffer(bytes: file.reference) == reference, file.expiresAt ?? .max > now else {
      throw .fileReferenceExpired
    }
    return file
  }
}

/// Width and height out of the header of a PNG, GIF or JPEG.
struct ImageSize {
  let width: Int32
  let height: Int32

  init?(_ buffer: ByteBuffer) {
    let bytes = buffer.readableBytesView
    let start = bytes.startIndex
    func big16(_ at: Int) -> Int32? {
      buffer.getInteger(at: start + at, endianness: .big, as: UInt16.self).map(Int32.init)
    }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      guard let width = buffer.getInteger(at: start + 16, endianness: .big, as: Int32.self),
        let height = buffer.getInteger(at: start + 20, endianness: .big, as: Int32.self)
      else { return nil }
      (self.width, self.height) = (width, height)
    } else if bytes.starts(with: [0x47, 0x49, 0x46, 0x38]) {
      guard let width = buffer.getInteger(at: start + 6, endianness: .little, as: UInt16.self),
        let height = buffer.getInteger(at: start + 8, endianness: .little, as: UInt16.self)
      else { return nil }
      (self.width, self.height) = (Int32(width), Int32(height))
    } else if bytes.starts(with: [0xFF, 0xD8]) {
      // Segments up to the frame header (SOF0…SOF15 without DHT, JPG and DAC).
      var at = 2
      while let marker = big16(at), let length = big16(at + 2), marker >= 0xFF00, length >= 2 {
        let kind = marker & 0xFF
        if (0xC0...0xCF).contains(kind), ![0xC4, 0xC8, 0xCC].contains(kind) {
          guard let height = big16(at + 5), let width = big16(at + 7) else { return nil }
          (self.width, self.height) = (width, height)
          return
        }
        at += 2 + Int(length)
      }
      return nil
    } else {
      return nil
    }
  }
}
