"""`tgl run` as its operator sees it: health, metrics, status page, systemd, the canary, `--check`."""

import base64
import concurrent.futures
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from sandbox_server import PATIENCE
from tgl_process import Tgl, tgl, wait_for, world  # noqa: F401 (fixtures)


class Endpoint:
    """The health endpoint of a running service."""

    def __init__(self, program, token=None):
        found = wait_for(
            lambda: re.search(r"health endpoint url=(\S+)", program.log), "the health endpoint to listen"
        )
        self.url = found[1]
        self.base = self.url.rsplit("/", 1)[0]
        self.token = token

    def get(self, path=None, method="GET", headers=None):
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        request = urllib.request.Request(self.url if path is None else self.base + path, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(), error.headers

    def report(self):
        status, body, _ = self.get()
        report = json.loads(body)
        assert (status, report["status"]) in [(200, "ok"), (503, "error")]
        return report

    def wait_for(self, status, reason="", patience=PATIENCE):
        def reached():
            report = self.report()
            return report["status"] == status and reason in (report.get("last_error_msg") or "") and report

        return wait_for(reached, f"health to be {status} for '{reason}'", patience=patience)

    def metrics(self):
        status, body, headers = self.get("/metrics")
        assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return {
            name: float(value)
            for name, value in (line.rsplit(" ", 1) for line in body.splitlines() if not line.startswith("#"))
        }


def launched(program, **settings):
    program.settings.update({name: str(value) for name, value in settings.items()})
    program.start()
    return Endpoint(program)


# Health


def test_a_service_that_is_well_says_so_in_fixed_names(tgl):
    endpoint = launched(tgl)
    status, body, headers = endpoint.get()
    report = json.loads(body)
    assert status == 200 and headers["Content-Type"] == "application/json" and headers["Cache-Control"] == "no-store"
    assert report["status"] == "ok" and report["connection"] == "connected" and report["version"] == "0.1.0"
    assert {"update_lag_seconds", "outbox_pending", "media_pending", "gaps"} <= report.keys()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", report["started_at"])
    head, nothing, headers = endpoint.get(method="HEAD")
    assert (head, nothing) == (200, "") and int(headers["Content-Length"]) > 0
    assert endpoint.get("/elsewhere")[0] == 404
    assert endpoint.get(method="POST")[0] == 404 or endpoint.get(method="POST")[0] == 405
    asked = tgl.command("health", "--url", endpoint.url)
    assert asked.returncode == 0 and asked.stdout.startswith("healthy: version 0.1.0, connected")
    assert tgl.stop() == 0


def test_housekeeping_is_told_when_it_is_through(tgl):
    endpoint = launched(tgl, HEALTH_HOUSEKEEPING_STALE_SECS=60)
    report = wait_for(lambda: endpoint.report().get("last_housekeeping_at") and endpoint.report(), "housekeeping", 60)
    assert report["status"] == "ok" and report["last_housekeeping_at"] >= report["started_at"]


def test_a_log_chat_that_refuses_makes_it_red_until_it_takes_posts_again(world, tgl):
    endpoint = launched(tgl, HEALTH_ERROR_WINDOW_SECS=1)
    said = world.say("bob", world.info["group_id"], "to be refused")
    world.post("/fault", kind="error", method="messages.sendMessage", code=400, message="MESSAGE_EMPTY", count=2)
    world.delete("bob", world.info["group_id"], said["id"])
    report = endpoint.wait_for("error", "refused by the log chat")
    assert "MESSAGE_EMPTY" in report["last_error_msg"]
    asked = tgl.command("health", "--url", endpoint.url)
    assert asked.returncode == 69 and "MESSAGE_EMPTY" in asked.stderr
    assert endpoint.metrics()['tgl_outbox_rows{state="parked"}'] == 1
    # It is tried again a minute later.
    endpoint.wait_for("ok", patience=90)
    assert any("to be refused" in notice["text"] for notice in tgl.notices)


def test_an_error_in_the_log_makes_it_red_for_the_window(world, tgl):
    endpoint = launched(tgl, HEALTH_ERROR_WINDOW_SECS=3)
    archive = sqlite3.connect(tgl.data / "db" / "messages.db", isolation_level=None)
    archive.execute("BEGIN IMMEDIATE")
    world.say("bob", world.info["group_id"], "while the archive is locked")
    endpoint.wait_for("error")
    archive.execute("COMMIT")
    archive.close()
    report = endpoint.wait_for("ok")
    assert report["last_error_at"] and report["last_error_msg"]
    wait_for(lambda: kept(tgl, "while the archive is locked"), "the message to be kept")


def kept(program, text):
    with sqlite3.connect(f"file:{program.data}/db/messages.db?mode=ro", uri=True) as archive:
        return archive.execute("SELECT count(*) FROM message WHERE text = ?", [text]).fetchone()[0]


def test_telegram_out_of_reach_makes_it_red_and_its_return_well(world, tgl):
    endpoint = launched(tgl, HEALTH_STALL_SECS=10)
    os.kill(world.process.pid, signal.SIGSTOP)
    try:
        # That a connection can be opened says nothing: the machine's own stack opens it.
        report = endpoint.wait_for("error", "Telegram has not been reached for", patience=120)
        assert report["connection"] != "connected" and endpoint.metrics()["tgl_connected"] == 0
    finally:
        os.kill(world.process.pid, signal.SIGCONT)
    endpoint.wait_for("ok", patience=90)


def test_a_stuck_path_to_the_archive_makes_it_red(world, tgl):
    endpoint = launched(tgl, HEALTH_STALL_SECS=10, HEALTH_ERROR_WINDOW_SECS=0)
    archive = sqlite3.connect(tgl.data / "db" / "messages.db", isolation_level=None)
    archive.execute("BEGIN IMMEDIATE")
    endpoint.wait_for("error", "nothing has gone from Telegram to the archive", patience=60)
    archive.execute("COMMIT")
    archive.close()
    endpoint.wait_for("ok")


# Who may ask


def test_with_a_token_nothing_is_told_without_it(tgl, tmp_path):
    token = "a-token-of-24-characters"
    secret = tmp_path / "token"
    secret.write_text(token + "\n")
    secret.chmod(0o600)
    endpoint = launched(tgl, HEALTH_TOKEN_FILE=secret)
    for path in [None, "/metrics", "/", "/elsewhere"]:
        for headers in [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer " + token[:-1]}]:
            status, body, answer = endpoint.get(path, headers=headers)
            assert status == 401 and "Basic" in answer["WWW-Authenticate"] and "tgl_" not in body and "{" not in body
    basic = base64.b64encode(f"anybody:{token}".encode()).decode()
    assert endpoint.get("/", headers={"Authorization": f"Basic {basic}"})[0] == 200
    endpoint.token = token
    assert endpoint.report()["status"] == "ok"
    assert tgl.command("health", "--url", endpoint.url).returncode == 0
    tgl.settings.pop("HEALTH_TOKEN_FILE")
    asked = tgl.command("health", "--url", endpoint.url)
    assert asked.returncode == 69 and "HEALTH_TOKEN" in asked.stderr
    assert token not in tgl.log


def test_a_thousand_connections_and_slow_clients_harm_nobody(world, tgl):
    endpoint = launched(tgl)
    host, port = endpoint.base.removeprefix("http://").rsplit(":", 1)
    before = endpoint.metrics()["process_resident_memory_bytes"]
    idle = []
    try:
        for number in range(1000):
            connection = socket.create_connection((host, int(port)), timeout=PATIENCE)
            if number % 3:
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "[: number % 40])
            idle.append(connection)
        assert endpoint.report()["status"] == "ok"
        said = world.say("bob", world.info["group_id"], "beside a thousand connections")
        world.delete("bob", world.info["group_id"], said["id"])
        tgl.wait_for_notices(lambda notice: "beside a thousand connections" in notice["text"])
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            assert set(pool.map(lambda _: endpoint.get()[0], range(500))) == {200}
        # What says nothing is sent away.
        for connection in idle:
            connection.settimeout(PATIENCE)
            try:
                while connection.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    finally:
        for connection in idle:
            connection.close()
    # Those that were sent away may still be on their way out of the table.
    wait_for(lambda: endpoint.metrics()["process_open_fds"] < 100, "the connections to be gone")
    assert endpoint.metrics()["process_resident_memory_bytes"] - before < 64 << 20


@pytest.mark.parametrize(
    "bytes",
    [b"\x00" * 100, b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
     b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000 + b"\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"],
)  # fmt: skip
def test_what_is_no_request_harms_nobody(service, bytes):
    _, endpoint = service
    host, port = endpoint.base.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        try:
            connection.sendall(bytes)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        except OSError:
            pass
    assert endpoint.report()["status"] == "ok"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One running service for tests that only look at it."""
    from sandbox_server import Sandbox

    server = Sandbox(tmp_path_factory.mktemp("sandbox"))
    program = Tgl(server)
    program.login()
    endpoint = launched(program)
    yield program, endpoint
    assert program.stop() == 0
    assert server.stop() == 0


def test_a_port_that_is_taken_costs_no_messages(world, tgl):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        tgl.settings.update(HEALTH_PORT=str(other.getsockname()[1]))
        tgl.start()
        wait_for(lambda: "the health endpoint cannot listen" in tgl.log, "the error to be told")
        assert "Address already in use" in tgl.log
        said = world.say("bob", world.info["group_id"], "without an endpoint")
        world.delete("bob", world.info["group_id"], said["id"])
        tgl.wait_for_notices(lambda notice: "without an endpoint" in notice["text"])
    # The port is free now, and tried again.
    assert Endpoint(tgl).report()


# Metrics


def test_prometheus_takes_the_metrics(world, tgl):
    endpoint = launched(tgl)
    group, channel = world.info["group_id"], world.info["channel_id"]
    said = [world.say("bob", group, f"message {n}")["id"] for n in range(3)]
    world.say("bob", channel, "a post")
    world.edit("bob", group, said[0], "edited")
    world.delete("bob", group, *said[1:])
    tgl.wait_for_notices(lambda notice: "Deleted" in notice["text"], 2)
    world.post("/fault", kind="flood_wait", method="messages.sendMessage", seconds=1, count=1)
    world.delete("bob", group, said[0])
    tgl.wait_for_notices(lambda notice: "Deleted" in notice["text"], 3)

    def counted():
        metrics = endpoint.metrics()
        return metrics["tgl_notice_delay_seconds_count"] == 3 and metrics

    metrics = wait_for(counted, "three notices to be counted")
    assert metrics['tgl_messages_total{chat_type="group"}'] == 3
    assert metrics['tgl_messages_total{chat_type="channel"}'] == 1
    assert metrics['tgl_edits_total{chat_type="group"}'] == 1
    assert metrics['tgl_deletions_total{chat_type="group"}'] == 3
    assert metrics['tgl_recovered_total{cause="deleted"}'] == 3
    assert metrics['tgl_lost_total{cause="never_seen"}'] == 0
    assert metrics["tgl_update_lag_seconds_count"] == 4
    assert metrics['tgl_rpc_errors_total{error="FLOOD_WAIT"}'] == 1
    assert metrics['tgl_flood_wait_seconds_total{method="messages.sendMessage"}'] == 1
    assert metrics["tgl_connected"] == 1 and metrics["tgl_healthy"] == 1
    assert metrics["tgl_database_bytes"] + metrics["tgl_database_wal_bytes"] > 100_000
    assert metrics["process_resident_memory_bytes"] > 1 << 20 and metrics["process_open_fds"] > 5
    body = endpoint.get("/metrics")[1]
    checked = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_page_is_for_people_and_fetches_nothing(service):
    _, endpoint = service
    status, page, headers = endpoint.get("/")
    assert status == 200 and headers["Content-Type"].startswith("text/html")
    assert "Everything is well" in page and 'http-equiv="refresh"' in page
    assert not re.search(r"<script|<link|<img|src=|href=|https?://", page)
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


# systemd


class Manager:
    """A service manager that listens."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(PATIENCE)
        self.heard = []

    def next(self, beginning, patience=PATIENCE):
        """The next message that begins so; those before it are kept in `heard`."""
        deadline = time.monotonic() + patience
        while True:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.01))
            message = self.socket.recv(4096).decode()
            self.heard.append(message)
            if message.startswith(beginning):
                return message

    def silence(self, beginning, seconds):
        """Whether no message that begins so comes for as long as that."""
        try:
            self.next(beginning, seconds)
        except TimeoutError:
            return True
        return False


