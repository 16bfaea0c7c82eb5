public import CoreMetrics
import Synchronization

/// Collects what is counted through swift-metrics, for `/metrics`.
///
/// Labels stand in the order the catalogue gives; a family has a bounded number of series, so that names a server makes
/// up cannot fill the memory.
public final class PrometheusRegistry: MetricsFactory, Sendable {
  /// Series a family may have; what comes later is counted as `other`.
  static let maximumSeries = 100

  private let families: [String: MetricFamily]
  private let series = Mutex<[String: [[String]: MetricSeries]]>([:])

  public init(_ families: [MetricFamily] = MetricsCatalog.all) {
    self.families = Dictionary(families.map { ($0.name, $0) }) { first, _ in first }
    for family in families {
      for values in family.known { _ = series(of: family.name, Array(zip(family.labels, values))) }
    }
  }

  /// The series of a family, which is made at the first use; nil for a family the catalogue does not have.
  func series(of name: String, _ dimensions: [(String, String)]) -> MetricSeries? {
    guard let family = families[name] else { return nil }
    let values = family.labels.map { label in dimensions.first { $0.0 == label }?.1 ?? "" }
    return series.withLock { all in
      if let known = all[name]?[values] { return known }
      let isFull = (all[name]?.count ?? 0) >= Self.maximumSeries
      let values = isFull ? family.labels.map { _ in "other" } : values
      if let known = all[name]?[values] { return known }
      let made = MetricSeries(family.kind)
      all[name, default: [:]][values] = made
      return made
    }
  }

  /// A gauge is set as it is now, when somebody asks.
  func set(_ name: String, _ labels: [(String, String)] = [], to value: Double) {
    series(of: name, labels)?.set(value)
  }

  /// Every family that has values, in the catalogue's order, with its series ordered by their labels.
  func samples(of catalogue: [MetricFamily] = MetricsCatalog.all) -> [MetricSamples] {
    let all = series.withLock { $0 }
    return catalogue.compactMap { family in
      guard let series = all[family.name] else { return nil }
      let sorted = series.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      return MetricSamples(family: family, series: sorted.map { (labels: $0.key, value: $0.value.value) })
    }
  }

  // MARK: MetricsFactory

  private func handler(_ label: String, _ dimensions: [(String, String)]) -> MetricSeries {
    series(of: label, dimensions) ?? MetricSeries(.counter)
  }

  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    handler(label, dimensions)
  }

  public func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler { handler(label, dimensions) }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    handler(label, dimensions)
  }

  public func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler { handler(label, dimensions) }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    handler(label, dimensions)
  }

  // Series stay: a counter that vanishes and comes back looks like a restart.
  public func destroyCounter(_ handler: any CounterHandler) {}
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  public func destroyMeter(_ handler: any MeterHandler) {}
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  public func destroyTimer(_ handler: any TimerHandler) {}
}

/// A family's values at one moment.
struct MetricSamples {
  var family: MetricFamily
  var series: [(labels: [String], value: MetricSeries.Value)]
}

/// One series: a number, or a histogram.
final class MetricSeries: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
  enum Value: Sendable, Equatable {
    case number(Double)
    case histogram(Histogram)
  }

  struct Histogram: Sendable, Equatable {
    var bounds: [Double]
    /// One a bound, and one for what is above all of them; not cumulative.
    var counts: [UInt64]
    var sum = 0.0

    init(_ bounds: [Double]) {
      self.bounds = bounds
      counts = Array(repeating: 0, count: bounds.count + 1)
    }

    mutating func observe(_ value: Double) {
      counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
      sum += value
    }
  }

  private let state: Mutex<Value>

  init(_ kind: MetricFamily.Kind) {
    state =
      switch kind {
      case .counter, .gauge: Mutex(.number(0))
      case .histogram(let bounds): Mutex(.histogram(Histogram(bounds)))
      }
  }

  var value: Value { state.withLock { $0 } }

  func increment(by amount: Int64) { increment(by: Double(amount)) }

  func increment(by amount: Double) {
    state.withLock { value in if case .number(let old) = value { value = .number(old + amount) } }
  }

  func decrement(by amount: Double) { increment(by: -amount) }

  func set(_ new: Int64) { set(Double(new)) }

  func set(_ new: Double) {
    state.withLock { value in if case .number = value { value = .number(new) } }
  }

  func reset() { set(0.0) }

  func record(_ observed: Int64) { record(Double(observed)) }

  func record(_ observed: Double) {
    state.withLock { value in
      switch value {
      case .number: value = .number(observed)
      case .histogram(var histogram):
        value = .number(0)  // Lets go of the storage, so that it is changed in place.
        histogram.observe(observed)
        value = .histogram(histogram)
      }
    }
  }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
