"""A sandbox with one of the peers in it, and storms to put them through."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import time

from harness.context import PEERS

import test_storm
from sandbox_server import Sandbox
from tgl_process import Tgl

CHATS = test_storm.CHATS
NAME = test_storm.NAME


def wait_for(condition, what, patience):
    """The first true value of `condition`, looked for at intervals that take none of the time that is measured."""
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.05)
    return value


@contextlib.contextmanager
def sandbox(folder, *arguments):
    server = Sandbox(folder, *arguments)
    try:
        yield server
    finally:
        server.stop()


class Ours:
    """tgl in a sandbox."""

    name = "tgl"

    def __init__(self, world, **settings):
        self.world = world
        self.program = Tgl(world, **settings)
        self.program.login()

    @property
    def pid(self):
        return self.program.service.pid

    @property
    def archive(self):
        return self.program.data / "db" / "messages.db"

    def start(self):
        self.program.start()

    def stop(self):
        if self.program.service:
            assert self.program.stop() == 0

    def finish(self, patience):
        """Waits until it is where the sandbox is, and everything is told."""
        wait_for(lambda: test_storm.is_level(self.program), "the archive to be level", patience)

    def check(self):
        """Archive and log chat against what the sandbox says was said; answers how many messages are kept."""
        test_storm.compare(self.program)
        return self.count("message")

    def count(self, table):
        with contextlib.closing(sqlite3.connect(f"file:{self.archive}?mode=ro", uri=True)) as db:
            return db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


class Logger:
    """The logger in Python in a sandbox."""

    name = "logger"
    script = "logger.py"

    def __init__(self, world):
        self.world = world
        self.folder = world.folder / "logger"
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    @property
    def archive(self):
        return self.folder / "messages.db"

    def start(self):
        with open(self.world.folder / "logger.log", "a") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(PEERS / self.script), str(self.world.folder / "sandbox.json"), str(self.folder)],
                stdout=subprocess.PIPE, stderr=log, text=True,
            )
        # Telethon itself has something to say before.
        if "ready\n" not in iter(self.process.stdout.readline, ""):
            self.process = None
            raise AssertionError((self.world.folder / "logger.log").read_text()[-2000:])

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(30) == 0
            self.process.stdout.close()
            self.process = None

    def rows(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.archive}?mode=ro", uri=True)) as db:
            return {(chat, number): text for chat, number, text in db.execute("SELECT chat_id, id, text FROM messages")}

    def has(self, messages):
        """Whether it keeps messages, given as (chat, id)."""
        with contextlib.closing(sqlite3.connect(f"file:{self.archive}?mode=ro", uri=True)) as db:
            found = "SELECT 1 FROM messages WHERE chat_id = ? AND id = ?"
            return all(db.execute(found, message).fetchone() for message in messages)

    def finish(self, patience):
        """Waits until it has dealt with everything: updates come in order, and so do those of a last one in each chat."""
        last = [last_words(self.world, chat) for chat in CHATS]
        wait_for(lambda: self.has(last), "the logger to come to the end", patience)

    def check(self):
        """What is left and what it has posted, against what was said."""
        truth = {
            (message["chat"], message["id"]): message
            for message in record(self.world)
            if message["chat"] != self.world.info["log_chat_id"] and NAME.match(message["texts"][0])
        }
        rows, told = self.rows(), set(notices(self.world))
        for key, message in truth.items():
            name = NAME.match(message["texts"][-1]).group()
            if message["deleted"]:
                assert key not in rows, f"{name} is deleted and still there"
            else:
                assert NAME.match(rows[key]).group() == name, f"{name} is not kept as it is now"
        deleted = sum(message["deleted"] for message in truth.values())
        assert len(told) <= deleted
        return len(truth), deleted - len(told)


def record(world):
    status, answer = world.request("GET", "/record?as=alice")
    assert status == 200
    return answer["messages"]


def notices(world):
    """Names of messages in the log chat, with when each was first posted, in Unix time."""
    found = {}
    for message in record(world):
        if message["chat"] == world.info["log_chat_id"]:
            for name in NAME.findall(message["texts"][0]):
                found.setdefault(name, message["sent_at"])
    return found


def last_words(world, chat):
    """Has something said that is no part of a storm; answers its chat and id as alice knows them."""
    said = world.say("bob", chat, "that was all")
    where = {"alice": world.users["bob"]["id"]}.get(chat) or world.info[f"{chat}_id"]
    return where, said["ids"].get("alice", said["id"])
