"""What Telegram did not tell, or no longer tells, is found all the same."""

import asyncio

from sandbox_server import telethon
from test_tgl_run import CHATS, count, holding, where
from tgl_process import tgl, wait_for, world  # noqa: F401

KINDS = ["alice", "group", "supergroup", "channel"]


def kept(tgl, text):
    return count(tgl, "SELECT count(*) FROM message WHERE text = ?", text)


def test_deletions_nobody_announced_are_found(tgl):
    tgl.settings["RECONCILE_REQUESTS_PER_MINUTE"] = "600"
    tgl.start()
    ids = {chat: tgl.sandbox.say("bob", chat, f"quietly said to {chat}")["id"] for chat in KINDS}
    tgl.sandbox.say("bob", "group", "this one stays")
    wait_for(lambda: kept(tgl, "this one stays") and kept(tgl, "quietly said to channel"), "the messages to be kept")
    tgl.stop()
    for chat, message in ids.items():
        tgl.sandbox.post("/delete", **{"from": "bob", "chat": chat, "ids": [message], "silent": True})
    tgl.start()
    for chat in KINDS:
        (notice,) = tgl.wait_for_notices(holding(f"quietly said to {chat}"))
        assert "Deleted: between" in notice["text"] and "(found missing)" in notice["text"]
    assert len(tgl.notices) == len(KINDS)
    assert count(tgl, "SELECT count(*) FROM message WHERE deleted_at IS NOT NULL AND text = ?", "this one stays") == 0


def test_a_week_away_with_more_than_telegram_tells(tgl):
    """After differenceTooLong the archive knows what it did not see, and looks it up."""
    tgl.start()
    gone = {chat: tgl.sandbox.say("bob", chat, f"taken back in {chat}")["id"] for chat in KINDS}
    wait_for(lambda: all(kept(tgl, f"taken back in {chat}") for chat in KINDS), "the messages to be kept")
    tgl.stop()
    tgl.sandbox.post("/fault", kind="difference_too_long", events=10)
    tgl.settings["RECONCILE_REQUESTS_PER_MINUTE"] = "600"
    for chat in KINDS:
        tgl.sandbox.delete("bob", chat, gone[chat])
        for number in range(130):
            tgl.sandbox.say("bob", chat, f"missed {number} in {chat}")
    tgl.start()
    for chat in KINDS:
        tgl.wait_for_notices(holding(f"taken back in {chat}"))
    wait_for(
        lambda: count(tgl, "SELECT count(*) FROM update_gap WHERE reconciled_at IS NULL") == 0, "the gaps to be closed"
    )
    assert count(tgl, "SELECT count(*) FROM update_gap") >= 3
    assert count(tgl, "SELECT count(*) FROM message WHERE text LIKE 'missed %'") == 130 * len(KINDS)
    assert len(tgl.notices) == len(KINDS)


def test_a_channel_left_and_entered_again(tgl):
    tgl.settings["RECONCILE_REQUESTS_PER_MINUTE"] = "600"
    tgl.start()
    known = tgl.sandbox.say("bob", "supergroup", "said before")["id"]
    stays = tgl.sandbox.say("bob", "supergroup", "said before and left there")["id"]
    wait_for(lambda: kept(tgl, "said before and left there"), "the messages to be kept")
    tgl.sandbox.post("/member", chat="supergroup", user="alice", is_member=False)
    wait_for(lambda: count(tgl, "SELECT count(*) FROM update_gap WHERE reason = 'accessLost'"), "the gap")
    tgl.sandbox.delete("bob", "supergroup", known)
    tgl.sandbox.say("bob", "supergroup", "said meanwhile")
    assert len(tgl.notices) == 0
    tgl.sandbox.post("/member", chat="supergroup", user="alice", is_member=True)
    tgl.sandbox.say("bob", "supergroup", "said afterwards")
    tgl.wait_for_notices(holding("said before"))
    wait_for(
        lambda: count(tgl, "SELECT count(*) FROM update_gap WHERE reconciled_at IS NULL") == 0, "the gap to be closed"
    )
    assert kept(tgl, "said meanwhile") and kept(tgl, "said afterwards")
    assert count(tgl, "SELECT count(*) FROM message WHERE deleted_at IS NOT NULL") == 1
    tgl.sandbox.delete("bob", "supergroup", stays)
    tgl.wait_for_notices(holding("left there"))
    assert len(tgl.notices) == 2


def test_earlier_messages_are_fetched_when_wanted(tgl):
    for chat in KINDS:
        for number in range(120):
            tgl.sandbox.say("bob", chat, f"earlier {number} in {chat}")
    tgl.settings["BACKFILL_MESSAGES_PER_CHAT"] = "110"
    tgl.settings["RECONCILE_REQUESTS_PER_MINUTE"] = "600"
    tgl.start()
    for chat in KINDS:
        wait_for(
            lambda: count(tgl, "SELECT count(*) FROM message WHERE text LIKE ?", f"earlier % in {chat}") >= 110,
            f"the earlier messages of {chat}",
        )
    message = tgl.sandbox.say("bob", "group", "just now")["id"]
    tgl.sandbox.delete("bob", "group", message)
    tgl.wait_for_notices(holding("just now"))
    assert len(tgl.notices) == 1


def test_a_long_absence_comes_back_whole(tgl):
    """50 said, 10 edited, 20 deleted through Telethon while tgl was off."""
    tgl.settings["SAVE_EDITED_MESSAGES"] = "true"
    tgl.settings["EDIT_SETTLE_SECS"] = "0"
    tgl.settings["MAX_DELETED_MESSAGES_PER_EVENT"] = "100"
    tgl.start()
    before = {}

    async def say():
        async with telethon(tgl.sandbox, "bob") as bob:
            await bob.get_dialogs()
            for chat in CHATS:
                before[chat] = [
                    (await bob.send_message(where(tgl.sandbox, chat), f"[{chat}] message {number}.")).id for number in range(8)
                ]

    asyncio.run(say())
    wait_for(lambda: count(tgl, "SELECT count(*) FROM message WHERE text LIKE '% message %'") == 32, "32 messages")
    tgl.stop()

    async def change():
        async with telethon(tgl.sandbox, "bob") as bob:
            await bob.get_dialogs()
            for index, chat in enumerate(CHATS):
                peer = where(tgl.sandbox, chat)
                for number in range(12 + (index < 2)):
                    await bob.send_message(peer, f"[{chat}] while away {number}.")
                for number in range(2 + (index < 2)):
                    await bob.edit_message(peer, before[chat][number], f"[{chat}] edited {number}.")
                await bob.delete_messages(peer, before[chat][3:8])

    asyncio.run(change())
    tgl.start()
    for chat in CHATS:
        for number in range(3, 8):
            (notice,) = tgl.wait_for_notices(holding(f"[{chat}] message {number}."))
        for number in range(2):
            (notice,) = tgl.wait_for_notices(holding(f"[{chat}] edited {number}."))
            assert f"[{chat}] message {number}." in notice["text"]
    assert len(tgl.notices) == 20 + 10
    assert count(tgl, "SELECT count(*) FROM message WHERE text LIKE '%while away%'") == 50
    assert count(tgl, "SELECT count(*) FROM message_version WHERE text LIKE '% message %'") == 10
