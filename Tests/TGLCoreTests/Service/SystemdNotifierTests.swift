import Foundation
import Testing

@testable import TGLCore

@Suite struct SystemdNotifierTests {
  /// What a service manager hears.
  private final class Manager {
    let name: String
    private let descriptor: Int32

    /// - Parameter path: of the socket; with "@" before it, the name of an abstract one.
    init(_ path: String) throws {
      name = path
      descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      var bytes = Array(path.utf8)
      if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
      let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
      let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
      }
      try #require(result == 0)
    }

    deinit { close(descriptor) }

    /// What has come so far.
    func heard() -> [String] {
      var messages: [String] = []
      var buffer = [UInt8](repeating: 0, count: 4_096)
      while true {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return messages }
        messages.append(String(decoding: buffer.prefix(count), as: UTF8.self))
      }
    }
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [true, false]) func aServiceSaysHowItIs(isAbstract: Bool) throws {
    let manager = try Manager(isAbstract ? "@tgl-test-\(UUID().uuidString)" : "\(folder.path)/notify")
    let notifier = SystemdNotifier(environment: ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "90000000"])
    #expect(notifier.watchdogInterval == .seconds(90))
    notifier.opening()
    notifier.alive()
    notifier.status("catching up")
    notifier.status("catching up")
    notifier.ready()
    notifier.status("line\nbreak")
    notifier.stopping()
    #expect(
      manager.heard() == [
        "STATUS=opening the archive\nEXTEND_TIMEOUT_USEC=1800000000", "EXTEND_TIMEOUT_USEC=120000000",
        "STATUS=catching up", "READY=1", "STATUS=line\\nbreak", "STOPPING=1\nSTATUS=stopping",
      ])
  }

  @Test func onceItRunsTheWatchdogIsPettedAtMostOnceASecond() throws {
    let manager = try Manager("\(folder.path)/notify")
    let notifier = SystemdNotifier(environment: ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "1000000"])
    notifier.ready()
    for _ in 0..<1_000 { notifier.alive() }
    #expect(manager.heard() == ["READY=1", "WATCHDOG=1"])
  }

  @Test func anothersWatchdogIsNotPetted() throws {
    let manager = try Manager("\(folder.path)/notify")
    let notifier = SystemdNotifier(
      environment: ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"])
    #expect(notifier.watchdogInterval == nil)
    notifier.ready()
    notifier.alive()
    #expect(manager.heard() == ["READY=1"])
  }

  @Test(arguments: ["", "relative", "/nonexistent/notify", "/" + String(repeating: "x", count: 200)])
  func aSocketThatIsNoneIsNoError(path: String) {
    let notifier = SystemdNotifier(environment: ["NOTIFY_SOCKET": path])
    notifier.ready()
    notifier.stopping()
  }
}
