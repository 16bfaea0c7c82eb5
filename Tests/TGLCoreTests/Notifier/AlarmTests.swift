import Testing

@testable import TGLCore

@Suite struct AlarmTests {
  @Test func ringIsRememberedOnce() async {
    let alarm = Alarm()
    alarm.ring()
    alarm.ring()
    await alarm.untilRung()
    // The second sleep has only its cancellation to end it.
    let task = Task { await alarm.untilRung() }
    task.cancel()
    await task.value
  }

  @Test(arguments: 0..<50)
  func ringWakesASleeperWheneverItComes(yields: Int) async {
    let alarm = Alarm()
    let task = Task { await alarm.untilRung() }
    for _ in 0..<(yields % 7) { await Task.yield() }
    alarm.ring()
    await task.value
  }

  @Test func timeoutEndsTheSleepAndLeavesTheAlarmUsable() async {
    let alarm = Alarm()
    await alarm.sleep {}
    alarm.ring()
    await alarm.sleep { try? await Task.sleep(for: .seconds(3600)) }
  }

  @Test func cancellationEndsTheSleep() async {
    let alarm = Alarm()
    let task = Task { await alarm.sleep { try? await Task.sleep(for: .seconds(3600)) } }
    task.cancel()
    await task.value
  }
}
