"""`tgl health` against services that answer well, badly, slowly, or not at all."""

import http.server
import json
import socket
import threading
import time

import pytest

from tgl_command import tgl

WELL = {
    "status": "ok",
    "started_at": "2026-11-01T10:00:00Z",
    "last_housekeeping_at": "2026-11-01T10:05:00Z",
    "last_error_at": None,
    "last_error_msg": None,
    "version": "0.1.0",
    "connection": "connected",
    "update_lag_seconds": 0.5,
    "outbox_pending": 3,
    "media_pending": 0,
    "gaps": 0,
}


class Service:
    """A web server that answers in one way; knows what it was asked."""

    def __init__(self, status=200, body=b"", headers=(), host="127.0.0.1"):
        asked = self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                asked.append((self.path, dict(self.headers)))
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        self.server = Server((host, 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Socket:
    """Accepts connections and does `talk` with each."""

    def __init__(self, talk):
        self.talk = talk
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                try:
                    self.talk(connection, self.done)
                except OSError:
                    pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


def health(*arguments, port, tmp_path, **env):
    return tgl("health", *arguments, cwd=tmp_path, env={"HEALTH_PORT": str(port), **env})


def unhealthy(done):
    """The reason: one line on standard error."""
    assert done.returncode == 69, done
    assert done.stdout == "" and done.stderr.count("\n") == 1 and done.stderr.startswith("tgl: unhealthy: ")
    return done.stderr


def test_a_service_that_is_well(tmp_path):
    with Service(body=json.dumps(WELL).encode()) as service:
        done = health(port=service.port, tmp_path=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "healthy: version 0.1.0, connected, 3 notices to post\n"
    [(path, headers)] = service.asked
    assert path == "/health" and headers["Host"] == f"127.0.0.1:{service.port}"
    assert list(tmp_path.iterdir()) == []


def test_a_service_that_is_degraded_is_no_failure(tmp_path):
    reasons = ["set aside: updates of Team (-100600): MSG_ID_INVALID", "the clock\n is wrong"]
    with Service(body=json.dumps({**WELL, "status": "degraded", "degraded": reasons}).encode()) as service:
        done = health(port=service.port, tmp_path=tmp_path)
        told = json.loads(health("--json", port=service.port, tmp_path=tmp_path).stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"degraded: {reasons[0]}; the clock") and done.stdout.count("\n") == 1
    assert told["healthy"] and told["report"]["degraded"] == reasons and told["reason"].startswith(reasons[0])


def test_json_holds_what_the_service_said(tmp_path):
    with Service(body=json.dumps({**WELL, "a_later_field": [1]}).encode()) as service:
        done = health("--json", port=service.port, tmp_path=tmp_path)
    answer = json.loads(done.stdout)
    assert answer["healthy"] and answer["url"] == f"http://127.0.0.1:{service.port}/health"
    assert answer["report"] == WELL


@pytest.mark.parametrize("everywhere, host", [("0.0.0.0", "127.0.0.1"), ("::", "::1")])
def test_a_service_that_listens_everywhere_is_asked_on_loopback(everywhere, host, tmp_path):
    with Service(body=json.dumps(WELL).encode(), host=host) as service:
        done = health(port=service.port, tmp_path=tmp_path, HEALTH_HOST=everywhere, HEALTH_PATH="/up/now")
    assert done.returncode == 0, done.stderr
    assert service.asked[0][0] == "/up/now"


def test_url_wins_over_the_settings(tmp_path):
    with Service(body=json.dumps(WELL).encode()) as service:
        done = health("--url", f"http://127.0.0.1:{service.port}/x", port=1, tmp_path=tmp_path)
    assert done.returncode == 0 and service.asked[0][0] == "/x"


def test_the_reason_a_service_gives_is_told(tmp_path):
    said = {**WELL, "status": "error", "last_error_msg": "disk full\n\x1b[31m", "last_error_at": "2026-11-01T10:00:00Z"}
    with Service(status=503, body=json.dumps(said).encode()) as service:
        reason = unhealthy(health(port=service.port, tmp_path=tmp_path))
        answer = health("--json", port=service.port, tmp_path=tmp_path)
    assert "disk full" in reason and "2026-11-01T10:00:00Z" in reason and "\x1b" not in reason
    assert answer.returncode == 69 and json.loads(answer.stdout)["report"]["status"] == "error"


@pytest.mark.parametrize(
    "answer",
    [
        dict(status=503, body=json.dumps(WELL).encode()),
        dict(status=200, body=json.dumps({**WELL, "status": "error"}).encode()),
    ],
)
def test_status_and_body_must_both_say_ok(answer, tmp_path):
    with Service(**answer) as service:
        unhealthy(health(port=service.port, tmp_path=tmp_path))


@pytest.mark.parametrize(
    "answer",
    [
        dict(body=b""),
        dict(body=b"<html>It works!</html>"),
        dict(body=b"[]"),
        dict(body=b'{"status":"fine"}'),
        dict(body=b'{"status":"ok","outbox_pending":"many"}'),
        dict(status=404, body=json.dumps(WELL).encode()),
        dict(status=302, headers=[("Location", "/elsewhere")]),
        dict(body=b"\xff" * 1000),
        dict(body=b"[" * 60_000),
    ],
)
def test_what_no_service_of_ours_answers(answer, tmp_path):
    with Service(**answer) as service:
        assert "not that of a tgl service" in unhealthy(health(port=service.port, tmp_path=tmp_path))
    assert len(service.asked) == 1


def test_a_huge_answer_is_not_read(tmp_path):
    with Service(body=b"x" * 50_000_000) as service:
        assert "longer" in unhealthy(health(port=service.port, tmp_path=tmp_path))


@pytest.mark.parametrize("bytes", [b"SSH-2.0-OpenSSH\r\n\r\n", b"\x00" * 100, b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
def test_another_protocol(bytes, tmp_path):
    with Socket(lambda connection, _: connection.sendall(bytes)) as service:
        unhealthy(health(port=service.port, tmp_path=tmp_path))


@pytest.mark.parametrize("bytes", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"])
def test_a_connection_that_is_closed_in_the_middle(bytes, tmp_path):
    def talk(connection, _):
        connection.recv(1000)
        connection.sendall(bytes)

    with Socket(talk) as service:
        unhealthy(health(port=service.port, tmp_path=tmp_path))


def test_a_service_that_hangs_and_one_that_dribbles(tmp_path):
    def dribble(connection, done):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not done.wait(0.05):
            connection.sendall(b" ")

    for talk in [lambda _, done: done.wait(), dribble]:
        with Socket(talk) as service:
            start = time.monotonic()
            assert "no answer within 0.5 seconds" in unhealthy(
                health("--timeout", "0.5", port=service.port, tmp_path=tmp_path)
            )
            assert time.monotonic() - start >= 0.5


def test_nobody_there(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "refused" in unhealthy(health(port=port, tmp_path=tmp_path))
    unhealthy(health("--url", "http://no-such-host.invalid/", port=port, tmp_path=tmp_path))


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "ftp://127.0.0.1/", "127.0.0.1:8080", "http://", "http://a:b@127.0.0.1/", "http://127.0.0.1:0/"]
)
def test_an_address_that_is_none(url, tmp_path):
    done = health("--url", url, port=1, tmp_path=tmp_path)
    assert done.returncode == 64 and "Usage:" in done.stderr


def test_wrong_settings(tmp_path):
    done = health(port=0, tmp_path=tmp_path, HEALTH_PATH="health")
    assert done.returncode == 78 and "HEALTH_PORT" in done.stderr and "HEALTH_PATH" in done.stderr
