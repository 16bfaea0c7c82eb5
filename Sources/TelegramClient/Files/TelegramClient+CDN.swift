import Logging
import MTProto
import MTProtoCrypto
import NIOCore
import TL

/// A file as a content delivery network has it: encrypted, and vouched for by the data centre it comes from.
///
/// Source: "Encrypted CDNs for Speed and Security", core.telegram.org/cdn.
struct CDNRoute: Sendable {
  let dc: Int
  let token: ByteBuffer
  /// 32 bytes.
  let key: [UInt8]
  /// 16 bytes.
  let iv: [UInt8]
  /// Digests of stretches of the file, by where they begin.
  var hashes: [Int64: API.FileHash]
}

extension TelegramClient {
  /// Gets ready to ask the network the server sends us to.
  func network(of redirect: API.UploadFileCdnRedirect) async throws(DownloadError) -> CDNRoute {
    let dc = Int(redirect.dcId)
    do throws(TelegramError) {
      if await !centers.knowsCDN(dc) {
        let config = try await invoke(API.HelpGetCdnConfig())
        var keys: [Int: [RSAPublicKey]] = [:]
        for key in config.publicKeys {
          do throws(CryptoError) { keys[Int(key.dcId), default: []].append(try RSAPublicKey(pem: key.publicKey)) } catch
          {
            environment.logger.warning("a CDN's key cannot be read", metadata: ["dc": "\(key.dcId)"])
          }
        }
        await centers.learn(cdnKeys: keys)
      }
      if environment.addresses.withBook({ $0.endpoints(of: dc, isCDN: true).isEmpty }) {
        try await refreshAddresses(from: nil)
      }
    } catch { throw DownloadError(error) }
    let key = Array(redirect.encryptionKey.readableBytesView)
    let iv = Array(redirect.encryptionIv.readableBytesView)
    guard key.count == 32, iv.count == 16 else {
      throw .telegram(.unreachable(dc: dc, reason: "the server gave no usable key for this network"))
    }
    return CDNRoute(
      dc: dc, token: redirect.fileToken, key: key, iv: iv,
      hashes: Dictionary(redirect.fileHashes.map { ($0.offset, $0) }, uniquingKeysWith: { first, _ in first }))
  }

  /// Part of a file from a network, decrypted and proven genuine.
  ///
  /// - Parameter origin: the data centre that sent us there.
  func cdnBytes(
    at offset: Int64, from network: CDNRoute, origin: Int, _ route: inout FileRoute
  ) async throws(DownloadError) -> ByteBuffer {
    let request = API.UploadGetCdnFile(
      fileToken: network.token, offset: offset, limit: Int32(DownloadPlan.partSize))
    var bytes: ByteBuffer?
    for _ in 0..<3 where bytes == nil {
      do throws(TelegramError) {
        switch try await invoke(request, dc: network.dc, role: .cdn, isBulk: true).response {
        case .uploadCdnFile(let file): bytes = file.bytes
        case .uploadCdnFileReuploadNeeded(let needed):
          let hashes = try await invoke(
            API.UploadReuploadCdnFile(fileToken: network.token, requestToken: needed.requestToken), dc: origin,
            role: .files
          ).response
          route.learn(hashes)
        case .other: break
        }
      } catch { throw DownloadError(error) }
    }
    guard let bytes else { throw .telegram(.unreachable(dc: network.dc, reason: "the network does not get the file")) }
    let plain = try Self.decrypt(bytes, at: offset, network)
    try await verify(plain, at: offset, network, origin: origin, &route)
    return plain
  }

  /// Compares decrypted bytes with the digests the origin vouches for.
  private func verify(
    _ bytes: ByteBuffer, at offset: Int64, _ network: CDNRoute, origin: Int, _ route: inout FileRoute
  ) async throws(DownloadError) {
    let end = offset + Int64(bytes.readableBytes)
    var place = offset
    while place < end {
      if route.network?.hashes[place] == nil {
        do throws(TelegramError) {
          let hashes = try await invoke(
            API.UploadGetCdnFileHashes(fileToken: network.token, offset: place), dc: origin, role: .files
          ).response
          route.learn(hashes)
        } catch { throw DownloadError(error) }
      }
      guard let hash = route.network?.hashes[place], hash.limit > 0, place + Int64(hash.limit) <= end,
        let stretch = bytes.getSlice(at: bytes.readerIndex + Int(place - offset), length: Int(hash.limit)),
        ConstantTime.equal(
          SHA256.hash(Array(stretch.readableBytesView)), Array(hash.hash.readableBytesView))
      else { throw .hashMismatch }
      place += Int64(hash.limit)
    }
  }

  /// The counter's last four bytes are the place in the file, in blocks.
  private static func decrypt(
    _ bytes: ByteBuffer, at offset: Int64, _ network: CDNRoute
  ) throws(DownloadError) -> ByteBuffer {
    let block = UInt32(truncatingIfNeeded: offset / 16)
    let iv = network.iv.dropLast(4) + (0..<4).map { UInt8(truncatingIfNeeded: block >> (24 - 8 * UInt32($0))) }
    let stream: AESCTR
    do throws(CryptoError) { stream = try AESCTR(key: network.key, iv: Array(iv)) } catch {
      throw .telegram(.unreachable(dc: network.dc, reason: "\(error)"))
    }
    var plain = bytes
    plain.withUnsafeMutableReadableBytes { stream.apply($0) }
    return plain
  }
}

extension FileRoute {
  fileprivate mutating func learn(_ hashes: [API.FileHash]) {
    for hash in hashes { network?.hashes[hash.offset] = hash }
  }
}
