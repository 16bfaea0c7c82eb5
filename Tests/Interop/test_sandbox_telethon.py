"""Unmodified Telethon against the sandbox."""

import asyncio
import hashlib

import pytest
from telethon import errors, events, functions, types
from telethon.sessions import SQLiteSession

from sandbox_server import Sandbox, arrives, sandbox, telethon, telethon_client  # noqa: F401

CHATS = ["alice", "group_id", "supergroup_id", "channel_id"]


def where(sandbox, chat):
    return sandbox.users[chat]["id"] if chat in sandbox.users else sandbox.info[chat]


def test_signs_in_with_a_code(sandbox):
    async def run():
        async with telethon(sandbox, "bob") as bob:
            me = await bob.get_me()
            assert (me.id, me.username, "+" + me.phone) == (
                sandbox.users["bob"]["id"],
                "bob_builder",
                sandbox.users["bob"]["phone"],
            )

    asyncio.run(run())


def test_signs_in_with_a_password(sandbox):
    async def run():
        carol = sandbox.users["carol"]
        client = telethon_client(sandbox)
        await client.connect()
        await client.send_code_request(carol["phone"])
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client.sign_in(carol["phone"], "00000")
        with pytest.raises(errors.SessionPasswordNeededError):
            await client.sign_in(carol["phone"], carol["code"])
        with pytest.raises(errors.PasswordHashInvalidError):
            await client.sign_in(password="wrong")
        assert (await client.sign_in(password=carol["password"])).id == carol["id"]
        assert await client.log_out()
        client = telethon_client(sandbox)
        await client.connect()
        assert not await client.is_user_authorized()
        await client.disconnect()

    asyncio.run(run())


def test_is_sent_to_the_accounts_data_centre(sandbox):
    async def run():
        async with telethon(sandbox, "bob", dc=1) as bob:
            assert bob.session.dc_id == sandbox.info["home_dc"]
            assert (await bob.get_me()).id == sandbox.users["bob"]["id"]

    asyncio.run(run())


def test_refuses_what_signs_nobody_in(sandbox):
    async def run():
        client = telethon_client(sandbox)
        await client.connect()
        with pytest.raises(errors.PhoneNumberInvalidError):
            await client.send_code_request("12")
        await client.send_code_request("+99966299999")
        with pytest.raises(errors.PhoneNumberUnoccupiedError):
            await client.sign_in("+99966299999", "22222")
        client.api_hash = "wrong"
        with pytest.raises(errors.ApiIdInvalidError):
            await client.send_code_request(sandbox.users["bob"]["phone"])
        with pytest.raises(errors.AuthKeyUnregisteredError):
            await client(functions.messages.GetDialogsRequest(0, 0, types.InputPeerEmpty(), 10, 0))
        await client.disconnect()

    asyncio.run(run())


def test_lists_dialogs_and_finds_entities(sandbox):
    async def run():
        async with telethon(sandbox, "bob") as bob:
            await bob.send_message("alice_liddell", "hello")
            dialogs = {dialog.id: dialog for dialog in await bob.get_dialogs()}
            for chat in CHATS:
                assert where(sandbox, chat) in dialogs
            assert dialogs[sandbox.info["group_id"]].is_group
            assert dialogs[sandbox.info["supergroup_id"]].is_group
            assert dialogs[sandbox.info["channel_id"]].is_channel
            assert sandbox.info["log_chat_id"] not in dialogs

            assert (await bob.get_entity("wonderland_news")).broadcast
            assert (await bob.get_entity("@Alice_Liddell")).id == sandbox.users["alice"]["id"]
            assert (await bob.get_entity(sandbox.info["supergroup_id"])).megagroup
            assert (await bob.get_entity(sandbox.users["carol"]["phone"])).first_name == "Carol"
            with pytest.raises(ValueError):
                await bob.get_entity("nobody_has_this_name")
            names = {user.first_name for user in await bob.get_participants(sandbox.info["supergroup_id"])}
            assert names == {"Alice", "Bob", "Carol"}
            names = {user.first_name for user in await bob.get_participants(sandbox.info["group_id"])}
            assert names == {"Alice", "Bob", "Carol"}

    asyncio.run(run())


