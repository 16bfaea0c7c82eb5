import TelegramClient
import Testing

@testable import TGLCore

@Suite struct ComparisonPlanTests {
  private let plan = ComparisonPlan(interval: 1_800, window: 3_600)
  private let team = MessageScope.channel(.channel(600).require)
  private let news = MessageScope.channel(.channel(700).require)

  @Test func newestMessagesComeFirst() {
    let due = plan.due(
      [
        ScopeActivity(scope: news, newest: 10, comparedAt: nil),
        ScopeActivity(scope: .common, newest: 30, comparedAt: 0),
        ScopeActivity(scope: team, newest: 20, comparedAt: 5),
      ], now: 10_000)
    #expect(due == [.common, team, news])
  }

  @Test(arguments: [(9_200, false), (9_101, false), (9_100, true), (0, true), (10_001, true)])
  func comparedLatelyWaitsForTheNextRound(comparedAt: Int, isDue: Bool) {
    let due = plan.due([ScopeActivity(scope: .common, newest: 1, comparedAt: Int64(comparedAt))], now: 10_000)
    #expect(due.isEmpty == !isDue)
  }

  @Test func gapReachesBackBehindItsBeginning() {
    #expect(plan.oldest(now: 10_000) == 6_400)
    #expect(plan.oldest(now: 10_000, gapsSince: 5_000) == 1_400)
    #expect(plan.oldest(now: 10_000, gapsSince: 20_000) == 6_400)
  }
}

@Suite struct RequestBudgetTests {
  @Test func requestsAreSpreadEvenly() {
    var budget = RequestBudget(requestsPerMinute: 10)
    #expect((0..<4).map { _ in budget.take(now: 100) } == [.zero, .seconds(6), .seconds(12), .seconds(18)])
    #expect(budget.take(now: 1_000) == .zero)
  }

  @Test func waitOfTheServerIsAddedToNothing() {
    var budget = RequestBudget(requestsPerMinute: 60)
    _ = budget.take(now: 100)
    budget.close(for: .seconds(50), now: 100)
    #expect(budget.take(now: 100) == .seconds(50))
  }

  @Test func clockSetBackDoesNotStopIt() {
    var budget = RequestBudget(requestsPerMinute: 60)
    _ = budget.take(now: 1_000_000_000)
    #expect(budget.take(now: 1_000) == .zero)
  }
}
