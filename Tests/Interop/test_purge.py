"""`tgl purge`, on archives of its own and beside a writer."""

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import time

import pytest

from archive_fixture import ArchiveFolder
from tgl_command import binary, environment, tgl
from tgl_process import tgl as service, wait_for, world  # noqa: F401

POLICY = {
    "PERSIST_TIME_IN_DAYS_USER": "1",
    "PERSIST_TIME_IN_DAYS_GROUP": "2",
    "PERSIST_TIME_IN_DAYS_CHANNEL": "3",
    "PERSIST_TIME_IN_DAYS_BOT": "4",
}


@pytest.fixture
def archive(tmp_path):
    return ArchiveFolder(tmp_path / "data")


@pytest.fixture
def seeded(archive):
    """Six messages in each chat, half a day to five and a half days old."""
    for chat in archive.CHATS:
        for day in range(6):
            archive.add(chat, day + 1, text=f"text {day}", days=day + 0.5)
    return archive


def purge(archive, *arguments, **env):
    done = archive.tgl("purge", *arguments, "--json", **{**POLICY, **env})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


KEPT = {"user": 1, "group": 2, "supergroup": 2, "channel": 3, "bot": 4}


def test_each_type_is_kept_for_its_time_and_a_dry_run_says_so_before(seeded):
    before = seeded.messages()
    trial = purge(seeded, "--dry-run")
    assert seeded.messages() == before
    done = purge(seeded)
    assert seeded.messages() == {(chat, id + 1) for chat, count in KEPT.items() for id in range(count)}
    assert done["messages"] == trial["messages"]
    assert {type: found["messages"] for type, found in done["messages"].items()} == {
        "user": 5, "group": 8, "channel": 3, "bot": 2,
    }
    assert done["messages"]["user"]["bytes"] == 5 * len("text 0")
    assert purge(seeded)["messages"]["group"]["messages"] == 0


def test_what_is_said_to_people(seeded):
    done = seeded.tgl("purge", "--dry-run", **POLICY)
    assert done.stdout.splitlines()[:2] == ["Would remove 18 messages:", "  private chats: 5, 30 bytes"]
    assert seeded.tgl("purge", **POLICY).stdout.startswith("Removed 18 messages:")


@pytest.mark.parametrize(
    "arguments, gone",
    [
        (["--older-than", "133h"], set()),
        (["--older-than", "5d"], {(chat, 6) for chat in KEPT}),
        (["--older-than", "3d", "--type", "channel"], {("channel", id) for id in (4, 5, 6)}),
        (["--older-than", "0s", "--chat", "@bob_name"], {("user", id) for id in range(1, 7)}),
        (["--older-than", "5d", "--chat", "-1000000000601", "--chat=-501"], {("supergroup", 6), ("group", 6)}),
        (["--only", "buffer"], set()),
        (["--type", "user", "--type", "bot"], {("user", id) for id in range(2, 7)} | {("bot", 5), ("bot", 6)}),
    ],
)
def test_what_goes_can_be_chosen(seeded, arguments, gone):
    before = seeded.messages()
    purge(seeded, *arguments)
    assert before - seeded.messages() == gone


def test_deleted_messages_may_be_kept(archive):
    archive.add("user", 1, days=9, deleted=True)
    archive.add("user", 2, days=9)
    purge(archive, "--keep-deleted")
    assert archive.messages() == {("user", 1)}
    purge(archive)
    assert archive.messages() == {("user", 1)}
    purge(archive, PERSIST_TIME_IN_DAYS_DELETED="0")
    assert archive.messages() == set()


def test_a_clock_a_year_ahead_removes_nothing(archive):
    archive.add("user", 1, days=365.9)
    with archive.db() as db:
        db.execute("insert into update_state select 1, 1, 1, date, 1 from message")
    done = archive.tgl("purge", **POLICY)
    assert "365 days ahead of what Telegram told last" in done.stderr
    assert archive.messages() == {("user", 1)}


def test_a_message_that_is_still_to_be_told_of_stays(archive):
    archive.add("user", 1, days=9)
    notice = {"chat": {"id": 1001, "type": "user"}, "messageID": 1}
    with archive.db() as db:
        db.execute(
            "insert into outbox (kind, created_at, payload, random_id) values ('deleted', 1, ?, 1)", (json.dumps(notice),)
        )
    assert purge(archive, "--older-than", "0s")["needed"] == 1
    assert archive.messages() == {("user", 1)}
    with archive.db() as db:
        assert db.execute("select count(*) from outbox").fetchone() == (1,)


def test_buffered_files_go_and_nothing_else(archive):
    def file(folder, name, hours):
        path = archive.root / folder / name
        path.write_bytes(b"1234")
        os.utime(path, (archive.now - hours * 3_600,) * 2)

    for name, hours in [("1001_1_known.jpg", 30), ("1001_2_young.jpg", 3), ("1001_3_orphan.jpg", 30), ("mine.txt", 900)]:
        file("media", name, hours)
    file("media_deleted", "1001_9_recovered.jpg.enc", 9_000)
    with archive.db() as db:
        for name, hours in [("1001_1_known.jpg", 30), ("1001_2_young.jpg", 3)]:
            db.execute(
                "insert into media_file (place, name, size, sha256, created_at) values ('buffer', ?, 4, x'00', ?)",
                (name, archive.now - hours * 3_600),
            )
    trial = purge(archive, "--dry-run")
    done = purge(archive)
    assert done["buffer"] == trial["buffer"] == {"files": 2, "bytes": 8, "orphans": 1, "missing": 0}
    assert {path.name for path in (archive.root / "media").iterdir()} == {"1001_2_young.jpg", "mine.txt"}
    assert [path.name for path in (archive.root / "media_deleted").iterdir()] == ["1001_9_recovered.jpg.enc"]
    done = purge(archive, "--only", "deleted-media", "--older-than", "52w")
    assert done["deleted_media"]["files"] == 1 and "buffer" not in done
    assert list((archive.root / "media_deleted").iterdir()) == []


