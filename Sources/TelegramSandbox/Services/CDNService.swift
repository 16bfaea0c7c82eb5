import MTProtoCrypto
import NIOCore
import TL

/// `upload.*` of files that a CDN data centre hands out, encrypted. Source: "Encrypted CDNs", core.telegram.org/cdn.
extension Dispatcher {
  mutating func registerCDN() {
    on(API.UploadGetCdnFile.self, access: .cdn) { telegram, _, request in try telegram.cdnFile(request) }
    on(API.UploadReuploadCdnFile.self, access: .signedIn) { telegram, _, request in
      try telegram.reuploadToCDN(request)
    }
    on(API.UploadGetCdnFileHashes.self, access: .signedIn) { telegram, _, request in
      try FileRange.hashes(of: telegram.cdnFile(request.fileToken).content, from: request.offset)
    }
  }
}

/// The CDN data centre: what it has, and which downloads are sent to it.
struct CDN: Sendable {
  /// Downloads that are answered with a redirect.
  struct Redirect: Sendable {
    /// Bytes from which on a file is worth it.
    var minimumSize: Int64
    /// Answers that are still to carry a wrong byte.
    var corruptAnswers = 0
  }

  struct File: Sendable {
    let content: FileContent
    let key: [UInt8]
    let iv: [UInt8]
    let requestToken: [UInt8]
    /// Whether the CDN has it; the file's own data centre is asked to send it there first.
    var isLoaded = false
  }

  private struct Source: Hashable, Sendable {
    let file: Int64
    let size: String
  }

  /// The number of its data centre; nil when there is none.
  var dc: Int32?
  /// Its public key in PEM.
  var publicKey = ""
  var redirect: Redirect?
  var files: [ByteBuffer: File] = [:]
  private var tokens: [Source: ByteBuffer] = [:]

  /// The token by which a file is asked for.
  mutating func token(
    for file: Int64, size: String, _ content: FileContent, using generator: inout SeededGenerator
  ) -> ByteBuffer {
    let source = Source(file: file, size: size)
    if let token = tokens[source] { return token }
    let token = ByteBuffer(bytes: generator.bytes(32))
    tokens[source] = token
    files[token] = File(
      content: content, key: generator.bytes(32), iv: generator.bytes(16), requestToken: generator.bytes(32))
    return token
  }
}

extension Telegram {
  /// Where a download is to go on instead; nil for one that is answered here.
  mutating func cdnRedirect(
    for file: StoredFile, _ size: String, _ content: FileContent, from offset: Int64
  ) throws(RPCFailure) -> API.UploadFileCdnRedirect? {
    guard let dc = cdn.dc, let redirect = cdn.redirect, content.size >= redirect.minimumSize else { return nil }
    let token = cdn.token(for: file.id, size: size, content, using: &world.generator)
    let kept = try cdnFile(token)
    return API.UploadFileCdnRedirect(
      dcId: dc, fileToken: token, encryptionKey: ByteBuffer(bytes: kept.key), encryptionIv: ByteBuffer(bytes: kept.iv),
      fileHashes: try FileRange.hashes(of: content, from: offset / FileRange.block * FileRange.block))
  }

  fileprivate func cdnFile(_ token: ByteBuffer) throws(RPCFailure) -> CDN.File {
    guard let file = cdn.files[token] else { throw .fileTokenInvalid }
    return file
  }

  fileprivate mutating func cdnFile(_ request: API.UploadGetCdnFile) throws(RPCFailure) -> API.AnyUploadCdnFile {
    let file = try cdnFile(request.fileToken)
    guard file.isLoaded else {
      return .uploadCdnFileReuploadNeeded(.init(requestToken: ByteBuffer(bytes: file.requestToken)))
    }
    try FileRange.check(offset: request.offset, limit: request.limit, isPrecise: false)
    var bytes = try file.content.read(at: request.offset, length: Int(request.limit))
    if let corrupt = cdn.redirect?.corruptAnswers, corrupt > 0, bytes.readableBytes > 0 {
      cdn.redirect?.corruptAnswers = corrupt - 1
      let place = bytes.readerIndex + bytes.readableBytes / 2
      bytes.setInteger(~(bytes.getInteger(at: place, as: UInt8.self) ?? 0), at: place)
    }
    // The last four bytes of the first counter block are the block's number.
    let block = withUnsafeBytes(of: UInt32(truncatingIfNeeded: request.offset / 16).bigEndian, Array.init)
    do {
      let cipher = try AESCTR(key: file.key, iv: Array(file.iv.prefix(12)) + block)
      bytes.withUnsafeMutableReadableBytes { cipher.apply($0) }
    } catch {
      throw RPCFailure(500, "CDN_CIPHER_FAILED")
    }
    return .uploadCdnFile(.init(bytes: bytes))
  }

  fileprivate mutating func reuploadToCDN(_ request: API.UploadReuploadCdnFile) throws(RPCFailure) -> [API.FileHash] {
    let file = try cdnFile(request.fileToken)
    guard ByteBuffer(bytes: file.requestToken) == request.requestToken else { throw .requestTokenInvalid }
    cdn.files[request.fileToken]?.isLoaded = true
    return try FileRange.hashes(of: file.content, from: 0)
  }
}
