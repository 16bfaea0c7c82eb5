"""SQLite alone, given the rows an archive got, in the transactions it got them in."""

import contextlib
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile

from harness import measure as measuring
from harness.context import PEERS

BATCH = re.compile(r'batch kept.*?added=(\d+) deleted=(\d+) edited=(\d+) notices=(\d+)')


class Kept:
    """The archive before and after a storm, and what each commit held."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.before = self.folder / "before.db"
        self.after = self.folder / "after.db"
        self.batches = []

    def empty(self, peer):
        self.skip = len(peer.program.log)
        self.copy(peer.archive, self.before)

    def full(self, peer):
        self.copy(peer.archive, self.after)
        self.batches = [tuple(map(int, found)) for found in BATCH.findall(peer.program.log[self.skip :])]

    @staticmethod
    def copy(source, target):
        with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as old, sqlite3.connect(target) as new:
            old.backup(new)
        old.close()
        new.close()


#: Within the trigger that takes a new text into the search index: what of it the index is given.
INDEXED = re.compile(r"last_insert_rowid\(\), (.*?) WHERE changes\(\) > 0", re.S)


def split(path):
    """Writes beside each text what the search index is given of it, which is not to be measured."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        (trigger,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'search_message_added'").fetchone()
        indexed = INDEXED.search(trigger).group(1).replace("NEW.text", "t.text")
        db.execute("CREATE TABLE indexed (chat_id, id, version, text, PRIMARY KEY (chat_id, id, version)) WITHOUT ROWID")
        for table in ["message", "message_version"]:
            db.execute(f"INSERT OR IGNORE INTO indexed SELECT chat_id, id, version, {indexed} FROM {table} AS t")


def build(folder):
    """Compiles the peer; it is C, so that nothing but SQLite is measured."""
    compiler = shutil.which("cc") or shutil.which("clang") or shutil.which("gcc")
    if compiler is None:
        raise AssertionError("no C compiler found")
    program = pathlib.Path(folder) / "sqlite_alone"
    subprocess.run([compiler, "-O2", "-Wall", "-Werror", str(PEERS / "sqlite_alone.c"), "-lsqlite3", "-o", str(program)], check=True)
    return program


def measure(context, storm):
    """`storm(keep)` puts tgl through one; answers its outcome, and the CPU seconds SQLite alone took for the same."""
    with tempfile.TemporaryDirectory(dir=context.output) as folder:
        kept = Kept(folder)
        outcome = storm(kept)
        added, deleted, edited, notices = (sum(column) for column in zip(*kept.batches))
        lines = "".join(f"{a} {d} {e} {n}\n" for a, d, e, n in kept.batches)
        (kept.folder / "batches").write_text(lines)
        shutil.copy(kept.before, kept.folder / "alone.db")
        split(kept.after)
        program = build(folder)
        done = measuring.run([program, kept.after, kept.folder / "alone.db", kept.folder / "batches"], watched=False)
        answer = json.loads(done.output)
        assert (answer["added"], answer["edited"], answer["deleted"]) == (added, edited, deleted), (answer, added, edited, deleted)
        same(kept.after, kept.folder / "alone.db")
        context.say(f"SQLite alone: {answer['cpu']:.2f} s of CPU in {len(kept.batches)} transactions of ingest")
        return outcome, answer["cpu"]


def same(left, right):
    """Both databases hold the same messages and earlier versions."""
    with sqlite3.connect(left) as one, sqlite3.connect(right) as other:
        for query in [
            "SELECT chat_id, id, version, text, entities, deleted_at IS NULL FROM message ORDER BY chat_id, id",
            "SELECT chat_id, id, version, text FROM message_version ORDER BY chat_id, id, version",
            "SELECT count(*) FROM search_entry",
        ]:
            assert one.execute(query).fetchall() == other.execute(query).fetchall(), query
    one.close()
    other.close()
