import Logging
import MTProto
import MTProtoCrypto
import NIOCore
import TL

/// A file that its data centre has handed to a CDN, encrypted with a key the CDN does not have.
///
/// Source: core.telegram.org/cdn.
actor CDNFile {
  enum Failure: Error {
    /// The CDN does not know the file's token any more.
    case expired
    /// The CDN cannot be used for this file.
    case unusable(DownloadError)
    /// No other way would help.
    case fatal(DownloadError)
  }

  /// How often the CDN may ask for one part to be uploaded to it.
  private static let maximumReuploads = 3

  private let cdn: Int
  private let origin: Int
  private let token: ByteBuffer
  private let key: [UInt8]
  private let iv: [UInt8]
  private let client: TelegramClient
  private var hashes: CDNHashes

  init(_ redirect: API.UploadFileCdnRedirect, origin: Int, client: TelegramClient) {
    cdn = Int(redirect.dcId)
    self.origin = origin
    token = redirect.fileToken
    key = Array(redirect.encryptionKey.readableBytesView)
    iv = Array(redirect.encryptionIv.readableBytesView)
    hashes = CDNHashes(redirect.fileHashes)
    self.client = client
  }

  /// The bytes of a part, decrypted and verified; empty past the end of the file.
  func part(at offset: Int64, limit: Int) async throws(Failure) -> ByteBuffer {
    var bytes = try await encryptedPart(at: offset, limit: limit)
    do throws(CryptoError) {
      try Self.decrypt(&bytes, at: offset, key: key, iv: iv)
    } catch { throw .unusable(.file("the CDN's key: \(error)")) }
    try await learnHashes(at: offset + Int64(bytes.readableBytes), unless: bytes.readableBytes == limit)
    while true {
      switch hashes.judge(bytes, at: offset, limit: limit) {
      case .genuine: return bytes
      case .forged: throw .unusable(.hashMismatch)
      case .unknown(let missing):
        try await learnHashes(at: missing)
        guard hashes.knows(missing) else { throw .unusable(.hashMismatch) }
      }
    }
  }

  private func encryptedPart(at offset: Int64, limit: Int) async throws(Failure) -> ByteBuffer {
    for _ in 0...Self.maximumReuploads {
      let answer: API.AnyUploadCdnFile
      do throws(TelegramError) {
        try await client.prepareCDN(cdn)
        answer = try await client.invoke(
          API.UploadGetCdnFile(fileToken: token, offset: offset, limit: Int32(limit)),
          TelegramClient.CallOptions(dc: cdn, isBulk: true, purpose: .cdn, leavesPaceToCaller: true))
      } catch {
        if case .keyExchange = error { await client.centers.forgetKeys(ofCDN: cdn) }
        throw Self.failure(error)
      }
      switch answer {
      case .uploadCdnFile(let file): return file.bytes
      case .uploadCdnFileReuploadNeeded(let needed):
        let token = token
        hashes.add(
          try await askOrigin(API.UploadReuploadCdnFile(fileToken: token, requestToken: needed.requestToken)))
      case .other(let raw):
        let error = TLError.unexpectedConstructor(raw.constructor, offset: 0)
        throw .unusable(.telegram(.decoding(error, method: API.UploadGetCdnFile.name)))
      }
    }
    throw .unusable(.telegram(.unreachable(dc: cdn, reason: "the CDN does not take the file")))
  }

  /// Asks what the pieces from `offset` on must hash to, where nothing is known of them.
  private func learnHashes(at offset: Int64, unless isNeedless: Bool = false) async throws(Failure) {
    guard !isNeedless, !hashes.knows(offset) else { return }
    hashes.add(try await askOrigin(API.UploadGetCdnFileHashes(fileToken: token, offset: offset)))
  }

  private func askOrigin<Function: TLFunction>(
    _ function: Function
  ) async throws(Failure) -> [API.FileHash] where Function.Response == [API.FileHash] {
    do throws(TelegramError) {
      return try await client.invoke(
        function, TelegramClient.CallOptions(dc: origin, purpose: .files, leavesPaceToCaller: true))
    } catch { throw Self.failure(error) }
  }

  private static func failure(_ error: TelegramError) -> Failure {
    switch error {
    case .cancelled, .closed, .floodWait: .fatal(DownloadError(error))
    case .rpc(let refusal, _) where ["FILE_TOKEN_INVALID", "REQUEST_TOKEN_INVALID"].contains(refusal.name): .expired
    default: .unusable(DownloadError(error))
    }
  }

  /// AES-256-CTR whose counter is the initialization vector with the block's number in its last four bytes.
  static func decrypt(
    _ bytes: inout ByteBuffer, at offset: Int64, key: [UInt8], iv: [UInt8]
  ) throws(CryptoError) {
    guard iv.count == 16 else { throw .invalidLength(what: "CTR block", expected: "16", actual: iv.count) }
    let block = UInt32(truncatingIfNeeded: offset / 16)
    let counter = iv[..<12] + withUnsafeBytes(of: block.bigEndian) { Array($0) }
    let cipher = try AESCTR(key: key, iv: Array(counter))
    bytes.withUnsafeMutableReadableBytes { cipher.apply($0) }
  }
}

extension TelegramClient {
  /// Makes sure that the link to a CDN accepts that CDN's keys and no others.
  func prepareCDN(_ cdn: Int) async throws(TelegramError) {
    guard await !centers.hasKeys(ofCDN: cdn) else { return }
    let config = try await invoke(API.HelpGetCdnConfig())
    var keys: [RSAPublicKey] = []
    for key in config.publicKeys where Int(key.dcId) == cdn {
      do throws(CryptoError) {
        keys.append(try RSAPublicKey(pem: key.publicKey))
      } catch {
        environment.logger.warning("a CDN's key cannot be read", metadata: ["dc": "\(cdn)", "error": "\(error)"])
      }
    }
    guard !keys.isEmpty else { throw .unreachable(dc: cdn, reason: "the server does not say which key it has") }
    await centers.accept(keys, ofCDN: cdn)
  }
}
