"""What is said through Telethon and Kurigram and taken back comes back in the log chat of the real tgl."""

import asyncio
import signal
import sqlite3
import urllib.request

import pytest
from telethon import types
from telethon.sessions import SQLiteSession

from sandbox_server import kurigram_client, telethon, telethon_client
from tgl_process import Tgl, tgl, wait_for, world  # noqa: F401

CHATS = ["alice", "group_id", "supergroup_id", "channel_id"]


def where(sandbox, chat):
    return sandbox.users[chat]["id"] if chat in sandbox.users else sandbox.info[chat]


def styled(message, kind):
    """The parts of a text an entity of that kind covers."""
    units = message["text"].encode("utf-16-le")
    return [
        units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")
        for entity in message["entities"]
        if entity["type"] == kind
    ]


def holding(text):
    return lambda notice: text in notice["text"]


async def say_change_and_delete(client, peer, name):
    """Three messages: one stays, one is edited, one is deleted."""
    await client.send_message(peer, f"stays in {name}")
    edited = await client.send_message(peer, f"before in {name} 🙂")
    await client.edit_message(peer, edited.id, f"after in {name} 🙂")
    deleted = await client.send_message(
        peer,
        f"🙂 bold italic in {name}",
        formatting_entities=[types.MessageEntityBold(3, 4), types.MessageEntityItalic(8, 6)],
    )
    await client.delete_messages(peer, [deleted.id])


def test_what_telethon_takes_back_is_in_the_log_chat_once(tgl):
    tgl.settings["SAVE_EDITED_MESSAGES"] = "true"
    tgl.settings["EDIT_SETTLE_SECS"] = "0"
    tgl.start()

    async def run():
        async with telethon(tgl.sandbox, "bob") as bob:
            await bob.get_dialogs()
            for chat in CHATS:
                await say_change_and_delete(bob, where(tgl.sandbox, chat), chat)

    asyncio.run(run())
    for chat in CHATS:
        (deleted,) = tgl.wait_for_notices(holding(f"bold italic in {chat}"))
        assert f"🙂 bold italic in {chat}" in deleted["text"]
        assert "bold" in styled(deleted, "bold") and "italic" in styled(deleted, "italic")
        (edited,) = tgl.wait_for_notices(holding(f"after in {chat}"))
        assert f"before in {chat}" in edited["text"] or "before" in edited["text"]
    assert len(tgl.notices) == 2 * len(CHATS)
    assert not any("stays in" in notice["text"] for notice in tgl.notices)
    assert tgl.stop() == 0
    assert "ERROR" not in tgl.log and "CRITICAL" not in tgl.log, tgl.log


def test_the_notice_names_who_and_where(tgl):
    tgl.start()
    # Carol has no username: her name must still lead to her profile.
    message = tgl.sandbox.say("carol", "supergroup", "who said it")["id"]
    tgl.sandbox.delete("carol", "supergroup", message)
    (notice,) = tgl.wait_for_notices(holding("who said it"))
    (mention,) = [entity for entity in notice["entities"] if entity["type"] == "text_mention"]
    assert mention["user_id"] == tgl.sandbox.users["carol"]["id"]
    links = [entity["url"] for entity in notice["entities"] if entity["type"] == "text_link"]
    bare = str(tgl.sandbox.info["supergroup_id"]).removeprefix("-100")
    assert f"https://t.me/c/{bare}/{message}" in links


def test_a_user_who_cannot_be_linked_to_is_named_all_the_same(tgl):
    tgl.start()
    tgl.sandbox.post("/fault", kind="error", method="messages.sendMessage", code=400, message="PEER_ID_INVALID")
    message = tgl.sandbox.say("carol", "supergroup", "who said it")["id"]
    tgl.sandbox.delete("carol", "supergroup", message)
    (notice,) = tgl.wait_for_notices(holding("who said it"))
    assert not [entity for entity in notice["entities"] if entity["type"] == "text_mention"]
    assert "Carol" in notice["text"] and styled(notice, "bold")


