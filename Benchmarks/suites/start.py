"""How soon it is there: `tgl --version`, and `tgl run` until the first message that arrives is kept."""

import contextlib
import sqlite3
import sys
import time

from harness import measure, worlds
from harness.report import Row

TITLE = "Start"


def command(arguments, times):
    """Milliseconds of time and of CPU, each the median of several starts in a row."""
    took = [measure.run(arguments, watched=False).usage for _ in range(times)]
    return measure.median([one.wall * 1000 for one in took]), measure.median([one.cpu * 1000 for one in took])


def kept(peer, table, chat, number):
    with contextlib.closing(sqlite3.connect(f"file:{peer.archive}?mode=ro", uri=True)) as db:
        return db.execute(f"SELECT 1 FROM {table} WHERE chat_id = ? AND id = ?", (chat, number)).fetchone()


def first_message(context, make, table):
    """Milliseconds from the start of the process to the first message that is sent to it when it is ready being kept."""
    with context.folder() as folder, worlds.sandbox(f"{folder}/sandbox") as world:
        peer = make(world)
        try:
            # Once before, so that sign-in and the making of the archive are behind it.
            peer.start()
            peer.stop()
            start = time.monotonic()
            peer.start()
            chat, number = worlds.last_words(world, "group")
            worlds.wait_for(lambda: kept(peer, table, chat, number), "the message to be kept", 30)
            return (time.monotonic() - start) * 1000
        finally:
            peer.stop()


def rows(context):
    times = context.size(20, 3)
    found = measure.alternate(
        context.runs,
        **{
            "tgl": lambda _: command([context.binaries / "tgl", "--version"], times),
            "import telethon": lambda _: command([sys.executable, "-c", "import telethon"], times),
        },
    )
    yield Row("tgl --version", "ms", {name: [one[0] for one in turns] for name, turns in found.items()})
    yield Row("the same, CPU", "ms", {name: [one[1] for one in turns] for name, turns in found.items()})
    found = measure.alternate(
        context.runs,
        tgl=lambda _: first_message(context, worlds.Ours, "message"),
        logger=lambda _: first_message(context, worlds.Logger, "messages"),
    )
    yield Row("from the start to the first message kept", "ms", found, note="looked for every 50 ms")
