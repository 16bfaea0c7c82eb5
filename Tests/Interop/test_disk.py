"""The disk fills up, or turns read-only, under the running service, and comes back."""

import os
import pathlib
import subprocess
import time

import pytest

from test_storm import compare, is_level, storm
from tgl_process import tgl, wait_for, world  # noqa: F401

SIZE = 12 << 20


class SmallDisk:
    """A tmpfs of some megabytes."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir()
        done = self.mount("-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs")
        if done.returncode:
            pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")
        self.ballast = self.path / "ballast"

    def mount(self, *arguments):
        return subprocess.run(["mount", *arguments, str(self.path)], capture_output=True, text=True)

    def fill(self, leaving=0):
        """Takes all the room but so many bytes."""
        with open(self.ballast, "ab", buffering=0) as file:
            while True:
                room = os.statvfs(self.path)
                free = room.f_bavail * room.f_frsize - leaving
                if free <= 0:
                    return
                try:
                    file.write(bytes(min(free, 1 << 16)))
                except OSError:
                    return

    def free(self):
        self.ballast.unlink(missing_ok=True)

    def remove(self):
        subprocess.run(["umount", "-l", str(self.path)], check=True)


@pytest.fixture
def disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    disk = SmallDisk(tmp_path / "disk")
    yield disk
    disk.remove()


@pytest.fixture
def small(tgl, disk):  # noqa: F811
    """tgl, signed in, with its data on the small disk."""
    tgl.settings["DATA_ROOT"] = str(disk.path / "data")
    tgl.settings["MAX_DELETED_MESSAGES_PER_EVENT"] = "3"
    tgl.settings["RECONCILE_INTERVAL_MINUTES"] = "0"
    tgl.settings["SAVE_EDITED_MESSAGES"] = "true"
    tgl.settings["EDIT_SETTLE_SECS"] = "0"
    tgl.login()
    return tgl


def lines(tgl, text):
    return [line for line in tgl.log.splitlines() if text in line]


def test_a_full_disk_is_waited_for_and_nothing_is_lost(small, disk):
    small.start()
    storm(small, messages=100)
    wait_for(lambda: is_level(small), "the archive to be level")
    disk.fill()
    storm(small, messages=600, deletes=100, earlier=True)
    wait_for(lambda: lines(small, "cannot be written"), "the full disk to be noticed")
    time.sleep(1)
    # What goes on meanwhile waits at Telegram; the log is not filled with it.
    storm(small, messages=200)
    assert small.service.poll() is None, small.log
    told = lines(small, "waiting until it can")
    assert 1 <= len(told) <= 2 and all("full" in line for line in told), small.log
    disk.free()
    wait_for(lambda: is_level(small), "the archive to be level", patience=120)
    compare(small)
    assert lines(small, "can be written again")
    assert "database is locked" not in small.log and "database or disk is full" not in small.log
    assert small.stop() == 0


def test_room_that_comes_and_goes_loses_nothing(small, disk):
    small.start()
    storm(small, messages=50)
    wait_for(lambda: is_level(small), "the archive to be level")
    for round in range(4):
        disk.fill(leaving=round * 16_384)
        storm(small, messages=100, edits=10, deletes=10)
        disk.free()
        storm(small, messages=50)
    wait_for(lambda: is_level(small), "the archive to be level", patience=120)
    compare(small)
    assert small.service.poll() is None and small.stop() == 0


def test_it_ends_in_order_while_the_disk_is_full(small, disk):
    small.start()
    disk.fill()
    storm(small, messages=300)
    wait_for(lambda: lines(small, "cannot be written"), "the full disk to be noticed")
    assert small.stop() == 0
    disk.free()
    small.start()
    wait_for(lambda: is_level(small), "the archive to be level")
    compare(small)
    assert small.stop() == 0


@pytest.mark.parametrize("is_new", [True, False])
def test_a_start_without_room_or_right_to_write_says_so_in_a_line(small, disk, is_new):
    if not is_new:
        small.start()
        storm(small, messages=50)
        wait_for(lambda: is_level(small), "the archive to be level")
        assert small.stop() == 0

    def refused():
        small.launch()
        status = small.service.wait(60)
        small.service = None
        assert status == 75, small.log
        told = [line for line in small.log.splitlines() if line.startswith("tgl: ")]
        assert len(told) == 1, small.log
        return told[0]

    disk.fill()
    if is_new:
        told = refused()
        assert "full" in told or "no room" in told
    disk.free()
    assert disk.mount("-o", "remount,ro").returncode == 0
    assert "read-only" in refused()
    assert disk.mount("-o", "remount,rw").returncode == 0
    small.start()
    storm(small, messages=50)
    wait_for(lambda: is_level(small), "the archive to be level")
    compare(small)
    assert small.stop() == 0


def test_a_backup_without_room_leaves_nothing_behind(small, disk):
    small.start()
    storm(small, messages=300)
    wait_for(lambda: is_level(small), "the archive to be level")
    disk.fill(leaving=65_536)
    done = small.command("backup")
    assert done.returncode == 75 and len(done.stderr.splitlines()) == 1, done
    backups = small.data / "backups"
    assert not backups.exists() or not list(backups.iterdir())
    disk.free()
    assert small.command("backup", "--verify").returncode == 0
    assert small.stop() == 0
