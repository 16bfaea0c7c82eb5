"""What somebody makes up (fields, updates, errors, newer layers), as unmodified Telethon gets it from the sandbox."""

import asyncio

import pytest
from telethon import errors, events, functions, types
from telethon.errors.common import TypeNotFoundError

from sandbox_server import PATIENCE, Sandbox, arrives, sandbox, telethon  # noqa: F401
BUTTON = {"_": "keyboardInlineButton", "text": "Map", "type": {"_": "inlineButtonTypeUrl", "url": "https://example.org/map"}}


async def listening(client, event):
    """A queue of what comes to a client."""
    queue = asyncio.Queue()
    client.add_event_handler(queue.put, event)
    await client.get_dialogs()
    return queue


async def entity(client, sandbox, chat):
    await client.get_dialogs()
    return await client.get_input_entity(sandbox.info[f"{chat}_id"] if f"{chat}_id" in sandbox.info else sandbox.users[chat]["id"])


def test_fields_reach_every_viewer_by_push_and_by_request(sandbox):
    async def run():
        async with telethon(sandbox, "alice") as alice:
            queue = await listening(alice, events.NewMessage)
            first = sandbox.say("bob", "alice", "tea at five?")
            sandbox.say(
                "bob",
                "alice",
                "yes",
                reply_to=first["id"],
                fields={
                    "post_author": "Hatter",
                    "reply_to": {"_": "messageReplyHeader", "quote": True, "quote_text": "five", "quote_offset": 7},
                    "reply_markup": {"_": "replyInlineMarkup", "rows": [{"_": "keyboardInlineButtonRow", "buttons": [BUTTON]}]},
                },
            )
            message = (await arrives(queue, lambda event: event.raw_text == "yes")).message
            again = (await alice.get_messages(sandbox.users["bob"]["id"], limit=1))[0]
            for seen in [message, again]:
                assert (seen.post_author, seen.reply_to.quote_text, seen.reply_to.reply_to_msg_id) == ("Hatter", "five", first["ids"]["alice"])
                assert seen.reply_markup.rows[0].buttons[0].type.url == "https://example.org/map"

    asyncio.run(run())


def test_pushed_updates_and_containers_arrive(sandbox):
    async def run():
        async with telethon(sandbox, "alice") as alice:
            queue = await listening(alice, events.Raw)
            bob = sandbox.users["bob"]["id"]
            name = {"_": "updateUserName", "user_id": str(bob), "first_name": "Robert", "last_name": "B", "usernames": []}
            sandbox.post("/push", user="alice", update=name)
            update = await arrives(queue, lambda update: isinstance(update, types.UpdateUserName))
            assert (update.user_id, update.first_name) == (bob, "Robert")
            sandbox.post("/push", user="alice", update={"_": "updates", "updates": [name, {"_": "updateConfig"}]})
            await arrives(queue, lambda update: isinstance(update, types.UpdateConfig))
            before = (await alice(functions.updates.GetStateRequest())).pts
            numbered = {"_": "updatePinnedMessages", "pinned": True, "peer": {"_": "peerUser", "user_id": bob}, "messages": [3], "pts": "next"}
            assert sandbox.post("/push", user="alice", update=numbered)["pts"] == before + 1
            difference = await alice(functions.updates.GetDifferenceRequest(pts=before, date=None, qts=0))
            assert isinstance(difference.other_updates[0], types.UpdatePinnedMessages)
            assert difference.state.pts == before + 1

    asyncio.run(run())


def test_a_held_push_carries_the_older_state(sandbox):
    async def run():
        async with telethon(sandbox, "alice") as alice:
            queue = await listening(alice, events.Raw(types.UpdateEditChannelMessage))
            said = sandbox.say("bob", "supergroup", "A")
            sandbox.edit("bob", "supergroup", said["id"], "B", hold=True)
            sandbox.edit("bob", "supergroup", said["id"], "C", hold=True)
            there = await alice.get_messages(await entity(alice, sandbox, "supergroup"), ids=said["id"])
            assert there.message == "C" and queue.empty()
            assert sandbox.post("/fault", kind="release_updates")["affected"] >= 2
            texts = [(await arrives(queue)).message.message for _ in range(2)]
            assert texts == ["B", "C"]

    asyncio.run(run())


def test_a_channel_alone_is_refused(sandbox):
    async def run():
        async with telethon(sandbox, "alice") as alice:
            supergroup, channel = [await entity(alice, sandbox, chat) for chat in ["supergroup", "channel"]]
            sandbox.post("/fault", kind="rpc_error", method="messages.getHistory", code=400, message="CHANNEL_PRIVATE", chat="supergroup")
            for _ in range(3):
                with pytest.raises(errors.ChannelPrivateError):
                    await alice.get_messages(supergroup, limit=1)
            assert await alice.get_messages(channel, limit=1)
            sandbox.post("/fault", kind="none")
            assert await alice.get_messages(supergroup, limit=1)

    asyncio.run(run())


