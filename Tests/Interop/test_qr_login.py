"""Signing in by a QR code: what `tgl login --qr` draws is read with zbar, from a picture of the terminal."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import time

import pyte
import pytest
from PIL import Image, ImageDraw
from telethon import errors, functions, utils

from sandbox_server import PATIENCE, Sandbox, sandbox, telethon, telethon_client  # noqa: F401
from test_cli import account
from tgl_command import Running, Terminal, resize, tgl

LINK = re.compile(r"tg://login\?token=[A-Za-z0-9_-]{43}(?![A-Za-z0-9_=-])")
# Foreground and background of a terminal.
DARK, LIGHT = ("#d0d0d0", "#101010"), ("#101010", "#fdf6e3")
COLOURS = {"black": "#000000", "white": "#e5e5e5", "brightwhite": "#ffffff"}


@pytest.fixture(scope="module")
def brief(tmp_path_factory):
    """A sandbox whose codes are valid for a short time."""
    server = Sandbox(tmp_path_factory.mktemp("brief"), "--qr-lifetime", "4")
    yield server
    assert server.stop() == 0


class Screen(Terminal):
    """A terminal, and what can be seen on it."""

    def __init__(self, *arguments, columns=90, rows=30, env=None):
        super().__init__(*arguments, env={"TERM": "xterm-256color", **(env or {})}, size=(columns, rows))
        self.screen = pyte.HistoryScreen(columns, rows)
        self.stream = pyte.Stream(self.screen)
        self.taken = 0

    def read(self):
        more = super().read()
        self.stream.feed(self.shown[self.taken :])
        self.taken = len(self.shown)
        return more

    @property
    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def wait(self, condition, what):
        """The first true value of `condition`."""
        end = time.monotonic() + PATIENCE
        while True:
            value = condition()
            if value:
                return value
            assert self.read() and time.monotonic() < end, f"waited in vain for {what}:\n{self.text}"

    def picture(self, theme):
        foreground, background = theme
        picture = Image.new("RGB", (self.screen.columns * 8, self.screen.lines * 16), background)
        draw = ImageDraw.Draw(picture)
        for y, line in self.screen.buffer.items():
            for x, cell in line.items():
                ink = COLOURS.get(cell.fg, foreground)
                # pyte has a name of its own for the brightest white.
                paper = COLOURS.get("brightwhite" if "white" in cell.bg and cell.bg != "white" else cell.bg, background)
                top, bottom = {"█": (ink, ink), "▀": (ink, paper), "▄": (paper, ink)}.get(cell.data, (paper, paper))
                draw.rectangle((x * 8, y * 16, x * 8 + 7, y * 16 + 7), top)
                draw.rectangle((x * 8, y * 16 + 8, x * 8 + 7, y * 16 + 15), bottom)
        return picture

    def scan(self, tmp_path, theme=DARK):
        """What a phone sees: None where there is no code."""
        self.picture(theme).save(tmp_path / "screen.png")
        done = subprocess.run(
            ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", tmp_path / "screen.png"],
            capture_output=True,
            text=True,
        )
        return done.stdout.strip() or None

    def link(self, tmp_path, other_than=None):
        def found():
            link = self.scan(tmp_path)
            return link if link and link != other_than else None

        link = self.wait(found, "a code")
        assert LINK.fullmatch(link)
        return link


@pytest.fixture
def login(sandbox, tmp_path):
    assert shutil.which("zbarimg"), "zbar-tools is not installed"

    def start(*more, server=sandbox, **options):
        return Screen(*account(server, tmp_path / "data", "login", "--qr", *more), **options)

    return start


def signed_in(sandbox, tmp_path):
    done = tgl(*account(sandbox, tmp_path / "data", "login", "--status", "--json"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def accept(sandbox, name, link):
    return sandbox.post("/accept_login", user=name, token=link)


# At a terminal


def test_a_code_is_scanned(sandbox, login, tmp_path):
    with login() as terminal:
        link = terminal.link(tmp_path)
        assert terminal.scan(tmp_path, LIGHT) == link
        assert "Settings > Devices > Link Desktop Device" in terminal.text
        assert re.search(r"A new code in \d+ s", terminal.text) and "tg://" not in terminal.shown
        assert accept(sandbox, "alice", link)["dc"] == sandbox.info["home_dc"]
        assert terminal.ends() == 0
    # The code is of no use any more, and gone.
    assert terminal.scan(tmp_path) is None
    assert terminal.text.splitlines()[1:] == [
        f"Signed in as Alice Liddell (@alice_liddell, id {sandbox.users['alice']['id']}, DC2)."
    ]
    assert signed_in(sandbox, tmp_path)["id"] == sandbox.users["alice"]["id"]
    with login() as terminal:
        assert terminal.ends() == 0 and "Already signed in" in terminal.text


def test_a_code_is_renewed_in_its_place(brief, login, tmp_path):
    with login(server=brief) as terminal:
        first = terminal.link(tmp_path)
        second = terminal.link(tmp_path, other_than=first)
        third = terminal.link(tmp_path, other_than=second)
        assert third != first
        lines = terminal.text.splitlines()
        assert lines[0].startswith("Scan this code") and terminal.text.count("A new code in") == 1
        assert len(lines) == 23 and not terminal.screen.history.top
        accept(brief, "bob", third)
        assert terminal.ends() == 0
    assert signed_in(brief, tmp_path)["id"] == brief.users["bob"]["id"]


def test_an_update_that_is_lost_delays_the_sign_in_only(brief, login, tmp_path):
    with login(server=brief) as terminal:
        link = terminal.link(tmp_path)
        brief.post("/fault", kind="drop_updates", count=1)
        accept(brief, "bob", link)
        assert terminal.ends() == 0
    brief.post("/fault", kind="none")


def test_a_connection_that_is_lost_meanwhile_comes_back(sandbox, login, tmp_path):
    with login() as terminal:
        first = terminal.link(tmp_path)
        sandbox.post("/fault", kind="disconnect")
        accept(sandbox, "bob", terminal.link(tmp_path, other_than=first))
        assert terminal.ends() == 0


def test_the_account_lives_on_another_data_centre(sandbox, login, tmp_path):
    dc = sandbox.dcs[1]
    with login("--set", f"TELEGRAM_DC=1@{dc['host']}:{dc['port']}") as terminal:
        assert accept(sandbox, "alice", terminal.link(tmp_path))["dc"] == 1
        assert terminal.ends() == 0
    assert "DC2" in terminal.text
    status = signed_in(sandbox, tmp_path)
    assert (status["dc"], status["id"]) == (2, sandbox.users["alice"]["id"])


@pytest.mark.parametrize("dc", [1, 2])
def test_the_password_is_asked_for(sandbox, login, tmp_path, dc):
    carol = sandbox.users["carol"]
    address = f"{dc}@{sandbox.dcs[dc]['host']}:{sandbox.dcs[dc]['port']}"
    with login("--set", f"TELEGRAM_DC={address}") as terminal:
        accept(sandbox, "carol", terminal.link(tmp_path))
        terminal.answers("password (hint: battery staple)", "wrong\r")
        terminal.answers("password is wrong", carol["password"] + "\r")
        assert terminal.ends() == 0
    assert terminal.scan(tmp_path) is None
    assert "Signed in as Carol" in terminal.text and carol["password"] not in terminal.shown
    assert signed_in(sandbox, tmp_path)["id"] == carol["id"]


def test_control_c_ends_it(sandbox, login, tmp_path):
    with login() as terminal:
        link = terminal.link(tmp_path)
        os.write(terminal.terminal, b"\x03")
        assert terminal.ends() == 130
    assert terminal.text.splitlines()[1:] == ["tgl: cancelled"]
    assert tgl(*account(sandbox, tmp_path / "data", "login", "--status")).returncode == 77
    assert link not in terminal.shown


def test_without_colours_the_link_is_told_too(sandbox, login, tmp_path):
    with login(env={"NO_COLOR": "1"}) as terminal:
        link = terminal.link(tmp_path)
        assert link in terminal.text.splitlines() and not re.search(r"\x1b\[[\d;]*m", terminal.shown)
        accept(sandbox, "alice", link)
        assert terminal.ends() == 0


@pytest.mark.parametrize("columns, rows", [(40, 30), (90, 21)])
def test_a_terminal_that_is_too_small_is_told_the_link(sandbox, login, tmp_path, columns, rows):
    with login(columns=columns, rows=rows) as terminal:
        terminal.wait(lambda: "A new code" in terminal.text, "the link")
        text = terminal.text.replace("\n", "")
        assert "too small" in text and f"{columns} by {rows}" in text and terminal.scan(tmp_path) is None
        link = LINK.search(terminal.shown)[0]
        resize(terminal.terminal, 90, 30)
        terminal.screen.resize(30, 90)
        assert terminal.link(tmp_path) == link
        accept(sandbox, "alice", link)
        assert terminal.ends() == 0


# Without a terminal


def links(running):
    return [line for line in running.read().splitlines() if line.startswith("tg://")]


def test_without_a_terminal_every_link_is_a_line(brief, tmp_path):
    with Running(*account(brief, tmp_path / "data", "login", "--qr")) as command:
        while len(links(command)) < 2:
            command.says("tg://")
            time.sleep(0.02)
        assert "\x1b" not in command.log and "A new code" not in command.log
        assert LINK.fullmatch(links(command)[-1]) and len(set(links(command))) == len(links(command))
        accept(brief, "alice", links(command)[-1])
        assert command.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("other", [["--phone", "+99966"], ["--status"], ["--logout"]])
def test_a_code_and_something_else_is_wrong_usage(other, tmp_path):
    done = tgl("login", "--qr", *other, cwd=tmp_path)
    assert done.returncode == 64 and f"'--qr' and '{other[0]}' exclude each other" in done.stderr


def test_too_many_attempts(sandbox, tmp_path):
    sandbox.post("/fault", kind="flood_wait", method="auth.exportLoginToken", seconds=3600)
    done = tgl(*account(sandbox, tmp_path / "data", "login", "--qr"))
    assert done.returncode == 75 and "3600 s" in done.stderr


# Telethon


def test_telethon_lets_tgl_in(sandbox, login, tmp_path):
    async def scan(link):
        async with telethon(sandbox, "bob") as bob:
            _, token = link.split("token=")
            request = functions.auth.AcceptLoginTokenRequest(utils._decode_telegram_base64(token))
            device = await bob(request)
            # The token is gone as soon as the device has looked.
            with pytest.raises((errors.AuthTokenAlreadyAcceptedError, errors.AuthTokenInvalidError)):
                await bob(request)
            return device

    with login() as terminal:
        device = asyncio.run(scan(terminal.link(tmp_path)))
        assert terminal.ends() == 0
    assert device.api_id == sandbox.info["api_id"] and device.device_model
    assert signed_in(sandbox, tmp_path)["id"] == sandbox.users["bob"]["id"]


@pytest.mark.parametrize("dc", [1, 2])
@pytest.mark.parametrize("name", ["alice", "carol"])
def test_telethon_is_let_in(sandbox, name, dc):
    user = sandbox.users[name]

    async def run():
        client = telethon_client(sandbox, dc=dc)
        await client.connect()
        code = await client.qr_login()
        waiting = asyncio.create_task(code.wait(PATIENCE))
        # The handler is there once the task has run.
        await asyncio.sleep(0)
        await asyncio.to_thread(accept, sandbox, name, code.url)
        try:
            await waiting
        except errors.SessionPasswordNeededError:
            assert user["password"]
            await client.sign_in(password=user["password"])
        assert (await client.get_me()).id == user["id"]
        await client.disconnect()

    asyncio.run(run())


def test_a_token_that_cannot_be_accepted(brief):
    async def expired():
        client = telethon_client(brief)
        await client.connect()
        code = await client.qr_login()
        await client.disconnect()
        brief.post("/fault", kind="clock_skew", seconds=60)
        return code.url

    link = asyncio.run(expired())
    for token, word in [
        (link, "AUTH_TOKEN_EXPIRED"),
        ("tg://login?token=" + "A" * 43, "AUTH_TOKEN_INVALID"),
        ("tg://login?token=%%%", "no link"),
        ("https://t.me/login", "no link"),
    ]:
        status, answer = brief.request("POST", "/accept_login", {"user": "alice", "token": token})
        assert status == 400 and word in answer["error"]
    brief.post("/fault", kind="none")
