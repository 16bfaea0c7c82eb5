"""Where the benchmarks find the programs, and how much of everything they do."""

import dataclasses
import pathlib
import sys
import tempfile

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent
REPOSITORY = BENCHMARKS.parent
PEERS = BENCHMARKS / "peers"
# The sandbox and the program are started as the tests of the whole start them.
sys.path.insert(0, str(REPOSITORY / "Tests" / "Interop"))


@dataclasses.dataclass(frozen=True)
class Context:
    #: The folder with `tgl`, `tgl-sandbox` and `tgl-bench`.
    binaries: pathlib.Path
    #: Where results, charts and temporary worlds go.
    output: pathlib.Path
    runs: int
    #: Whether everything is small: only that it works counts.
    smoke: bool
    #: How many messages the largest archive has.
    messages: int

    def size(self, full, smoke):
        """How much of something: as much as the results need, or as little as the check of the harness needs."""
        return smoke if self.smoke else full

    def folder(self):
        """A folder that is gone afterwards, on the same disk as the results."""
        return tempfile.TemporaryDirectory(dir=self.output)

    def say(self, text):
        print(f"  {text}", file=sys.stderr, flush=True)