def test_vacuum_gives_room_back(archive):
    with archive.db() as db:
        db.executemany(
            "insert into message (chat_id, id, date, received_at, text) values (1001, ?, 1, 1, ?)",
            ((id, "слово " * 50) for id in range(1, 5_000)),
        )
    before = archive.path.stat().st_size
    done = purge(archive, "--vacuum")
    assert done["vacuum"]["after"] < done["vacuum"]["before"] / 4
    assert archive.path.stat().st_size < before / 2
    with archive.db() as db:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert db.execute("select count(*) from search where search match 'слово'").fetchone() == (0,)


def test_an_older_archive_is_written_anew_only_when_nobody_runs(archive):
    with archive.db() as db:
        db.executescript("pragma journal_mode = delete; pragma auto_vacuum = none; vacuum; pragma journal_mode = wal;")
    archive.add("user", 1, days=9)
    with open(archive.root / "tgl.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = archive.tgl("purge", "--vacuum", **POLICY)
        assert done.returncode == 75 and "in use" in done.stderr
        assert archive.messages() == {("user", 1)}
        assert archive.tgl("purge", **POLICY).returncode == 0
    assert archive.tgl("purge", "--vacuum", **POLICY).returncode == 0
    with archive.db() as db:
        assert db.execute("pragma auto_vacuum").fetchone() == (2,)


def test_another_writer_gets_through_and_loses_nothing(archive):
    with archive.db() as db:
        db.executemany(
            "insert into message (chat_id, id, date, received_at, text) values (1001, ?, 1, 1, 'old words')",
            ((id,) for id in range(1, 4_000)),
        )
    # As if the other writer were the service, for which room is made.
    (archive.root / "db" / "tgl.running").touch()
    process = subprocess.Popen(
        [binary(), "purge", "--json"],
        env=environment(DATA_ROOT=str(archive.root)),
        stdout=subprocess.PIPE,
    )
    written = 0
    while process.poll() is None:
        archive.add("group", written + 1, text="new words")
        written += 1
    done = json.loads(process.stdout.read())
    process.stdout.close()
    assert done["messages"]["user"]["messages"] == 3_999
    # Structure rather than time: many small transactions, and somebody else's between them.
    assert done["largest_transaction"] <= 500 and done["transactions"] >= 8 and written > 1
    assert archive.messages() == {("group", id + 1) for id in range(written)}


def test_a_running_service_goes_on_recording(service):  # noqa: F811
    """Purged under its feet, the service records and tells on."""
    service.start()
    sandbox = service.sandbox

    def stored():
        with sqlite3.connect(service.data / "db" / "messages.db", timeout=30) as db:
            return {text for (text,) in db.execute("select text from message")}

    ids = [sandbox.say("bob", "group", f"early {number}")["id"] for number in range(20)]
    wait_for(lambda: len(stored()) >= 20, "the early messages")

    def purged():
        # What came in this very second is not older than none.
        done = service.command("purge", "--older-than", "0s", "--json")
        assert done.returncode == 0, done.stderr
        return not any(text.startswith("early") for text in stored())

    wait_for(purged, "the early messages to be gone")
    late = sandbox.say("bob", "group", "late")["id"]
    wait_for(lambda: "late" in stored(), "the late message")
    sandbox.delete("bob", "group", ids[0], late)
    service.wait_for_notices(lambda notice: "late" in notice["text"])
    assert "cannot be written" not in service.log


def test_interrupted_it_stops_between_transactions(archive):
    with archive.db() as db:
        db.executemany(
            "insert into message (chat_id, id, date, received_at, text) values (1001, ?, 1, 1, 'old words')",
            ((id,) for id in range(1, 20_000)),
        )
    # Beside a service it takes its time.
    (archive.root / "db" / "tgl.running").touch()
    process = subprocess.Popen(
        [binary(), "purge"], env=environment(DATA_ROOT=str(archive.root)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while len(archive.messages()) == 19_999:
        assert time.monotonic() < deadline and process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    left = len(archive.messages())
    assert 0 < left < 19_999
    assert purge(archive)["messages"]["user"]["messages"] == left


@pytest.mark.parametrize(
    "arguments",
    [
        ["--older-than", "5"],
        ["--older-than", "-1d"],
        ["--older-than", "99999999999999999w"],
        ["--type", "people"],
        ["--only", "everything"],
        ["--only", "deleted-media"],
        ["--chat", "not a chat"],
    ],
)
def test_wrong_usage(arguments, archive):
    archive.add("user", 1, days=9)
    done = archive.tgl("purge", *arguments)
    assert (done.returncode, done.stdout) == (64, "") and "Usage:" in done.stderr
    assert archive.messages() == {("user", 1)}


def test_there_must_be_an_archive(tmp_path):
    done = tgl("purge", cwd=tmp_path, env={"DATA_ROOT": str(tmp_path / "none")})
    assert done.returncode == 66 and "no archive" in done.stderr and list(tmp_path.iterdir()) == []


def test_a_chat_that_was_never_seen(archive):
    done = archive.tgl("purge", "--chat", "@stranger")
    assert done.returncode == 66 and "@stranger" in done.stderr


def test_wrong_settings(archive):
    done = archive.tgl("purge", PERSIST_TIME_IN_DAYS_BOT="soon", MEDIA_BUFFER_TTL_HOURS="0")
    assert done.returncode == 78 and len(done.stderr.splitlines()) == 2
