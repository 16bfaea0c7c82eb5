"""`tgl migrate`: data directories of the Python service, made with what it is made of, become ours."""

import asyncio
import base64
import hashlib
import json
import os
import pickle
import random
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from telethon.sessions import SQLiteSession
from telethon.tl import types

from python_service import GROUP, Service
from sandbox_server import telethon
from test_sandbox_media import noise
from tgl_command import binary, environment, tgl
from tgl_process import Tgl, world  # noqa: F401

# The whole measure is 100000 and 2000.
ROWS = int(os.environ.get("TGL_MIGRATE_ROWS", 5_000))
MEDIA = int(os.environ.get("TGL_MIGRATE_MEDIA", 300))


@pytest.fixture
def service(tmp_path):
    service = Service(tmp_path / "data")
    yield service
    service.close()


def migrate(root, *arguments, patience=600):
    return tgl("migrate", "--set", f"DATA_ROOT={root}", *arguments, cwd=root, patience=patience)


def report(done):
    return json.loads(done.stdout)["takeover"]


def ask(root, query, *values, archive="db/messages.db"):
    connection = sqlite3.connect(f"file:{root}/{archive}?mode=ro", uri=True)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def content(path):
    """What a file holds; of a database without its counters of changes, which an opened log counts (fileformat.html, 1.3)."""
    held = bytearray(path.read_bytes())
    if held.startswith(b"SQLite format 3\0"):
        held[24:28] = held[92:96] = bytes(4)
    return held


def listing(root):
    """Every file with what it holds, but for the lock and the logs of databases that are being read."""
    return {
        str(path.relative_to(root)): hashlib.sha256(content(path)).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "tgl.lock" and not path.name.endswith(("-wal", "-shm"))
    }


def test_a_full_archive_is_taken_over_in_place(service):
    kept = service.fill(ROWS, MEDIA)
    service.close()
    root, before = service.root, listing(service.root)

    trial = migrate(root, "--dry-run", "--json")
    assert trial.returncode == 0, trial.stderr
    assert report(trial)["dry_run"] and report(trial)["added"] == ROWS
    assert listing(root) == before

    started = time.monotonic()
    done = migrate(root, "--json")
    print(f"{ROWS} rows, {MEDIA} media in {time.monotonic() - started:.1f} s")
    assert (done.returncode, done.stderr) == (0, "")
    told = report(done)
    assert (told["rows"], told["added"], told["unusable"], told["problem_count"]) == (ROWS, ROWS, 0, 0)
    assert (told["media"], told["media_kept"]) == (kept, kept)
    assert ask(root, "SELECT count(*) FROM message")[0][0] == ROWS
    assert ask(root, "SELECT count(*) FROM message WHERE media IS NOT NULL")[0][0] == kept
    assert len(ask(root, "SELECT DISTINCT media_kind FROM message WHERE media_kind IS NOT NULL")) >= 13

    # Chat by chat, and the copy of the old archive is the old archive.
    copy = os.path.relpath(told["backup"]["path"], root)
    old = ask(root, "SELECT chat_id, count(*), min(created_at) FROM messages GROUP BY 1 ORDER BY 1", archive=copy)
    new = ask(root, "SELECT chat_id, count(*), min(date) FROM message GROUP BY 1 ORDER BY 1")
    assert [row[:2] for row in old] == [row[:2] for row in new]
    assert ask(root, "PRAGMA integrity_check", archive=copy) == [("ok",)]
    text = "SELECT id FROM message WHERE text = 'bold 🙂 italic' AND entities LIKE '%bold%' ORDER BY id"
    assert ask(root, text) == ask(root, "SELECT id FROM messages WHERE msg_text LIKE '**bold**%' ORDER BY id", archive=copy)

    # Again: nothing to do, nothing changed.
    after = listing(root)
    again = migrate(root, "--json")
    assert again.returncode == 0 and json.loads(again.stdout)["action"] == "none"
    assert listing(root) == after
    status = json.loads(migrate(root, "--status", "--json").stdout)
    assert (status["layout"], status["counts"]["messages"], status["pending"]) == ("current", ROWS, [])
    assert listing(root) == after


