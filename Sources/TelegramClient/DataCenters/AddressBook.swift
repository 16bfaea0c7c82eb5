import MTProto
import TL

/// Where each data centre may be reached: what is built in or given, replaced by what the server announces.
struct AddressBook: Sendable {
  /// The data centre to start with before any sign-in.
  let initialDC: Int
  /// Whether the session file may say where a data centre is.
  private let isRememberingUseful: Bool
  /// Known before the first connection.
  private let initial: [Int: [Endpoint]]
  /// From the session file: used until the server announces something, and after it as a last resort.
  private var remembered: [Int: Endpoint] = [:]
  private var announced: [Int: [Endpoint]] = [:]
  /// CDNs are numbered like data centres and are none: nothing but `upload.getCdnFile` may go there.
  private var cdns: [Int: [Endpoint]] = [:]
  /// Where the last connection to each data centre succeeded.
  private var lastGood: [Int: Endpoint] = [:]

  init(servers: ClientConfiguration.Servers) {
    // A session made with another server must not lead away from the one that was given.
    if case .custom = servers { isRememberingUseful = false } else { isRememberingUseful = true }
    switch servers {
    case .telegram:
      initialDC = 2
      initial = Self.endpoints(of: DataCenter.production)
    case .test:
      initialDC = 2
      initial = Self.endpoints(of: DataCenter.test)
    case .custom(let dc, let host, let port, _):
      initialDC = dc
      initial = [dc: [Endpoint(host: host, port: port)]]
    }
  }

  /// What the session file says.
  ///
  /// Not taken where a server was given by hand: that one announces the others.
  mutating func remember(_ dc: StoredDC) {
    guard isRememberingUseful, (1...65_535).contains(dc.port), !dc.host.isEmpty else { return }
    remembered[dc.id] = Endpoint(host: dc.host, port: dc.port)
  }

  /// Takes over `help.getConfig`: every data centre it lists is reached as listed from now on.
  ///
  /// Left out are addresses for downloads only, and those that need a secret of their own.
  mutating func announce(_ options: [API.DcOption]) {
    announced.merge(Self.lists(of: options.filter { !$0.cdn })) { _, new in new }
    cdns.merge(Self.lists(of: options.filter(\.cdn))) { _, new in new }
  }

  private static func lists(of options: [API.DcOption]) -> [Int: [Endpoint]] {
    var lists: [Int: [Endpoint]] = [:]
    for option in options where !option.mediaOnly && !option.tcpoOnly && option.secret == nil {
      guard (1...65_535).contains(option.port), !option.ipAddress.isEmpty else { continue }
      lists[Int(option.id), default: []].append(Endpoint(host: option.ipAddress, port: Int(option.port)))
    }
    return lists
  }

  mutating func connected(_ dc: Int, at endpoint: Endpoint) { lastGood[dc] = endpoint }

  /// In the order they should be tried; empty when nothing is known of `dc`.
  func endpoints(of dc: Int, for purpose: LinkPurpose = .calls) -> [Endpoint] {
    if purpose == .cdn { return DialOrder.order(cdns[dc] ?? [], lastGood: nil) }
    let known =
      if let list = announced[dc] {
        list
      } else {
        initial[dc] ?? []
      }
    // The address given by hand or built in stays a last resort: a server may announce what cannot be reached from here.
    let fallback = (initial[dc] ?? []) + [remembered[dc]].compactMap(\.self)
    return DialOrder.order(known + fallback, lastGood: lastGood[dc])
  }

  /// What the session file should name as the address of `dc`.
  func primary(of dc: Int) -> Endpoint? { endpoints(of: dc).first }

  private static func endpoints(of list: [DataCenter]) -> [Int: [Endpoint]] {
    Dictionary(
      list.map { dc in (dc.id, dc.addresses.map { Endpoint(host: $0.host, port: $0.port) }) },
      uniquingKeysWith: +)
  }
}