@pytest.fixture
def manager(tgl, tmp_path):
    listening = Manager(tmp_path)
    tgl.settings.update(NOTIFY_SOCKET=listening.path, WATCHDOG_USEC="6000000")
    yield listening
    listening.socket.close()


def test_ready_is_said_when_what_was_missed_is_in_the_archive(world, tgl, manager):
    tgl.start()
    manager.next("READY=1")
    tgl.stop()
    manager.next("STOPPING=1")
    world.say("bob", world.info["group_id"], "said meanwhile")
    # The difference is held up: nothing is ready before it is applied.
    world.post("/fault", kind="flood_wait", method="updates.getDifference", seconds=3, count=1)
    manager.heard.clear()
    tgl.launch()
    wait_for(lambda: "FLOOD_WAIT" in tgl.log or "waiting as the server asks" in tgl.log, "the wait")
    assert not kept(tgl, "said meanwhile")
    manager.next("READY=1")
    assert kept(tgl, "said meanwhile")
    # Until then the manager is asked for patience.
    assert any("EXTEND_TIMEOUT_USEC=" in message for message in manager.heard)
    manager.next("WATCHDOG=1")
    manager.next("STATUS=up to date")
    tgl.stop()
    manager.next("STOPPING=1")


def test_a_frozen_path_stops_the_petting(world, tgl, manager):
    tgl.start()
    manager.next("WATCHDOG=1")
    archive = sqlite3.connect(tgl.data / "db" / "messages.db", isolation_level=None)
    archive.execute("BEGIN IMMEDIATE")
    # One may have been on its way.
    manager.silence("WATCHDOG=1", 2.5)
    assert manager.silence("WATCHDOG=1", 7), "the watchdog is petted beside a stuck archive"
    archive.execute("COMMIT")
    archive.close()
    manager.next("WATCHDOG=1")


