"""`make bench`: tgl beside its peers, measured in one run on one machine.

Prints a table in Markdown, and writes it and the same as JSON to the output folder. Every benchmark checks that its
results are right before it says how long they took. Ends with 1 when one of them was not; a target that is missed is
told, and ends the run with 0: how fast is for people to judge.
"""

import argparse
import importlib
import os
import pathlib
import sys
import time
import traceback

from harness.context import REPOSITORY, Context
from harness import report

SUITES = ["start", "crypto", "media", "ingest", "catchup", "archive"]
PROGRAMS = ["tgl", "tgl-sandbox", "tgl-bench"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help=f"some of: {' '.join(SUITES)}")
    parser.add_argument("--runs", type=int, help="turns of each peer; 3, or 1 with --smoke")
    parser.add_argument("--messages", type=int, default=10_000_000, help="the largest size of the archive; more than 1,000,000")
    parser.add_argument("--smoke", action="store_true", help="small sizes: whether it works, not how fast")
    parser.add_argument("--binaries", type=pathlib.Path, default=REPOSITORY / ".build" / "release")
    parser.add_argument("--output", type=pathlib.Path, default=REPOSITORY / ".build" / "bench")
    options = parser.parse_args()
    names = options.only.replace(",", " ").split() or SUITES
    if wrong := [name for name in names if name not in SUITES]:
        parser.error(f"no benchmark is called {wrong[0]}; there are: {' '.join(SUITES)}")
    for program in PROGRAMS:
        if not (options.binaries / program).exists():
            parser.error(f"{options.binaries / program} is not there; `make build` makes it")
    if options.messages <= 1_000_000:
        parser.error("--messages is more than 1,000,000: the archive is measured at 100,000 and at 1,000,000, too")
    return options, names


def main():
    options, names = arguments()
    output = options.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    os.environ["TGL_BIN"] = str(options.binaries.resolve())
    context = Context(
        binaries=options.binaries.resolve(), output=output, runs=options.runs or (1 if options.smoke else 3), smoke=options.smoke,
        messages=options.messages,
    )
    about = {**report.machine(), "revision": report.revision(REPOSITORY), "runs": context.runs}
    suites, failed = [], []
    for name in names:
        suite = importlib.import_module(f"suites.{name}")
        print(f"{name}: {suite.TITLE}", file=sys.stderr, flush=True)
        start = time.monotonic()
        try:
            suites.append((name, suite.TITLE, list(suite.rows(context))))
            report.write(output, about, suites)
        except Exception:  # noqa: BLE001
            traceback.print_exc()
            failed.append(name)
        print(f"  {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    report.write(output, about, suites)
    print((output / "bench.md").read_text())
    print(f"also in {output}: bench.md, bench.json", file=sys.stderr)
    if failed:
        sys.exit(f"bench: {', '.join(failed)}: not measured, since something went wrong")


if __name__ == "__main__":
    main()
