"""CPU and memory of processes, as the operating system counts them."""

import contextlib
import dataclasses
import os
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time

TICK = 1 / os.sysconf("SC_CLK_TCK")
MEBIBYTE = 1 << 20


def cpu_seconds(pid):
    """User and system time a process has taken with all its threads; ended children that were waited for do not count."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK


@dataclasses.dataclass(frozen=True)
class Memory:
    """In MiB: what is in memory, what of it is backed by no file, and the most there ever was in memory."""

    resident: float
    anonymous: float
    peak: float


def memory(pid):
    fields = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        fields[name] = value
    return Memory(*(int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon", "VmHWM")))


class Watch:
    """Looks at a process's memory again and again, since the kernel keeps no peak of what is anonymous."""

    def __init__(self, pid, interval=0.02):
        self.pid, self.interval = pid, interval
        self.resident = self.anonymous = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._over.is_set():
            try:
                seen = memory(self.pid)
            except (OSError, KeyError):
                return
            self.resident = max(self.resident, seen.resident)
            self.anonymous = max(self.anonymous, seen.anonymous)
            self._over.wait(self.interval)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a piece of work took."""

    cpu: float
    wall: float
    #: Peaks in MiB.
    resident: float = 0.0
    anonymous: float = 0.0


@contextlib.contextmanager
def using(pid):
    """Measures what a running process does meanwhile; the list has the `Usage` afterwards."""
    found = []
    with Watch(pid) as watch:
        cpu, wall = cpu_seconds(pid), time.monotonic()
        yield found
        found.append(Usage(cpu_seconds(pid) - cpu, time.monotonic() - wall))
    found[0] = dataclasses.replace(found[0], resident=watch.resident, anonymous=watch.anonymous)


class CommandFailed(Exception):
    """A measured command that ended otherwise than expected."""


@dataclasses.dataclass(frozen=True)
class Finished:
    usage: Usage
    output: str


def run(arguments, expected=0, watched=True, **options):
    """Runs a command to its end: what it took by `wait4`, and its standard output.

    Output goes through files, so that a command is never held up by a pipe. `watched` commands are looked at for their
    anonymous memory; leave it out for those that last some milliseconds.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = subprocess.Popen(
            [str(argument) for argument in arguments], stdin=subprocess.DEVNULL, stdout=output, stderr=errors, **options
        )
        with Watch(process.pid) if watched else contextlib.nullcontext() as watch:
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        # Popen is told, since it did not wait itself.
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
        if process.returncode != expected:
            errors.seek(0)
            said = errors.read().decode(errors="replace")
            raise CommandFailed(f"{' '.join(map(str, arguments))} ended with {process.returncode}: {said[-2000:]}")
    # Not `ru_maxrss`: it begins with what the process this one was forked from had in memory.
    memory_peaks = (watch.resident, watch.anonymous) if watched else ()
    took = Usage(usage.ru_utime + usage.ru_stime, wall, *memory_peaks)
    return Finished(took, text)


def alternate(runs, **peers):
    """Results of each peer, which take turns, so that what else the machine does meets all of them."""
    results = {name: [] for name in peers}
    for turn in range(runs):
        for name, once in peers.items():
            results[name].append(once(turn))
    return results


def percentile(values, share):
    """The value that `share` (0 to 1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


median = statistics.median