@pytest.mark.parametrize("part", ["message", "media"])
def test_an_answer_of_a_newer_layer_cannot_be_read(sandbox, part):
    async def run():
        async with telethon(sandbox, "alice", receive_updates=False) as alice:
            supergroup = await entity(alice, sandbox, "supergroup")
            said = sandbox.say("bob", "supergroup", "from the future")
            sandbox.say("bob", "supergroup", "from today")
            sandbox.post("/fault", kind="newer_layer", part=part, chat="supergroup", id=said["id"], times=1)
            with pytest.raises(TypeNotFoundError):
                await alice(functions.channels.GetMessagesRequest(supergroup, [types.InputMessageID(said["id"])]))
            assert (await alice.get_messages(supergroup, ids=said["id"])).message == "from the future"
            sandbox.post("/fault", kind="none")

    asyncio.run(run())


def test_a_group_becomes_a_supergroup(tmp_path):
    server = Sandbox(tmp_path)

    async def run():
        async with telethon(server, "bob") as bob:
            group = await entity(bob, server, "group")
            await bob.send_message(group, "before")
            answer = await bob(functions.messages.MigrateChatRequest(group.chat_id))
            old = next(chat for chat in answer.chats if isinstance(chat, types.Chat))
            new = next(chat for chat in answer.chats if isinstance(chat, types.Channel))
            assert old.deactivated and old.migrated_to.channel_id == new.id and old.migrated_to.access_hash == new.access_hash
            assert new.megagroup and new.title == old.title and new.participants_count == 3
            with pytest.raises(errors.ChatWriteForbiddenError):
                await bob.send_message(group, "after")
            assert (await bob.send_message(new, "after")).id == 2
            there, here = server.chat("group")["messages"], server.chat(-1_000_000_000_000 - new.id)["messages"]
            assert there[-1]["action"] == "messageActionChatMigrateTo" and here[0]["action"] == "messageActionChannelMigrateFrom"
            # The control address answers the supergroup there is, and knows what is no group.
            assert server.post("/migrate", chat="group")["chat"] == -1_000_000_000_000 - new.id
            assert server.request("POST", "/migrate", {"chat": "supergroup"})[0] == 400

    try:
        asyncio.run(run())
    finally:
        assert server.stop() == 0


def test_a_client_makes_channels_of_its_own(sandbox):
    async def run():
        async with telethon(sandbox, "bob") as bob:
            made = (await bob(functions.channels.CreateChannelRequest("Mine", "about", megagroup=True, forum=True))).chats[0]
            assert (made.title, made.megagroup, made.forum, made.creator) == ("Mine", True, True, True)
            assert await bob.send_message(made, "hello")
            broadcast = (await bob(functions.channels.CreateChannelRequest("News", "", broadcast=True))).chats[0]
            assert broadcast.broadcast and not broadcast.megagroup
            with pytest.raises(errors.ChatTitleEmptyError):
                await bob(functions.channels.CreateChannelRequest("", "", broadcast=True))

    asyncio.run(run())


@pytest.mark.parametrize("chat", ["supergroup", "bob"])
def test_an_answer_leaves_messages_out(sandbox, chat):
    async def run():
        async with telethon(sandbox, "alice", receive_updates=False) as alice:
            there = await entity(alice, sandbox, chat)
            ids = [sandbox.say("bob", "alice" if chat == "bob" else chat, str(n))["ids"]["alice"] for n in range(3)]

            async def answered():
                wanted = [types.InputMessageID(id) for id in ids]
                channel = chat == "supergroup"
                request = functions.channels.GetMessagesRequest(there, wanted) if channel else functions.messages.GetMessagesRequest(wanted)
                return [message.id for message in (await alice(request)).messages]

            sandbox.post("/fault", kind="leave_out", chat=chat, ids=ids[:2], times=2)
            assert [await answered() for _ in range(3)] == [ids[2:], ids[2:], ids]
            sandbox.post("/fault", kind="leave_out", chat=chat)
            assert await answered() == []
            sandbox.post("/fault", kind="none")
            assert await answered() == ids

    asyncio.run(run())


def test_who_posts_too_fast_has_to_wait(sandbox):
    async def run():
        async with telethon(sandbox, "bob", flood_sleep_threshold=0) as bob:
            supergroup, group = [await entity(bob, sandbox, chat) for chat in ["supergroup", "group"]]
            sandbox.post("/fault", kind="post_limit", count=3, seconds=600, chat="supergroup")
            for n in range(4):
                await bob.send_message(group, str(n))
            for n in range(3):
                await bob.send_message(supergroup, str(n))
            with pytest.raises(errors.FloodWaitError) as refused:
                await bob.send_message(supergroup, "one more")
            assert 0 < refused.value.seconds <= 600
            sandbox.post("/fault", kind="none")
            # Telethon itself keeps to the wait for as long as it lives.
        async with telethon(sandbox, "bob") as bob:
            await bob.send_message(await entity(bob, sandbox, "supergroup"), "one more")

    asyncio.run(run())