@pytest.mark.parametrize("chat", CHATS)
def test_others_see_what_is_sent_edited_and_deleted(sandbox, chat):
    async def run():
        async with telethon(sandbox, "bob") as bob, telethon(sandbox, "alice") as alice:
            await bob.get_dialogs()
            await alice.get_dialogs()
            seen = asyncio.Queue()
            alice.add_event_handler(seen.put, events.NewMessage(incoming=True))
            alice.add_event_handler(seen.put, events.MessageEdited())
            alice.add_event_handler(seen.put, events.MessageDeleted())

            sent = await bob.send_message(where(sandbox, chat), "one **bold** 😀 __word__", reply_to=None)
            got = await arrives(seen, lambda event: isinstance(event, events.NewMessage.Event))
            assert got.raw_text == "one bold 😀 word"
            assert [(type(e), e.offset, e.length) for e in got.message.entities] == [
                (types.MessageEntityBold, 4, 4),
                (types.MessageEntityItalic, 12, 4),
            ]
            if chat not in sandbox.users:
                assert got.chat_id == where(sandbox, chat)
            if chat != "channel_id":
                assert got.sender_id == sandbox.users["bob"]["id"]

            await sent.edit("two")
            edited = await arrives(seen, lambda event: isinstance(event, events.MessageEdited.Event))
            assert (edited.id, edited.raw_text) == (got.id, "two")
            with pytest.raises(errors.MessageNotModifiedError):
                await bob.edit_message(sent.peer_id, sent.id, "two")

            await sent.delete()
            gone = await arrives(seen, lambda event: isinstance(event, events.MessageDeleted.Event))
            assert gone.deleted_ids == [got.id]
            assert (await alice.get_messages(got.input_chat or where(sandbox, chat), ids=got.id)) is None

    asyncio.run(run())


def test_other_sessions_of_the_sender_see_what_it_sends(sandbox):
    async def run():
        async with telethon(sandbox, "bob") as here, telethon(sandbox, "bob") as there:
            seen = asyncio.Queue()
            there.add_event_handler(seen.put, events.NewMessage(outgoing=True))
            sent = await here.send_message("alice_liddell", "from here")
            got = await arrives(seen)
            assert (got.id, got.raw_text) == (sent.id, "from here")

    asyncio.run(run())


def test_catches_up_after_being_away(sandbox, tmp_path):
    path = str(tmp_path / "alice")

    async def first():
        async with telethon(sandbox, "alice", SQLiteSession(path)) as alice:
            await alice.get_dialogs()
            seen = asyncio.Queue()
            alice.add_event_handler(seen.put, events.NewMessage())
            # Telethon keeps the state of a channel once it has seen an update there.
            for chat in ["supergroup", "channel", "group", "alice"]:
                sandbox.say("bob", chat, f"before {chat}")
                await arrives(seen, lambda event: event.raw_text == f"before {chat}")

    async def second():
        seen = asyncio.Queue()
        client = telethon_client(sandbox, SQLiteSession(path), catch_up=True)
        client.add_event_handler(seen.put, events.NewMessage())
        await client.start(phone=lambda: pytest.fail("asked for a phone"))
        wanted = {f"missed {chat} {n}" for chat in ["supergroup", "channel", "group", "alice"] for n in range(120)}
        while wanted:
            event = await arrives(seen)
            assert event.raw_text in wanted
            wanted.discard(event.raw_text)
        await client.disconnect()

    asyncio.run(first())
    for chat in ["supergroup", "channel", "group", "alice"]:
        for n in range(120):
            sandbox.say("bob", chat, f"missed {chat} {n}")
    asyncio.run(second())


