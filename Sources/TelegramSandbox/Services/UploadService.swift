import MTProtoCrypto
import NIOCore
import TL

/// `upload.*`: files in parts. Source: "Uploading and Downloading Files", core.telegram.org/api/files.
extension Dispatcher {
  mutating func registerUpload() {
    on(API.UploadSaveFilePart.self, access: .signedIn) { telegram, caller, request in
      try telegram.savePart(request.filePart, of: request.fileId, total: nil, request.bytes, caller)
    }
    on(API.UploadSaveBigFilePart.self, access: .signedIn) { telegram, caller, request in
      try telegram.savePart(
        request.filePart, of: request.fileId, total: request.fileTotalParts, request.bytes, caller)
    }
    on(API.UploadGetFile.self, access: .signedIn) { try $0.getFile($2, $1) }
  }
}

/// Parts of a file on its way; clients number their files themselves.
struct UploadKey: Hashable, Sendable {
  let user: Int64
  let file: Int64
}

struct Upload: Sendable {
  var parts: [Int32: ByteBuffer] = [:]
}

extension Telegram {
  fileprivate static let maximumPartSize = 524_288
  fileprivate static let maximumParts: Int32 = 8000

  fileprivate mutating func savePart(
    _ part: Int32, of file: Int64, total: Int32?, _ bytes: ByteBuffer, _ caller: Caller
  ) throws(RPCFailure) -> Bool {
    let key = UploadKey(user: try caller.viewer(), file: file)
    guard part >= 0, part < total ?? Self.maximumParts else { throw .filePartInvalid }
    guard total ?? 0 <= Self.maximumParts else { throw .filePartsInvalid }
    guard bytes.readableBytes > 0 else { throw RPCFailure(400, "FILE_PART_EMPTY") }
    guard bytes.readableBytes <= Self.maximumPartSize else { throw RPCFailure(400, "FILE_PART_TOO_BIG") }
    // A copy of its own: a slice would keep the whole packet it came in.
    uploads[key, default: Upload()].parts[part] = ByteBuffer(bytes: bytes.readableBytesView)
    return true
  }

  /// Puts an uploaded file together and keeps it.
  fileprivate mutating func storeFile(
    _ input: API.AnyInputFile, mimeType: String?, attributes: [API.AnyDocumentAttribute], _ caller: Caller
  ) throws(RPCFailure) -> StoredFile {
    let (id, count, name): (Int64, Int32, String)
    switch input {
    case .inputFile(let file): (id, count, name) = (file.id, file.parts, file.name)
    case .inputFileBig(let file): (id, count, name) = (file.id, file.parts, file.name)
    case .inputFileStoryDocument, .other: throw .mediaInvalid
    }
    guard count > 0, count <= Self.maximumParts else { throw .filePartsInvalid }
    let key = UploadKey(user: try caller.viewer(), file: id)
    guard let upload = uploads[key] else { throw .filePartMissing(0) }
    var content = ByteBuffer()
    for part in 0..<count {
      guard let bytes = upload.parts[part] else { throw .filePartMissing(Int(part)) }
      content.writeImmutableBuffer(bytes)
    }
    uploads[key] = nil
    return world.addFile(content, name: name, mimeType: mimeType, attributes: attributes)
  }

  /// The medium that a request describes, its file stored.
  mutating func media(_ input: API.AnyInputMedia, _ caller: Caller) throws(RPCFailure) -> StoredMedia {
    switch input {
    case .inputMediaUploadedPhoto(let photo):
      let file = try storeFile(photo.file, mimeType: "image/jpeg", attributes: [], caller)
      return StoredMedia(kind: .photo, fileID: file.id, isSpoiler: photo.spoiler, ttlSeconds: photo.ttlSeconds)
    case .inputMediaUploadedDocument(let document):
      let file = try storeFile(
        document.file, mimeType: document.mimeType, attributes: document.attributes, caller)
      return StoredMedia(
        kind: .document, fileID: file.id, isSpoiler: document.spoiler, ttlSeconds: document.ttlSeconds)
    case .inputMediaPhoto(let photo):
      guard case .inputPhoto(let id) = photo.id, world.files[id.id]?.accessHash == id.accessHash else {
        throw .mediaInvalid
      }
      return StoredMedia(kind: .photo, fileID: id.id, isSpoiler: photo.spoiler, ttlSeconds: photo.ttlSeconds)
    case .inputMediaDocument(let document):
      guard case .inputDocument(let id) = document.id, world.files[id.id]?.accessHash == id.accessHash else {
        throw .mediaInvalid
      }
      return StoredMedia(kind: .document, fileID: id.id, isSpoiler: document.spoiler, ttlSeconds: document.ttlSeconds)
    case .inputMediaEmpty: throw .mediaEmpty
    default: throw .mediaInvalid
    }
  }

  fileprivate func getFile(_ request: API.UploadGetFile, _ caller: Caller) throws(RPCFailure) -> API.AnyUploadFile {
    let (id, hash, reference): (Int64, Int64, ByteBuffer)
    switch request.location {
    case .inputDocumentFileLocation(let location):
      (id, hash, reference) = (location.id, location.accessHash, location.fileReference)
    case .inputPhotoFileLocation(let location):
      (id, hash, reference) = (location.id, location.accessHash, location.fileReference)
    default: throw .locationInvalid
    }
    guard let file = world.files[id], file.accessHash == hash else { throw .locationInvalid }
    guard ByteBuffer(bytes: file.reference) == reference else { throw .fileReferenceExpired }
    guard caller.dc == world.homeDC else { throw RPCFailure(303, "FILE_MIGRATE_\(world.homeDC)") }
    let unit: Int64 = request.precise ? 1024 : 4096
    guard request.offset >= 0, request.offset % unit == 0 else { throw .offsetInvalid }
    guard request.limit > 0, request.limit <= 1_048_576, request.precise || 1_048_576 % request.limit == 0 else {
      throw .limitInvalid
    }
    let start = min(Int(request.offset), file.content.readableBytes)
    let length = min(Int(request.limit), file.content.readableBytes - start)
    let bytes = file.content.getSlice(at: file.content.readerIndex + start, length: length) ?? ByteBuffer()
    return .uploadFile(.init(type: file.storageType, mtime: file.date, bytes: bytes))
  }
}

extension StoredFile {
  fileprivate var storageType: API.AnyStorageFileType {
    switch mimeType {
    case "image/jpeg": .storageFileJpeg(.init())
    case "image/png": .storageFilePng(.init())
    case "image/gif": .storageFileGif(.init())
    case "image/webp": .storageFileWebp(.init())
    case "video/mp4": .storageFileMp4(.init())
    case "audio/mpeg": .storageFileMp3(.init())
    case "application/pdf": .storageFilePdf(.init())
    default: .storageFileUnknown(.init())
    }
  }
}
