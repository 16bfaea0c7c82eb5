"""Media of every kind, sent and fetched by unmodified Telethon."""

import asyncio
import contextlib
import hashlib
import os
import struct
import zlib

import pytest
from telethon import errors, functions, types, utils

from sandbox_server import PATIENCE, Sandbox, sandbox, telethon, telethon_client  # noqa: F401


def png(seed, size=8):
    """A picture that is one."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + bytes((seed * 7 + x * y) % 256 for x in range(size * 3)) for y in range(size))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def noise(seed, size):
    return hashlib.shake_256(str(seed).encode()).digest(size)


def where(sandbox, chat):
    return sandbox.users[chat]["id"] if chat in sandbox.users else sandbox.info[f"{chat}_id"]


@contextlib.asynccontextmanager
async def both(sandbox):
    async with telethon(sandbox, "bob") as bob, telethon(sandbox, "alice") as alice:
        await bob.get_dialogs()
        await alice.get_dialogs()
        yield bob, alice


async def last(client, chat, count=1):
    messages = await client.get_messages(chat, limit=count)
    return messages[0] if count == 1 else list(reversed(messages))


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not (result := await condition()):
            await asyncio.sleep(0.02)
        return result


VIDEO = types.DocumentAttributeVideo(duration=3.5, w=320, h=240, supports_streaming=True)
STICKER = types.DocumentAttributeSticker(alt="🎩", stickerset=types.InputStickerSetEmpty())
FILES = {
    "photo": ("p.png", {}, None),
    "document": ("notes.txt", {"force_document": True}, None),
    "gif": ("cat.mp4", {}, [types.DocumentAttributeAnimated(), VIDEO]),
    "static_sticker": ("s.webp", {}, [STICKER, types.DocumentAttributeImageSize(w=512, h=512)]),
    "animated_sticker": ("s.tgs", {}, [STICKER]),
    "video_sticker": ("s.webm", {}, [STICKER, VIDEO]),
    "voice": ("v.ogg", {}, [types.DocumentAttributeAudio(duration=2, voice=True, waveform=bytes(range(63)))]),
    "video_note": ("r.mp4", {}, [types.DocumentAttributeVideo(duration=1, w=240, h=240, round_message=True)]),
    "audio": ("a.mp3", {}, [types.DocumentAttributeAudio(duration=9, title="Tea", performer="Hatter")]),
    "video": ("v.mp4", {}, [VIDEO]),
}


@pytest.mark.parametrize("chat", ["alice", "group", "supergroup", "channel"])
def test_every_kind_of_file_arrives_as_it_was_sent(sandbox, tmp_path, chat):
    async def run():
        async with both(sandbox) as (bob, alice):
            for number, (kind, (name, options, attributes)) in enumerate(FILES.items()):
                path = tmp_path / name
                content = png(number) if kind == "photo" else noise((chat, kind), 3000 + number)
                path.write_bytes(content)
                thumb = tmp_path / "thumb.jpg"
                thumb.write_bytes(png(99, 4))
                await bob.send_file(
                    where(sandbox, chat),
                    str(path),
                    caption=f"a **{kind}**",
                    attributes=attributes,
                    thumb=str(thumb) if kind == "video" else None,
                    parse_mode="md",
                    **options,
                )
                got = await last(alice, where(sandbox, "bob" if chat == "alice" else chat))
                assert got.raw_text == f"a {kind}"
                assert [(type(e), e.offset, e.length) for e in got.entities] == [
                    (types.MessageEntityBold, 2, len(kind))
                ]
                data = await got.download_media(bytes)
                if kind != "photo":
                    assert data == content
                told = sandbox.chat("bob" if chat == "alice" else chat)["messages"][-1]
                media = told["media"]
                assert media["sha256"] == hashlib.sha256(data).hexdigest()
                assert media["kind"] == kind.split("_")[-1] if kind.endswith("sticker") else kind
                if kind == "voice":
                    audio = next(a for a in got.document.attributes if isinstance(a, types.DocumentAttributeAudio))
                    assert got.voice and audio.waveform == bytes(range(63))
                    assert media["attributes"]["waveform"] == bytes(range(63)).hex()
                    assert told["media_unread"] is True and got.media_unread
                if kind == "video":
                    assert await got.download_media(bytes, thumb=-1) == png(99, 4)
                    assert got.media.document.thumbs and media["thumb"] == hashlib.sha256(png(99, 4)).hexdigest()
                if kind == "audio":
                    assert (media["attributes"]["title"], media["attributes"]["performer"]) == ("Tea", "Hatter")

    asyncio.run(run())


def media_without_files(sandbox):
    text = lambda string: types.TextWithEntities(string, [])  # noqa: E731
    point = types.InputGeoPoint(lat=51.75, long=-1.25)
    poll = dict(id=0, question=text("Why?"), hash=0)
    return [
        ("contact", types.InputMediaContact(sandbox.users["carol"]["phone"], "Carol", "D", "")),
        ("location", types.InputMediaGeoPoint(point)),
        ("live_location", types.InputMediaGeoLive(point, period=900, heading=90)),
        ("venue", types.InputMediaVenue(point, "Christ Church", "Oxford", "", "", "")),
        ("dice", types.InputMediaDice("🎯")),
        ("poll", types.InputMediaPoll(types.Poll(answers=[
            types.PollAnswer(text("because"), b"0"), types.PollAnswer(text("a raven"), b"1")], **poll))),
        ("poll", types.InputMediaPoll(
            types.Poll(answers=[types.PollAnswer(text("42"), b"0"), types.PollAnswer(text("43"), b"1")],
                       quiz=True, **poll),
            correct_answers=[1], solution="told you", solution_entities=[])),
        ("todo", types.InputMediaTodo(types.TodoList(text("Tea"), [types.TodoItem(1, text("milk"))]))),
        ("story", types.InputMediaStory(types.InputPeerSelf(), 7)),
        ("web_page", types.InputMediaWebPage("https://example.org/rabbit")),
    ]


@pytest.mark.parametrize("chat", ["alice", "group", "channel"])
def test_media_without_a_file_are_seen_by_others(sandbox, chat):
    async def run():
        async with both(sandbox) as (bob, alice):
            for kind, media in media_without_files(sandbox):
                await bob(functions.messages.SendMediaRequest(
                    await bob.get_input_entity(where(sandbox, chat)), media, "" if kind != "web_page" else "see"))
                got = await last(alice, where(sandbox, "bob" if chat == "alice" else chat))
                told = sandbox.chat("bob" if chat == "alice" else chat)["messages"][-1]["media"]
                assert told["kind"] == kind
                if kind == "contact":
                    assert got.contact.user_id == sandbox.users["carol"]["id"]
                elif kind in ("location", "live_location", "venue"):
                    assert (got.geo.lat, got.geo.long) == (51.75, -1.25)
                elif kind == "dice":
                    assert 1 <= got.dice.value <= 6 and told["value"]["value"] == got.dice.value
                elif kind == "poll":
                    assert got.poll.poll.question.text == "Why?" and [r.voters for r in got.poll.results.results] == [0, 0]
                    if got.poll.poll.quiz:
                        assert [r.correct for r in got.poll.results.results] == [False, True]
                        assert got.poll.results.solution == "told you"
                elif kind == "todo":
                    assert got.media.todo.list[0].title.text == "milk"
                elif kind == "story":
                    assert (utils.get_peer_id(got.media.peer), got.media.id) == (sandbox.users["bob"]["id"], 7)
                elif kind == "web_page":
                    assert got.web_preview.url == "https://example.org/rabbit"

    asyncio.run(run())


@pytest.mark.parametrize("chat", ["alice", "supergroup", "channel"])
def test_an_album_stays_one(sandbox, tmp_path, chat):
    async def run():
        async with both(sandbox) as (bob, alice):
            paths = []
            for number in range(3):
                paths.append(tmp_path / f"{number}.jpg")
                paths[-1].write_bytes(noise(("album", number), 2000))
            files = [await bob.upload_file(str(path)) for path in paths]
            sent = await bob.send_file(where(sandbox, chat), files, caption=["one", "two", "three"])
            got = await last(alice, where(sandbox, "bob" if chat == "alice" else chat), 3)
            assert len({message.grouped_id for message in got}) == 1 and got[0].grouped_id
            assert len(sent) == 3 and [message.raw_text for message in got] == ["one", "two", "three"]
            for message, path in zip(got, paths):
                assert await message.download_media(bytes) == path.read_bytes()
            told = sandbox.chat("bob" if chat == "alice" else chat)["messages"][-3:]
            assert {message["grouped_id"] for message in told} == {got[0].grouped_id}

    asyncio.run(run())


def test_an_edit_may_replace_the_medium(sandbox, tmp_path):
    async def run():
        async with both(sandbox) as (bob, alice):
            (tmp_path / "a.txt").write_bytes(b"first")
            (tmp_path / "b.txt").write_bytes(b"second")
            sent = await bob.send_file(where(sandbox, "supergroup"), str(tmp_path / "a.txt"), caption="x")
            await bob.edit_message(sent, "y", file=str(tmp_path / "b.txt"))
            got = await last(alice, where(sandbox, "supergroup"))
            assert (await got.download_media(bytes), got.raw_text) == (b"second", "y")
            assert got.edit_date

    asyncio.run(run())


def test_what_is_shown_once_is_gone_when_it_was_opened(sandbox, tmp_path):
    async def run():
        async with both(sandbox) as (bob, alice):
            path = tmp_path / "once.jpg"
            path.write_bytes(noise("once", 500))
            for ttl in (2**31 - 1, 1):
                sent = await bob.send_file("alice_liddell", str(path), ttl=ttl, caption=f"ttl {ttl}")
                got = await last(alice, where(sandbox, "bob"))
                assert got.media.ttl_seconds == ttl and got.media_unread
                assert await alice.download_media(got, bytes) == path.read_bytes()
                location = types.InputPhotoFileLocation(
                    got.photo.id, got.photo.access_hash, got.photo.file_reference, "x")
                updates = {name: asyncio.Queue() for name in ("alice", "bob")}
                for name, client in (("alice", alice), ("bob", bob)):
                    client.add_event_handler(
                        lambda update, queue=updates[name]: queue.put(update)
                        if isinstance(update, types.UpdateReadMessagesContents) else asyncio.sleep(0))
                async with telethon(sandbox, "alice") as other:
                    await other.get_me()
                    affected = await other(functions.messages.ReadMessageContentsRequest([got.id]))
                    assert affected.pts_count == 1
                async with asyncio.timeout(PATIENCE):
                    assert (await updates["alice"].get()).messages == [got.id]
                    assert (await updates["bob"].get()).messages == [sent.id]

                async def gone(client, chat, message):
                    found = await client.get_messages(chat, ids=message)
                    return found.media.photo is None and found.media.ttl_seconds == ttl

                await until(lambda: gone(alice, where(sandbox, "bob"), got.id))
                await until(lambda: gone(bob, "alice_liddell", sent.id))
                with pytest.raises(errors.FileReferenceExpiredError):
                    await alice(functions.upload.GetFileRequest(location, 0, 4096))
                assert sandbox.chat("bob")["messages"][-1]["media"]["gone"] is True
            with pytest.raises(errors.TtlMediaInvalidError):
                await bob.send_file(where(sandbox, "group"), str(path), ttl=5)

    asyncio.run(run())


def test_opening_a_voice_message_is_told(sandbox):
    async def run():
        async with both(sandbox) as (bob, alice):
            seen = asyncio.Queue()
            alice.add_event_handler(seen.put)
            for chat in ("group", "supergroup"):
                sandbox.say("bob", chat, "", file={"size": 900, "kind": "voice", "duration": 4})
                got = await last(alice, where(sandbox, chat))
                assert got.media_unread and got.file.duration == 4
                async with telethon(sandbox, "alice") as other:
                    await other.get_dialogs()
                    await other.send_read_acknowledge(where(sandbox, chat))
                    if chat == "group":
                        await other(functions.messages.ReadMessageContentsRequest([got.id]))
                    else:
                        channel = await other.get_input_entity(where(sandbox, chat))
                        await other(functions.channels.ReadMessageContentsRequest(channel, [got.id]))
                wanted = (types.UpdateReadMessagesContents, types.UpdateChannelReadMessagesContents)[chat != "group"]
                async with asyncio.timeout(PATIENCE):
                    while not isinstance(update := await seen.get(), wanted):
                        pass
                assert update.messages == [got.id]
                assert not (await last(alice, where(sandbox, chat))).media_unread

    asyncio.run(run())


def test_what_is_protected_can_be_seen_and_not_forwarded(sandbox):
    async def run():
        async with both(sandbox) as (bob, alice):
            for chat in ("group", "supergroup"):
                peer = await bob.get_input_entity(where(sandbox, chat))
                await bob(functions.messages.ToggleNoForwardsRequest(peer, True))
                sandbox.say("bob", chat, "secret", file={"size": 5000, "seed": 3})
                got = await last(alice, where(sandbox, chat))
                assert (await alice.get_entity(where(sandbox, chat))).noforwards
                assert len(await got.download_media(bytes)) == 5000
                with pytest.raises(errors.ChatForwardsRestrictedError):
                    await alice.forward_messages("me", got)
                with pytest.raises(errors.ChatAdminRequiredError):
                    peer = await alice.get_input_entity(where(sandbox, chat))
                    await alice(functions.messages.ToggleNoForwardsRequest(peer, False))
                sandbox.post("/protect", chat=chat, noforwards=False)
                await alice.forward_messages("me", got)
            sandbox.say("bob", "alice", "just this", noforwards=True)
            got = await last(alice, where(sandbox, "bob"))
            assert got.noforwards
            with pytest.raises(errors.ChatForwardsRestrictedError):
                await alice.forward_messages("me", got)

    asyncio.run(run())


def test_forwarded_messages_tell_from_where(sandbox, tmp_path):
    async def run():
        async with both(sandbox) as (bob, alice):
            post = sandbox.say("bob", "channel", "news", file={"size": 700, "seed": 1})
            post = await alice.get_messages(where(sandbox, "channel"), ids=post["id"])
            data = await post.download_media(bytes)
            sent = await alice.forward_messages(where(sandbox, "supergroup"), post)
            got = await last(bob, where(sandbox, "supergroup"))
            assert (got.id, got.raw_text) == (sent.id, "news")
            assert utils.get_peer_id(got.fwd_from.from_id) == where(sandbox, "channel")
            assert got.fwd_from.channel_post == post.id and await got.download_media(bytes) == data
            await alice.forward_messages(where(sandbox, "group"), post, drop_author=True)
            got = await last(bob, where(sandbox, "group"))
            assert got.fwd_from is None and await got.download_media(bytes) == data
            saved = await alice.forward_messages("me", post)
            assert saved.fwd_from.saved_from_msg_id == post.id
            album = sandbox.post(
                "/say", **{"from": "bob", "chat": "channel", "album": [{"size": 10}, {"size": 20}], "text": "two"})
            parts = await alice.get_messages(where(sandbox, "channel"), ids=album["album"])
            moved = await alice.forward_messages(where(sandbox, "group"), parts)
            assert len({message.grouped_id for message in moved}) == 1
            assert moved[0].grouped_id not in (None, parts[0].grouped_id)

    asyncio.run(run())


def test_topics_of_a_forum(tmp_path):
    server = Sandbox(tmp_path)

    async def run():
        async with both(server) as (bob, alice):
            forum = await bob.get_input_entity(where(server, "supergroup"))
            await bob(functions.channels.ToggleForumRequest(forum, True, False))
            made = await bob(functions.messages.CreateForumTopicRequest(forum, "Riddles"))
            topic = next(u.message.id for u in made.updates if isinstance(u, types.UpdateNewChannelMessage))
            first = await bob.send_message(forum, "why", reply_to=topic)
            assert first.reply_to.forum_topic and first.reply_to.reply_to_msg_id == topic
            answer = await alice.send_message(where(server, "supergroup"), "a raven", reply_to=first.id)
            assert (answer.reply_to.reply_to_msg_id, answer.reply_to.reply_to_top_id) == (first.id, topic)
            plain = await bob.send_message(forum, "in general")
            assert plain.reply_to is None
            by_control = server.say("bob", "supergroup", "by control", topic=topic)
            listed = await alice(functions.messages.GetForumTopicsRequest(
                await alice.get_input_entity(where(server, "supergroup")), None, 0, 0, 10))
            assert [(t.id, t.title) for t in listed.topics] == [(topic, "Riddles"), (1, "General")]
            assert listed.topics[0].top_message == by_control["id"]
            again = await alice(functions.messages.GetForumTopicsByIDRequest(
                await alice.get_input_entity(where(server, "supergroup")), [topic]))
            assert [t.title for t in again.topics] == ["Riddles"]
            inside = await alice.get_messages(where(server, "supergroup"), limit=10, reply_to=topic)
            assert [m.raw_text for m in inside] == ["by control", "a raven", "why"]
            assert (await alice.get_entity(where(server, "supergroup"))).forum

    try:
        asyncio.run(run())
    finally:
        assert server.stop() == 0


def test_comments_are_in_the_discussion_group(tmp_path):
    server = Sandbox(tmp_path, "--scenario", "discussion")
    blog, comments = server.info["others"]["blog"], server.info["others"]["comments"]

    async def run():
        async with both(server) as (bob, alice):
            post = await bob.send_message(blog, "post")
            copy = await last(alice, comments)
            assert utils.get_peer_id(copy.fwd_from.saved_from_peer) == blog
            assert copy.fwd_from.saved_from_msg_id == post.id and copy.sender_id == blog
            await alice.send_message(blog, "well said", comment_to=post.id)
            said = await last(bob, comments)
            assert (said.raw_text, said.reply_to.reply_to_msg_id) == ("well said", copy.id)
            found = await alice(functions.messages.GetDiscussionMessageRequest(blog, post.id))
            assert [m.id for m in found.messages] == [copy.id]
            under = await alice.get_messages(blog, reply_to=post.id, limit=5)
            assert [m.raw_text for m in under] == ["well said"]
            post = await last(alice, blog)
            assert post.replies.comments and post.replies.replies == 1
            assert utils.get_peer_id(types.PeerChannel(post.replies.channel_id)) == comments
            full = await alice(functions.channels.GetFullChannelRequest(blog))
            assert utils.get_peer_id(types.PeerChannel(full.full_chat.linked_chat_id)) == comments

    try:
        asyncio.run(run())
    finally:
        assert server.stop() == 0


def test_paid_media_spoilers_and_covers(sandbox, tmp_path):
    async def run():
        async with both(sandbox) as (bob, alice):
            path = tmp_path / "p.jpg"
            path.write_bytes(noise("paid", 600))
            channel = await bob.get_input_entity(where(sandbox, "channel"))
            photo = types.InputMediaUploadedPhoto(await bob.upload_file(str(path)), spoiler=True)
            await bob(functions.messages.SendMediaRequest(channel, types.InputMediaPaidMedia(5, [photo]), "pay"))
            got = await last(alice, where(sandbox, "channel"))
            inner = got.media.extended_media[0].media
            assert got.media.stars_amount == 5 and inner.spoiler
            assert await alice.download_media(inner.photo, bytes) == path.read_bytes()
            told = sandbox.chat("channel")["messages"][-1]["media"]
            assert (told["kind"], told["stars"], told["parts"][0]["spoiler"]) == ("paid", 5, True)
            cover = await bob(functions.messages.UploadMediaRequest(
                channel, types.InputMediaUploadedPhoto(await bob.upload_file(str(path)))))
            (tmp_path / "v.mp4").write_bytes(noise("video", 700))
            video = types.InputMediaUploadedDocument(
                await bob.upload_file(str(tmp_path / "v.mp4")), "video/mp4", [VIDEO],
                video_cover=utils.get_input_photo(cover.photo), spoiler=True)
            await bob(functions.messages.SendMediaRequest(channel, video, "covered"))
            got = await last(alice, where(sandbox, "channel"))
            assert got.media.spoiler and await alice.download_media(got.media.video_cover, bytes) == path.read_bytes()

    asyncio.run(run())


def test_files_are_on_either_data_centre(sandbox):
    async def run():
        async with both(sandbox) as (bob, alice):
            for dc in sandbox.dcs:
                said = sandbox.say("bob", "supergroup", f"on {dc}", file={"size": 300_000, "seed": dc}, dc=dc)
                got = await alice.get_messages(where(sandbox, "supergroup"), ids=said["id"])
                assert got.document.dc_id == dc
                data = await got.download_media(bytes)
                told = sandbox.chat("supergroup")["messages"][-1]["media"]
                assert (told["dc"], told["sha256"]) == (dc, hashlib.sha256(data).hexdigest())
                location = types.InputDocumentFileLocation(
                    got.document.id, got.document.access_hash, got.document.file_reference, "")
                if dc != sandbox.info["home_dc"]:
                    with pytest.raises(errors.FileMigrateError) as migrated:
                        await alice(functions.upload.GetFileRequest(location, 0, 4096))
                    assert migrated.value.new_dc == dc
                # Asked where it was, told where it is.
                sandbox.post("/fault", kind="file_migrate")
                assert await alice.download_media(got, bytes) == data
                assert (await alice.get_messages(got.chat_id, ids=got.id)).document.dc_id != dc
                sandbox.post("/fault", kind="file_reference_expired")
                with pytest.raises((errors.FileReferenceExpiredError, errors.FileMigrateError)):
                    await alice(functions.upload.GetFileRequest(location, 0, 4096))
                assert await alice.download_media(got, bytes) == data

    asyncio.run(run())


@pytest.mark.parametrize(
    "offset, limit, precise, error",
    [
        (0, 4096, False, None),
        (1 << 20, 1 << 20, False, None),
        (0, 3 * 4096, False, errors.LimitInvalidError),
        (0, 1000, False, errors.LimitInvalidError),
        (0, 2 << 20, False, errors.LimitInvalidError),
        (1024, 4096, False, errors.OffsetInvalidError),
        (-4096, 4096, False, errors.OffsetInvalidError),
        (4096, 1 << 20, False, errors.LimitInvalidError),
        (1024, 3 * 1024, True, None),
        (100, 1024, True, errors.OffsetInvalidError),
        (0, 1500, True, errors.LimitInvalidError),
        ((1 << 20) - 1024, 2048, True, errors.LimitInvalidError),
    ],
)
def test_only_certain_ranges_can_be_asked_for(sandbox, offset, limit, precise, error):
    async def run():
        async with telethon(sandbox, "alice") as alice:
            said = sandbox.say("bob", "alice", "ranges", file={"size": 3 << 20, "seed": 9})
            document = (await alice.get_messages("bob_builder", ids=said["ids"]["alice"])).document
            location = types.InputDocumentFileLocation(
                document.id, document.access_hash, document.file_reference, "")
            request = functions.upload.GetFileRequest(location, offset, limit, precise=precise)
            if error:
                with pytest.raises(error):
                    await alice(request)
            else:
                assert len((await alice(request)).bytes) == limit

    asyncio.run(run())


def test_a_big_file_is_on_disk_and_comes_back_whole(sandbox, tmp_path):
    async def run():
        async with both(sandbox) as (bob, alice):
            path = tmp_path / "big.bin"
            path.write_bytes(noise("big", 1 << 20) * 12 + b"end")
            before = memory(sandbox)
            sent = await bob.send_file(where(sandbox, "supergroup"), str(path), part_size_kb=256)
            assert memory(sandbox) - before < 30 << 20
            target = tmp_path / "back.bin"
            await alice.download_media(
                await alice.get_messages(where(sandbox, "supergroup"), ids=sent.id), str(target))
            assert target.read_bytes() == path.read_bytes()
            document = sent.document
            location = types.InputDocumentFileLocation(
                document.id, document.access_hash, document.file_reference, "")
            hashes = await bob(functions.upload.GetFileHashesRequest(location, 1 << 20))
            content = path.read_bytes()
            assert len(hashes) == 8 and hashes[0].offset == 1 << 20
            for part in hashes:
                assert part.hash == hashlib.sha256(content[part.offset : part.offset + part.limit]).digest()

    asyncio.run(run())


def memory(sandbox):
    """Resident bytes of the sandbox's process."""
    with open(f"/proc/{sandbox.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_two_gigabytes_cost_no_memory(sandbox):
    before = memory(sandbox)
    sandbox.say("bob", "channel", "huge", file={"size": 2 << 30, "seed": 4, "name": "huge.bin"})
    told = sandbox.chat("channel")["messages"][-1]["media"]
    assert (told["size"], told["name"], len(told["sha256"])) == (2 << 30, "huge.bin", 64)
    assert memory(sandbox) - before < 20 << 20


async def cdn_client(sandbox, client):
    """A client of the CDN data centre, which knows only its key."""
    from telethon.crypto import rsa
    from telethon.sessions import MemorySession

    for key in (await client(functions.help.GetCdnConfigRequest())).public_keys:
        assert key.dc_id == sandbox.info["cdn"]["id"]
        rsa.add_key(key.public_key, old=False)
    session = MemorySession()
    session.set_dc(sandbox.info["cdn"]["id"], sandbox.info["cdn"]["host"], sandbox.info["cdn"]["port"])
    cdn = telethon_client(sandbox, session)
    # telethon_client points a session without a key at the home data centre.
    session.set_dc(sandbox.info["cdn"]["id"], sandbox.info["cdn"]["host"], sandbox.info["cdn"]["port"])
    await cdn.connect()
    return cdn


def test_a_cdn_hands_out_encrypted_files(sandbox):
    from telethon.crypto import AESModeCTR

    async def run():
        async with telethon(sandbox, "alice") as alice:
            said = sandbox.say("bob", "alice", "popular", file={"size": 1_200_000, "seed": 8})
            message = await alice.get_messages("bob_builder", ids=said["ids"]["alice"])
            document = message.document
            location = types.InputDocumentFileLocation(
                document.id, document.access_hash, document.file_reference, "")
            whole = await message.download_media(bytes)
            sandbox.post("/fault", kind="cdn", bytes=1_000_000)
            # Who does not know of CDNs is served as ever.
            assert isinstance(
                await alice(functions.upload.GetFileRequest(location, 0, 4096)), types.upload.File)
            redirect = await alice(functions.upload.GetFileRequest(location, 0, 1 << 20, cdn_supported=True))
            assert isinstance(redirect, types.upload.FileCdnRedirect)
            cdn = await cdn_client(sandbox, alice)
            try:
                with pytest.raises(errors.MethodInvalidError):
                    await cdn(functions.help.GetNearestDcRequest())
                part = functions.upload.GetCdnFileRequest(redirect.file_token, 0, 1 << 20)
                needed = await cdn(part)
                assert isinstance(needed, types.upload.CdnFileReuploadNeeded)
                with pytest.raises(errors.RPCError):
                    await alice(functions.upload.ReuploadCdnFileRequest(redirect.file_token, b"wrong"))
                await alice(functions.upload.ReuploadCdnFileRequest(redirect.file_token, needed.request_token))

                async def fetch():
                    content = b""
                    for offset in range(0, len(whole), 1 << 20):
                        got = await cdn(functions.upload.GetCdnFileRequest(redirect.file_token, offset, 1 << 20))
                        iv = redirect.encryption_iv[:12] + (offset // 16).to_bytes(4, "big")
                        content += AESModeCTR(redirect.encryption_key, iv).decrypt(got.bytes)
                    return content

                async def hashes():
                    found = []
                    for offset in range(0, len(whole), 1 << 20):
                        found += await alice(functions.upload.GetCdnFileHashesRequest(redirect.file_token, offset))
                    return found

                assert await fetch() == whole
                told = await hashes()
                assert told[:8] == redirect.file_hashes
                assert sum(part.limit for part in told) == len(whole)
                for part in told:
                    assert part.hash == hashlib.sha256(whole[part.offset : part.offset + part.limit]).digest()
                sandbox.post("/fault", kind="cdn", bytes=0, corrupt=True, count=1)
                assert await fetch() != whole
                assert await fetch() == whole
            finally:
                await cdn.disconnect()
                sandbox.post("/fault", kind="none")
            assert isinstance(
                await alice(functions.upload.GetFileRequest(location, 0, 4096, cdn_supported=True)),
                types.upload.File)

    asyncio.run(run())


def test_files_arrive_on_a_network_that_is_slow_and_cut(sandbox):
    async def run():
        async with telethon(sandbox, "alice") as alice:
            said = sandbox.say("bob", "alice", "slow", file={"size": 400_000, "seed": 2})
            message = await alice.get_messages("bob_builder", ids=said["ids"]["alice"])
            whole = await message.download_media(bytes)
            loop = asyncio.get_running_loop()
            sandbox.post("/fault", kind="slow_network", bytes=400_000, ms=20)
            start = loop.time()
            assert await message.download_media(bytes) == whole
            assert loop.time() - start > 0.9
            sandbox.post("/fault", kind="none")
            sandbox.post("/fault", kind="flood_premium_wait", seconds=1, count=1)
            with pytest.raises(errors.RPCError) as flood:
                alice.flood_sleep_threshold = 0
                document = message.document
                await alice(functions.upload.GetFileRequest(
                    types.InputDocumentFileLocation(
                        document.id, document.access_hash, document.file_reference, ""), 0, 4096))
            assert flood.value.code == 420
            sandbox.post("/fault", kind="none")
            sandbox.post("/fault", kind="disconnect", every_ms=300, user="alice")
            for _ in range(5):
                assert await message.download_media(bytes) == whole
            sandbox.post("/fault", kind="none")

    asyncio.run(run())


def test_saved_gifs_and_recent_stickers(sandbox, tmp_path):
    async def run():
        async with both(sandbox) as (bob, alice):
            (tmp_path / "g.mp4").write_bytes(noise("gif", 300))
            (tmp_path / "s.webp").write_bytes(noise("sticker", 300))
            gif = await bob.send_file(
                where(sandbox, "group"), str(tmp_path / "g.mp4"),
                attributes=[types.DocumentAttributeAnimated(), VIDEO])
            sticker = await bob.send_file(where(sandbox, "group"), str(tmp_path / "s.webp"), attributes=[STICKER])
            gifs = await bob(functions.messages.GetSavedGifsRequest(0))
            assert gifs.gifs[0].id == gif.document.id
            stickers = await bob(functions.messages.GetRecentStickersRequest(0))
            assert stickers.stickers[0].id == sticker.document.id
            state = next(user for user in sandbox.state()["users"] if user["name"] == "bob")
            assert state["saved_gifs"][0] == gif.document.id
            assert state["recent_stickers"][0] == sticker.document.id
            again = await bob(functions.messages.GetSavedGifsRequest(gifs.hash))
            assert isinstance(again, types.messages.SavedGifsNotModified)
            await bob(functions.messages.SaveGifRequest(utils.get_input_document(gif.document), True))
            await bob(functions.messages.SaveRecentStickerRequest(utils.get_input_document(sticker.document), True))
            state = next(user for user in sandbox.state()["users"] if user["name"] == "bob")
            assert gif.document.id not in state["saved_gifs"]
            assert sticker.document.id not in state["recent_stickers"]
            with pytest.raises(errors.RPCError):
                await bob(functions.messages.SaveGifRequest(utils.get_input_document(sticker.document), False))

    asyncio.run(run())