# The canary


@pytest.mark.parametrize("kind", ["channel", "saved messages"])
def test_a_canary_comes_back_and_leaves_nothing(world, tgl, kind):
    if kind == "saved messages":
        tgl.settings.update(LOG_CHAT_ID=str(world.users["alice"]["id"]))
    endpoint = launched(tgl, CANARY_INTERVAL_MINUTES=1)
    metrics = wait_for(
        lambda: (found := endpoint.metrics())["tgl_canary_seconds_count"] and found, "a canary"
    )
    assert metrics["tgl_canary_seconds_sum"] < 60 and metrics["tgl_canary_failures_total"] == 0
    assert endpoint.report()["status"] == "ok"
    chat = world.info["log_chat_id"] if kind == "channel" else world.users["alice"]["id"]
    texts = [message["text"] for message in world.chat(chat)["messages"] if not message.get("action")]
    assert not any("test of the path" in text for text in texts)


def test_a_canary_that_cannot_be_posted_makes_it_red(world, tgl):
    world.post("/fault", kind="error", method="messages.sendMessage", code=403, message="CHAT_WRITE_FORBIDDEN", count=1)
    endpoint = launched(tgl, CANARY_INTERVAL_MINUTES=1)
    endpoint.wait_for("error", "CHAT_WRITE_FORBIDDEN")
    endpoint.wait_for("ok", patience=100)


