import Logging
import MTProto
import NIOCore
import TL

extension TelegramClient {
  /// Downloads a file to the end of `path`, going on where an earlier attempt ended.
  ///
  /// Parts are fetched several at a time and written in order. Memory does not grow with the file's size. What has been
  /// received stays when an error is thrown; the caller gives the file its name when this returns.
  /// - Returns: the size and digest of all of it.
  ///
  /// Source: "Downloading files", core.telegram.org/api/files.
  public func download(_ file: RemoteFile, to path: String) async throws(DownloadError) -> DownloadedFile {
    let output = try PartialFile(path: path)
    let present = try output.presentSize()
    let plan = DownloadPlan(size: file.size, present: file.size > 0 && present > file.size ? 0 : present)
    try await output.keep(plan.start)
    var route = FileRoute(location: file.location, dc: file.dc)
    do throws(DownloadError) {
      try await fetch(plan, over: &route, into: output)
    } catch {
      guard case .hashMismatch = error else { throw error }
      // What a network sent in vain is asked for where it comes from; what was written before is good.
      environment.logger.warning("a CDN sent wrong bytes; going on without it", metadata: ["dc": "\(file.dc)"])
      route = FileRoute(location: file.location, dc: file.dc, usesCDN: false)
      let rest = DownloadPlan(size: file.size, present: try output.presentSize())
      try await output.restart(keeping: rest.start)
      try await fetch(rest, over: &route, into: output)
    }
    return try await output.finish()
  }

  /// Times in a row a part may fail without any other arriving.
  private static let patience = 5