def test_what_kurigram_takes_back_is_in_the_log_chat_once(tgl, tmp_path):
    tgl.start()

    async def run():
        async with kurigram_client(tgl.sandbox, "carol", tmp_path, in_memory=True) as carol:
            async for _ in carol.get_dialogs():
                pass
            for chat in ["alice", "group_id", "supergroup_id"]:
                sent = await carol.send_message(where(tgl.sandbox, chat), f"**gone** from {chat}")
                await carol.delete_messages(where(tgl.sandbox, chat), [sent.id])

    asyncio.run(run())
    for chat in ["alice", "group_id", "supergroup_id"]:
        (notice,) = tgl.wait_for_notices(holding(f"gone from {chat}"))
        assert "gone" in styled(notice, "bold")
    assert len(tgl.notices) == 3


def test_what_happened_while_it_was_off_comes_back_too(tgl):
    tgl.start()
    ids = {chat: tgl.sandbox.say("bob", chat, f"said in time to {chat}")["id"] for chat in ["alice", "group", "supergroup", "channel"]}
    wait_for(lambda: count(tgl, "SELECT count(*) FROM message") >= 4, "the messages to be kept")
    assert tgl.stop() == 0
    for chat, message in ids.items():
        tgl.sandbox.delete("bob", chat, message)
    tgl.start()
    for chat in ids:
        tgl.wait_for_notices(holding(f"said in time to {chat}"))
    assert len(tgl.notices) == 4


def test_a_killed_service_loses_and_repeats_nothing(tgl):
    tgl.start()
    for round in range(6):
        message = tgl.sandbox.say("bob", "group", f"round {round}.")["id"]
        wait_for(lambda: count(tgl, "SELECT count(*) FROM message WHERE text = ?", f"round {round}."), "the message")
        tgl.sandbox.delete("bob", "group", message)
        tgl.stop(signal.SIGKILL)
        tgl.start()
    for round in range(6):
        tgl.wait_for_notices(holding(f"round {round}."))
    assert len(tgl.notices) == 6


def test_a_lost_connection_is_made_good(tgl):
    tgl.start()
    for round in range(5):
        message = tgl.sandbox.say("bob", "supergroup", f"round {round}.")["id"]
        wait_for(lambda: count(tgl, "SELECT count(*) FROM message WHERE text = ?", f"round {round}."), "the message")
        tgl.sandbox.post("/fault", kind="disconnect", user="alice")
        tgl.sandbox.delete("bob", "supergroup", message)
    for round in range(5):
        tgl.wait_for_notices(holding(f"round {round}."))
    assert len(tgl.notices) == 5


def test_clocks_that_disagree_hold_up_nothing(tgl):
    tgl.start()
    for seconds in [3600, -3600, 86_400, 0]:
        tgl.sandbox.post("/fault", kind="clock_skew", seconds=seconds)
        message = tgl.sandbox.say("bob", "alice", f"at {seconds} s.")["id"]
        wait_for(lambda: count(tgl, "SELECT count(*) FROM message WHERE text = ?", f"at {seconds} s."), "the message")
        tgl.sandbox.delete("bob", "alice", message)
        tgl.wait_for_notices(holding(f"at {seconds} s."))
    assert len(tgl.notices) == 4


def test_a_mass_deletion_is_told_whole(tgl):
    tgl.settings["MAX_DELETED_MESSAGES_PER_EVENT"] = "3"
    tgl.start()
    texts = [f"one of many, number {number}." for number in range(40)]
    ids = [tgl.sandbox.say("bob", "supergroup", text)["id"] for text in texts]
    wait_for(lambda: count(tgl, "SELECT count(*) FROM message WHERE text LIKE 'one of%'") == 40, "the messages")
    tgl.sandbox.delete("bob", "supergroup", *ids)
    (digest,) = tgl.wait_for_notices(lambda notice: notice.get("media"))
    url = f"{tgl.sandbox.info['control']}/file?chat={tgl.sandbox.info['log_chat_id']}&message={digest['id']}"
    with urllib.request.urlopen(url) as answer:
        file = answer.read().decode()
    singles = [notice for notice in tgl.notices if not notice.get("media")]
    assert len(singles) == 3
    told = file + "".join(notice["text"] for notice in singles)
    for text in texts:
        assert told.count(text) == 1, text


def test_a_text_over_the_limit_is_split_and_whole(tgl):
    tgl.start()
    text = " ".join(f"word{number}" for number in range(600))[:4096].rstrip()
    message = tgl.sandbox.say("bob", "alice", text)["id"]
    tgl.sandbox.delete("bob", "alice", message)
    parts = tgl.wait_for_notices(lambda notice: "word" in notice["text"], 2)
    words = " ".join(part["text"] for part in parts).split()
    assert [word for word in words if word.startswith("word")] == text.split()


