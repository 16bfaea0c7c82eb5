"""Messages whose links the account's owner writes in the log chat are saved there."""

import asyncio

import pytest
from telethon import functions, types, utils

from sandbox_server import Sandbox, telethon
from test_sandbox_media import where
from tgl_process import Tgl, tgl, wait_for, world  # noqa: F401


def write(tgl, text, sender="alice"):
    """What somebody writes in the log chat."""
    return tgl.sandbox.say(sender, tgl.sandbox.info["log_chat_id"], text)["id"]


def bare(chat_id):
    return -chat_id - 1_000_000_000_000


def saved(tgl):
    return [notice for notice in tgl.notices if notice["text"].startswith("🔗")]


def test_links_of_every_form_are_saved(tgl):
    tgl.start()
    group = bare(tgl.sandbox.info["supergroup_id"])
    ids = [tgl.sandbox.say("bob", "supergroup", f"text {number}")["id"] for number in range(4)]
    private = tgl.sandbox.say("bob", "alice", "said in private")["id"]
    post = tgl.sandbox.say("bob", "channel", "a post", file={"size": 3000, "seed": 1, "name": "post.bin"})["id"]
    tgl.sandbox.post("/protect", chat="channel", noforwards=True)
    channel = tgl.sandbox.chat("channel")
    asked = write(
        tgl,
        f"see t.me/c/{group}/{ids[0]} and https://t.me/c/{group}/77/{ids[1]}, tg://privatepost?channel={group}&post={ids[2]}"
        f" (https://t.me/c/{group}/{ids[3]}?single)\ntg://openmessage?user_id={tgl.sandbox.users['bob']['id']}"
        f"&message_id={private} https://t.me/c/{bare(tgl.sandbox.info['channel_id'])}/{post}",
    )
    wait_for(lambda: len(saved(tgl)) >= 6, f"six messages, {tgl.log}")
    got = saved(tgl)
    assert len(got) == 6 and all(notice["reply_to"] == asked for notice in got)
    for text in [f"text {number}" for number in range(4)] + ["said in private", "a post"]:
        assert sum(notice["text"].endswith(f"\n\n{text}") for notice in got) == 1, (text, got)
    (with_file,) = [notice for notice in got if notice.get("media")]
    assert with_file["media"]["sha256"] == channel["messages"][-1]["media"]["sha256"]
    assert with_file["media"]["name"] == "post.bin"
    # What was posted holds links itself; none of them is followed.
    tgl.stop()
    tgl.start()
    tgl.sandbox.delete("bob", "supergroup", ids[0])
    tgl.wait_for_notices(lambda notice: "Deleted message" in notice["text"])
    assert len(saved(tgl)) == 6


def test_an_album_is_saved_as_one(tgl):
    tgl.start()
    album = tgl.sandbox.post(
        "/say", **{"from": "bob", "chat": "supergroup", "text": "the trip",
                   "album": [{"size": 1000 + n, "seed": n, "kind": "photo"} for n in range(3)]})
    group = bare(tgl.sandbox.info["supergroup_id"])
    write(tgl, f"https://t.me/c/{group}/{album['album'][1]}")
    wait_for(lambda: sum(1 for n in tgl.notices if n.get("media")) >= 3, f"the album, {tgl.log}")
    parts = [notice for notice in tgl.notices if notice.get("media")]
    assert len({part["grouped_id"] for part in parts}) == 1 and len(parts) == 3
    write(tgl, f"https://t.me/c/{group}/{album['album'][1]}?single")
    wait_for(lambda: sum(1 for n in tgl.notices if n.get("media")) >= 4, "the one photo")


def test_topics_names_and_comments(tmp_path):
    server = Sandbox(tmp_path / "sandbox", "--scenario", "discussion")
    tgl = Tgl(server)
    blog, comments = server.info["others"]["blog"], server.info["others"]["comments"]

    async def run():
        async with telethon(server, "bob") as bob, telethon(server, "alice") as alice:
            await bob.get_dialogs()
            await alice.get_dialogs()
            post = await bob.send_message(blog, "the post")
            said = await alice.send_message(blog, "well said", comment_to=post.id)
            forum = await bob.get_input_entity(where(server, "supergroup"))
            await bob(functions.channels.ToggleForumRequest(forum, True, False))
            made = await bob(functions.messages.CreateForumTopicRequest(forum, "Riddles"))
            topic = next(u.message.id for u in made.updates if isinstance(u, types.UpdateNewChannelMessage))
            riddle = await bob.send_message(forum, "why a raven", reply_to=topic)
            return post.id, said.id, topic, riddle.id

    try:
        tgl.login()
        tgl.start()
        post, comment, topic, riddle = asyncio.run(run())
        name = next((c.get("username") for c in [server.chat(blog)] if c.get("username")), None)
        place = name or f"c/{bare(blog)}"
        write(tgl, f"https://t.me/{place}/{post}?comment={comment}")
        write(tgl, f"https://t.me/c/{bare(server.info['supergroup_id'])}/{topic}/{riddle}")
        wait_for(lambda: len(saved(tgl)) >= 2, f"both, {tgl.log}")
        texts = [notice["text"] for notice in saved(tgl)]
        assert any(text.endswith("\n\nwell said") for text in texts)
        assert any(text.endswith("\n\nwhy a raven") and "Topic: Riddles" in text for text in texts), texts
        assert utils and comments
    finally:
        if tgl.service:
            tgl.stop()
        assert server.stop() == 0


@pytest.mark.parametrize("link, why", [
    ("https://t.me/c/{group}/99999", "no such message"),
    ("https://t.me/nobody_at_all_here/5", "nobody has the name"),
    ("https://t.me/c/123456789/5", "not in that chat"),
])
def test_a_failure_is_answered(tgl, link, why):
    tgl.start()
    asked = write(tgl, link.format(group=bare(tgl.sandbox.info["supergroup_id"])))
    wait_for(lambda: saved(tgl), f"an answer, {tgl.log}")
    (answer,) = saved(tgl)
    assert why in answer["text"] and answer["reply_to"] == asked


def test_only_the_owner_s_own_words_are_followed(tgl):
    tgl.start()
    group = bare(tgl.sandbox.info["supergroup_id"])
    said = tgl.sandbox.say("bob", "supergroup", "secret")["id"]
    # A link in somebody's message that is told in the log chat, and one that the owner forwards there.
    bait = tgl.sandbox.say("bob", "supergroup", f"https://t.me/c/{group}/{said}")["id"]
    tgl.sandbox.post("/forward", **{"from": "alice", "chat": "supergroup", "ids": [bait],
                                    "to": tgl.sandbox.info["log_chat_id"]})
    tgl.sandbox.delete("bob", "supergroup", bait)
    tgl.wait_for_notices(lambda notice: "Deleted message" in notice["text"])
    write(tgl, f"https://t.me/c/{group}/{said}")
    wait_for(lambda: saved(tgl), "the one that was asked for")
    assert len(saved(tgl)) == 1
