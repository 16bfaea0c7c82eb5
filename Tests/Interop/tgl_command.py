"""Runs the real `tgl`, with standard input fed, or at a terminal."""

import codecs
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from sandbox_server import PATIENCE


def binary():
    folder = os.environ.get("TGL_BIN")
    if not folder:
        pytest.skip("TGL_BIN does not say where tgl is")
    return os.path.join(folder, "tgl")


def environment(**more):
    """Ours without what would be taken for settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, **more}


def tgl(*arguments, stdin="", cwd=None, env=None, patience=60):
    """The finished process: returncode, stdout, stderr."""
    return subprocess.run(
        [binary(), *map(str, arguments)],
        input=stdin,
        cwd=cwd,
        env=environment(**(env or {})),
        capture_output=True,
        text=True,
        timeout=patience,
    )


class Running:
    """A `tgl run` under way; what it writes to standard error is read as it comes."""

    def __init__(self, *arguments, env=None):
        self.process = subprocess.Popen(
            [binary(), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment(**(env or {})),
        )
        os.set_blocking(self.process.stderr.fileno(), False)
        self.log = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def read(self):
        self.log += (self.process.stderr.read() or b"").decode()
        return self.log

    def says(self, text):
        """Waits until it has logged `text`."""
        end = time.monotonic() + PATIENCE
        while text not in self.read():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.read()}"
            assert time.monotonic() < end, f"never said {text!r}: {self.log}"
            select.select([self.process.stderr], [], [], 0.1)


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, *arguments, env=None, size=None):
        """`size` is columns and rows; without, the terminal does not know its own."""
        path = binary()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            if size:
                resize(0, *size)
            os.execve(path, [path, *map(str, arguments)], environment(**(env or {})))
        self.shown = ""
        # What is read may end inside a character.
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def read(self):
        """Takes what is shown; False when there is no more."""
        if not select.select([self.terminal], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self.terminal, 4096)
        except OSError:
            return False
        self.shown += self.decoder.decode(data)
        return bool(data)

    def answers(self, question, answer):
        """Waits for the question and types the answer, once the terminal is as the question wants it."""
        end = time.monotonic() + PATIENCE
        start = len(self.shown)
        while question not in self.shown[start:]:
            assert self.read() and time.monotonic() < end, f"never asked {question!r}: {self.shown}"
        # readline takes over line editing and echo right after it has shown the prompt.
        while termios.tcgetattr(self.terminal)[3] & termios.ECHO:
            assert time.monotonic() < end, "the terminal still echoes"
            time.sleep(0.01)
        os.write(self.terminal, answer.encode())

    def ends(self):
        """Its status, as os.waitstatus_to_exitcode gives it."""
        end = time.monotonic() + PATIENCE
        while self.read():
            assert time.monotonic() < end, f"still running: {self.shown}"
        _, status = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        return self.status
