"""tgl through real proxies: dante and tinyproxy of Debian, pproxy and mtprotoproxy of PyPI."""

import asyncio
import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys

import pytest

from sandbox_server import PATIENCE, Sandbox, telethon
from test_sandbox_media import noise, where
from tgl_process import Tgl, wait_for

SECRET = "0123456789abcdef0123456789abcdef"
DOMAIN = "www.example.com"
DISGUISED = "ee" + SECRET + DOMAIN.encode().hex()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True


class Proxy:
    """A proxy on a port of its own, which can be stopped and started again."""

    def __init__(self, folder, sandbox):
        self.folder = folder
        self.sandbox = sandbox
        self.port = free_port()
        self.process = None

    def command(self):
        raise NotImplementedError

    def start(self):
        self.process = subprocess.Popen(
            self.command(), stdout=open(self.folder / "proxy.log", "a"), stderr=subprocess.STDOUT
        )
        wait_for(lambda: accepts(self.port) or self.process.poll() is not None, "the proxy to listen")
        assert self.process.poll() is None, (self.folder / "proxy.log").read_text()

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


def debian(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    assert found, f"{name} is not there; 'make interop' installs it"
    return found


class Dante(Proxy):
    def command(self):
        settings = self.folder / "danted.conf"
        settings.write_text(
            f"logoutput: stderr\ninternal: 127.0.0.1 port = {self.port}\nexternal: lo\n"
            "socksmethod: none\nclientmethod: none\n"
            "client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\nsocks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n"
        )
        return [debian("danted"), "-f", str(settings), "-p", str(self.folder / "danted.pid")]

    @property
    def url(self):
        return f"socks5://127.0.0.1:{self.port}"


class Pproxy(Proxy):
    """SOCKS with a user and a password."""

    def command(self):
        return [sys.executable, "-m", "pproxy", "-l", f"socks5://127.0.0.1:{self.port}#someone:hunter2"]

    @property
    def url(self):
        return f"socks5://someone:hunter2@127.0.0.1:{self.port}"

    wrong = "socks5://someone:hunter3@127.0.0.1:{port}"
    # It says nothing of the kind, and ends the connection.
    complaint = r"the proxy socks5://127\.0\.0\.1:\d+ "


class Tinyproxy(Proxy):
    authorization = ""

    def command(self):
        settings = self.folder / "tinyproxy.conf"
        settings.write_text(
            f"Port {self.port}\nListen 127.0.0.1\nTimeout 600\nLogLevel Error\nMaxClients 100\n{self.authorization}"
        )
        return [debian("tinyproxy"), "-d", "-c", str(settings)]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class TinyproxyWithPassword(Tinyproxy):
    authorization = "BasicAuth someone hunter2\n"

    @property
    def url(self):
        return f"http://someone:hunter2@127.0.0.1:{self.port}"

    wrong = "http://someone:hunter3@127.0.0.1:{port}"
    complaint = r"the proxy http://127\.0\.0\.1:\d+ does not accept the user and password"


class MTProxy(Proxy):
    secret = SECRET
    wrong = "tg://proxy?server=127.0.0.1&port={port}&secret=ff" + SECRET[2:]
    complaint = r"through the proxy mtproxy://127\.0\.0\.1:\d+; if that goes on, check the secret"

    def command(self):
        script = pathlib.Path(__file__).parent / "mtproxy.py"
        ports = [f"{number}={dc['port']}" for number, dc in self.sandbox.dcs.items()]
        bin_folder = pathlib.Path(sys.executable).parent
        return ["env", f"PYTHONPATH={bin_folder}", sys.executable, str(script), str(self.port), SECRET, *ports]

    @property
    def url(self):
        return f"tg://proxy?server=127.0.0.1&port={self.port}&secret={self.secret}"


class MTProxyPadded(MTProxy):
    secret = "dd" + SECRET
    wrong = "https://t.me/proxy?server=127.0.0.1&port={port}&secret=ddff" + SECRET[2:]


class MTProxyDisguised(MTProxy):
    secret = DISGUISED
    wrong = "tg://proxy?server=127.0.0.1&port={port}&secret=" + DISGUISED.replace("0123", "ff23", 1)
    complaint = r"the proxy mtproxy://127\.0\.0\.1:\d+ "


KINDS = [Dante, Pproxy, Tinyproxy, TinyproxyWithPassword, MTProxy, MTProxyPadded, MTProxyDisguised]


@pytest.fixture
def world(tmp_path):
    server = Sandbox(tmp_path / "sandbox")
    yield server
    assert server.stop() == 0


@pytest.fixture
def proxied(world, tmp_path, request):
    """tgl behind a proxy that runs, not signed in."""
    proxy = request.param(tmp_path, world)
    proxy.start()
    program = Tgl(world, PROXY_URL=proxy.url)
    yield program, proxy
    if program.service:
        program.service.kill()
        program.service.wait()
    if proxy.process.poll() is None:
        proxy.stop()


def peers(process):
    """The ports at the other ends of a process's TCP connections."""
    sockets = set()
    for entry in os.listdir(f"/proc/{process.pid}/fd"):
        with contextlib.suppress(OSError):
            found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{process.pid}/fd/{entry}"))
            if found:
                sockets.add(found[1])
    ports = set()
    for table in ["tcp", "tcp6"]:
        for line in open(f"/proc/{process.pid}/net/{table}").readlines()[1:]:
            fields = line.split()
            if fields[9] in sockets and fields[3] != "0A":
                ports.add(int(fields[2].rpartition(":")[2], 16))
    return ports


@pytest.mark.parametrize("proxied", KINDS, indirect=True)
def test_everything_goes_through_the_proxy_and_nothing_around_it(proxied, tmp_path):
    program, proxy = proxied
    program.settings["BUFFER_ALL_MEDIA"] = "true"
    program.login()
    program.start()
    assert peers(program.service) == {proxy.port}
    bob = program.sandbox
    kept = bob.say("bob", "alice", "through the proxy")
    bob.delete("bob", "alice", kept["id"])
    program.wait_for_notices(lambda notice: "through the proxy" in notice["text"])

    picture = tmp_path / "file.bin"
    picture.write_bytes(noise("proxy", 300_000))

    async def send():
        async with telethon(bob, "bob") as sender:
            await sender.get_dialogs()
            sent = await sender.send_file(where(bob, "alice"), str(picture), force_document=True)
            wait_for(lambda: list((program.data / "media").glob("*")), "the file to be fetched")
            assert peers(program.service) == {proxy.port}
            await sender.delete_messages(where(bob, "alice"), [sent.id])

    asyncio.run(send())
    program.wait_for_notices(lambda notice: notice.get("media"))
    assert peers(program.service) == {proxy.port}

    # Without the proxy there is no other way; with it again, nothing is missing.
    proxy.stop()
    bob.post("/fault", kind="disconnect", user="alice")
    wait_for(
        lambda: re.search(r"not connected .*the proxy \w+://127\.0\.0\.1:\d+ cannot be reached: Connection refused", program.log),
        f"the proxy to be missed: {program.log}",
    )
    late = bob.say("bob", "alice", "while it was away")
    assert peers(program.service) <= {proxy.port}
    bob.delete("bob", "alice", late["id"])
    again = bob.say("bob", "alice", "still there")
    proxy.start()
    wait_for(
        lambda: program.command("search", "--json", "still there").stdout.strip(), "the message to arrive", patience=60
    )
    assert again and peers(program.service) == {proxy.port}
    assert program.stop() == 0
    for secret in ["hunter2", SECRET]:
        assert secret not in program.log


@pytest.mark.parametrize(
    "proxied", [kind for kind in KINDS if hasattr(kind, "wrong")], indirect=True
)
def test_what_the_proxy_does_not_accept_is_said(proxied):
    program, proxy = proxied
    program.login()
    # Some remember who had the right password.
    proxy.stop()
    proxy.start()
    program.settings["PROXY_URL"] = proxy.wrong.format(port=proxy.port)
    program.launch()
    wait_for(
        lambda: re.search("not connected .*" + proxy.complaint, program.log) or program.service.poll() is not None,
        "the complaint",
        patience=60,
    )
    assert program.service.poll() is None, program.log
    assert program.stop() == 0
    assert "hunter3" not in program.log and SECRET[2:] not in program.log


@pytest.mark.parametrize(
    "url",
    ["socks5://127.0.0.1:{}", "http://127.0.0.1:{}", "tg://proxy?server=127.0.0.1&port={}&secret=" + DISGUISED],
)
def test_what_is_no_proxy_is_said(world, url):
    """The sandbox itself is none."""
    program = Tgl(world)
    program.login()
    program.settings["PROXY_URL"] = url.format(world.home["port"])
    program.launch()
    wait_for(lambda: "does not answer" in program.log, "the complaint", patience=60)
    program.service.kill()
    program.service.wait()


@pytest.mark.parametrize("proxied", [Tinyproxy], indirect=True)
def test_a_target_that_cannot_be_reached_is_said(proxied):
    program, _ = proxied
    program.login()
    program.settings["TELEGRAM_DC"] = f"2@127.0.0.1:{free_port()}"
    program.settings["DATA_ROOT"] = str(program.sandbox.folder / "other")
    alice = program.sandbox.users["alice"]
    done = program.command("login", lines=[alice["phone"], alice["code"]], timeout=150)
    assert done.returncode == 69 and "does not connect to Telegram: HTTP status 5" in done.stderr, done