def test_a_difference_tells_of_new_edited_and_deleted_messages(sandbox):
    async def run():
        async with telethon(sandbox, "alice") as alice:
            await alice.get_dialogs()
            channel = await alice.get_input_entity(sandbox.info["supergroup_id"])
            old = sandbox.say("bob", "supergroup", "old")["id"]
            old_private = sandbox.say("bob", "alice", "old")
            state = await alice(functions.updates.GetStateRequest())
            pts = (await alice(functions.channels.GetFullChannelRequest(channel))).full_chat.pts

            for chat, message in [("supergroup", old), ("alice", old_private["id"])]:
                sandbox.edit("bob", chat, message, "edited")
                gone = sandbox.say("bob", chat, "gone")["id"]
                sandbox.delete("bob", chat, gone)
                sandbox.say("bob", chat, "new")

            difference = await alice(
                functions.updates.GetChannelDifferenceRequest(channel, types.ChannelMessagesFilterEmpty(), pts, 100)
            )
            assert difference.final and difference.pts == pts + 4
            assert [message.message for message in difference.new_messages] == ["new"]
            edited, deleted = difference.other_updates
            assert (edited.message.message, edited.pts, edited.pts_count) == ("edited", pts + 1, 1)
            assert (len(deleted.messages), deleted.pts, deleted.pts_count) == (1, pts + 3, 1)

            difference = await alice(functions.updates.GetDifferenceRequest(state.pts, state.date, state.qts))
            assert [message.message for message in difference.new_messages] == ["new"]
            assert difference.state.pts == state.pts + 4
            kinds = [type(update) for update in difference.other_updates]
            assert kinds[:2] == [types.UpdateEditMessage, types.UpdateDeleteMessages]
            assert types.UpdateChannelTooLong in kinds

            sandbox.post("/fault", kind="difference_too_long", events=2)
            difference = await alice(functions.updates.GetDifferenceRequest(state.pts, state.date, state.qts))
            assert isinstance(difference, types.updates.DifferenceTooLong)
            difference = await alice(
                functions.updates.GetChannelDifferenceRequest(channel, types.ChannelMessagesFilterEmpty(), pts, 100)
            )
            assert isinstance(difference, types.updates.ChannelDifferenceTooLong)
            assert difference.dialog.pts == pts + 4
            sandbox.post("/fault", kind="none")

    asyncio.run(run())


def test_keeps_working_when_the_server_makes_trouble(sandbox):
    async def run():
        async with telethon(sandbox, "bob") as bob, telethon(sandbox, "alice") as alice:
            seen = asyncio.Queue()
            alice.add_event_handler(seen.put, events.NewMessage(incoming=True))
            sandbox.post("/fault", kind="bad_salt")
            await bob.send_message("alice_liddell", "after new salts")
            await arrives(seen, lambda event: event.raw_text == "after new salts")
            sandbox.post("/fault", kind="flood_wait", method="messages.sendMessage", seconds=1)
            await bob.send_message("alice_liddell", "after a flood wait")
            await arrives(seen, lambda event: event.raw_text == "after a flood wait")
            sandbox.post("/fault", kind="disconnect", user="bob")
            await bob.send_message("alice_liddell", "after a disconnection")
            await arrives(seen, lambda event: event.raw_text == "after a disconnection")
            sandbox.post("/fault", kind="reorder_updates", count=1)
            sandbox.say("bob", "alice", "second")
            sandbox.say("bob", "alice", "first")
            for text in ["second", "first"]:
                assert (await arrives(seen)).raw_text == text
            sandbox.post("/fault", kind="none")

    asyncio.run(run())


def test_a_revoked_session_is_told(sandbox):
    async def run():
        async with telethon(sandbox, "carol") as carol:
            sandbox.post("/fault", kind="session_revoked", user="carol")
            with pytest.raises(errors.SessionRevokedError):
                await carol(functions.updates.GetStateRequest())

    asyncio.run(run())