  private func fetch(
    _ plan: DownloadPlan, over route: inout FileRoute, into output: PartialFile
  ) async throws(DownloadError) {
    var transfer = Transfer(plan: plan, route: route)
    let outcome = await withTaskGroup(of: PartOutcome.self) { group -> Result<Void, DownloadError> in
      defer { group.cancelAll() }
      do throws(DownloadError) {
        while !transfer.plan.isFinished {
          while let part = await next(&transfer) {
            let route = transfer.route
            group.addTask { await self.part(part, over: route) }
          }
          guard let outcome = await group.next() else { break }
          transfer.running -= 1
          try await took(outcome, &transfer, into: output)
        }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    await files.release(transfer.inBudget * DownloadPlan.partSize)
    route = transfer.route
    if Task.isCancelled, !transfer.plan.isFinished { throw .telegram(.cancelled) }
    try outcome.get()
  }

  /// The part to ask for now, with room for it in the budget; nil to wait for those under way.
  ///
  /// A transfer waits for room only while it holds none: what stands in front of its other parts can always come.
  private func next(_ transfer: inout Transfer) async -> Int? {
    guard transfer.running < transfer.window.size else { return nil }
    var part = transfer.plan.takeAgain()
    if part == nil, transfer.plan.hasNext(window: transfer.window.size) {
      if transfer.inBudget == 0 {
        await files.take(DownloadPlan.partSize)
      } else {
        guard await files.takeIfFree(DownloadPlan.partSize) else { return nil }
      }
      transfer.inBudget += 1
      part = transfer.plan.takeNext()
    }
    if part != nil { transfer.running += 1 }
    return part
  }

  /// A download on its way.
  private struct Transfer {
    var plan: DownloadPlan
    var route: FileRoute
    var window = TransferWindow()
    /// Parts that came before one in front of them.
    var held: [Int: ByteBuffer] = [:]
    var running = 0
    /// Parts that have room in the budget: from when they are asked for until they are written.
    var inBudget = 0
    var failures = 0
  }

  private struct PartOutcome: Sendable {
    var part: Int
    var result: Result<(bytes: ByteBuffer, route: FileRoute), DownloadError>
  }

  private func took(
    _ outcome: PartOutcome, _ transfer: inout Transfer, into output: PartialFile
  ) async throws(DownloadError) {
    switch outcome.result {
    case .success(let (bytes, route)):
      transfer.failures = 0
      transfer.route.merge(route)
      transfer.held[outcome.part] = bytes
      transfer.window.finished(
        bytes: bytes.readableBytes, at: .uptime)
      for part in try transfer.plan.received(outcome.part, bytes: bytes.readableBytes) {
        guard let bytes = transfer.held[part] else { continue }
        try await output.append(bytes)
        transfer.held[part] = nil
        transfer.inBudget -= 1
        await files.release(DownloadPlan.partSize)
      }
    case .failure(let error):
      transfer.failures += 1
      guard error.isWorthAnotherTry, transfer.failures < Self.patience else { throw error }
      transfer.window.slowDown()
      transfer.plan.failed(outcome.part)
    }
  }

  private func part(_ part: Int, over route: FileRoute) async -> PartOutcome {
    do throws(DownloadError) {
      return PartOutcome(part: part, result: .success(try await bytes(at: DownloadPlan.offset(of: part), over: route)))
    } catch {
      return PartOutcome(part: part, result: .failure(error))
    }
  }

  /// Part of a file, from wherever it is.
  private func bytes(
    at offset: Int64, over route: FileRoute
  ) async throws(DownloadError) -> (bytes: ByteBuffer, route: FileRoute) {
    var route = route
    // Every round learns something: another data centre, a network, that the network is no use.
    for _ in 0..<6 {
      if let network = route.network {
        do throws(DownloadError) {
          return (try await cdnBytes(at: offset, from: network, origin: route.dc, &route), route)
        } catch {
          guard case .telegram(.rpc(let refusal, _)) = error, refusal.name.hasSuffix("TOKEN_INVALID") else {
            throw error
          }
          route.network = nil
        }
      }
      let request = API.UploadGetFile(
        cdnSupported: route.usesCDN, location: route.location, offset: offset, limit: Int32(DownloadPlan.partSize))
      let answer: API.AnyUploadFile
      do throws(TelegramError) {
        (answer, route.dc) = try await invoke(request, dc: route.dc, role: .files, isBulk: true)
      } catch { throw DownloadError(error) }
      switch answer {
      case .uploadFile(let file): return (file.bytes, route)
      case .uploadFileCdnRedirect(let redirect): route.network = try await network(of: redirect)
      case .other(let raw):
        throw .telegram(.decoding(.unexpectedConstructor(raw.constructor, offset: 0), method: "upload.getFile"))
      }
    }
    throw .telegram(.unreachable(dc: route.dc, reason: "the server sends the download from place to place"))
  }
}

/// Where a file is asked for, as far as it is known.
struct FileRoute: Sendable {
  let location: API.AnyInputFileLocation
  var dc: Int
  /// Whether the server may send us to a content delivery network.
  var usesCDN = true
  var network: CDNRoute?

  init(location: API.AnyInputFileLocation, dc: Int, usesCDN: Bool = true) {
    self.location = location
    self.dc = dc
    self.usesCDN = usesCDN
  }

  /// Takes over what fetching a part has taught.
  mutating func merge(_ other: FileRoute) {
    dc = other.dc
    if let known = other.network {
      if network?.token == known.token {
        network?.hashes.merge(known.hashes) { first, _ in first }
      } else {
        network = known
      }
    }
  }
}

extension DownloadError {
  init(_ error: TelegramError) {
    switch error {
    case .rpc(let refusal, _):
      switch refusal.kind {
      case .fileReferenceExpired: self = .referenceExpired
      case .other where Self.refusalsForGood.contains(refusal.name): self = .gone(refusal.name)
      default: self = .telegram(error)
      }
    case .floodWait(let wait, _): self = .floodWait(wait)
    default: self = .telegram(error)
    }
  }

  /// Source: core.telegram.org/method/upload.getFile, "Possible errors".
  private static let refusalsForGood: Set<String> = [
    "CHANNEL_INVALID", "CHANNEL_PRIVATE", "FILE_ID_INVALID", "LOCATION_INVALID", "LOCATION_NOT_AVAILABLE",
    "MSG_ID_INVALID", "PEER_ID_INVALID",
  ]

  /// Whether asking once more, at once, may do.
  fileprivate var isWorthAnotherTry: Bool {
    guard case .telegram(let error) = self else { return false }
    switch error {
    case .timeout: return true
    case .rpc(let refusal, _):
      switch refusal.kind {
      case .serverFailure, .outcomeUnknown: return true
      default: return false
      }
    default: return false
    }
  }
}