def test_nobody_forges_a_notice(tgl):
    tgl.start()
    text = "**bold** [link](https://evil.example) <b>html</b> `code` @everyone\n\n🗑 Deleted message\nFrom: Alice"
    message = tgl.sandbox.say("bob", "alice", text)["id"]
    tgl.sandbox.delete("bob", "alice", message)
    (notice,) = tgl.wait_for_notices(holding("evil.example"))
    assert text in notice["text"]
    start = len(notice["text"][: notice["text"].index(text)].encode("utf-16-le")) // 2
    added = [e for e in notice["entities"] if e["offset"] >= start and e["type"] in ("bold", "code", "text_link", "italic")]
    assert added == []


def test_kinds_of_chats_can_be_left_out(tgl):
    tgl.settings["SAVE_DELETED_FROM_GROUPS"] = "false"
    tgl.settings["IGNORED_IDS"] = str(tgl.sandbox.info["channel_id"])
    tgl.start()
    for chat in ["group", "supergroup", "channel", "alice"]:
        tgl.sandbox.delete("bob", chat, tgl.sandbox.say("bob", chat, f"said to {chat}")["id"])
    tgl.wait_for_notices(holding("said to alice"))
    assert len(tgl.notices) == 1
    assert count(tgl, "SELECT count(*) FROM message WHERE chat_id = ?", tgl.sandbox.info["channel_id"]) == 0
    assert count(tgl, "SELECT count(*) FROM message WHERE chat_id = ?", tgl.sandbox.info["supergroup_id"]) >= 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(tgl, number):
    tgl.start()
    assert tgl.stop(number) == 0
    assert "stopped" in tgl.log


def test_only_one_runs_on_a_data_directory(tgl):
    tgl.start()
    second = tgl.command("run")
    assert second.returncode == 75
    assert "in use" in second.stderr and str(tgl.service.pid) in second.stderr


def test_a_revoked_session_says_what_to_do(tgl):
    tgl.start()
    tgl.sandbox.post("/fault", kind="session_revoked", user="alice")
    tgl.sandbox.say("bob", "alice", "anything")
    assert tgl.service.wait(30) == 77
    tgl.service = None
    assert "tgl login" in tgl.log


def test_a_log_chat_it_cannot_post_to_is_refused_at_start(tgl):
    tgl.settings["LOG_CHAT_ID"] = str(tgl.sandbox.info["channel_id"])
    done = tgl.command("run")
    assert done.returncode == 78
    assert done.stderr.count("LOG_CHAT_ID") == 1


def test_every_transport_works(tgl):
    names = ["abridged", "intermediate", "padded", "full"]
    for name in names + [f"obfuscated-{name}" for name in names[:3]]:
        tgl.settings["TELEGRAM_TRANSPORT"] = name
        done = tgl.command("login", "--status")
        assert done.returncode == 0, (name, done.stderr)


def test_a_session_of_telethons_runs_without_a_prompt(world):
    tgl = Tgl(world)
    (tgl.data / "db").mkdir(parents=True, mode=0o700)

    async def run():
        async with telethon(world, "alice", session=SQLiteSession(str(tgl.data / "db" / "user"))) as alice:
            await alice.get_dialogs()

    asyncio.run(run())
    try:
        tgl.start()
        world.delete("bob", "group", world.say("bob", "group", "after the change of programs")["id"])
        tgl.wait_for_notices(holding("after the change of programs"))
        assert tgl.stop() == 0
    finally:
        if tgl.service:
            tgl.stop(signal.SIGKILL)

    # And back again.
    async def back():
        client = telethon_client(world, SQLiteSession(str(tgl.data / "db" / "user")))
        await client.connect()
        assert (await client.get_me()).id == world.users["alice"]["id"]
        await client.disconnect()

    asyncio.run(back())


def count(tgl, query, *values):
    connection = sqlite3.connect(f"file:{tgl.data}/db/messages.db?mode=ro", uri=True)
    try:
        return connection.execute(query, values).fetchone()[0]
    finally:
        connection.close()
