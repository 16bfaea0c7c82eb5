import MTProto
import NIOCore
import NIOEmbedded
import NIOPosix
import TL
import TestSupport
import Testing

@testable import TelegramClient

@Suite struct DialTests {
  private func endpoint(_ host: String) -> Endpoint { Endpoint(host: host, port: 443) }

  @Test func takesFamiliesInTurnAndTheLastGoodFirst() {
    let list = ["1.1.1.1", "2.2.2.2", "::1", "::2", "3.3.3.3"].map(endpoint)
    let order = DialOrder.order(list + [endpoint("1.1.1.1")], lastGood: endpoint("::2"))
    #expect(order.map(\.host) == ["::2", "1.1.1.1", "::1", "2.2.2.2", "3.3.3.3"])
    #expect(DialOrder.order([], lastGood: nil).isEmpty)
  }

  @Test func writesAddressesAsURLsDo() {
    #expect(Endpoint(host: "2001:db8::1", port: 443).description == "[2001:db8::1]:443")
    #expect(Endpoint(host: "10.0.0.1", port: 80).description == "10.0.0.1:80")
  }

  @Test func backsOffUpToALimitWithJitter() {
    var random = SeededGenerator(seed: 3)
    var backoff = Backoff()
    for attempt in 0..<200 {
      let full = min(Duration.seconds(60), .milliseconds(500) * (1 << min(attempt, 16)))
      let wait = backoff.failed(using: &random)
      #expect(wait >= full / 2 && wait <= full)
    }
    backoff.succeeded()
    #expect(backoff.failed(using: &random) <= .milliseconds(500))
  }

  /// Answers for each host: connect, fail, or stay silent until cancelled.
  private struct ScriptedDialer: Dialer {
    enum Behaviour { case connect, fail, silence }
    let hosts: [String: Behaviour]
    let dialed = Locked<[String]>([])
    let cancelled = Locked<[String]>([])

    func dial(
      _ endpoint: Endpoint, timeout: Duration, on loop: any EventLoop,
      initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) async throws -> any Channel {
      dialed.withValue { $0.append(endpoint.host) }
      switch hosts[endpoint.host] ?? .fail {
      case .connect: return NIOAsyncTestingChannel()
      case .fail: throw ChannelError.connectTimeout(.seconds(1))
      case .silence:
        do {
          try await Task.sleep(for: .seconds(3600))
        } catch {
          cancelled.withValue { $0.append(endpoint.host) }
          throw error
        }
        throw ChannelError.eof
      }
    }
  }

  private func race(_ dialer: ScriptedDialer, _ clock: ManualClock) -> DialRace {
    DialRace(
      dialer: dialer, loop: MultiThreadedEventLoopGroup.singleton.next(), clock: clock, timeout: .seconds(10))
  }

  @Test func aFailureStartsTheNextAddressAtOnce() async throws {
    let dialer = ScriptedDialer(hosts: ["a": .fail, "b": .fail, "c": .connect])
    let clock = ManualClock()
    let (_, winner) = try await race(dialer, clock).connect(["a", "b", "c", "d"].map(endpoint)) {
      $0.eventLoop.makeSucceededVoidFuture()
    }
    #expect(winner.host == "c")
    #expect(dialer.dialed.current == ["a", "b", "c"])
    #expect(clock.now.offset == .zero)
  }

  @Test func aSilentAddressIsOvertakenAndGivenUp() async throws {
    let dialer = ScriptedDialer(hosts: ["a": .silence, "b": .connect])
    let clock = ManualClock()
    async let winner = race(dialer, clock).connect(["a", "b"].map(endpoint)) {
      $0.eventLoop.makeSucceededVoidFuture()
    }.1
    await clock.sleeper(atLeast: .milliseconds(250))
    #expect(dialer.dialed.current.count <= 1)
    clock.advance(by: .milliseconds(250))
    #expect(try await winner.host == "b")
    #expect(dialer.cancelled.current == ["a"])
  }

  @Test func allFailuresAreNamed() async throws {
    let dialer = ScriptedDialer(hosts: [:])
    let error = await #expect(throws: DialRace.AllFailed.self) {
      _ = try await race(dialer, ManualClock()).connect(["a", "b"].map(endpoint)) {
        $0.eventLoop.makeSucceededVoidFuture()
      }
    }
    #expect(error.map { "\($0)" } == "a:443: no answer in time; b:443: no answer in time")
  }

  @Test func aDataCentreWithoutAddressesIsNotWaitedFor() async throws {
    let error = await #expect(throws: DialRace.AllFailed.self) {
      _ = try await race(ScriptedDialer(hosts: [:]), ManualClock()).connect([]) {
        $0.eventLoop.makeSucceededVoidFuture()
      }
    }
    #expect(error.map { "\($0)" } == "no address of it is known")
  }
}

