"""A service under load for as long as is asked for: memory, descriptors and the log do not grow, and it stays well."""

import json
import os
import sqlite3
import threading
import time
import urllib.error
import urllib.request

import pytest

from test_storm import compare, is_level, storm, unruly
from tgl_process import tgl, wait_for, world  # noqa: F401

MINUTES = float(os.environ.get("TGL_SOAK_MINUTES", "0"))
RATE = float(os.environ.get("TGL_SOAK_RATE", "50"))

pytestmark = pytest.mark.skipif(MINUTES == 0, reason="TGL_SOAK_MINUTES says for how long")


def sample(service, url):
    status = {}
    for line in open(f"/proc/{service.service.pid}/status"):
        name, _, value = line.partition(":")
        status[name] = value.split()
    with sqlite3.connect(f"file:{service.data}/db/messages.db?mode=ro", uri=True) as db:
        messages = db.execute("SELECT count(*) FROM message").fetchone()[0]
    db.close()
    try:
        with urllib.request.urlopen(url) as answer:
            health = json.load(answer)
    except urllib.error.HTTPError as error:
        health = json.load(error)
    return {
        "messages": messages,
        "resident": int(status["VmRSS"][0]),
        "anonymous": int(status["RssAnon"][0]),
        "descriptors": len(os.listdir(f"/proc/{service.service.pid}/fd")),
        "threads": int(status["Threads"][0]),
        "log": os.path.getsize(f"{service.data}/db/messages.db-wal") // 1024,
        "database": os.path.getsize(f"{service.data}/db/messages.db") // 1024,
        "health": health["status"] if health["status"] == "ok" else health["last_error_msg"],
    }


def test_nothing_grows_under_load(tgl):  # noqa: F811
    tgl.settings["MAX_DELETED_MESSAGES_PER_EVENT"] = "3"
    tgl.settings["SAVE_EDITED_MESSAGES"] = "true"
    tgl.settings["EDIT_SETTLE_SECS"] = "0"
    tgl.settings["CANARY_INTERVAL_MINUTES"] = "1"
    tgl.start()
    url = next(word for word in tgl.log.split() if word.startswith("url=")).partition("=")[2]
    unruly(tgl, on=True)
    end = time.monotonic() + 60 * MINUTES
    done = []

    def send():
        # By ten seconds: a request is to be answered in time.
        while time.monotonic() < end:
            number = int(10 * RATE)
            storm(tgl, messages=number, edits=number // 10, deletes=number // 20, rate=RATE)
        done.append(True)

    load = threading.Thread(target=send)
    load.start()
    rows = []
    columns = ["messages", "resident", "anonymous", "descriptors", "threads", "log", "database", "health"]
    print("\n| minute | " + " | ".join(columns) + " |")
    start = time.monotonic()
    while load.is_alive():
        load.join(max(start + 60 * (len(rows) + 1) - time.monotonic(), 0.1))
        rows.append(sample(tgl, url))
        print(f"| {len(rows)} | " + " | ".join(str(rows[-1][column]) for column in columns) + " |", flush=True)
        # A connection that ends now and then is part of it.
        tgl.sandbox.post("/fault", kind="disconnect", user="alice")
    assert done
    unruly(tgl, on=False)
    wait_for(lambda: is_level(tgl), "the archive to be level", patience=120)
    compare(tgl)
    assert tgl.stop() == 0
    assert all(row["health"] == "ok" for row in rows)
    assert all(row["log"] <= 16 * 1024 for row in rows)
    if len(rows) >= 8:
        half = len(rows) // 2
        early, late = rows[half // 2 : half], rows[half:]
        assert max(row["anonymous"] for row in late) <= 1.15 * max(row["anonymous"] for row in early)
        assert max(row["descriptors"] for row in late) <= max(row["descriptors"] for row in early) + 2
