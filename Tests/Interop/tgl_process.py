"""Runs the real tgl against a sandbox."""

import os
import pathlib
import signal
import subprocess
import time

import pytest

from sandbox_server import PATIENCE, Sandbox


def binary():
    named = os.environ.get("TGL_BIN")
    if not named:
        pytest.skip("TGL_BIN does not say where tgl is")
    return os.path.join(named, "tgl") if os.path.isdir(named) else named


def wait_for(condition, what, patience=PATIENCE):
    """The first true value of `condition`."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


class Tgl:
    """tgl with the settings of a sandbox; alice is its account."""

    def __init__(self, sandbox: Sandbox, **settings):
        self.sandbox = sandbox
        # The sandbox takes as many posts as there are; a test that looks at our own pace says so.
        self.settings = {"LOG_CHAT_POSTS_PER_MINUTE": "1000000"}
        self.settings.update({name: str(value) for name, value in settings.items()})
        self.log_path = sandbox.folder / "tgl.log"
        self.service = None

    @property
    def data(self):
        return pathlib.Path(self.settings.get("DATA_ROOT", self.sandbox.folder / "data"))

    @property
    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TZ", "LANG") if name in os.environ}
        # Whatever turns to a thread for the network that has ended is a crash then, not a line in the log.
        return {"SWIFTNIO_STRICT": "1", **kept, **self.settings}

    def arguments(self, *arguments):
        return [binary(), "--env-file", str(self.sandbox.folder / "tgl.env"), *arguments]

    def command(self, *arguments, lines=(), timeout=PATIENCE):
        """A command run to its end, fed with lines."""
        return subprocess.run(
            self.arguments(*arguments),
            input="".join(line + "\n" for line in lines),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def login(self):
        alice = self.sandbox.users["alice"]
        done = self.command("login", lines=[alice["phone"], alice["code"]])
        assert done.returncode == 0, done.stderr

    def start(self):
        """Starts `tgl run`; returns when it is up to date."""
        self.launch()
        wait_for(lambda: "up to date" in self.log or self.service.poll() is not None, "tgl run to be up to date")
        assert self.service.poll() is None, self.log

    def launch(self):
        """Starts `tgl run` and waits for nothing."""
        with open(self.log_path, "w") as log:
            self.service = subprocess.Popen(
                self.arguments("run"), env=self.environment, stderr=log, stdin=subprocess.DEVNULL
            )

    def stop(self, number=signal.SIGTERM):
        """Ends `tgl run`; returns its exit code."""
        self.service.send_signal(number)
        status = self.service.wait(PATIENCE)
        self.service = None
        return status

    @property
    def log(self):
        return self.log_path.read_text()

    @property
    def notices(self):
        """What the log chat holds, without service messages."""
        messages = self.sandbox.chat(self.sandbox.info["log_chat_id"])["messages"]
        return [message for message in messages if not message.get("action")]

    def wait_for_notices(self, matches, count=1):
        """The notices that match, as soon as there are as many as that."""
        found = []

        def enough():
            found[:] = [notice for notice in self.notices if matches(notice)]
            return len(found) >= count

        wait_for(enough, f"{count} notices")
        return list(found)


@pytest.fixture
def world(tmp_path):
    """A sandbox of the test's own."""
    server = Sandbox(tmp_path / "sandbox")
    yield server
    assert server.stop() == 0


@pytest.fixture
def tgl(world):
    """tgl, signed in as alice in a sandbox of its own, and not running."""
    program = Tgl(world)
    program.login()
    yield program
    if program.service:
        program.stop(signal.SIGKILL)
