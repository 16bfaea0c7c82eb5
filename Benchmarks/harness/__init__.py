"""What the benchmarks share: measuring processes, alternating runs, worlds to run in, tables."""
