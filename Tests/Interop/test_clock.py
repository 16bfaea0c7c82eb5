"""A machine whose clock is wrong."""

import json
import time

import pytest

from test_service import Endpoint
from test_tgl_run import count, holding
from tgl_process import tgl, wait_for, world  # noqa: F401

MONTH = 30 * 86_400


@pytest.mark.parametrize("ahead, words", [(MONTH, "30 days ahead of"), (-MONTH, "30 days behind")])
def test_everything_goes_on_with_a_clock_that_is_a_month_off(tgl, ahead, words):
    """What happens is dated by Telegram, and /health says so."""
    tgl.sandbox.post("/fault", kind="clock_skew", seconds=-ahead)
    tgl.start()
    endpoint = Endpoint(tgl)
    message = tgl.sandbox.say("bob", "alice", "said in another month")["id"]
    wait_for(lambda: count(tgl, "SELECT count(*) FROM message WHERE text = 'said in another month'"), "the message")
    received = count(tgl, "SELECT received_at FROM message WHERE text = 'said in another month'")
    assert abs(received - (time.time() - ahead)) < 3_600
    tgl.sandbox.delete("bob", "alice", message)
    tgl.wait_for_notices(holding("said in another month"))

    def degraded():
        status, body, _ = endpoint.get()
        report = json.loads(body)
        return status == 200 and report["status"] == "degraded" and any(words in reason for reason in report["degraded"])

    wait_for(degraded, "health to be degraded because of the clock")
    assert "the clock is wrong; times are taken from Telegram" in tgl.log