class Trap:
    """What unpickling in Python would run."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_that_runs_code_is_refused_by_name_and_the_message_kept(service, protocol):
    trap = service.root / "trapped"
    hidden = types.MessageMediaDice(value=3, emoticon=Trap(trap))
    service.keep(1, 1001, "first", media=pickle.dumps(Trap(trap), protocol))
    service.keep(2, 1001, "second", media=pickle.dumps(hidden, protocol))
    service.keep(3, 1001, "third", media=types.MessageMediaDice(value=3, emoticon="🎲"))
    service.close()
    for arguments in [["--dry-run"], []]:
        done = migrate(service.root, *arguments)
        assert done.returncode == 1
        lines = done.stderr.splitlines()
        assert [line.split(":")[1] for line in lines] == [" chat 1001, message 1", " chat 1001, message 2"]
        assert all("posix.system" in line for line in lines)
    assert not trap.exists()
    assert ask(service.root, "SELECT id, text, media_kind FROM message ORDER BY id") == [
        (1, "first", None), (2, "second", None), (3, "third", "dice")
    ]


def test_another_directory_is_added_and_adding_it_again_changes_nothing(service, tmp_path):
    service.fill(500, 40)
    (service.root / "media" / "1001_5_photo.jpg").write_bytes(b"bytes")
    service.close()
    before = listing(service.root)
    target = tmp_path / "target"
    target.mkdir()
    assert migrate(target, "--from-python", service.root).returncode == 0
    assert ask(target, "SELECT count(*) FROM message")[0][0] == 500
    assert (target / "media" / "1001_5_photo.jpg").read_bytes() == b"bytes"
    after = listing(target)
    done = migrate(target, "--from-python", service.root, "--json")
    assert done.returncode == 0 and (report(done)["added"], report(done)["present"]) == (0, 500)
    assert listing(target) == after
    assert listing(service.root) == before


@pytest.mark.parametrize("arguments", [[], ["--from-python", "."]])
def test_the_archive_of_a_running_python_service_is_left_alone(service, arguments):
    service.keep(1, 1001, "kept")
    connection = sqlite3.connect(service.archive)
    connection.execute("SELECT count(*) FROM messages").fetchall()
    before = listing(service.root)
    done = migrate(service.root, *arguments)
    assert done.returncode == 75 and f"process {os.getpid()}" in done.stderr
    settings = {"API_ID": "1", "API_HASH": "0" * 32, "LOG_CHAT_ID": "-1001234567890", "DATA_ROOT": str(service.root)}
    run = tgl("run", cwd=service.root, env=settings)
    assert run.returncode == 75 and f"process {os.getpid()}" in run.stderr
    connection.close()
    assert listing(service.root) == before


def test_a_process_killed_at_any_moment_leaves_one_whole_archive(service, tmp_path):
    service.fill(3_000, 50)
    service.close()
    chance = random.Random(5)

    def start(root):
        shutil.copytree(service.root, root)
        return subprocess.Popen(
            [binary(), "migrate", "--set", f"DATA_ROOT={root}"], env=environment(), cwd=root,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    started = time.monotonic()
    assert start(tmp_path / "whole").wait() == 0
    took = time.monotonic() - started
    layouts = []
    for attempt in range(15):
        root = tmp_path / f"killed{attempt}"
        process = start(root)
        try:
            process.wait(chance.uniform(0, took))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        status = json.loads(migrate(root, "--status", "--json").stdout)
        assert status["counts"]["messages"] == 3_000
        layouts.append(status["layout"])
        assert migrate(root).returncode == 0
        assert ask(root, "SELECT count(*) FROM message")[0][0] == 3_000
        assert not [name for name in listing(root) if ".new" in name or ".part" in name]
    assert "python" in layouts and set(layouts) <= {"python", "current"}


@pytest.mark.parametrize("name, status", [("missing", 66), ("empty", 66), ("ours", 65), ("text", 65)])
def test_what_is_no_python_directory_is_told(tmp_path, name, status):
    source, target = tmp_path / name, tmp_path / "target"
    target.mkdir()
    if name != "missing":
        (source / "db").mkdir(parents=True)
    if name == "ours":
        connection = sqlite3.connect(source / "db" / "messages.db")
        connection.execute("CREATE TABLE message (id)")
        connection.close()
    if name == "text":
        (source / "db" / "messages.db").write_text("no database, " * 100)
    for arguments in [["--dry-run"], []]:
        done = migrate(target, "--from-python", source, *arguments)
        assert done.returncode == status and len(done.stderr.splitlines()) == 1, done.stderr
        assert name in done.stderr


def test_needs_no_settings_and_makes_nothing_where_nothing_is(tmp_path):
    assert tgl("migrate", "--status", "--set", f"DATA_ROOT={tmp_path}/none", cwd=tmp_path).returncode == 0
    assert tgl("migrate", "--dry-run", "--set", f"DATA_ROOT={tmp_path}/none", cwd=tmp_path).returncode == 0
    assert list(tmp_path.iterdir()) == []
    done = tgl("migrate", "--status", "--dry-run", cwd=tmp_path)
    assert done.returncode == 64


def test_an_archive_of_a_later_version_is_refused_with_an_explanation(service):
    service.keep(1, 1001, "kept")
    service.close()
    assert migrate(service.root).returncode == 0
    connection = sqlite3.connect(service.archive)
    connection.execute("INSERT INTO grdb_migrations VALUES ('the day after tomorrow')")
    connection.commit()
    connection.close()
    before = listing(service.root)
    for arguments in [[], ["--dry-run"]]:
        done = migrate(service.root, *arguments)
        assert done.returncode == 78 and "later version" in done.stderr and "backups" in done.stderr
    assert migrate(service.root, "--status").returncode == 0
    assert listing(service.root) == before


# With the service


@pytest.fixture
def successor(world):  # noqa: F811
    """A directory the Python service has left, with alice's session of Telethon's."""
    program = Tgl(world)
    service = Service(program.data)
    yield program, service
    service.close()
    if program.service:
        program.stop(signal.SIGKILL)


@pytest.mark.parametrize("place", ["media", "media_deleted"])
def test_a_message_of_the_python_service_comes_back_with_its_file(successor, tmp_path, place):
    program, service = successor
    key = bytes(range(32))
    if place == "media_deleted":
        program.settings["ENCRYPT_DELETED_MEDIA"] = "true"
        program.settings["TELEGRAM_DELETED_MEDIA_KEY_B64"] = base64.b64encode(key).decode()
    sandbox = program.sandbox
    content = noise("the python service's copy", 5_000)
    sent = {}

    async def hear():
        path = tmp_path / "report.bin"
        path.write_bytes(noise("the server's copy", 5_000))
        session = SQLiteSession(str(program.data / "db" / "user"))
        async with telethon(sandbox, "alice", session=session) as alice, telethon(sandbox, "bob") as bob:
            await alice.get_dialogs()
            await bob.get_dialogs()
            group = sandbox.info["supergroup_id"]
            sent["text"] = await bob.send_message(sandbox.users["alice"]["id"], "**very** important 🙂", parse_mode="md")
            sent["file"] = await bob.send_file(group, str(path), caption="the report", force_document=True)
            bob_id = (await bob.get_me()).id
            (heard,) = await alice.get_messages(bob_id, limit=1)
            service.keep(heard.id, bob_id, heard.text, from_id=bob_id, created_at=heard.date.replace(tzinfo=None))
            heard = await alice.get_messages(group, ids=sent["file"].id)
            service.keep(
                heard.id, group, heard.text, from_id=bob_id, type=GROUP, media=heard.media,
                created_at=heard.date.replace(tzinfo=None))
            kept = program.data / place / f"{group}_{heard.id}_report.bin"
            if place == "media":
                kept.write_bytes(content)
            else:
                nonce = bytes(12)
                kept.with_name(kept.name + ".enc").write_bytes(nonce + AESGCM(key).encrypt(nonce, content, None))

    asyncio.run(hear())
    service.close()
    # 'tgl run' takes the directory over by itself.
    program.start()
    assert "took over the archive of the Python service" in program.log
    assert "media=\"1 of 1\"" in program.log and "files=1" in program.log
    sandbox.delete("bob", "supergroup", sent["file"].id)
    (notice,) = program.wait_for_notices(lambda notice: "the report" in notice["text"] and notice.get("media"))
    # The copy that was kept, not what the server has.
    assert notice["media"]["sha256"] == hashlib.sha256(content).hexdigest()
    sandbox.delete("bob", "alice", sent["text"].id)
    (notice,) = program.wait_for_notices(lambda notice: "important" in notice["text"])
    units = notice["text"].encode("utf-16-le")
    bold = [units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le")
            for e in notice["entities"] if e["type"] == "bold"]
    assert "very" in bold and "**" not in notice["text"]
    busy = program.command("migrate")
    assert busy.returncode == 75 and "in use" in busy.stderr
    assert program.command("migrate", "--status").returncode == 0
    assert program.stop() == 0
    assert "ERROR" not in program.log, program.log
