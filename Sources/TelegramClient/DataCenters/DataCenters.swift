import Logging
import MTProto
import MTProtoCrypto
import NIOCore
import TL

/// The links to the data centres: home, and others as they are needed.
actor DataCenters {
  private enum Authorization {
    /// Somebody is signing us in there; these wait for it.
    case underWay([CheckedContinuation<Void, Never>])
    case done
  }

  private let environment: LinkEnvironment
  private let group: any EventLoopGroup
  private struct LinkID: Hashable {
    let dc: Int
    let purpose: LinkPurpose
  }

  private var links: [LinkID: DataCenterLink] = [:]
  /// CDNs whose keys their links know.
  private var cdnKeys: Set<Int> = []
  private var authorizations: [Int: Authorization] = [:]
  private var home: Int?
  private var isClosed = false

  /// Links that `TelegramClient.run()` has to run; there are never more than there are data centres and purposes.
  nonisolated let newLinks: AsyncStream<DataCenterLink>
  private let announceLink: AsyncStream<DataCenterLink>.Continuation

  init(environment: LinkEnvironment, group: any EventLoopGroup) {
    self.environment = environment
    self.group = group
    (newLinks, announceLink) = AsyncStream.makeStream()
  }

  // MARK: Home

  /// The data centre the account lives on, as stored; before any sign-in the one to start with.
  func homeDC() async throws(TelegramError) -> Int {
    if let home { return home }
    let stored: StoredDC?
    do { stored = try await environment.store.home() } catch { throw .store("\(error)") }
    if let home { return home }
    let id = stored?.id ?? environment.addresses.withBook(\.initialDC)
    home = id
    return id
  }

  func homeLink() async throws(TelegramError) -> DataCenterLink {
    try await link(to: homeDC())
  }

  /// Moves the account's home to `dc`, as a migrate error says.
  func move(home dc: Int) async throws(TelegramError) {
    let old = try await homeDC()
    guard old != dc else { return }
    environment.logger.info("moving to another data centre", metadata: ["from": "\(old)", "to": "\(dc)"])
    do {
      let store = environment.store
      if let left = try await store.home() { try await store.setAuthorization(left) }
      if let known = try await store.authorization(dc: dc), known.authKey != nil { try await store.setHome(known) }
    } catch { throw .store("\(error)") }
    home = dc
    await links[LinkID(dc: old, purpose: .calls)]?.setHome(false)
    await link(to: dc).setHome(true)
  }

  /// Ends `newLinks`.
  func announceNoMore() { announceLink.finish() }

  /// Ends every link's life; for the end of `TelegramClient.run()`.
  func close() async {
    announceLink.finish()
    isClosed = true
    for link in links.values { await link.terminate(.closed) }
    environment.feed?.finish()
    environment.state.report(.idle)
  }

  /// After the signed-in account is gone nothing that was derived from it is any use.
  func forgetAuthorizations() { authorizations = [:] }

  // MARK: Links

  /// The link to `dc` for `purpose`, which connects when it is first called and lets go when it is not needed.
  func link(to dc: Int, purpose: LinkPurpose = .calls) -> DataCenterLink {
    let id = LinkID(dc: dc, purpose: purpose)
    if let link = links[id] { return link }
    let link = DataCenterLink(
      dc: dc, purpose: purpose, isHome: purpose == .calls && dc == home, loop: group.next(), environment: environment,
      terminal: isClosed ? .closed : nil)
    links[id] = link
    announceLink.yield(link)
    return link
  }

  // MARK: CDNs

  func hasKeys(ofCDN cdn: Int) -> Bool { cdnKeys.contains(cdn) }

  /// From now on the CDN may prove itself with these.
  func accept(_ keys: [RSAPublicKey], ofCDN cdn: Int) async {
    await link(to: cdn, purpose: .cdn).accept(keys)
    cdnKeys.insert(cdn)
  }

  /// The CDN does not have the keys we were told; they are asked for again.
  func forgetKeys(ofCDN cdn: Int) { cdnKeys.remove(cdn) }

  func updateBufferChanged(hasRoom: Bool) async {
    guard let home, let link = links[LinkID(dc: home, purpose: .calls)] else { return }
    await link.updateBufferChanged(hasRoom: hasRoom)
  }

  // MARK: Signing in elsewhere

  /// Whether the account is signed in on `dc`, as far as is known.
  func isAuthorized(on dc: Int) -> Bool {
    if case .done = authorizations[dc] { true } else { false }
  }

  /// Carries the sign-in over to `dc`, once however many ask for it.
  ///
  /// Source: core.telegram.org/api/datacenter, "Authorization Transfer".
  func authorize(
    on dc: Int, by transfer: @Sendable () async throws(TelegramError) -> Void
  ) async throws(TelegramError) {
    while true {
      switch authorizations[dc] {
      case .done: return
      case .underWay(let waiting):
        await withCheckedContinuation { authorizations[dc] = .underWay(waiting + [$0]) }
      case nil:
        authorizations[dc] = .underWay([])
        do throws(TelegramError) {
          try await transfer()
          settle(dc, .done)
          return
        } catch {
          settle(dc, nil)
          throw error
        }
      }
    }
  }

  /// The server does not accept the carried-over sign-in any more.
  func deauthorize(on dc: Int) {
    if case .done = authorizations[dc] { authorizations[dc] = nil }
  }

  private func settle(_ dc: Int, _ outcome: Authorization?) {
    let previous = authorizations[dc]
    authorizations[dc] = outcome
    guard case .underWay(let waiting) = previous else { return }
    for continuation in waiting { continuation.resume() }
  }
}
