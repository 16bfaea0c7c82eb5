/// What was said, what was taken back, and what the log chat holds, side by side.
struct DemoTable {
  let lines: [DemoLine]
  let posts: [String]

  func print() {
    let rows = lines.map { line in
      [
        "\(line.author) → \(line.chat == "alice" ? "alice (private)" : line.chat)", line.text, fate(of: line),
        recovered(line),
      ]
    }
    let header = ["WHO → WHERE", "SAID", "THEN", "LOG CHAT"]
    let widths = header.indices.map { column in ([header] + rows).map { width($0[column]) }.max() ?? 0 }
    for row in [header] + rows {
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - width($0)) }
      Swift.print(cells.joined(separator: "  ").trimmingTrailingSpaces)
    }
    Swift.print("\nalice's log chat, as she reads it:\n")
    for post in posts {
      Swift.print(
        post.split(separator: "\n", omittingEmptySubsequences: false).map { "  │ \($0)" }.joined(separator: "\n"))
      Swift.print("")
    }
  }

  private func fate(of line: DemoLine) -> String {
    switch line.fate {
    case .stays: "stays"
    case .deleted: "deleted"
    case .edited(let new): "edited: \(new)"
    }
  }

  private func recovered(_ line: DemoLine) -> String {
    if case .stays = line.fate { return "" }
    return line.isRecovered(in: posts) ? "✓ recovered" : "✗ MISSING"
  }

  /// Columns on a terminal, near enough: emoji take two.
  private func width(_ text: String) -> Int {
    text.reduce(0) { $0 + ($1.unicodeScalars.first?.properties.isEmojiPresentation == true ? 2 : 1) }
  }
}

extension String {
  fileprivate var trimmingTrailingSpaces: String { String(reversed().drop { $0 == " " }.reversed()) }
}