def test_limits_are_telegrams(sandbox):
    async def run():
        async with telethon(sandbox, "carol") as carol:
            await carol.get_dialogs()
            group = await carol.get_input_entity(sandbox.info["supergroup_id"])
            channel = await carol.get_input_entity(sandbox.info["channel_id"])

            async def send(peer, text, **more):
                return await carol(functions.messages.SendMessageRequest(peer, text, **more))

            with pytest.raises(errors.MessageEmptyError):
                await send(group, "  \n ")
            with pytest.raises(errors.MessageTooLongError):
                await send(group, "x" * 4097)
            with pytest.raises(errors.ChatWriteForbiddenError):
                await send(channel, "I may not")
            with pytest.raises(errors.EntityBoundsInvalidError):
                await send(group, "short", entities=[types.MessageEntityBold(3, 3)])
            await send(group, "x" * 4096)
            bold = [types.MessageEntityBold(n + 2, 1) for n in range(120)]
            update = await send(group, "  " + "y" * 120, entities=bold)
            message = next(u.message for u in update.updates if isinstance(u, types.UpdateNewChannelMessage))
            assert (message.message, len(message.entities), message.entities[0].offset) == ("y" * 120, 100, 0)
            first = await send(group, "once", random_id=4711)
            again = await send(group, "twice", random_id=4711)
            assert [update.id for update in (first.updates[0], again.updates[0])] == [first.updates[1].message.id] * 2
            assert (again.updates[1].message.message, again.updates[1].pts_count) == ("once", 0)
            bobs = sandbox.say("bob", "supergroup", "bob's")["id"]
            with pytest.raises(errors.MessageAuthorRequiredError):
                await carol.edit_message(group, bobs, "mine now")
            with pytest.raises(errors.MessageDeleteForbiddenError):
                await carol(functions.channels.DeleteMessagesRequest(group, [bobs]))
            with pytest.raises(errors.MessageIdInvalidError):
                await carol.edit_message(group, 999_999, "what")

    asyncio.run(run())


def test_files_arrive_whole(sandbox, tmp_path):
    content = bytes(range(256)) * 9000 + b"end"
    digest = tmp_path / "digest.txt"
    digest.write_bytes(content)

    async def run():
        async with telethon(sandbox, "alice") as alice:
            await alice.get_dialogs()
            sent = await alice.send_file(sandbox.info["log_chat_id"], str(digest), caption="all of it")
            held = sandbox.chat("log")["messages"][-1]
            assert held["media"] == {
                "dc": sandbox.info["home_dc"],
                "kind": "document",
                "name": "digest.txt",
                "mime": "text/plain",
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
            assert held["text"] == "all of it"
            assert await alice.download_media(sent, bytes) == content
            sandbox.post("/fault", kind="file_reference_expired")
            fresh = await alice.get_messages(sandbox.info["log_chat_id"], ids=sent.id)
            assert await alice.download_media(fresh, bytes) == content

    asyncio.run(run())


def test_pages_through_a_history(sandbox):
    texts = [f"page {n}" for n in range(230)]
    for text in texts:
        sandbox.say("carol", "group", text)

    async def run():
        async with telethon(sandbox, "alice") as alice:
            await alice.get_dialogs()
            found = [m.raw_text async for m in alice.iter_messages(sandbox.info["group_id"], limit=230)]
            assert found == texts[::-1]
            found = [m.raw_text async for m in alice.iter_messages(sandbox.info["group_id"], search="page 2", limit=400)]
            assert found == [text for text in texts[::-1] if "page 2" in text]

    asyncio.run(run())


def test_a_lost_auth_key_is_told(sandbox):
    async def run():
        async with telethon(sandbox, "carol") as carol:
            await carol.get_me()
            sandbox.post("/fault", kind="auth_key_lost", user="carol")
            with pytest.raises((errors.AuthKeyNotFound, ConnectionError)):
                await carol(functions.updates.GetStateRequest())

    asyncio.run(run())


def test_serves_on_ipv6(tmp_path):
    server = Sandbox(tmp_path, "--listen", "::1")
    try:

        async def run():
            async with telethon(server, "bob", use_ipv6=True, dc=1) as bob:
                assert bob.session.server_address == "::1"
                assert (await bob.get_me()).first_name == "Bob"

        asyncio.run(run())
    finally:
        assert server.stop() == 0
