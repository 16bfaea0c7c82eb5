import CoreMetrics
import Testing

@testable import TGLCore

@Suite struct PrometheusTests {
  private static let families = [
    MetricFamily("c_total", .counter, "name", "With \\ and\nnew line."),
    MetricFamily("g", .gauge, "A gauge."),
    MetricFamily("h_seconds", .histogram([0.1, 1, 10]), "A histogram."),
    MetricFamily("k_total", .counter, "kind", ["a", "b"], "Known."),
  ]

  private let registry = PrometheusRegistry(families)

  private var text: String { PrometheusText.write(registry.samples(of: Self.families)) }

  @Test func theFormatIsThatOfVersion004() {
    let counter = registry.makeCounter(label: "c_total", dimensions: [("name", "say \"hi\"\\\n")])
    counter.increment(by: 2)
    registry.makeFloatingPointCounter(label: "c_total", dimensions: [("name", "x")]).increment(by: 1.5)
    registry.set("g", to: 12)
    let histogram = registry.makeRecorder(label: "h_seconds", dimensions: [], aggregate: true)
    for value in [0.05, 0.1, 0.5, 10, 11] { histogram.record(value) }
    registry.makeTimer(label: "h_seconds", dimensions: []).recordNanoseconds(2_000_000_000)
    let expected = #"""
      # HELP c_total With \\ and\nnew line.
      # TYPE c_total counter
      c_total{name="say \"hi\"\\\n"} 2
      c_total{name="x"} 1.5
      # HELP g A gauge.
      # TYPE g gauge
      g 12
      # HELP h_seconds A histogram.
      # TYPE h_seconds histogram
      h_seconds_bucket{le="0.1"} 2
      h_seconds_bucket{le="1"} 3
      h_seconds_bucket{le="10"} 5
      h_seconds_bucket{le="+Inf"} 6
      h_seconds_sum 23.65
      h_seconds_count 6
      # HELP k_total Known.
      # TYPE k_total counter
      k_total{kind="a"} 0
      k_total{kind="b"} 0

      """#
    #expect(text == expected)
  }

  @Test func namesAServerMakesUpCannotFillTheMemory() {
    for number in 0..<1_000 {
      registry.makeCounter(label: "c_total", dimensions: [("name", "E\(number)")]).increment(by: 1)
    }
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("c_total{") }
    #expect(lines.count == PrometheusRegistry.maximumSeries + 1)
    #expect(lines.contains("c_total{name=\"other\"} \(1_000 - PrometheusRegistry.maximumSeries)"))
  }

  @Test func whatTheCatalogueDoesNotHaveIsCountedNowhere() {
    registry.makeCounter(label: "stranger_total", dimensions: []).increment(by: 1)
    #expect(!text.contains("stranger"))
  }

  @Test func countersLiveOnWhenTheirHandleIsGivenUp() {
    for _ in 0..<3 {
      let counter = registry.makeCounter(label: "k_total", dimensions: [("kind", "a")])
      counter.increment(by: 1)
      registry.destroyCounter(counter)
    }
    #expect(text.contains("k_total{kind=\"a\"} 3\n"))
  }

  /// "Metric and label naming", prometheus.io/docs/practices/naming.
  @Test(arguments: MetricsCatalog.all.indices) func namesFollowTheRules(index: Int) {
    let family = MetricsCatalog.all[index]
    #expect(family.name.wholeMatch(of: /[a-z][a-z0-9_]*/) != nil)
    #expect(family.help.hasSuffix("."))
    #expect((family.kind == .counter) == family.name.hasSuffix("_total"))
    #expect(MetricsCatalog.all.filter { $0.name == family.name }.count == 1)
    if case .histogram(let bounds) = family.kind {
      #expect(bounds == bounds.sorted() && family.name.hasSuffix("_seconds"))
    }
  }

  @Test func thisProcessTakesSomething() {
    let usage = ProcessUsage.now()
    #expect(usage.residentBytes > usage.anonymousBytes && usage.anonymousBytes > 0)
    #expect(usage.cpuSeconds > 0 && (3...usage.maximumDescriptors).contains(usage.openDescriptors))
  }
}
