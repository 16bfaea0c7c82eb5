"""What `tgl run` missed while it was off: fetched, recorded and told."""

from harness import measure, worlds
from harness.report import Row
from suites import ingest

TITLE = "Catch-up"


def absence(context, missed):
    with context.folder() as folder, worlds.sandbox(f"{folder}/sandbox") as world:
        peer = worlds.Ours(world)
        try:
            peer.start()
            peer.stop()
            ingest.storm(world, missed)
            peer.program.launch()
            with measure.using(peer.pid) as used:
                peer.finish(patience=60 + missed / 100)
            kept = peer.check()
        finally:
            peer.stop()
    context.say(f"{kept} of {missed} messages kept, the others came and went meanwhile")
    return used[0]


def rows(context):
    missed = context.size(100_000, 2_000)
    turns = [absence(context, missed) for _ in range(context.runs)]
    title = f"{missed} missed messages, with their edits and deletions"
    yield Row(f"{title}, time", "s", {"tgl": [turn.wall for turn in turns]}, note="the sandbox on the same processors")
    yield Row("the same, CPU a message", "µs", {"tgl": [turn.cpu / missed * 1e6 for turn in turns]})
    yield Row("the same, anonymous, peak", "MiB", {"tgl": [turn.anonymous for turn in turns]})
