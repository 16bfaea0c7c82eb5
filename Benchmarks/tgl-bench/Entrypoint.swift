import ArgumentParser

/// What the benchmarks need of the program itself, without Telegram at the other end.
@main
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tgl-bench",
    abstract: "Fills archives for benchmarks, by the recorder of tgl run.",
    subcommands: [Fill.self, Delete.self])
}
