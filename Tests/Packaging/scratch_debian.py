"""A Debian of the test's own: made by debootstrap, entered and booted by systemd-nspawn."""

import os
import pathlib
import re
import shutil
import subprocess

from tgl_process import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUITE = os.environ.get("DEBIAN_SUITE", "bookworm")
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
# Sockets and buses that nobody on this machine is to hear of.
NSPAWN = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--resolv-conf=replace-host", "--timezone=off"]
PATIENCE = 120


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def lacking():
    """Why there can be none; nothing when there can."""
    if os.geteuid() != 0:
        return "only root can make a scratch Debian"
    for program in ("debootstrap", "systemd-nspawn", "nsenter", "lintian"):
        if not shutil.which(program):
            return f"there is no {program} here"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True).returncode != 0:
        return "namespaces are not allowed here"
    return ""


def base():
    """An archive of a small Debian, made once."""
    architecture = run("dpkg", "--print-architecture").strip()
    archive = ROOT / ".build" / "deb" / f"debian-{SUITE}-{architecture}.tar"
    if not archive.exists():
        folder = archive.with_suffix(".root")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        made = subprocess.run(
            ["debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv", SUITE, str(folder), MIRROR],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        if made.returncode != 0:
            raise NoDebianHere(f"debootstrap: {made.stdout[-2_000:]}")
        unfinished = archive.with_suffix(".unfinished")
        run("tar", "--numeric-owner", "--xattrs", "-C", str(folder), "-cf", str(unfinished), ".")
        unfinished.rename(archive)
        shutil.rmtree(folder)
    return archive


class NoDebianHere(Exception):
    """For reasons of this machine or its network; nothing of ours has a part in it."""


class ScratchDebian:
    def __init__(self, folder, shared=()):
        """`shared`: folders of this machine that are seen there too, at the same place."""
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        run("tar", "--numeric-owner", "--xattrs", "-C", str(folder), "-xf", str(base()))
        self.shared = [f"--bind-ro={each}" for each in shared]
        self.manager = None

    def path(self, name):
        return self.folder / name.lstrip("/")

    def run(self, *command, text=None):
        """A command there, as root; its result whatever it came to."""
        if self.manager:
            there = ["nsenter", "--target", str(self.leader), "--all", "--wd=/"]
        else:
            there = [*NSPAWN, *self.shared, "--pipe", "-D", str(self.folder)]
        options = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        inside = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
        return subprocess.run(
            [*there, *inside, *command], capture_output=True, text=True, timeout=PATIENCE, **options
        )

    def do(self, *command, text=None):
        """The same, when it has to succeed; what it prints."""
        done = self.run(*command, text=text)
        assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    # Packages

    def install(self, package, *options):
        shutil.copy(package, self.path("/root"))
        return self.do("apt-get", "install", "--quiet", "--assume-yes", "--no-install-recommends", *options,
                       f"/root/{pathlib.Path(package).name}")

    # systemd

    def boot(self):
        log = open(self.folder.with_suffix(".boot"), "w")
        self.manager = subprocess.Popen(
            [*NSPAWN, *self.shared, "--boot", "-D", str(self.folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        log.close()
        children = pathlib.Path(f"/proc/{self.manager.pid}/task/{self.manager.pid}/children")

        def is_up():
            if self.manager.poll() is not None:
                self.manager = None
                raise NoDebianHere(self.folder.with_suffix(".boot").read_text()[-2_000:])
            started = children.read_text().split()
            if not started:
                return False
            self.leader = started[-1]
            return self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")

        wait_for(is_up, "systemd to be up", PATIENCE)

    def show(self, unit, *names):
        """Properties of a unit, by name; of one name, its value."""
        shown = self.do("systemctl", "show", "--property", ",".join(names), unit)
        values = dict(line.split("=", 1) for line in shown.splitlines())
        return values if len(names) > 1 else values[names[0]]

    def journal(self, unit):
        return self.do("journalctl", "--no-pager", "--unit", unit, "--output", "cat")

    def end(self):
        if self.manager:
            self.run("systemctl", "poweroff", "--force")
            try:
                self.manager.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.manager.kill()
                self.manager.wait()
            self.manager = None
        shutil.rmtree(self.folder)


def swift_runtime(program):
    """Folders of Swift's libraries that a program is linked with; none when it has them in it."""
    found = run("ldd", str(program))
    return sorted({pathlib.Path(path).parent for path in re.findall(r"=> (\S*/libswift\w+\.so)", found)})
