import MTProtoCrypto
import NIOCore
import TL

/// `upload.*`: files in parts. Source: "Uploading and Downloading Files", core.telegram.org/api/files.
extension Dispatcher {
  mutating func registerUpload() {
    on(API.UploadSaveFilePart.self, access: .signedIn) { telegram, caller, request in
      try telegram.savePart(request.filePart, of: request.fileId, request.bytes, caller)
    }
    on(API.UploadSaveBigFilePart.self, access: .signedIn) { telegram, caller, request in
      try telegram.saveBigPart(
        request.filePart, of: request.fileId, total: request.fileTotalParts, request.bytes, caller)
    }
    on(API.UploadGetFile.self, access: .signedIn) { try $0.getFile($2, $1) }
    on(API.UploadGetFileHashes.self, access: .signedIn) { telegram, caller, request in
      try FileRange.hashes(of: telegram.located(request.location, caller).content, from: request.offset)
    }
  }
}

/// Parts of a file on its way; clients number their files themselves.
struct UploadKey: Hashable, Sendable {
  let user: Int64
  let file: Int64
}

struct Upload: Sendable {
  /// Of a small file.
  var parts: [Int32: ByteBuffer] = [:]
  /// Of a big file: each part in a slot of its own, with their lengths.
  var file: OpenFile?
  var lengths: [Int32: Int] = [:]

  static let slotSize = 524_288
  static let maximumParts: Int32 = 8000

  /// The file that `count` parts make.
  func content(parts count: Int32) throws(RPCFailure) -> FileContent {
    let partSize = file == nil ? parts[0]?.readableBytes ?? 0 : lengths[0] ?? 0
    var size = 0
    for part in 0..<count {
      guard let length = file == nil ? parts[part]?.readableBytes : lengths[part] else {
        throw .filePartMissing(Int(part))
      }
      // All parts but the last have the size of the first, which fits 512 KiB a whole number of times.
      if part < count - 1 {
        guard length == partSize else { throw RPCFailure(400, "FILE_PART_SIZE_CHANGED") }
        guard length % 1024 == 0, Self.slotSize % length == 0 else { throw RPCFailure(400, "FILE_PART_SIZE_INVALID") }
      } else {
        guard length <= partSize else { throw RPCFailure(400, "FILE_PART_SIZE_CHANGED") }
      }
      size += length
    }
    if let file { return .disk(file, size: Int64(size), partSize: Int64(partSize), slotSize: Int64(Self.slotSize)) }
    var content = ByteBufferAllocator().buffer(capacity: size)
    for part in 0..<count {
      if let bytes = parts[part] { content.writeImmutableBuffer(bytes) }
    }
    return .memory(content)
  }
}

/// Which bytes of a file may be asked for at once.
enum FileRange {
  /// No answer reaches over a multiple of this.
  static let block: Int64 = 1 << 20
  /// What one hash covers, in bytes.
  private static let hashed = 128 << 10

  static func check(offset: Int64, limit: Int32, isPrecise: Bool) throws(RPCFailure) {
    let unit: Int64 = isPrecise ? 1024 : 4096
    guard limit > 0, Int64(limit) % unit == 0, limit <= block, isPrecise || block % Int64(limit) == 0 else {
      throw .limitInvalid
    }
    guard offset >= 0, offset % unit == 0, offset <= Int64.max - block else { throw .offsetInvalid }
    guard offset / block == (offset + Int64(limit) - 1) / block else { throw .limitInvalid }
  }

  /// Hashes of a file's pieces from `offset` to the end of its block.
  static func hashes(of content: FileContent, from offset: Int64) throws(RPCFailure) -> [API.FileHash] {
    guard offset >= 0, offset % Int64(hashed) == 0 else { throw .offsetInvalid }
    guard offset < content.size else { return [] }
    let end = min((offset / block + 1) * block, content.size)
    var hashes: [API.FileHash] = []
    for start in stride(from: offset, to: end, by: hashed) {
      let piece = try content.read(at: start, length: hashed)
      let hash = SHA256.hash(Array(piece.readableBytesView))
      hashes.append(
        API.FileHash(offset: start, limit: Int32(piece.readableBytes), hash: ByteBuffer(bytes: hash)))
    }
    return hashes
  }
}

