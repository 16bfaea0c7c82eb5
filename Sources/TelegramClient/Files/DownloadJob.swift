import Logging
import MTProto
import NIOCore
import TL

/// A download as the transfer loop sees it: the plan, the partial file, and where the parts come from.
struct DownloadJob: TransferJob {
  /// How often a file may send us elsewhere (another data centre, a CDN and back) before we give up.
  private static let maximumDetours = 8

  enum Answer: Sendable {
    case bytes(ByteBuffer)
    /// Data centre `from`, which was asked, says that `to` keeps the file.
    case moved(from: Int, to: Int)
    /// The file is to be had from a CDN.
    case redirect(API.UploadFileCdnRedirect)
    /// The CDN of this detour has no use for its token any more; the origin gives another.
    case cdnExpired(detour: Int)
    /// The CDN of this detour is of no use.
    case cdnFailed(DownloadError, detour: Int)
  }

  private let client: TelegramClient
  private let file: RemoteFile
  private let target: PartialFile
  private var plan: DownloadPlan
  /// The data centre that keeps the file.
  private var dc: Int
  /// Where the parts come from; nil for `dc`.
  private var cdn: CDNFile?
  /// Why no CDN is asked any more.
  private var cdnFault: DownloadError?
  private var detours = 0

  init(client: TelegramClient, file: RemoteFile, target: PartialFile, plan: DownloadPlan) {
    self.client = client
    self.file = file
    self.target = target
    self.plan = plan
    dc = file.dc
  }

  var partSize: Int { plan.partSize }
  var partCost: Int { plan.partSize }
  var isComplete: Bool { plan.isComplete }
  var earlyParts: Int { plan.earlyParts }
  var failedParts: Int { plan.failedParts }
  var hasNextPart: Bool { plan.hasNextPart }

  mutating func nextPart() -> DownloadPlan.Part? { plan.nextPart() }
  mutating func failed(_ part: DownloadPlan.Part) { plan.failed(part) }

  // MARK: Asking

  func exchange(_ part: DownloadPlan.Part) -> Exchange {
    if let cdn {
      return { [partSize, detours] in await Self.ask(cdn, for: part, limit: partSize, detour: detours) }
    }
    return { [client, file, dc, partSize, acceptsCDN = cdnFault == nil && client.acceptsCDNs] in
      do throws(TelegramError) {
        let answer = try await client.invoke(
          API.UploadGetFile(
            cdnSupported: acceptsCDN, location: file.location, offset: part.offset, limit: Int32(partSize)),
          TelegramClient.CallOptions(dc: dc, isBulk: true, purpose: .files, leavesPaceToCaller: true))
        switch answer {
        case .uploadFile(let file): return .success(.bytes(file.bytes))
        case .uploadFileCdnRedirect(let redirect): return .success(.redirect(redirect))
        case .other(let raw):
          throw .decoding(.unexpectedConstructor(raw.constructor, offset: 0), method: API.UploadGetFile.name)
        }
      } catch .rpc(let refusal, let method) {
        if case .migrate(.file, let other) = refusal.kind, (1...1000).contains(other) {
          return .success(.moved(from: dc, to: other))
        }
        return .failure(DownloadError(.rpc(refusal, method: method)))
      } catch {
        return .failure(DownloadError(error))
      }
    }
  }

  private static func ask(
    _ cdn: CDNFile, for part: DownloadPlan.Part, limit: Int, detour: Int
  ) async -> Result<Answer, DownloadError> {
    do throws(CDNFile.Failure) {
      return .success(.bytes(try await cdn.part(at: part.offset, limit: limit)))
    } catch {
      switch error {
      case .expired: return .success(.cdnExpired(detour: detour))
      case .unusable(let reason): return .success(.cdnFailed(reason, detour: detour))
      case .fatal(let reason): return .failure(reason)
      }
    }
  }

  // MARK: Answers

  mutating func received(_ answer: Answer, for part: DownloadPlan.Part) async throws(DownloadError) -> Int {
    switch answer {
    case .bytes(let bytes):
      try await write(bytes, of: part)
      return bytes.readableBytes
    case .moved(let from, let to):
      // Parts that were under way when the first was sent on say what is known.
      if from == dc {
        try countDetour(.telegram(.unreachable(dc: to, reason: "the file is sent from one to another")))
        (dc, cdn) = (to, nil)
      }
    case .redirect(let redirect):
      if cdn == nil {
        if let cdnFault { throw cdnFault }
        detours += 1
        // The last ones are left for the data centre itself.
        if detours > Self.maximumDetours / 2 {
          cdnFault = .hashMismatch
        } else {
          cdn = CDNFile(redirect, origin: dc, client: client)
        }
      }
    case .cdnExpired(detours): cdn = nil
    case .cdnFailed(let reason, detours):
      // Whatever is wrong with a CDN, the file is still where it was.
      client.environment.logger.notice(
        "fetching a file without its CDN", metadata: ["reason": "\(reason)", "dc": "\(dc)"])
      (cdn, cdnFault) = (nil, reason)
    case .cdnExpired, .cdnFailed: break  // The others that were under way.
    }
    plan.failed(part)
    return 0
  }

  private mutating func countDetour(_ error: DownloadError) throws(DownloadError) {
    detours += 1
    guard detours <= Self.maximumDetours else { throw error }
  }

  private mutating func write(_ bytes: ByteBuffer, of part: DownloadPlan.Part) async throws(DownloadError) {
    let ready: [ByteBuffer]
    do throws(DownloadPlan.Failure) {
      ready = try plan.received(bytes, for: part)
    } catch {
      // What is there belongs to another file.
      try await target.clear()
      switch error {
      case .sizeMismatch(let expected, let actual): throw .sizeMismatch(expected: expected, actual: actual)
      }
    }
    try await target.append(ready)
  }
}
