/// Says that updates go their way to the archive: to the health endpoint, and to the service manager's watchdog.
///
/// Nothing else does, and above all no timer: a service whose path is stuck must not look alive.
struct ServicePulse: Sendable {
  let vitals: ServiceVitals
  let systemd: SystemdNotifier

  /// How often the path is tried while there is nothing to record.
  var heartbeat: Duration { min(.seconds(15), (systemd.watchdogInterval ?? .seconds(45)) / 3) }

  func beat() {
    vitals.beat()
    systemd.alive()
  }

  /// Everything Telegram had to tell at the start is in the archive.
  func ready() {
    vitals.ready()
    systemd.ready()
  }
}
