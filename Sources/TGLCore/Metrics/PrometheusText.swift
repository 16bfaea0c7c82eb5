/// Prometheus' text format.
///
/// Source: "Exposition formats", prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4.
enum PrometheusText {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  static func write(_ families: [MetricSamples]) -> String {
    var text = ""
    for samples in families {
      let family = samples.family
      text += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n"
      text += "# TYPE \(family.name) \(family.kind.name)\n"
      for series in samples.series {
        let labels = Array(zip(family.labels, series.labels))
        switch series.value {
        case .number(let value): text += line(family.name, labels, number(value))
        case .histogram(let histogram): write(histogram, family.name, labels, &text)
        }
      }
    }
    return text
  }

  private static func write(
    _ histogram: MetricSeries.Histogram, _ name: String, _ labels: [(String, String)], _ text: inout String
  ) {
    var count: UInt64 = 0
    for (index, inBucket) in histogram.counts.enumerated() {
      count += inBucket
      let bound = index < histogram.bounds.count ? number(histogram.bounds[index]) : "+Inf"
      text += line(name + "_bucket", labels + [("le", bound)], "\(count)")
    }
    text += line(name + "_sum", labels, number(histogram.sum))
    text += line(name + "_count", labels, "\(count)")
  }

  private static func line(_ name: String, _ labels: [(String, String)], _ value: String) -> String {
    if labels.isEmpty { return "\(name) \(value)\n" }
    let list = labels.map { "\($0)=\"\(escaped($1, quotes: true))\"" }.joined(separator: ",")
    return "\(name){\(list)} \(value)\n"
  }

  /// Whole numbers without a fraction, as people read them.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if let whole = Int64(exactly: value) { return "\(whole)" }
    return "\(value)"
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    return quotes ? escaped.replacing("\"", with: "\\\"") : escaped
  }
}
