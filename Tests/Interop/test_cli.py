"""The command line: usage, settings and sign-in."""

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess

import pytest
import rsa
from telethon.sessions import SQLiteSession

from sandbox_server import PATIENCE, sandbox, telethon_client  # noqa: F401
from tgl_command import Running, Terminal, tgl

LEAST = {"API_ID": "1", "API_HASH": "0" * 32, "LOG_CHAT_ID": "-1001234567890"}


def account(sandbox, root, *arguments, env_file="tgl.env"):
    """Arguments for a command with a data directory of its own."""
    return ["--env-file", sandbox.folder / env_file, *arguments, "--set", f"DATA_ROOT={root}"]


def sign_in(sandbox, root, name="alice"):
    user = sandbox.users[name]
    answers = [user["phone"], user["code"]] + ([user["password"]] if user["password"] else [])
    done = tgl(*account(sandbox, root, "login"), stdin="".join(f"{answer}\n" for answer in answers))
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def alice(sandbox, tmp_path):
    """A data directory in which alice is signed in."""
    sign_in(sandbox, tmp_path / "data")
    return tmp_path / "data"


# Usage and settings


def test_version():
    done = tgl("--version")
    assert (done.returncode, done.stderr) == (0, "") and re.fullmatch(r"\d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["login", "--help"], ["help", "run"]])
def test_help_goes_to_standard_output_and_has_an_example(command):
    done = tgl(*command)
    assert done.returncode == 0 and done.stderr == "" and "EXAMPLES" in done.stdout


def test_help_lists_every_setting():
    text = tgl("help", "run").stdout
    for name in ["API_ID (required)", "HEALTH_PORT (default: 8080)", "TELEGRAM_TRANSPORT (default: obfuscated-abridged)"]:
        assert name in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["run", "--nonsense"],
        ["login", "--status", "--logout"],
        ["run", "--set", "NO_SETTING=1"],
        ["run", "--set", "HEALTH_PORT"],
        ["run", "--set", "API_HASH=" + "0" * 32],
        ["run", "--set", "PROXY_URL=socks5://a:b@c:1"],
        ["run", "--env-file"],
    ],
)
def test_wrong_usage(arguments, tmp_path):
    done = tgl(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (64, "") and "Usage:" in done.stderr
    assert "0" * 32 not in done.stderr and "a:b" not in done.stderr


def test_everything_wrong_is_told_at_once(tmp_path):
    env = {"API_HASH": "topsecret", "LOG_CHAT_ID": "@chat", "HEALTH_PORT": "65536", "DEBUG_MODE": "maybe\nno"}
    done = tgl("run", cwd=tmp_path, env=env)
    assert (done.returncode, done.stdout) == (78, "")
    lines = done.stderr.splitlines()
    assert [line.split(":")[:2] for line in lines] == [
        ["tgl", f" {name}"] for name in ["API_ID", "API_HASH", "LOG_CHAT_ID", "HEALTH_PORT", "DEBUG_MODE"]
    ]
    assert "'@chat'" in lines[2] and "0 to 65535" in lines[3] and "topsecret" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_flags_win_over_the_environment_and_the_environment_over_the_file(tmp_path):
    (tmp_path / ".env").write_text("HEALTH_PORT=file\nHEALTH_PATH=file\nHEALTH_HOST=f i l e\n")
    env = {**LEAST, "HEALTH_PORT": "env", "HEALTH_PATH": "env"}
    done = tgl("--set", "HEALTH_PORT=before", "run", "--set", "DEBUG_MODE=behind", cwd=tmp_path, env=env)
    assert done.returncode == 78
    assert re.findall(r"tgl: (\w+): '([^']*)'", done.stderr) == [
        ("HEALTH_HOST", "f i l e"),
        ("HEALTH_PORT", "before"),
        ("HEALTH_PATH", "env"),
        ("DEBUG_MODE", "behind"),
    ]


@pytest.mark.parametrize("place", [lambda file: ["--env-file", file, "run"], lambda file: ["run", "--env-file", file]])
def test_an_env_file_may_be_named_before_or_behind_the_command(place, tmp_path):
    (tmp_path / "my.env").write_text("HEALTH_PORT=mine\n")
    done = tgl(*place(tmp_path / "my.env"), cwd=tmp_path, env=LEAST)
    assert done.returncode == 78 and "'mine'" in done.stderr
    done = tgl(*place(tmp_path / "none.env"), cwd=tmp_path, env=LEAST)
    assert done.returncode == 78 and "none.env: cannot be read: no such file or directory" in done.stderr


def test_an_env_file_may_be_a_pipe(tmp_path):
    done = tgl("--env-file", "/dev/stdin", "run", stdin="HEALTH_PORT=piped\n", cwd=tmp_path, env=LEAST)
    assert done.returncode == 78 and "'piped'" in done.stderr


def test_a_misspelled_name_is_a_warning(sandbox, tmp_path):
    settings = (sandbox.folder / "tgl.env").read_text()
    (tmp_path / "tgl.env").write_text(settings + "HEALT_PORT=1\n")
    done = tgl("--env-file", tmp_path / "tgl.env", "login", "--status", "--set", f"DATA_ROOT={tmp_path}/data")
    assert "did you mean HEALTH_PORT?" in done.stderr and done.returncode == 77


@pytest.mark.parametrize("command", ["run", "login"])
def test_a_data_root_that_cannot_be_used_is_a_wrong_setting(command, tmp_path):
    (tmp_path / "file").write_text("")
    done = tgl(command, "--set", f"DATA_ROOT={tmp_path}/file", cwd=tmp_path, env=LEAST)
    assert done.returncode == 78 and done.stderr.startswith("tgl: DATA_ROOT: ") and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["run", "login"])
