"""Unmodified Kurigram against the sandbox."""

import asyncio

import pytest
from pyrogram import enums, errors, filters
from pyrogram.handlers import DeletedMessagesHandler, EditedMessageHandler, MessageHandler

from sandbox_server import arrives, kurigram_client, sandbox  # noqa: F401

CHATS = ["alice", "group_id", "supergroup_id", "channel_id"]


@pytest.fixture(scope="module")
def clients(sandbox, tmp_path_factory):
    """Runs a coroutine with bob and alice signed in; sign-ins are kept from test to test."""
    folder = tmp_path_factory.mktemp("kurigram")

    def run(body):
        async def main():
            bob = kurigram_client(sandbox, "bob", folder)
            alice = kurigram_client(sandbox, "alice", folder)
            async with bob, alice:
                for client in (bob, alice):
                    async for _ in client.get_dialogs():
                        pass
                await body(bob, alice)

        asyncio.run(main())

    return run


def test_signs_in_with_a_password(sandbox, tmp_path):
    async def run():
        async with kurigram_client(sandbox, "carol", tmp_path) as carol:
            me = await carol.get_me()
            assert (me.id, me.first_name) == (sandbox.users["carol"]["id"], "Carol")

    asyncio.run(run())


def test_lists_dialogs_and_finds_entities(sandbox, clients):
    sandbox.say("bob", "alice", "hello")

    async def body(bob, alice):
        ids = {dialog.chat.id async for dialog in bob.get_dialogs()}
        assert ids >= {sandbox.users["alice"]["id"], *(sandbox.info[chat] for chat in CHATS[1:])}
        assert (await bob.get_chat("wonderland_news")).type == enums.ChatType.CHANNEL
        assert (await bob.get_users("alice_liddell")).id == sandbox.users["alice"]["id"]
        assert (await bob.get_chat(sandbox.info["supergroup_id"])).title == "Rabbit Hole"
        with pytest.raises(errors.UsernameNotOccupied):
            await bob.get_chat("nobody_has_this_name")

    clients(body)


@pytest.mark.parametrize("chat", CHATS)
def test_others_see_what_is_sent_edited_and_deleted(sandbox, clients, chat):
    async def body(bob, alice):
        seen = asyncio.Queue()

        def note(kind):
            async def handler(_, value):
                await seen.put((kind, value))

            return handler

        alice.add_handler(MessageHandler(note("new"), filters.incoming))
        alice.add_handler(EditedMessageHandler(note("edited")))
        alice.add_handler(DeletedMessagesHandler(note("deleted")))

        target = sandbox.users["alice"]["id"] if chat == "alice" else sandbox.info[chat]
        sent = await bob.send_message(target, "one **bold** 😀 __word__")
        _, got = await arrives(seen, lambda event: event[0] == "new")
        assert got.text == "one bold 😀 word"
        assert [(e.type, e.offset, e.length) for e in got.entities] == [
            (enums.MessageEntityType.BOLD, 4, 4),
            (enums.MessageEntityType.ITALIC, 12, 4),
        ]
        await bob.edit_message_text(target, sent.id, "two")
        _, edited = await arrives(seen, lambda event: event[0] == "edited")
        assert (edited.id, edited.text) == (got.id, "two")
        await bob.delete_messages(target, sent.id)
        _, gone = await arrives(seen, lambda event: event[0] == "deleted")
        assert [message.id for message in gone] == [got.id]

    clients(body)


def test_recovers_what_it_missed(sandbox, tmp_path):
    seen = asyncio.Queue()
    live = asyncio.Queue()

    def texts(queue):
        async def handler(_, message):
            await queue.put(message.text)

        return handler

    async def first():
        async with kurigram_client(sandbox, "alice", tmp_path) as alice:
            async for _ in alice.get_dialogs():
                pass
            alice.add_handler(MessageHandler(texts(live)))
            sandbox.say("bob", "group", "seen live")
            await arrives(live, lambda text: text == "seen live")

    async def second():
        alice = kurigram_client(sandbox, "alice", tmp_path, skip_updates=False)
        alice.add_handler(MessageHandler(texts(seen)))
        async with alice:
            for text in ["missed in private", "missed in the group"]:
                await arrives(seen, lambda got: got == text)

    asyncio.run(first())
    sandbox.say("bob", "alice", "missed in private")
    sandbox.say("bob", "group", "missed in the group")
    asyncio.run(second())


def test_a_file_arrives_whole(sandbox, clients, tmp_path):
    content = bytes(range(256)) * 5000
    path = tmp_path / "report.bin"
    path.write_bytes(content)

    async def body(bob, alice):
        await bob.send_document(sandbox.info["supergroup_id"], str(path))
        message = await anext(alice.get_chat_history(sandbox.info["supergroup_id"], limit=1))
        file = await alice.download_media(message, in_memory=True)
        assert file.getvalue() == content

    clients(body)


def test_media_of_every_kind(sandbox, clients, tmp_path):
    def file(name, content):
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    async def body(bob, alice):
        chat = sandbox.info["supergroup_id"]
        content = bytes(range(256)) * 20
        sends = {
            "photo": lambda: bob.send_photo(chat, file("p.jpg", content), caption="a **b**", has_spoiler=True),
            "document": lambda: bob.send_document(chat, file("d.txt", content)),
            "video": lambda: bob.send_video(chat, file("v.mp4", content), duration=3, width=4, height=2),
            "voice": lambda: bob.send_voice(chat, file("v.ogg", content), duration=2),
            "audio": lambda: bob.send_audio(chat, file("a.mp3", content), title="t", performer="p"),
            "sticker": lambda: bob.send_sticker(chat, file("s.webp", content)),
            "video_note": lambda: bob.send_video_note(chat, file("r.mp4", content), duration=1, length=240),
            "gif": lambda: bob.send_animation(chat, file("g.mp4", content)),
        }
        for kind, send in sends.items():
            sent = await send()
            told = sandbox.chat("supergroup")["messages"][-1]
            assert told["media"]["kind"] == kind, told
            got = await alice.get_messages(chat, sent.id)
            assert bytes((await alice.download_media(got, in_memory=True)).getbuffer()) == content
        assert await bob.send_location(chat, 1.5, 2.5)
        assert await bob.send_contact(chat, "+15550100", "Mary")
        dice = await bob.send_dice(chat)
        assert (await alice.get_messages(chat, dice.id)).dice.value == dice.dice.value

    clients(body)
