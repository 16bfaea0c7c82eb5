"""Does what the documentation tells its reader to do: each page's blocks, in their order, against a sandbox."""

import os
import pathlib
import pty
import re
import select
import signal
import socket
import sqlite3
import subprocess
import termios
import time

import pytest

import declared
from pages import CHECK, RUN, SERVICE, SHELL, blocks, name, page
from pages import ROOT
from python_service import Service
from sandbox_server import PATIENCE, Sandbox
from tgl_process import wait_for

# Paths in the documentation, and where they are in the reader's home.
PLACES = {"/srv/": "srv", "/mnt/": "mnt"}
LEGACY_ROWS = 200
README = [ROOT / "README.md", ROOT / "README.ru.md"]


class Reader:
    """Somebody who follows a page: a home, the working directory in it, and a local Telegram."""

    def __init__(self, home):
        self.home = home
        self.work = home / "work"
        self.work.mkdir()
        self.sandbox = Sandbox(home / "sandbox")
        self.alice = self.sandbox.users["alice"]
        self.service = None
        self.log_path = home / "tgl.log"
        settings = (self.sandbox.folder / "tgl.env").read_text()
        settings = re.sub(r"(?m)^DATA_ROOT=.*$", "DATA_ROOT=./data", settings)
        settings = re.sub(r"(?m)^HEALTH_PORT=.*$", f"HEALTH_PORT={free_port()}", settings)
        (self.work / ".env").write_text(settings)
        (self.work / ".env").chmod(0o600)
        for place in PLACES.values():
            (home / place).mkdir()
        legacy = Service(home / "srv" / "telegram" / "data")
        legacy.fill(LEGACY_ROWS, 20)
        legacy.close()

    @property
    def environment(self):
        kept = {key: os.environ[key] for key in ("LANG", "LD_LIBRARY_PATH") if key in os.environ}
        path = f"{declared.folder()}:{os.environ['PATH']}"
        # With everything that is ever logged: see `keeps_silent`.
        return {
            **kept, "PATH": path, "HOME": str(self.home), "TERM": "dumb", "NO_COLOR": "1", "DEBUG_MODE": "true"
        }

    def script(self, text):
        for place, here in PLACES.items():
            text = re.sub(rf"(?<![\w.]){place}", f"{self.home / here}/", text)
        return ["bash", "-e", "-u", "-o", "pipefail", "-c", text]

    def follow(self, block):
        if block.kind == SERVICE:
            self.start()
        elif not (block.language == "console" and "$ tgl run\n" in block.text):
            self.stop()
        if block.language == "console":
            for command, shown in dialogue(block.text):
                compare(self.type(command), shown, block)
            return
        done = subprocess.run(
            self.script(block.text), cwd=self.work, env=self.environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{block}: exit code {done.returncode}\n{done.stdout}{done.stderr}"

    # Commands with a terminal

    def type(self, command):
        """What is shown when somebody types it; a service goes on in the background."""
        if command == "tgl run":
            self.start()
            return self.log_path.read_text()
        answers = []
        if command == "tgl login":
            answers = [("Phone number", self.alice["phone"]), ("Code", self.alice["code"])]
        return self.at_terminal(command, answers)

    def at_terminal(self, command, answers):
        terminal, inside = pty.openpty()
        process = subprocess.Popen(
            self.script(command), stdin=inside, stdout=inside, stderr=inside, cwd=self.work, env=self.environment,
            start_new_session=True,
        )
        os.close(inside)
        shown, end = "", time.monotonic() + PATIENCE
        try:
            while True:
                assert time.monotonic() < end, f"{command}: {shown}"
                if answers and answers[0][0] in shown and not termios.tcgetattr(terminal)[3] & termios.ECHO:
                    question, answer = answers.pop(0)
                    # What is asked next is asked behind this.
                    before, _, rest = shown.partition(question)
                    shown = before + question.replace(question, "\0") + rest
                    os.write(terminal, answer.encode() + b"\r")
                if not select.select([terminal], [], [], 0.05)[0]:
                    continue
                try:
                    data = os.read(terminal, 4096)
                except OSError:
                    break
                if not data:
                    break
                shown += data.decode()
            assert process.wait(PATIENCE) == 0, shown
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            os.close(terminal)
        return shown.replace("\0", "Phone number", 1).replace("\0", "Code", 1)

    # The service

    def start(self):
        if self.service:
            return
        with open(self.log_path, "w") as log:
            self.service = subprocess.Popen(
                [f"{declared.folder()}/tgl", "run"], cwd=self.work, env=self.environment, stderr=log,
                stdin=subprocess.DEVNULL,
            )
        wait_for(lambda: "up to date" in self.log_path.read_text() or self.service.poll() is not None, "tgl run")
        assert self.service.poll() is None, self.log_path.read_text()

    def stop(self):
        if not self.service:
            return
        self.service.send_signal(signal.SIGTERM)
        assert self.service.wait(PATIENCE) == 0
        self.service = None

    def close(self):
        if self.service:
            self.service.kill()
            self.service.wait()
        assert self.sandbox.stop() == 0

    # Life

    def sign_in(self):
        self.type("tgl login")

    def live(self):
        """Some talk, and something taken back."""
        said = self.sandbox.say("bob", "alice", "The key is under the third flower pot.")["id"]
        self.sandbox.say("bob", "alice", "See you at seven!")
        self.sandbox.delete("bob", "alice", said)
        wait_for(lambda: any("flower pot" in notice["text"] for notice in self.notices), "the notice")
        self.keeps_silent()

    def keeps_silent(self):
        """No line of the log at any level holds a text or a secret."""
        log = self.log_path.read_text()
        assert " DEBUG " in log
        for secret in ["flower pot", "seven!", self.sandbox.info["api_hash"], self.alice["phone"].lstrip("+")]:
            assert secret not in log

    @property
    def notices(self):
        messages = self.sandbox.chat(self.sandbox.info["log_chat_id"])["messages"]
        return [message for message in messages if not message.get("action")]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def dialogue(text):
    """The commands of a console block, each with the lines shown below it."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def normal(line):
    """A line without what differs from time to time and place to place."""
    line = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line)
    return re.sub(r"\+?\d[\d ]*", "N", line).strip()


def compare(shown, promised, block):
    lines = [normal(line) for line in re.split(r"[\r\n]+", shown)]
    at = 0
    for line in promised:
        wanted = normal(line)
        while at < len(lines) and lines[at] != wanted:
            at += 1
        assert at < len(lines), f"{block}: not shown, or not in this order: {line}\nshown was:\n{shown}"
        at += 1


@pytest.fixture
def reader(tmp_path):
    person = Reader(tmp_path)
    yield person
    person.close()


STORIES = sorted({block.page for block in blocks(*SHELL) if block.kind in {RUN, SERVICE}})


@pytest.mark.parametrize("path", [path for path in STORIES if path not in README], ids=name)
def test_a_page_can_be_followed(reader, path):
    reader.sign_in()
    reader.start()
    reader.live()
    for block in page(path).blocks:
        if block.language in SHELL and block.kind != CHECK:
            reader.follow(block)
    if path.name == "from-python.md":
        archive = reader.home / "srv/telegram/data/db"
        assert len(list(archive.glob("backups/python-messages-*.db"))) == 1
        # The way back ends where it began.
        with sqlite3.connect(archive / "messages.db") as database:
            assert database.execute("select count(*) from messages").fetchone() == (LEGACY_ROWS,)
        with sqlite3.connect(archive / "tgl" / "messages.db") as database:
            assert database.execute("select count(*) from message").fetchone() == (LEGACY_ROWS,)


@pytest.mark.parametrize("path", README, ids=name)
def test_a_newcomer_gets_to_the_end_of_the_readme(reader, path):
    assert path in STORIES
    lived = False
    for block in page(path).blocks:
        if block.language == "text":
            # The picture of a notice is that of a real one.
            assert lived
            [notice] = [each for each in reader.notices if "flower pot" in each["text"]]
            compare(notice["text"], [line for line in block.text.splitlines() if line], block)
        if block.language in SHELL and block.kind != CHECK:
            reader.follow(block)
            if reader.service and not lived:
                lived = True
                reader.live()
                # "Write to yourself and delete it."
                said = reader.sandbox.say("alice", "alice", "Do I hear myself?")["id"]
                reader.sandbox.delete("alice", "alice", said)
                wait_for(lambda: any("hear myself" in each["text"] for each in reader.notices), "a notice of one's own")
    assert lived
    assert (reader.home / "telegram" / "index.html").exists()
    # As docs/security.md says.
    made = [reader.work / "data", reader.home / "telegram", reader.work / "deleted.jsonl"]
    made += [path for folder in made for path in folder.rglob("*")]
    assert len(made) > 10 and [path for path in made if path.stat().st_mode & 0o077] == []
    assert "flower pot" in (reader.work / "deleted.jsonl").read_text()