def test_a_damaged_session_is_bad_data_and_left_as_it_is(command, tmp_path):
    session = tmp_path / "db" / "user.session"
    session.parent.mkdir()
    session.write_text("no database, " * 100)
    done = tgl(command, "--set", f"DATA_ROOT={tmp_path}", cwd=tmp_path, env=LEAST)
    assert done.returncode == 65 and "tgl login" in done.stderr.splitlines()[-1]
    assert session.read_text() == "no database, " * 100


# Signing in


def test_signs_in_with_answers_on_standard_input(sandbox, tmp_path):
    root = tmp_path / "data"
    done = sign_in(sandbox, root)
    user = sandbox.users["alice"]
    assert f"id {user['id']}" in done.stdout
    for path in [root, *root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    status = json.loads(tgl(*account(sandbox, root, "login", "--status", "--json")).stdout)
    assert (status["id"], "+" + status["phone"], status["dc"]) == (user["id"], user["phone"], sandbox.info["home_dc"])
    again = tgl(*account(sandbox, root, "login"))
    assert again.returncode == 0 and again.stdout.startswith("Already signed in")


def test_wrong_answers_may_be_mended(sandbox, tmp_path):
    user = sandbox.users["carol"]
    answers = ["hello", user["phone"], "", "00000", "resend", user["code"], "wrong", user["password"]]
    done = tgl(*account(sandbox, tmp_path / "data", "login"), stdin="".join(f"{answer}\n" for answer in answers))
    assert done.returncode == 0, done.stderr
    for notice in ["no phone number", "other Telegram applications", "code is wrong", "by SMS", "password is wrong"]:
        assert notice in done.stderr
    assert f"id {user['id']}" in done.stdout
    assert user["password"] not in done.stderr + done.stdout


@pytest.mark.parametrize(
    "answers, status, word",
    [
        ([], 66, "standard input ended"),
        (["alice"], 66, "standard input ended"),
        (["alice", "cancel"], 130, "cancelled"),
        (["alice", *["00000"] * 5], 77, "too many wrong codes"),
        (["+99966299999", "22222"], 77, "official Telegram application"),
    ],
)
def test_a_sign_in_that_comes_to_nothing(sandbox, tmp_path, answers, status, word):
    answers = [sandbox.users[answer]["phone"] if answer in sandbox.users else answer for answer in answers]
    done = tgl(*account(sandbox, tmp_path / "data", "login"), stdin="".join(f"{answer}\n" for answer in answers))
    assert (done.returncode, done.stdout) == (status, "")
    assert word in done.stderr.splitlines()[-1] and done.stderr.splitlines()[-1].startswith("tgl: ")
    assert tgl(*account(sandbox, tmp_path / "data", "login", "--status")).returncode == 77


def test_signing_out_ends_the_session_on_the_server(sandbox, alice, tmp_path):
    copy = tmp_path / "copy" / "db"
    copy.mkdir(parents=True)
    shutil.copy(alice / "db" / "user.session", copy)
    done = tgl(*account(sandbox, alice, "login", "--logout", "--json"))
    assert (done.returncode, json.loads(done.stdout)) == (0, {"signed_in": False})
    for root in [alice, copy.parent]:
        assert tgl(*account(sandbox, root, "login", "--status")).returncode == 77
        assert tgl(*account(sandbox, root, "run")).returncode == 77
    assert tgl(*account(sandbox, alice, "login", "--logout")).returncode == 77


def test_a_server_that_cannot_be_reached(sandbox, tmp_path):
    done = tgl(*account(sandbox, tmp_path, "login"), "--set", "TELEGRAM_DC=2@127.0.0.1:1", stdin="+99966\n")
    assert done.returncode == 69 and "cannot be reached" in done.stderr.splitlines()[-1]


def test_telethon_uses_a_session_made_here(sandbox, alice):
    async def run():
        client = telethon_client(sandbox, SQLiteSession(str(alice / "db" / "user.session")))
        await client.connect()
        assert (await client.get_me()).id == sandbox.users["alice"]["id"]
        await client.disconnect()

    asyncio.run(run())
    assert tgl(*account(sandbox, alice, "login", "--status")).returncode == 0


@pytest.mark.parametrize("version", [7, 8])
def test_a_session_made_by_telethon_needs_no_prompt(sandbox, tmp_path, version):
    user = sandbox.users["bob"]
    session = tmp_path / "db" / "user.session"
    session.parent.mkdir()

    async def run():
        client = telethon_client(sandbox, SQLiteSession(str(session)))
        await client.start(phone=lambda: user["phone"], code_callback=lambda: user["code"])
        await client.get_dialogs()
        await client.disconnect()

    asyncio.run(run())
    if version == 7:
        with sqlite3.connect(session) as db:
            db.execute("alter table sessions drop column tmp_auth_key")
            db.execute("update version set version = 7")
    done = tgl(*account(sandbox, tmp_path, "login"))
    assert done.returncode == 0 and f"id {user['id']}" in done.stdout and done.stderr == ""


# At a terminal


def test_codes_and_passwords_are_not_shown(sandbox, tmp_path):
    user = sandbox.users["carol"]
    with Terminal(*account(sandbox, tmp_path, "login")) as terminal:
        terminal.answers("Phone number", user["phone"] + "\r")
        terminal.answers("Code", user["code"] + "\r")
        terminal.answers("password", user["password"] + "\r")
        assert terminal.ends() == 0
    assert user["phone"] in terminal.shown and "Signed in as" in terminal.shown
    assert user["code"] not in terminal.shown and user["password"] not in terminal.shown


def test_control_d_is_the_end_of_input(sandbox, tmp_path):
    with Terminal(*account(sandbox, tmp_path, "login")) as terminal:
        terminal.answers("Phone number", "\x04")
        assert terminal.ends() == 66


@pytest.mark.parametrize("asked", [0, 1])
def test_control_c_ends_a_prompt_at_once(sandbox, tmp_path, asked):
    with Terminal(*account(sandbox, tmp_path, "login")) as terminal:
        if asked:
            terminal.answers("Phone number", sandbox.users["alice"]["phone"] + "\r")
        terminal.answers("Code" if asked else "Phone number", "\x03")
        assert terminal.ends() == -signal.SIGINT


def test_control_c_leaves_the_terminal_as_it_was_found(sandbox, tmp_path):
    import termios

    with Terminal(*account(sandbox, tmp_path, "login")) as terminal:
        before = termios.tcgetattr(terminal.terminal)
        terminal.answers("Phone number", "\x03")
        # While another process holds the terminal its state outlives the command's.
        held = os.open(f"/proc/self/fd/{terminal.terminal}", os.O_RDWR)
        try:
            assert terminal.ends() == -signal.SIGINT
            assert termios.tcgetattr(terminal.terminal)[:4] == before[:4]
        finally:
            os.close(held)


def test_an_error_of_the_connection_does_not_wait_for_an_answer(sandbox, tmp_path):
    other = tmp_path / "other.pem"
    other.write_bytes(rsa.newkeys(2048)[0].save_pkcs1())
    with Terminal(*account(sandbox, tmp_path, "login"), "--set", f"TELEGRAM_RSA_KEY={other}") as terminal:
        assert terminal.ends() == 69
    assert "none of the server's RSA keys is known" in terminal.shown


# Beside the service


def test_a_sign_in_does_not_change_the_session_of_a_running_service(sandbox, alice):
    with Running(*account(sandbox, alice, "run")) as service:
        service.says("up to date")
        for command in [["login"], ["login", "--logout"]]:
            done = tgl(*account(sandbox, alice, *command))
            assert done.returncode == 75 and f"process {service.process.pid}" in done.stderr
        assert tgl(*account(sandbox, alice, "login", "--status")).returncode == 0
        service.process.kill()
        service.process.wait()
    # A service that was killed holds nobody up.
    assert tgl(*account(sandbox, alice, "login", "--logout")).returncode == 0


def test_the_session_file_tells_telethon_where_the_service_stopped(sandbox, alice):
    with Running(*account(sandbox, alice, "run")) as service:
        service.says("up to date")
        service.process.terminate()
        assert service.process.wait(PATIENCE) == 0
    session = SQLiteSession(str(alice / "db" / "user.session"))
    states = dict(session.get_update_states())
    session.close()
    with sqlite3.connect(alice / "db" / "messages.db") as archive:
        assert archive.execute("select pts, qts, seq from update_state").fetchall() == [
            (states[0].pts, states[0].qts, states[0].seq)
        ]
    channels = {-sandbox.info[name] - 10**12 for name in ["supergroup_id", "channel_id", "log_chat_id"]}
    assert channels <= states.keys()


def test_lines_for_the_journal_have_priorities_and_no_times(sandbox, alice, tmp_path):
    with open(tmp_path / "journal", "w+") as journal:
        status = os.fstat(journal.fileno())
        process = subprocess.run(
            [os.path.join(os.environ["TGL_BIN"], "tgl"), *map(str, account(sandbox, alice, "run")), "--set", "LOG_CHAT_ID=-1001"],
            stderr=journal,
            env={"PATH": os.environ["PATH"], "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"},
        )
        journal.seek(0)
        lines = journal.read().splitlines()
    assert process.returncode == 78
    assert lines[0].startswith("<6>starting ")
