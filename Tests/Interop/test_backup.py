"""Backups of a running service, what is restored from them, and what is recovered of a damaged archive."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import pytest

from test_storm import NAME, archived, compare, is_level, storm
from tgl_process import tgl, wait_for, world  # noqa: F401

PAGE = 4096


@pytest.fixture
def service(tgl):  # noqa: F811
    tgl.settings["MAX_DELETED_MESSAGES_PER_EVENT"] = "3"
    # Only what the updates tell counts here.
    tgl.settings["RECONCILE_INTERVAL_MINUTES"] = "0"
    tgl.settings["SAVE_EDITED_MESSAGES"] = "true"
    tgl.settings["EDIT_SETTLE_SECS"] = "0"
    return tgl


def level(service):
    wait_for(lambda: is_level(service), "the archive to be level", patience=120)


def backup(service, *arguments):
    done = service.command("backup", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def everything(folder):
    return sorted(path for path in folder.rglob("*"))


def test_a_backup_under_load_is_whole_private_and_restores(service, tmp_path):
    service.start()
    storm(service, messages=300)
    level(service)
    load = threading.Thread(target=lambda: storm(service, messages=1_500, edits=100))
    load.start()
    out = tmp_path / "out"
    made = [backup(service, "--out", str(out), "--verify") for _ in range(3)]
    load.join()
    assert "cannot be written" not in service.log
    counts = [one["manifest"]["messages"] for one in made]
    assert counts == sorted(counts) and counts[0] >= 300 and all(one["verified"] for one in made)
    assert all(path.stat().st_mode & 0o077 == 0 for path in everything(out))
    assert {path.name for path in out.iterdir()} == {os.path.basename(one["path"]) for one in made}
    # What happens after the backup is what a restored archive has to catch up with.
    storm(service, messages=0, deletes=200, earlier=True)
    level(service)
    compare(service)
    assert service.stop() == 0

    # Another machine, with what docs/operations.md says.
    old = service.data
    service.settings["DATA_ROOT"] = str(tmp_path / "restored")
    new = service.data
    (new / "db").mkdir(parents=True, mode=0o700)
    for name in ["messages.db", "user.session"]:
        shutil.copy(os.path.join(made[0]["path"], name), new / "db" / name)
    service.start()
    storm(service, messages=50)
    level(service)
    compare(service, is_restored=True)
    assert old != new and service.stop() == 0


def test_old_backups_go_when_the_new_one_is_whole(service):
    service.start()
    paths = [backup(service, "--keep", "2")["path"] for _ in range(4)]
    folder = service.data / "backups"
    assert sorted(path.name for path in folder.iterdir()) == sorted(os.path.basename(path) for path in paths[-2:])
    assert service.stop() == 0


def test_media_come_along_when_asked(service, tmp_path):
    service.start()
    folder = service.data / "media_deleted"
    (folder / "1001_5_photo.jpg").write_bytes(b"picture")
    with sqlite3.connect(service.data / "db" / "messages.db", timeout=30) as db:
        db.execute(
            "insert into media_file (place, name, size, sha256, created_at) values ('deleted', '1001_5_photo.jpg', 7, ?, 1),"
            " ('buffer', '1001_6_gone.jpg', 7, x'00', 1)",
            (bytes.fromhex("1c7d86c1f6ab6e2c1ed5bba6c1c0d5ec5d0b3c0b6f1b8a2f5ab52be0a9fd0f0b"),),
        )
    listed = backup(service)
    assert listed["manifest"]["media"] == {"files": 1, "bytes": 7, "missing": 1, "included": False}
    done = service.command("backup", "--verify", backup(service, "--media")["path"])
    # The digest above is not that of the file.
    assert done.returncode == 65 and "1001_5_photo.jpg has other content" in done.stderr
    import hashlib

    with sqlite3.connect(service.data / "db" / "messages.db", timeout=30) as db:
        db.execute("update media_file set sha256 = ? where place = 'deleted'", (hashlib.sha256(b"picture").digest(),))
    made = backup(service, "--media", "--verify")
    path = made["path"]
    assert open(os.path.join(path, "media_deleted", "1001_5_photo.jpg"), "rb").read() == b"picture"
    os.unlink(os.path.join(path, "media_deleted", "1001_5_photo.jpg"))
    done = service.command("backup", "--verify", path)
    assert done.returncode == 65 and "missing" in done.stderr
    assert service.stop() == 0


@pytest.mark.parametrize("name", ["messages.db", "user.session", "media.jsonl", "manifest.json"])
def test_verifying_finds_what_was_changed(service, name):
    service.start()
    storm(service, messages=100)
    level(service)
    path = backup(service)["path"]
    assert service.command("backup", "--verify", path).returncode == 0
    file = os.path.join(path, name)
    with open(file, "r+b") as handle:
        content = handle.read()
        handle.seek(0)
        handle.truncate()
        handle.write(content[: len(content) // 2] + b"#" + content[len(content) // 2 + 1 :] if content else b"x")
    done = service.command("backup", "--verify", path)
    assert done.returncode in (65, 66), done
    assert name in done.stderr
    assert service.stop() == 0


def test_wrong_usage(service):
    assert service.command("backup", "somewhere").returncode == 64
    assert service.command("backup", "--verify", "somewhere", "--media").returncode == 64
    assert service.command("backup", "--keep", "0").returncode == 64
    assert service.command("backup", "--verify", "somewhere").returncode == 66
    assert service.command("backup", "--set", f"DATA_ROOT={service.data}/none").returncode == 66
    assert service.command("migrate", "--from", "somewhere").returncode == 64


def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_one(service):
    seed = int(os.environ.get("TGL_SEED", random.randrange(2**32)))
    print(f"TGL_SEED={seed}")
    draw = random.Random(seed)
    service.start()
    storm(service, messages=2_000)
    level(service)
    folder = service.data / "backups"
    whole = 0
    for _ in range(12):
        process = subprocess.Popen(
            service.arguments("backup", "--verify"), env=service.environment, stdout=subprocess.DEVNULL
        )
        time.sleep(draw.uniform(0.02, 0.4))
        process.kill()
        process.wait()
    for path in folder.glob("tgl-backup-*"):
        assert service.command("backup", "--verify", str(path)).returncode == 0
        whole += 1
    backup(service)
    # What the killed ones left is gone.
    assert not list(folder.glob(".tgl-backup-*")) and len(list(folder.glob("tgl-backup-*"))) == whole + 1
    assert service.stop() == 0


def damage(path, draw, pages):
    """Overwrites pages of a database, never the first; returns which."""
    count = os.path.getsize(path) // PAGE
    chosen = sorted(draw.sample(range(1, count), min(pages, count - 1)))
    with open(path, "r+b") as file:
        for page in chosen:
            file.seek(page * PAGE)
            file.write(draw.randbytes(PAGE))
    return chosen


def killed(service):
    """The service is cut off, and its log is written back, as SQLite does when it opens the archive again."""
    service.stop(signal.SIGKILL)
    with sqlite3.connect(service.data / "db" / "messages.db") as db:
        db.execute("pragma wal_checkpoint(truncate)")
    db.close()


def run_refuses(service):
    service.launch()
    status = service.service.wait(60)
    service.service = None
    told = [line for line in service.log.splitlines() if line.startswith("tgl: ")]
    assert status == 65 and len(told) == 1 and "--repair" in told[0], (status, service.log)


def repair(service, *arguments):
    done = service.command("migrate", "--repair", "--json", *arguments, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("round", range(3))
def test_a_damaged_archive_is_repaired_from_a_backup_and_catches_up(service, round):
    seed = int(os.environ.get("TGL_SEED", random.randrange(2**32)))
    print(f"TGL_SEED={seed}")
    draw = random.Random(seed)
    service.start()
    storm(service, messages=400, edits=40)
    level(service)
    backup(service)
    storm(service, messages=400, edits=40)
    storm(service, messages=0, deletes=80, earlier=True)
    level(service)
    killed(service)
    path = service.data / "db" / "messages.db"
    print("damaged pages:", damage(path, draw, [3, 20, 100][round]))
    before = path.read_bytes()
    run_refuses(service)
    # Looking changes nothing.
    trial = repair(service, "--dry-run")
    assert path.read_bytes() == before
    report = repair(service)
    assert report["messages"] == trial["messages"] and report["backup"] and report["damage"]
    assert report["messages"] >= report["messages_of_backup"]
    aside = report["aside"]
    assert len(aside) == 1 and open(aside[0], "rb").read() == before
    service.start()
    level(service)
    compare(service, is_restored=True)
    found = service.command("search", "--json", NAME.match(next(iter(archived(service).values()))["text"]).group()[:-1])
    assert found.returncode == 0 and found.stdout
    assert service.stop() == 0


def test_without_a_backup_what_can_be_read_is_kept(service):
    seed = int(os.environ.get("TGL_SEED", random.randrange(2**32)))
    print(f"TGL_SEED={seed}")
    draw = random.Random(seed)
    service.start()
    storm(service, messages=1_500)
    level(service)
    whole = archived(service)
    killed(service)
    damage(service.data / "db" / "messages.db", draw, 4)
    db = sqlite3.connect(service.data / "db" / "messages.db")
    try:
        broken = db.execute("pragma quick_check(1)").fetchall() != [("ok",)]
    except sqlite3.DatabaseError:
        broken = True
    db.close()
    report = repair(service)
    assert not broken or report["damage"]
    kept = archived(service)
    # Nothing is made up, and most is there: four pages of many.
    assert set(kept) <= set(whole) and all(kept[key]["text"] == whole[key]["text"] for key in kept)
    print(f"{len(kept)} of {len(whole)} messages, {report}")
    service.start()
    storm(service, messages=20)
    level(service)
    assert service.stop() == 0


@pytest.mark.parametrize("which", ["first", "last", "half and the root"])
def test_without_a_backup_damage_to_the_schema_loses_no_messages(service, which):
    service.start()
    storm(service, messages=600)
    level(service)
    whole = archived(service)
    killed(service)
    path = service.data / "db" / "messages.db"
    pages = schema_pages(path)
    assert len(pages) > 2
    chosen = {"first": pages[:1], "last": pages[-1:], "half and the root": [1, *pages[: len(pages) // 2]]}[which]
    with open(path, "r+b") as file:
        for page in chosen:
            file.seek((page - 1) * PAGE)
            file.write(b"\x5a" * PAGE)
    run_refuses(service)
    report = repair(service)
    assert report["damage"] and archived(service) == whole
    assert not list(path.parent.glob("*.readable*"))
    service.start()
    storm(service, messages=20)
    level(service)
    compare(service, is_restored=True)
    assert service.stop() == 0


def schema_pages(path):
    """The pages of definitions that hang from the first one (fileformat.html, 1.6 and 2.6)."""
    page = path.read_bytes()[:PAGE]
    assert page[100] == 5
    cells = [int.from_bytes(page[112 + 2 * i : 114 + 2 * i], "big") for i in range(int.from_bytes(page[103:105], "big"))]
    return [int.from_bytes(page[at : at + 4], "big") for at in [*cells, 108]]


def test_a_session_that_is_damaged_comes_from_the_backup(service):
    service.start()
    storm(service, messages=20)
    level(service)
    session = service.data / "db" / "user.session"
    assert service.stop() == 0
    good = session.read_bytes()
    session.write_bytes(b"nonsense" * 1_000)
    done = service.command("migrate", "--repair")
    assert done.returncode == 1 and "tgl login" in done.stderr
    session.write_bytes(good)
    backup(service)
    session.write_bytes(b"nonsense" * 1_000)
    assert repair(service)["session"] == "restored"
    service.start()
    storm(service, messages=20)
    level(service)
    compare(service)
    assert service.stop() == 0


def test_a_repair_that_is_killed_can_be_done_again(service):
    seed = int(os.environ.get("TGL_SEED", random.randrange(2**32)))
    print(f"TGL_SEED={seed}")
    draw = random.Random(seed)
    service.start()
    storm(service, messages=1_000)
    level(service)
    backup(service)
    storm(service, messages=200)
    level(service)
    killed(service)
    path = service.data / "db" / "messages.db"
    damage(path, draw, 30)
    for _ in range(10):
        process = subprocess.Popen(
            service.arguments("migrate", "--repair"), env=service.environment, stdout=subprocess.DEVNULL
        )
        time.sleep(draw.uniform(0.02, 1.0))
        process.kill()
        process.wait()
    repair(service)
    assert list((service.data / "db" / "damaged").glob("*-messages.db"))
    service.start()
    level(service)
    compare(service, is_restored=True)
    assert not list((service.data / "db").glob("messages.db.repair*"))
    assert service.stop() == 0


def test_a_sound_archive_is_left_alone(service):
    service.start()
    storm(service, messages=50)
    level(service)
    assert service.command("migrate", "--repair").returncode == 75
    assert service.stop() == 0
    before = (service.data / "db" / "messages.db").read_bytes()
    done = service.command("migrate", "--repair")
    assert done.returncode == 0 and "sound" in done.stdout
    assert (service.data / "db" / "messages.db").read_bytes() == before


def test_nothing_left_and_no_backup_is_said(service):
    service.start()
    storm(service, messages=50)
    level(service)
    killed(service)
    path = service.data / "db" / "messages.db"
    path.write_bytes(b"nonsense" * 10_000)
    before = path.read_bytes()
    run_refuses(service)
    done = service.command("migrate", "--repair")
    assert done.returncode == 65 and "no backup" in done.stderr and path.read_bytes() == before
