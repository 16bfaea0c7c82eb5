import Foundation
import MTProtoCrypto
import NIOCore
import NIOPosix
import TL
import TestSupport
import Testing

@testable import TelegramClient

@Suite struct CDNHashesTests {
  private let file = ScriptedFile(size: 700_000)

  private func hashes(_ range: Range<Int>) -> CDNHashes { CDNHashes(file.hashes(range)) }

  @Test func genuineBytesPass() {
    let all = hashes(0..<700_000)
    #expect(all.judge(file.slice(0, 524_288), at: 0, limit: 524_288) == .genuine)
    #expect(all.judge(file.slice(524_288, 524_288), at: 524_288, limit: 524_288) == .genuine)
    #expect(all.judge(ByteBuffer(), at: 1_048_576, limit: 524_288) == .genuine)
  }

  @Test func whatIsNotKnownIsAskedFor() {
    let some = hashes(0..<262_144)
    #expect(some.judge(file.slice(0, 524_288), at: 0, limit: 524_288) == .unknown(offset: 262_144))
  }

  @Test(arguments: [0, 131_071, 131_072, 524_287]) func oneAlteredByteIsForgery(offset: Int) {
    var bytes = file.slice(0, 524_288)
    bytes.setInteger(file.content[offset] ^ 1, at: offset)
    #expect(hashes(0..<700_000).judge(bytes, at: 0, limit: 524_288) == .forged)
  }

  /// Cut between two pieces, within one, and to nothing.
  @Test(arguments: [0, 131_072, 393_216, 400_000]) func aPartCutShortIsForgery(count: Int32) {
    #expect(hashes(0..<700_000).judge(file.slice(0, count), at: 0, limit: 524_288) == .forged)
  }

  @Test func decryptsAnyPartByItself() throws {
    let key = [UInt8](0..<32)
    let iv = [UInt8](repeating: 0xAB, count: 16)
    var whole = file.slice(0, 700_000)
    try CDNFile.decrypt(&whole, at: 0, key: key, iv: iv)
    for offset in [16, 4096, 524_288] {
      var part = file.slice(Int64(offset), 1024)
      try CDNFile.decrypt(&part, at: Int64(offset), key: key, iv: iv)
      #expect(part == whole.getSlice(at: offset, length: 1024))
    }
  }

  /// NIST SP 800-38A, F.5.6 (CTR-AES256.Decrypt): its first counter block ends in the number of the block at this place.
  @Test func theCounterEndsInTheNumberOfTheBlock() throws {
    let key = bytes("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    let iv = bytes("f0f1f2f3f4f5f6f7f8f9fafb") + [0, 0, 0, 0]
    var block = ByteBuffer(bytes: bytes("601ec313775789a5b7a7f504bbf3d228"))
    try CDNFile.decrypt(&block, at: 0xFCFD_FEFF * 16, key: key, iv: iv)
    #expect(Array(block.readableBytesView) == bytes("6bc1bee22e409f96e93d7e117393172a"))
  }

  private func bytes(_ hex: String) -> [UInt8] {
    stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
  }
}

/// A file that its data centre has handed to a CDN.
@Suite(.serialized) struct CDNTests {
  private static let cdnKey: RSAPrivateKey = {
    do { return try RSAPrivateKey.generate() } catch { preconditionFailure("no RSA key: \(error)") }
  }()

  private let group = MultiThreadedEventLoopGroup.singleton
  private let file = ScriptedFile(size: 1_600_000)
  private let key = [UInt8](0..<32)
  private let iv = [UInt8](repeating: 9, count: 16)
  private let token = ByteBuffer(bytes: [1, 2, 3])

  /// What the CDN does to the file.
  enum Trick: Sendable, CaseIterable {
    case none, needsReupload, forges, cutsShort, forgetsTheToken, refuses, hasAnotherKey
  }

  private struct CDNCall {
    let offset: Int64
    let limit: Int32

    init?(_ call: ReceivedCall) {
      var reader = TLReader(call.body)
      guard call.constructor == API.UploadGetCdnFile.constructor, (try? reader.readInt()) != nil,
        (try? reader.readBytes()) == ByteBuffer(bytes: [1, 2, 3]), let offset = try? reader.readLong(),
        let limit = try? reader.readInt()
      else { return nil }
      self.offset = offset
      self.limit = limit
    }
  }

