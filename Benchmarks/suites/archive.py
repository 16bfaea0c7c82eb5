"""One archive at three sizes, filled by the recorder: what everything that is done with it takes as it grows."""

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import sys
import time

from harness import chart, measure
from harness.report import Row, Target

TITLE = "The archive as it grows"

# Messages in a transaction: many when the archive is filled, which is as fast as it can be; few in an ordinary hour.
MANY, FEW = 1_000, 10
FORMATS = ["jsonl", "json", "csv", "html"]
# Words storms use: the first of Cyrillic, the 17th and the 5,000th in Latin letters, and what only one message is called.
SEARCHES = {"a very common word": "по", "a common word": "rere", "a rare word": "ananingre", "one message": "00000777"}
REMOVED = 0.3

VACUUM = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', (sys.argv[2],))"


class Home:
    """A data directory, with the commands of tgl."""

    def __init__(self, context, folder):
        self.context, self.folder = context, pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = {**kept, "DATA_ROOT": str(self.folder), "TZ": "UTC"}

    @property
    def archive(self):
        return self.folder / "db" / "messages.db"

    def tgl(self, *arguments, **options):
        return measure.run([self.context.binaries / "tgl", "--quiet", *arguments], env=self.environment, cwd=self.folder, **options)

    def bench(self, command, **options):
        arguments = [text for name, value in options.items() for text in (f"--{name}", value)]
        done = measure.run([self.context.binaries / "tgl-bench", command, self.folder, *arguments])
        return [json.loads(line) for line in done.output.splitlines()], done.usage

    def one(self, query):
        with contextlib.closing(sqlite3.connect(f"file:{self.archive}?mode=ro", uri=True)) as db:
            return db.execute(query).fetchone()[0]


class Size:
    """What was measured with so many messages, in CPU seconds unless it says otherwise."""

    def __init__(self, messages):
        self.messages = messages
        self.inserts, self.deletions, self.searches, self.exports = [], {}, {}, {}