extension Telegram {
  private func checkPart(_ bytes: ByteBuffer) throws(RPCFailure) {
    guard bytes.readableBytes > 0 else { throw RPCFailure(400, "FILE_PART_EMPTY") }
    guard bytes.readableBytes <= Upload.slotSize else { throw RPCFailure(400, "FILE_PART_TOO_BIG") }
  }

  fileprivate mutating func savePart(
    _ part: Int32, of file: Int64, _ bytes: ByteBuffer, _ caller: Caller
  ) throws(RPCFailure) -> Bool {
    let key = UploadKey(user: try caller.viewer(), file: file)
    guard part >= 0, part < Upload.maximumParts else { throw .filePartInvalid }
    try checkPart(bytes)
    // A copy of its own: a slice would keep the whole packet it came in.
    uploads[key, default: Upload()].parts[part] = ByteBuffer(bytes: bytes.readableBytesView)
    return true
  }

  fileprivate mutating func saveBigPart(
    _ part: Int32, of file: Int64, total: Int32, _ bytes: ByteBuffer, _ caller: Caller
  ) throws(RPCFailure) -> Bool {
    let key = UploadKey(user: try caller.viewer(), file: file)
    // -1 from whoever does not know yet how many there will be.
    guard total == -1 || (1...Upload.maximumParts).contains(total) else { throw .filePartsInvalid }
    guard part >= 0, part < (total == -1 ? Upload.maximumParts : total) else { throw .filePartInvalid }
    try checkPart(bytes)
    if uploads[key]?.file == nil {
      guard let file = OpenFile(temporaryIn: folder) else { throw RPCFailure(500, "FILE_WRITE_FAILED") }
      uploads[key, default: Upload()].file = file
    }
    guard uploads[key]?.file?.write(bytes, at: Int64(part) * Int64(Upload.slotSize)) == true else {
      throw RPCFailure(500, "FILE_WRITE_FAILED")
    }
    uploads[key]?.lengths[part] = bytes.readableBytes
    return true
  }

  /// Puts an uploaded file together and keeps it.
  mutating func storeFile(
    _ input: API.AnyInputFile, mimeType: String?, attributes: [API.AnyDocumentAttribute], thumbnail: Int64? = nil,
    _ caller: Caller
  ) throws(RPCFailure) -> StoredFile {
    let (id, count, name): (Int64, Int32, String)
    switch input {
    case .inputFile(let file): (id, count, name) = (file.id, file.parts, file.name)
    case .inputFileBig(let file): (id, count, name) = (file.id, file.parts, file.name)
    case .inputFileStoryDocument, .other: throw .mediaInvalid
    }
    guard count > 0, count <= Upload.maximumParts else { throw .filePartsInvalid }
    let key = UploadKey(user: try caller.viewer(), file: id)
    guard let upload = uploads[key] else { throw .filePartMissing(0) }
    let content = try upload.content(parts: count)
    uploads[key] = nil
    return world.addFile(content, name: name, mimeType: mimeType, attributes: attributes, thumbnail: thumbnail)
  }

  /// The file a location names and the bytes in the size it names, when this data centre has it.
  fileprivate func located(
    _ location: API.AnyInputFileLocation, _ caller: Caller
  ) throws(RPCFailure) -> (file: StoredFile, size: String, content: FileContent) {
    let (id, hash, reference, size): (Int64, Int64, ByteBuffer, String)
    switch location {
    case .inputDocumentFileLocation(let location):
      (id, hash, reference, size) = (location.id, location.accessHash, location.fileReference, location.thumbSize)
    case .inputPhotoFileLocation(let location):
      (id, hash, reference, size) = (location.id, location.accessHash, location.fileReference, location.thumbSize)
    default: throw .locationInvalid
    }
    if let file = world.files[id], file.accessHash == hash, file.dc != caller.dc { throw .fileMigrate(file.dc) }
    let file = try world.file(id, hash: hash, reference: reference)
    return (file, size, try world.content(of: file, size: size))
  }

  fileprivate mutating func getFile(
    _ request: API.UploadGetFile, _ caller: Caller
  ) throws(RPCFailure) -> API.AnyUploadFile {
    let (file, size, content) = try located(request.location, caller)
    try FileRange.check(offset: request.offset, limit: request.limit, isPrecise: request.precise)
    if request.cdnSupported, let redirect = try cdnRedirect(for: file, size, content, from: request.offset) {
      return .uploadFileCdnRedirect(redirect)
    }
    let bytes = try content.read(at: request.offset, length: Int(request.limit))
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