@Suite struct WaitTextTests {
  @Test(arguments: [(427, "0.4 s"), (0, "0.0 s"), (960, "1.0 s"), (61_250, "61.3 s"), (-250, "-0.3 s")])
  func waitsAreToldInTenthsOfASecond(milliseconds: Int, text: String) {
    #expect(Duration.milliseconds(milliseconds).inTenths == text)
  }
}

@Suite struct AddressBookTests {
  private func option(
    _ dc: Int32, _ host: String, mediaOnly: Bool = false, tcpoOnly: Bool = false, cdn: Bool = false, port: Int32 = 443
  ) -> API.DcOption {
    API.DcOption(mediaOnly: mediaOnly, tcpoOnly: tcpoOnly, cdn: cdn, id: dc, ipAddress: host, port: port)
  }

  @Test func everyDataCentreIsUsedAsAnnouncedLoopbackToo() {
    var book = AddressBook(servers: .custom(dc: 2, host: "10.0.0.1", port: 4430, keys: []))
    #expect(book.endpoints(of: 2).map(\.host) == ["10.0.0.1"])
    #expect(book.endpoints(of: 1).isEmpty)
    book.announce([option(1, "127.0.0.1", port: 7), option(2, "127.0.0.1", port: 8), option(2, "::1", port: 9)])
    #expect(book.endpoints(of: 1) == [Endpoint(host: "127.0.0.1", port: 7)])
    #expect(book.endpoints(of: 2).map(\.port) == [8, 9, 4430])
  }

  @Test func leavesOutAddressesThatServeSomethingElse() {
    var book = AddressBook(servers: .custom(dc: 2, host: "10.0.0.1", port: 1, keys: []))
    book.announce([
      option(1, "1.1.1.1", mediaOnly: true), option(1, "1.1.1.2", tcpoOnly: true), option(1, "1.1.1.3", cdn: true),
      option(1, "1.1.1.4", port: 0), option(1, "1.1.1.5", port: 70_000), option(1, ""), option(1, "1.1.1.6"),
    ])
    #expect(book.endpoints(of: 1).map(\.host) == ["1.1.1.6"])
  }

  @Test func aCDNIsForNothingButItsFiles() {
    var book = AddressBook(servers: .telegram)
    book.announce([option(203, "192.0.2.3", cdn: true), option(2, "192.0.2.4", cdn: true), option(2, "192.0.2.5")])
    #expect(book.endpoints(of: 203).isEmpty)
    #expect(book.endpoints(of: 203, for: .cdn).map(\.host) == ["192.0.2.3"])
    #expect(!book.endpoints(of: 2).map(\.host).contains("192.0.2.4"))
    #expect(book.endpoints(of: 2, for: .cdn).map(\.host) == ["192.0.2.4"])
    #expect(book.endpoints(of: 1, for: .cdn).isEmpty)
    #expect(book.endpoints(of: 2, for: .files) == book.endpoints(of: 2))
  }

  @Test func aCustomServerNeverLeadsToTelegramsOwn() {
    let book = AddressBook(servers: .custom(dc: 2, host: "127.0.0.1", port: 1, keys: []))
    for dc in [1, 3, 4, 5] { #expect(book.endpoints(of: dc).isEmpty) }
  }

  /// The session may have been made with another server.
  @Test func aCustomServersSessionDoesNotSayWhereItIs() {
    var book = AddressBook(servers: .custom(dc: 2, host: "127.0.0.1", port: 1, keys: []))
    for dc in [1, 2] { book.remember(StoredDC(id: dc, host: "192.0.2.7", port: 443)) }
    #expect(book.endpoints(of: 1).isEmpty)
    #expect(book.endpoints(of: 2).map(\.host) == ["127.0.0.1"])
    book.announce([option(1, "192.0.2.7")])
    #expect(book.endpoints(of: 1).map(\.host) == ["192.0.2.7"])
  }

  @Test func telegramsOwnAreBuiltInForBothFamilies() {
    let book = AddressBook(servers: .telegram)
    for dc in 1...5 {
      let endpoints = book.endpoints(of: dc)
      #expect(endpoints.contains { $0.isIPv6 } && endpoints.contains { !$0.isIPv6 })
    }
  }

  @Test func theAddressThatWorkedComesFirst() {
    var book = AddressBook(servers: .telegram)
    book.remember(StoredDC(id: 2, host: "192.0.2.7", port: 443))
    #expect(book.endpoints(of: 2).contains(Endpoint(host: "192.0.2.7", port: 443)))
    book.connected(2, at: Endpoint(host: "192.0.2.7", port: 443))
    #expect(book.endpoints(of: 2).first?.host == "192.0.2.7")
  }
}