  private func startCDN(_ trick: Trick) async throws -> LoopbackServer {
    let uploaded = Locked(trick != .needsReupload)
    let forgotten = Locked(trick == .forgetsTheToken ? 1 : 0)
    return try await LoopbackServer.start(
      group: group, privateKey: trick == .hasAnotherKey ? LoopbackServer.privateKey : Self.cdnKey
    ) { [file, key, iv] call, server in
      if call.constructor == API.UploadReuploadCdnFile.constructor {
        uploaded.withValue { $0 = true }
        return .nothing
      }
      guard let call = CDNCall(call) else { return .refuse(400, "CDN_METHOD_INVALID") }
      if trick == .refuses { return .refuse(400, "METHOD_INVALID") }
      let isForgotten = forgotten.withValue { left in
        left -= 1
        return left >= 0
      }
      if isForgotten { return .refuse(400, "FILE_TOKEN_INVALID") }
      let isUploaded = uploaded.withValue { isUploaded in
        defer { isUploaded = true }
        return isUploaded
      }
      guard isUploaded else {
        return .value(
          API.AnyUploadCdnFile.uploadCdnFileReuploadNeeded(
            API.UploadCdnFileReuploadNeeded(requestToken: ByteBuffer(bytes: [7]))))
      }
      var bytes = file.slice(call.offset, call.limit)
      if trick == .cutsShort { bytes = file.slice(call.offset, 262_144) }
      guard (try? CDNFile.decrypt(&bytes, at: call.offset, key: key, iv: iv)) != nil else { return .nothing }
      if trick == .forges { bytes.setInteger(UInt8(1), at: 5) }
      return .value(API.AnyUploadCdnFile.uploadCdnFile(API.UploadCdnFile(bytes: bytes)))
    }
  }

  private func startHome(cdn: LoopbackServer) async throws -> LoopbackServer {
    try await LoopbackServer.start(group: group) { [file, key, iv, token] call, server in
      if let part = GetFileCall(call) {
        guard part.acceptsCDN else { return .value(file.answer(part)) }
        // The redirect tells of the first pieces only.
        return .value(
          API.AnyUploadFile.uploadFileCdnRedirect(
            API.UploadFileCdnRedirect(
              dcId: 203, fileToken: token, encryptionKey: ByteBuffer(bytes: key), encryptionIv: ByteBuffer(bytes: iv),
              fileHashes: file.hashes(0..<524_288))))
      }
      switch call.constructor {
      case API.HelpGetConfig.constructor:
        var config = LoopbackServer.config([2: server.port], thisDC: 2)
        config.dcOptions.append(API.DcOption(cdn: true, id: 203, ipAddress: "127.0.0.1", port: Int32(cdn.port)))
        return .value(config)
      case API.HelpGetCdnConfig.constructor:
        return .value(
          API.CdnConfig(publicKeys: [
            API.CdnPublicKey(dcId: 201, publicKey: LoopbackServer.privateKey.publicPEM),
            API.CdnPublicKey(dcId: 203, publicKey: Self.cdnKey.publicPEM),
          ]))
      case API.UploadGetCdnFileHashes.constructor:
        var reader = TLReader(call.body)
        guard (try? reader.readInt()) != nil, (try? reader.readBytes()) == token, let offset = try? reader.readLong()
        else { return .refuse(400, "FILE_TOKEN_INVALID") }
        return .value(file.hashes(Int(offset)..<Int(offset) + 1_048_576))
      case API.UploadReuploadCdnFile.constructor: return .value(file.hashes(0..<131_072))
      default: return .nothing
      }
    }
  }

  @Test(arguments: Trick.allCases, [true, false])
  func theFileArrivesWhateverTheCDNDoes(trick: Trick, isAnnounced: Bool) async throws {
    let cdn = try await startCDN(trick)
    let home = try await startHome(cdn: cdn)
    let store = InMemorySessionStore()
    let client = testClient(try configuration(port: home.port), store: store)
    try await withTemporaryPath { path in
      let remote = ScriptedFile.document(size: isAnnounced ? 1_600_000 : 0)
      let result = try await running(client) { try await $0.download(remote, to: path) }
      #expect(result == DownloadedFile(size: 1_600_000, sha256: file.sha256))
    }
    let asked = home.fileCalls
    let fetchedAtHome = asked.filter { !$0.acceptsCDN }.count
    switch trick {
    case .none, .needsReupload, .forgetsTheToken: #expect(fetchedAtHome == 0)
    case .forges, .cutsShort, .refuses, .hasAnotherKey: #expect(fetchedAtHome >= 4)
    }
    if trick == .needsReupload { #expect(home.calls(of: API.UploadReuploadCdnFile.constructor).count >= 1) }
    // It is told nothing but which part is wanted, and its key is not kept.
    #expect(cdn.calls.allSatisfy { $0.constructor == API.UploadGetCdnFile.constructor && !$0.isWithoutUpdates })
    if trick == .hasAnotherKey { #expect(cdn.calls.isEmpty) }
    #expect(await store.authorization(dc: 203) == nil)
    #expect(client.transferBudget.used == 0)
    try await home.stop()
    try await cdn.stop()
  }
}