# --check


def test_check_looks_at_everything_and_changes_nothing(world, tgl):
    before = {path: path.stat().st_mtime_ns for path in tgl.data.rglob("*") if path.suffix != ".session"}
    done = tgl.command("run", "--check", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert {result["outcome"] for result in results} == {"ok"}
    assert [result["check"] for result in results] == [
        "settings", "data", "archive", "key", "session", "telegram", "clock", "log chat", "health",
    ]  # fmt: skip
    after = {path: path.stat().st_mtime_ns for path in tgl.data.rglob("*") if path.suffix != ".session"}
    assert {p: t for p, t in after.items() if p.is_file()} == {p: t for p, t in before.items() if p.is_file()}
    endpoint = launched(tgl, HEALTH_PORT=free_port())
    beside = tgl.command("run", "--check")
    assert beside.returncode == 0 and "is in use, as is to be expected" in beside.stdout
    assert endpoint.report()["status"] == "ok"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    "settings, fault, line, code",
    [
        ({"LOG_CHAT_ID": "-100123456"}, None, r"FAILED +log chat +LOG_CHAT_ID: '-100123456'", 78),
        ({"DATA_ROOT": "/nonexistent/data"}, None, r"FAILED +session +nobody is signed in", 77),
        ({"DATA_ROOT": "/etc/passwd/x"}, None, r"FAILED +data +DATA_ROOT: .* cannot be used: /etc/passwd is no dir", 78),
        ({"MEDIA_MIN_FREE_BYTES": str(1 << 60)}, None, r"warning +data .*no media will be downloaded", 0),
        ({}, {"kind": "clock_skew", "seconds": 3600}, r"warning +clock +3[56]\d\d\.\d s behind Telegram's", 0),
        ({}, {"kind": "clock_skew", "seconds": -3600}, r"warning +clock +3\d\d\d\.\d s ahead of Telegram's", 0),
        ({}, {"kind": "session_revoked"}, r"FAILED +telegram ", 77),
        ({"API_HASH": "x"}, None, "", 78),
    ],
)
def test_check_names_what_is_wrong(world, tgl, settings, fault, line, code):
    tgl.settings.update(settings)
    if fault:
        world.post("/fault", **fault)
    done = tgl.command("run", "--check")
    assert done.returncode == code, done.stdout + done.stderr
    assert re.search(line, done.stdout), done.stdout
    if not line:
        assert "API_HASH" in done.stderr


# Hardening


def test_files_that_others_can_read_are_refused_with_the_remedy(tgl):
    session = tgl.data / "db" / "user.session"
    session.chmod(0o644)
    done = tgl.command("run")
    assert done.returncode == 78
    assert done.stderr.splitlines()[-1].endswith(f"run: chmod 600 {session}")
    session.chmod(0o600)
    launched(tgl)


def test_the_service_leaves_no_core_and_cannot_be_looked_into(service):
    program, endpoint = service
    limits = open(f"/proc/{program.service.pid}/limits").read()
    assert re.search(r"Max core file size +0 +0 ", limits)
    # A process that may not be dumped belongs to root in /proc, whoever runs it.
    assert os.stat(f"/proc/{program.service.pid}/environ").st_uid == 0
    assert endpoint.metrics()["process_max_fds"] >= min(8192, int(re.search(r"open files +\d+ +(\d+)", limits)[1]))
