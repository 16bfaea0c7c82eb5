/// In which order to try a data centre's addresses: the one that worked last, then IPv4 and IPv6 in turn.
///
/// Source for the alternation: RFC 8305 section 4. IPv4 leads because Telegram's clients do so by default.
enum DialOrder {
  static func order(_ endpoints: [Endpoint], lastGood: Endpoint?) -> [Endpoint] {
    var ordered: [Endpoint] = []
    var seen: Set<Endpoint> = []
    func add(_ endpoint: Endpoint) {
      if seen.insert(endpoint).inserted { ordered.append(endpoint) }
    }
    if let lastGood { add(lastGood) }
    let v4 = endpoints.filter { !$0.isIPv6 }
    let v6 = endpoints.filter(\.isIPv6)
    for index in 0..<max(v4.count, v6.count) {
      if index < v4.count { add(v4[index]) }
      if index < v6.count { add(v6[index]) }
    }
    return ordered
  }
}