def grow(context, home, size, previous):
    """Adds what is missing, all but the last of it in large transactions."""
    little = context.size(5_000, 100)
    for first, to, batch, step in [(previous, size.messages - little, MANY, size.messages // 100), (size.messages - little, size.messages, FEW, little // 5)]:
        steps, _ = home.bench("fill", **{"from": first, "to": to, "batch": batch, "step": max(step, batch)})
        costs = [(one["messages"], one["cpu"] / one["added"] * 1e6) for one in steps]
        if batch == MANY:
            size.inserts = costs
            size.rate = sum(one["added"] for one in steps) / sum(one["wall"] for one in steps)
        else:
            size.few = [cost for _, cost in costs]
    assert home.one("SELECT count(*) FROM message") == size.messages
    size.bytes = home.archive.stat().st_size
    context.say(f"{size.messages} messages, {size.bytes / size.messages:.0f} bytes each")


def delete(context, home, size):
    """Deletions one by one, of messages from anywhere."""
    count = context.size(1_000, 20)
    for turn in range(context.runs):
        lines, _ = home.bench("delete", messages=size.messages, count=count, seed=turn + 1)
        for line in lines:
            # Turns may draw the same message twice.
            assert count * 0.9 <= line["deleted"] <= count or context.smoke, line
            size.deletions.setdefault(line["chats"], []).append(line["cpu"] / line["asked"] * 1e6)


def search(context, home, size):
    for name, words in SEARCHES.items():
        for _ in range(context.runs):
            done = home.tgl("search", words, "--json", "--limit", 20)
            found = [json.loads(line) for line in done.output.splitlines()]
            assert found or context.smoke, f"nothing was found for {words}"
            size.searches.setdefault(name, []).append(done.usage.cpu * 1000)


def export(context, home, size):
    """All of it in each format, into files that are looked at and removed."""
    for name in FORMATS:
        out = home.folder / f"export-{name}"
        target = out if name == "html" else out.with_suffix(f".{name}")
        usage = home.tgl("export", "--format", name, "--media", "none", "--out", target).usage
        if name == "jsonl":
            with open(target, "rb") as file:
                assert sum(1 for _ in file) == size.messages
        written = total(target)
        assert written > size.messages * 50, f"{name} has only {written} bytes"
        size.exports[name] = (usage, written)
        context.say(f"{name}: {written >> 20} MiB in {usage.cpu:.1f} s of CPU, {usage.anonymous:.0f} MiB anonymous")
        shutil.rmtree(target) if target.is_dir() else target.unlink()


def total(path):
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def copy(context, home, size, other):
    """What `tgl backup` does to the database."""
    other.archive.parent.mkdir(mode=0o700)
    size.copied = measure.run([sys.executable, "-c", VACUUM, home.archive, other.archive]).usage
    assert other.one("SELECT count(*) FROM message") == size.messages


def purge(context, other, size):
    """The oldest part of the copy; ages count from now."""
    border = other.one(f"SELECT received_at FROM message ORDER BY received_at LIMIT 1 OFFSET {int(size.messages * REMOVED)}")
    now = int(time.time())
    older = f"{now - border}s"
    # A purge believes the clock as far as Telegram was heard of lately, and this archive never met it.
    with contextlib.closing(sqlite3.connect(other.archive)) as archive, archive:
        archive.execute("INSERT OR REPLACE INTO update_state (id, pts, qts, date, seq) VALUES (1, 1, 0, ?, 0)", (now,))
    done = other.tgl("purge", "--only", "messages", "--older-than", older, "--json")
    size.removed = sum(kind["messages"] for kind in json.loads(done.output)["messages"].values())
    size.purged = done.usage
    left = other.one("SELECT count(*) FROM message")
    assert left + size.removed == size.messages, (left, size.removed)
    assert abs(size.removed - size.messages * REMOVED) < max(size.messages / 100, 2 * MANY), size.removed
    assert other.one("PRAGMA integrity_check") == "ok"


def measured(context):
    sizes = [Size(messages) for messages in ([1_000, 4_000] if context.smoke else [100_000, 1_000_000, context.messages])]
    with context.folder() as folder:
        home = Home(context, f"{folder}/home")
        for previous, size in zip([0, *(size.messages for size in sizes)], sizes):
            grow(context, home, size, previous)
            delete(context, home, size)
            search(context, home, size)
            export(context, home, size)
            other = Home(context, f"{folder}/copy-{size.messages}")
            copy(context, home, size, other)
            purge(context, other, size)
            shutil.rmtree(other.folder)
    return sizes


def rows(context):
    sizes = measured(context)
    names = [f"{size.messages:,}".replace(",", " ") for size in sizes]
    first, last = names[0], names[-1]

    def row(what, unit, value, note="", flat=None):
        values = {name: result if isinstance(result, list) else [result] for name, size in zip(names, sizes) for result in [value(size)]}
        # Nothing of the peers is in these: the last size is judged by the first.
        target = Target(at_most=flat, of=first, subject=last) if flat else None
        return Row(what, unit, values, target, note)

    # The last tenth: what is measured at a size was measured near it.
    yield row(f"insert, {MANY} in a transaction, CPU a message", "µs", lambda size: [cost for _, cost in size.inserts[-10:]], "with edits and deletions", 1.2)
    yield row(f"insert, {FEW} in a transaction, CPU a message", "µs", lambda size: size.few, flat=1.2)
    yield row("insert", "messages a second", lambda size: size.rate)
    yield row("database", "bytes a message", lambda size: size.bytes / size.messages)
    for kind in ["private", "channel"]:
        yield row(f"a deletion in a {kind} chat", "µs of CPU", lambda size: size.deletions[kind], "found, marked, committed", 1.2)
    for name in SEARCHES:
        yield row(f"search: {name}", "ms of CPU", lambda size: size.searches[name], "the newest 20; the start of the program is about 20 ms of it")
    for name in FORMATS:
        yield row(f"export as {name}, CPU a message", "µs", lambda size: size.exports[name][0].cpu / size.messages * 1e6, flat=1.2)
        yield row("the same, anonymous, peak", "MiB", lambda size: size.exports[name][0].anonymous)
    yield row(f"purge of {REMOVED:.0%}, CPU a message removed", "µs", lambda size: size.purged.cpu / size.removed * 1e6, flat=1.2)
    yield row("the same, anonymous, peak", "MiB", lambda size: size.purged.anonymous)
    yield row("VACUUM INTO, CPU a message", "µs", lambda size: size.copied.cpu / size.messages * 1e6)
    context.say(f"chart: {chart.growth(context.output / 'archive.svg', lines(sizes))}")


def lines(sizes):
    """What is drawn: by name, how many messages there were and what each thing took then."""
    found = {"insert": [point for size in sizes for point in size.inserts]}
    for kind in ["private", "channel"]:
        found[f"deletion, {kind} chat"] = [(size.messages, measure.median(size.deletions[kind])) for size in sizes]
    for name in FORMATS:
        found[f"export as {name}"] = [(size.messages, size.exports[name][0].cpu / size.messages * 1e6) for size in sizes]
    found["purge"] = [(size.messages, size.purged.cpu / size.removed * 1e6) for size in sizes]
    found["VACUUM INTO"] = [(size.messages, size.copied.cpu / size.messages * 1e6) for size in sizes]
    return found
