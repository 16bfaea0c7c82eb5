import Foundation
import Synchronization

/// Tells the service manager how the service is.
///
/// Source: sd_notify(3), "Well-known assignments", and systemd.service(5), `WatchdogSec=`.
public final class SystemdNotifier: Sendable {
  /// Where messages go; nil when nobody listens, and nothing is sent then.
  private let address: [UInt8]?
  /// How often the manager wants to hear of the service; nil when it does not watch it.
  public let watchdogInterval: Duration?
  private let state = Mutex(State())

  private struct State {
    var status = ""
    var isReady = false
    var lastPet: ContinuousClock.Instant?
  }

  /// - Parameter environment: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are read from it.
  public init(environment: [String: String]) {
    address = environment["NOTIFY_SOCKET"].flatMap(Self.address)
    let isForUs = environment["WATCHDOG_PID"].flatMap { Int32($0) }.map { $0 == getpid() } ?? true
    let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
    watchdogInterval = isForUs && microseconds > 0 ? .microseconds(microseconds) : nil
  }

  public var isListening: Bool { address != nil }

  /// The archive is opened: a taken-over or long unused one may take its time.
  func opening() { send("STATUS=opening the archive\nEXTEND_TIMEOUT_USEC=1800000000") }

  /// What Telegram had to tell at the start has been recorded.
  func ready() {
    state.withLock { $0.isReady = true }
    send("READY=1")
  }

  func stopping() { send("STOPPING=1\nSTATUS=stopping") }

  /// What `systemctl status` shows; sent when it has changed.
  func status(_ text: String) {
    let line = text.escapingControls()
    let isNew = state.withLock { state in
      defer { state.status = line }
      return state.status != line
    }
    if isNew { send("STATUS=\(line)") }
  }

  /// Says that the service goes on: to the watchdog once it runs, and before that to the time limit of the start.
  func alive() {
    guard address != nil else { return }
    let now = ContinuousClock.now
    let isReady: Bool? = state.withLock { state in
      // A busy service is alive many times a second.
      if let last = state.lastPet, now - last < .seconds(1) { return nil }
      state.lastPet = now
      return state.isReady
    }
    switch isReady {
    case true: if watchdogInterval != nil { send("WATCHDOG=1") }
    case false: send("EXTEND_TIMEOUT_USEC=120000000")
    case nil: break
    }
  }

  private func send(_ message: String) {
    guard let address else { return }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: address) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + address.count)
    let bytes = Array(message.utf8)
    withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        // A manager that does not listen any more is no reason to stop.
        _ = sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }

  /// `sun_path`: a path, or the name of an abstract socket, which "@" stands before.
  private static func address(_ text: String) -> [UInt8]? {
    var bytes = Array(text.utf8)
    guard let first = bytes.first, bytes.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
    switch first {
    case UInt8(ascii: "/"): break
    case UInt8(ascii: "@"): bytes[0] = 0
    default: return nil
    }
    return bytes
  }
}
