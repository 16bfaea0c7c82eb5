"""A storm of messages, edits and deletions into `tgl run`, and into a logger written the usual way."""

import re
import time

from harness import measure, sqlite_alone, worlds
from harness.report import Row, Target

TITLE = "Ingest: 10 % edits, 5 % deletions, as fast as it goes"

# Deletions of up to so many messages, so that each is told by itself.
BATCH = 5
SETTLED = 3.0


def storm(world, messages):
    # However far behind somebody is, the sandbox tells it all: what is to be measured is receiving it.
    world.post("/fault", kind="difference_too_long", events=1_000_000_000)
    kinds = {"messages": messages, "edits": messages // 10, "deletes": messages // 20, "batch": BATCH}
    return world.post("/storm", patience=60 + messages / 20, **{"from": "bob", "chats": worlds.CHATS, **kinds})


def settle(pid):
    """Waits until a process has been doing nothing for a while."""
    seen, since = -1.0, time.monotonic()
    while time.monotonic() - since < SETTLED:
        if (now := measure.cpu_seconds(pid)) > seen + 0.02:
            seen, since = now, time.monotonic()
        time.sleep(0.1)


class Outcome:
    """What one storm took one of them."""

    def __init__(self, context, make, messages, keep=None):
        with context.folder() as folder, worlds.sandbox(f"{folder}/sandbox") as world:
            peer = make(world)
            try:
                peer.start()
                settle(peer.pid)
                self.idle = measure.memory(peer.pid)
                if keep:
                    keep.empty(peer)
                with measure.using(peer.pid) as used:
                    storm(world, messages)
                    self.sandbox_cpu = measure.cpu_seconds(world.process.pid)
                    peer.finish(patience=60 + messages / 20)
                self.usage = used[0]
                settle(peer.pid)
                self.idle_after = measure.memory(peer.pid)
                self.checked = peer.check()
            finally:
                peer.stop()
            if keep:
                keep.full(peer)
        self.messages = messages
        context.say(f"{peer.name}: {messages} messages, {self.usage.cpu:.1f} s of CPU in {self.usage.wall:.1f} s")

    @property
    def cpu(self):
        """Microseconds of CPU a message."""
        return self.usage.cpu / self.messages * 1e6


def ours(world):
    return worlds.Ours(world)


def rows(context):
    many = context.size(100_000, 2_000)
    # The logger takes as long for each of fewer, and would take a quarter of an hour for all.
    fewer = context.size(20_000, 500)
    found = measure.alternate(
        context.runs,
        tgl=lambda _: Outcome(context, ours, many),
        logger=lambda _: Outcome(context, worlds.Logger, fewer),
    )

    def values(take):
        return {name: [take(outcome) for outcome in outcomes] for name, outcomes in found.items()}

    yield Row("CPU a message", "µs", values(lambda one: one.cpu), Target(at_most=1 / 30, of="logger"))
    yield Row("messages a second", "1/s", values(lambda one: one.messages / one.usage.wall), note="beside the sandbox, on the same processors")
    yield Row("resident, peak", "MiB", values(lambda one: one.usage.resident), Target(at_most=0.5, of="logger"))
    yield Row("anonymous, peak", "MiB", values(lambda one: one.usage.anonymous), Target(at_most=0.2, of="logger"))
    yield Row("resident, idle", "MiB", values(lambda one: one.idle.resident), Target(at_most=45))
    yield Row("anonymous, idle", "MiB", values(lambda one: one.idle.anonymous), Target(at_most=10))
    yield Row("resident, idle after it", "MiB", values(lambda one: one.idle_after.resident))
    yield Row("anonymous, idle after it", "MiB", values(lambda one: one.idle_after.anonymous))
    yield from beside_sqlite(context, many)
    yield from notices(context)


def beside_sqlite(context, messages):
    """What SQLite alone takes for the same rows in the same transactions."""
    found = measure.alternate(context.runs, both=lambda _: sqlite_alone.measure(context, lambda keep: Outcome(context, logged, messages, keep)))
    pairs = found["both"]
    yield Row(
        "the same rows, CPU a message", "µs",
        {"tgl": [ours.cpu for ours, _ in pairs], "SQLite alone": [alone / messages * 1e6 for _, alone in pairs]},
        Target(at_least=0.6, of="tgl", subject="SQLite alone"),
    )


def logged(world):
    """With a line of log for each commit, which says how much was in it."""
    return worlds.Ours(world, DEBUG_MODE="true")


# From a deletion to its notice

RATES = {10: (600, 0.2), 100: (3_000, 0.1), 1_000: (10_000, 0.05)}


def delays(context, make, rate, steps, share):
    """Seconds from each deletion to its notice, as the sandbox saw them."""
    with context.folder() as folder, worlds.sandbox(f"{folder}/sandbox") as world:
        peer = make(world)
        try:
            peer.start()
            settle(peer.pid)
            deletes = int(steps * share)
            kinds = {"messages": steps - deletes, "deletes": deletes, "batch": 1, "rate": rate}
            world.post("/storm", patience=60 + steps / rate, **{"from": "bob", "chats": worlds.CHATS, **kinds})
            peer.finish(patience=60 + steps / 20)
            peer.check()
        finally:
            peer.stop()
        told = worlds.notices(world)
        found = []
        for message in worlds.record(world):
            if message["deleted"] and (name := re.match(r"(?:message|edit) \d+:", message["texts"][-1])):
                if name.group() in told:
                    found.append((told[name.group()] - message["deleted_at"]) * 1000)
    if not found:
        raise AssertionError("no deletion was told")
    context.say(f"{peer.name}: {len(found)} deletions at {rate}/s, the median {measure.median(found):.1f} ms")
    return found


def notices(context):
    for rate, (steps, share) in RATES.items():
        steps = context.size(steps, min(steps, 4 * rate, 400))
        found = measure.alternate(
            context.runs,
            tgl=lambda _: delays(context, ours, rate, steps, share),
            logger=lambda _: delays(context, worlds.Logger, rate, steps, share),
        )
        for what, part in [("median", 0.5), ("p99", 0.99)]:
            target = Target(at_most=250) if (rate, part) == (100, 0.99) else None
            yield Row(
                f"deletion to notice at {rate}/s, {what}", "ms",
                {name: [measure.percentile(times, part) for times in turns] for name, turns in found.items()}, target,
            )
