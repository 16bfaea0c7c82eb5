"""An archive that tgl 0.1 wrote (tgl run, revision 858d003, against the sandbox) is brought up to date by this tgl."""

import lzma
import pathlib
import random
import signal
import sqlite3
import time
from collections import Counter

import pytest

from tgl_process import tgl, wait_for, world  # noqa: F401

ARCHIVE = pathlib.Path(__file__).parent / "archives" / "archive-0.1.db.xz"
# What the archive of 0.1 holds; nothing of it may be lost.
TABLES = ["message", "message_version", "peer", "media_job", "search_entry"]


@pytest.fixture
def old(tgl):
    """tgl, with the archive of 0.1 in its data directory; returns the archive's path."""
    # The numbers of the archive's messages are taken.
    tgl.sandbox.post("/storm", **{"from": "bob", "chats": ["alice", "group", "supergroup", "channel"], "messages": 300})
    path = tgl.data / "db" / "messages.db"
    path.write_bytes(lzma.decompress(ARCHIVE.read_bytes()))
    path.chmod(0o600)
    return path


def rows(path, sql):
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def contents(path):
    return {
        "counts": {table: rows(path, f"select count(*) from {table}")[0][0] for table in TABLES},
        "texts": rows(path, "select chat_id, id, text, version, date, edit_date, deleted_at from message order by 1, 2"),
        "versions": rows(path, "select chat_id, id, version, text from message_version order by 1, 2, 3"),
    }


def test_an_archive_of_the_first_version_is_upgraded_through_kills(tgl, old):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    tgl.settings["PERSIST_TIME_IN_DAYS_USER"] = "3650"
    tgl.settings["PERSIST_TIME_IN_DAYS_GROUP"] = "3650"
    tgl.settings["PERSIST_TIME_IN_DAYS_CHANNEL"] = "3650"
    tgl.settings["RECONCILE_INTERVAL_MINUTES"] = "0"
    before = contents(old)
    pending = rows(old, "select count(*) from outbox")[0][0]
    assert pending > 0
    for _ in range(6):
        tgl.launch()
        # The moment is what is drawn here: nothing is waited for.
        time.sleep(moments.uniform(0.0, 0.4))
        tgl.stop(signal.SIGKILL)
    tgl.start()
    wait_for(lambda: rows(old, "select count(*) from outbox")[0][0] == 0, "the notices of 0.1 to be posted")
    # What 0.1 had still to post is posted once.
    posts = Counter(notice["text"] for notice in tgl.notices)
    assert posts and max(posts.values()) == 1
    after = contents(old)
    assert after["texts"] == before["texts"] and after["versions"] == before["versions"]
    assert after["counts"]["media_job"] == before["counts"]["media_job"]
    # Recording goes on.
    message = tgl.sandbox.say("bob", "alice", "written after the upgrade")
    wait_for(lambda: rows(old, "select 1 from message where text = 'written after the upgrade'"), "the message")
    tgl.sandbox.delete("bob", "alice", message["id"])
    tgl.wait_for_notices(lambda notice: "written after the upgrade" in notice["text"])
    assert tgl.stop() == 0
    # The copy made before the first change opens as the archive it was.
    copies = sorted((tgl.data / "db" / "backups").glob("messages-*.db"))
    assert len(copies) == 1 and contents(copies[0]) == before
    assert not list((tgl.data / "db" / "backups").glob("*.part*"))


def test_the_upgrade_by_hand_says_what_it_does(tgl, old):
    looked = tgl.command("migrate", "--dry-run")
    assert looked.returncode == 0 and "from version 1 to 2" in looked.stdout
    before = contents(old)
    done = tgl.command("migrate")
    assert done.returncode == 0, done.stderr
    assert "from version 1 to 2" in done.stdout and "The archive as it was: " in done.stdout
    assert contents(old) == before
    again = tgl.command("migrate")
    assert again.returncode == 0 and len(list((tgl.data / "db" / "backups").iterdir())) == 1


def test_an_archive_of_a_later_version_is_refused_with_its_version(tgl, old):
    assert tgl.command("migrate").returncode == 0
    with sqlite3.connect(old) as connection:
        connection.execute("insert into grdb_migrations values ('the day after tomorrow')")
        connection.execute("pragma user_version = 99")
    connection.close()
    for command in (["run"], ["migrate"], ["search", "edit"]):
        refused = tgl.command(*command)
        assert refused.returncode == 78, refused.stderr
        assert "schema version 99" in refused.stderr and refused.stderr.count("\n") <= 2
