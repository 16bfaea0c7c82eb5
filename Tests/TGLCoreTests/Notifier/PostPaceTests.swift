import Testing

@testable import TGLCore

@Suite struct PostPaceTests {
  @Test func burstGoesAtOnceAndTheRestByTheMinute() {
    var pace = PostPace(perMinute: 18)
    #expect(pace.available(at: .zero) == 20)
    for _ in 0..<20 { pace.take(1, at: .zero) }
    #expect(pace.available(at: .zero) == 0)
    var now = Duration.zero
    var posted = 0
    while now < .seconds(60) {
      now += max(pace.delay(at: now), .milliseconds(1))
      pace.take(1, at: now)
      posted += 1
    }
    #expect((17...18).contains(posted))
  }

  @Test func quietTimeFillsTheBucketAndNoMore() {
    var pace = PostPace(perMinute: 60, burst: 5)
    pace.take(5, at: .zero)
    #expect(pace.available(at: .seconds(2)) == 2)
    #expect(pace.available(at: .seconds(86_400)) == 5)
    #expect(pace.delay(at: .seconds(86_400)) == .zero)
  }

  @Test func albumOfMoreThanThereAreIsWaitedForAfterwards() {
    var pace = PostPace(perMinute: 60, burst: 2)
    pace.take(10, at: .zero)
    #expect(pace.available(at: .seconds(8)) == 0)
    #expect(pace.available(at: .seconds(9)) == 1)
  }

  @Test func timeThatStandsStillOrGoesBackGivesNothing() {
    var pace = PostPace(perMinute: 60, burst: 1)
    pace.take(1, at: .seconds(100))
    #expect(pace.available(at: .seconds(50)) == 0)
    #expect(pace.available(at: .seconds(100)) == 0)
    #expect(pace.available(at: .seconds(101)) == 1)
  }

  @Test(arguments: [Int.min, 0, 1, .max])
  func noSettingMakesItStopOrTrap(perMinute: Int) {
    var pace = PostPace(perMinute: perMinute, burst: 1)
    pace.take(1, at: .zero)
    #expect(pace.delay(at: .zero) > .zero)
    #expect(pace.available(at: .seconds(61)) == 1)
    #expect(pace.backlog > 0)
  }
}
