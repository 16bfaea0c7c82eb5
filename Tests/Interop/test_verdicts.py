"""What is refused or cannot be read, in one place, holds back nothing elsewhere."""

import json
import sqlite3

import pytest

from test_service import Endpoint
from test_tgl_run import count
from tgl_process import tgl, wait_for, world  # noqa: F401

# A deletion is posted within this many seconds, whatever else is wrong.
PROMPT = 20


def degraded(tgl):
    """The reasons that /health gives, as soon as it says `degraded`; it answers 200."""
    endpoint = Endpoint(tgl)

    def reasons():
        status, body, _ = endpoint.get()
        report = json.loads(body)
        assert status == 200, report
        return report["status"] == "degraded" and report["degraded"]

    return wait_for(reasons, "health to be degraded")


def expect_prompt_deletion(tgl, text):
    """A private message is recorded, and its deletion posted."""
    message = tgl.sandbox.say("bob", "alice", text)
    wait_for(lambda: count(tgl, f"SELECT count(*) FROM message WHERE text = '{text}'"), "the message", PROMPT)
    tgl.sandbox.delete("bob", "alice", message["id"])
    wait_for(lambda: any(text in notice["text"] for notice in tgl.notices), "the deletion", PROMPT)


@pytest.mark.parametrize("name, code", [("MSG_ID_INVALID", 400), ("CHANNEL_PRIVATE", 400), ("WHO_KNOWS_THIS", 403)])
def test_a_channel_that_is_refused_for_good_holds_back_nothing(tgl, name, code):
    # It is followed since an earlier run.
    tgl.start()
    tgl.sandbox.say("bob", "supergroup", "seen before")
    wait_for(lambda: count(tgl, "SELECT count(*) FROM message WHERE text = 'seen before'"), "the message")
    assert tgl.stop() == 0
    tgl.sandbox.say("bob", "supergroup", "while tgl is off")
    tgl.sandbox.post(
        "/fault", kind="rpc_error", method="updates.getChannelDifference", code=code, message=name,
        chat=tgl.sandbox.info["supergroup_id"],
    )
    tgl.start()
    expect_prompt_deletion(tgl, f"private beside {name}")
    if name != "CHANNEL_PRIVATE":
        assert any(name in reason and str(tgl.sandbox.info["supergroup_id"]) in reason for reason in degraded(tgl))
    assert tgl.command("health", "--url", Endpoint(tgl).url).returncode == 0
    assert tgl.stop() == 0


@pytest.mark.parametrize("chat", ["alice", "supergroup"])
@pytest.mark.parametrize("part", ["message", "media"])
def test_a_message_of_a_newer_layer_holds_back_nothing(tgl, chat, part):
    tgl.start()
    tgl.sandbox.say("bob", chat, "seen before")
    wait_for(lambda: count(tgl, "SELECT count(*) FROM message WHERE text = 'seen before'"), "the message")
    assert tgl.stop() == 0
    around = [tgl.sandbox.say("bob", chat, f"beside {number}") for number in range(5)]
    odd = tgl.sandbox.say("bob", chat, "from the future", file={"size": 1000, "kind": "photo"})
    around += [tgl.sandbox.say("bob", chat, f"behind {number}") for number in range(5)]
    identifier = odd["ids"]["alice"] if "ids" in odd and "alice" in odd["ids"] else odd["id"]
    where = tgl.sandbox.users["bob"]["id"] if chat == "alice" else tgl.sandbox.info["supergroup_id"]
    tgl.sandbox.post("/fault", kind="newer_layer", part=part, chat=where, id=identifier)
    tgl.start()
    expect_prompt_deletion(tgl, "private beside the unreadable")
    # The rest of the batch is there.
    wait_for(
        lambda: count(tgl, "SELECT count(*) FROM message WHERE text LIKE 'beside %' OR text LIKE 'behind %'") == 10,
        "the messages around it",
    )
    kept = count(tgl, "SELECT count(*) FROM set_aside WHERE kind = 'object' AND raw IS NOT NULL")
    assert kept >= 1
    assert degraded(tgl)
    # Said once in the log chat.
    tgl.wait_for_notices(lambda notice: "Unreadable message" in notice["text"])
    assert tgl.stop() == 0
    # A later version tries again; this one knows no more, and leaves it alone.
    with sqlite3.connect(tgl.data / "db" / "messages.db") as connection:
        connection.execute("UPDATE set_aside SET layer = layer - 1")
    connection.close()
    # After a restart everything goes on as well, and it is not said again.
    tgl.start()
    expect_prompt_deletion(tgl, "private after the restart")
    assert len([notice for notice in tgl.notices if "Unreadable message" in notice["text"]]) == 1
    assert tgl.stop() == 0


@pytest.mark.parametrize("part", ["message", "media"])
def test_an_unreadable_message_of_the_past_holds_back_none_of_its_neighbours(tgl, part):
    """History is asked for in halves until what cannot be read is one message."""
    tgl.sandbox.post("/storm", **{"from": "bob", "chats": ["supergroup"], "messages": 120})
    odd = tgl.sandbox.say("bob", "supergroup", "from the future", file={"size": 1000, "kind": "photo"})
    tgl.sandbox.post("/storm", **{"from": "bob", "chats": ["supergroup"], "messages": 30})
    group = tgl.sandbox.info["supergroup_id"]
    tgl.sandbox.post("/fault", kind="newer_layer", part=part, chat=group, id=odd["id"])
    tgl.settings["BACKFILL_MESSAGES_PER_CHAT"] = "1000"
    tgl.start()
    wait_for(lambda: count(tgl, f"SELECT count(*) FROM message WHERE chat_id = {group} AND text <> ''") == 150, "the past")
    assert count(tgl, "SELECT count(*) FROM set_aside WHERE kind = 'object' AND raw IS NOT NULL") == 1
    tgl.wait_for_notices(lambda notice: "Unreadable message" in notice["text"])
    assert tgl.stop() == 0
