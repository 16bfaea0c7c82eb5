"""Media that is taken back, replaced or looked at once comes back in the log chat of the real tgl."""

import asyncio
import base64
import hashlib
import os
import signal
import sqlite3

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from telethon import functions, types, utils

from sandbox_server import telethon
from test_sandbox_media import FILES, media_without_files, noise, png, where
from tgl_process import tgl, wait_for, world  # noqa: F401


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def posted(tgl):
    """The media of the log chat."""
    return [notice for notice in tgl.notices if notice.get("media")]


def wait_for_media(tgl, count):
    wait_for(lambda: len(posted(tgl)) >= count, f"{count} media in the log chat, {tgl.log}")
    return posted(tgl)


def file_of(media):
    # A photo has no name of its own.
    keys = ("kind", "mime", "size", "sha256", "attributes", "spoiler") + (("name",) if media["kind"] != "photo" else ())
    return {key: media.get(key) for key in keys}


async def send_each_kind(bob, chat, folder):
    sent = []
    for number, (kind, (name, options, attributes)) in enumerate(FILES.items()):
        path = folder / name
        path.write_bytes(png(number) if kind == "photo" else noise((chat, kind), 3000 + number))
        sent.append(await bob.send_file(
            chat, str(path), caption=f"a **{kind}** 🙂", attributes=attributes, parse_mode="md", **options))
    return sent


@pytest.mark.parametrize("chat", ["alice", "supergroup"])
@pytest.mark.parametrize("buffered", [True, False])
def test_every_kind_of_file_comes_back_as_it_was(tgl, tmp_path, chat, buffered):
    tgl.settings["BUFFER_ALL_MEDIA"] = str(buffered).lower()
    tgl.start()
    seen = {}

    async def run():
        async with telethon(tgl.sandbox, "bob") as bob:
            await bob.get_dialogs()
            sent = await send_each_kind(bob, where(tgl.sandbox, chat), tmp_path)
            for message in tgl.sandbox.chat("bob" if chat == "alice" else chat)["messages"]:
                if message.get("media"):
                    seen[message["text"]] = message
            for message in sent:
                await bob.delete_messages(where(tgl.sandbox, chat), [message.id])

    asyncio.run(run())
    assert len(seen) == len(FILES)
    got = wait_for_media(tgl, len(FILES))
    assert len(got) == len(FILES)
    for text, message in seen.items():
        (notice,) = [n for n in got if n["media"]["sha256"] == message["media"]["sha256"]]
        assert file_of(notice["media"]) == file_of(message["media"])
        # Stickers and round videos have no caption: the text stands before them.
        (told,) = [n for n in tgl.notices if n["text"].endswith(text)]
        bold = [e for e in told["entities"] if e["type"] == "bold"][-1]
        units = told["text"].encode("utf-16-le")
        assert units[2 * bold["offset"]:][: 2 * bold["length"]].decode("utf-16-le") == text.split()[1]
        if told["id"] != notice["id"]:
            assert notice["media"]["kind"] in ("sticker", "video_note") and notice["text"] == ""
    assert tgl.stop() == 0
    assert "ERROR" not in tgl.log, tgl.log


@pytest.mark.parametrize("chat", ["alice", "channel"])
def test_an_album_comes_back_as_one(tgl, tmp_path, chat):
    tgl.start()

    async def run():
        async with telethon(tgl.sandbox, "bob") as bob:
            await bob.get_dialogs()
            paths = []
            for number in range(4):
                paths.append(tmp_path / f"{number}.jpg")
                paths[-1].write_bytes(noise((chat, number), 2000))
            files = [await bob.upload_file(str(path)) for path in paths]
            sent = await bob.send_file(where(tgl.sandbox, chat), files, caption=["the **trip**", "", "", ""],
                                       parse_mode="md")
            await bob.delete_messages(where(tgl.sandbox, chat), [message.id for message in sent])

    asyncio.run(run())
    got = wait_for_media(tgl, 4)
    assert len(got) == 4 and len({notice["grouped_id"] for notice in got}) == 1 and got[0]["grouped_id"]
    assert [n["media"]["sha256"] for n in got] == [sha256(noise((chat, number), 2000)) for number in range(4)]
    assert got[0]["text"].endswith("the trip") and [n["text"] for n in got[1:]] == ["", "", ""]
    assert len(tgl.notices) == 4


def test_what_is_shown_once_comes_back_when_it_was_opened(tgl, tmp_path):
    tgl.start()

    async def run():
        async with telethon(tgl.sandbox, "bob") as bob, telethon(tgl.sandbox, "alice") as phone:
            await phone.get_dialogs()
            for number, ttl in enumerate((2**31 - 1, 1)):
                path = tmp_path / "once.jpg"
                path.write_bytes(noise(("once", ttl), 50_000))
                await bob.send_file("alice_liddell", str(path), ttl=ttl, caption=f"ttl {ttl}")
                buffer = tgl.data / "media"
                await asyncio.to_thread(wait_for, lambda: list(buffer.glob("*_photo.jpg")), "the photo in the buffer")
                (got,) = await phone.get_messages(where(tgl.sandbox, "bob"), limit=1)
                await phone(functions.messages.ReadMessageContentsRequest([got.id]))
                await asyncio.to_thread(wait_for_media, tgl, number + 1)

    asyncio.run(run())
    got = wait_for_media(tgl, 2)
    assert [n["media"]["sha256"] for n in got] == [sha256(noise(("once", ttl), 50_000)) for ttl in (2**31 - 1, 1)]
    assert all(n["media"]["kind"] == "photo" and not n["media"].get("ttl") for n in got)
    assert len(tgl.notices) == 2


def test_what_was_opened_while_off_comes_back(tgl, tmp_path):
    tgl.start()
    said = tgl.sandbox.say("bob", "alice", "once", file={"size": 9000, "seed": 4, "kind": "photo"}, ttl=2**31 - 1)
    wait_for(lambda: list((tgl.data / "media").glob("*_photo.jpg")), "the photo in the buffer")
    assert tgl.stop() == 0

    async def run():
        async with telethon(tgl.sandbox, "alice") as phone:
            await phone.get_dialogs()
            (got,) = await phone.get_messages(where(tgl.sandbox, "bob"), limit=1)
            await phone(functions.messages.ReadMessageContentsRequest([got.id]))

    asyncio.run(run())
    tgl.start()
    (notice,) = wait_for_media(tgl, 1)
    assert notice["media"]["size"] == 9000 and said


def test_protected_media_is_there_when_it_is_deleted(tgl):
    tgl.start()
    tgl.sandbox.post("/protect", chat="supergroup", noforwards=True)
    said = tgl.sandbox.say("bob", "supergroup", "secret", file={"size": 70_000, "seed": 3, "kind": "photo"})
    wait_for(lambda: list((tgl.data / "media").glob("*_photo.jpg")), "the photo in the buffer")
    seen = tgl.sandbox.chat("supergroup")["messages"][-1]["media"]
    # The server has forgotten it by the time it is deleted.
    tgl.sandbox.post("/fault", kind="file_reference_expired")
    tgl.sandbox.delete("bob", "supergroup", said["id"])
    (notice,) = wait_for_media(tgl, 1)
    assert notice["media"]["sha256"] == seen["sha256"]


def test_a_replaced_medium_comes_back_with_the_edit(tgl, tmp_path):
    tgl.settings["SAVE_EDITED_MESSAGES"] = "true"
    tgl.settings["EDIT_SETTLE_SECS"] = "0"
    tgl.settings["BUFFER_ALL_MEDIA"] = "true"
    tgl.start()

    async def run():
        async with telethon(tgl.sandbox, "bob") as bob:
            await bob.get_dialogs()
            (tmp_path / "a.txt").write_bytes(b"first")
            (tmp_path / "b.txt").write_bytes(b"second")
            sent = await bob.send_file(where(tgl.sandbox, "supergroup"), str(tmp_path / "a.txt"), caption="x")
            await asyncio.to_thread(wait_for, lambda: list((tgl.data / "media").glob("*_a.txt")), "the first file")
            await bob.edit_message(sent, "y", file=str(tmp_path / "b.txt"))

    asyncio.run(run())
    (notice,) = wait_for_media(tgl, 1)
    assert (notice["media"]["name"], notice["media"]["sha256"]) == ("a.txt", sha256(b"first"))
    assert "Edited message" in notice["text"]


def test_encrypted_files_are_posted_and_open_with_cryptography(tgl):
    key = bytes(range(32))


    tgl.settings["ENCRYPT_DELETED_MEDIA"] = "true"
    status = tgl.command("run")
    assert status.returncode == 78 and "DELETED_MEDIA_KEY_B64" in status.stderr
    tgl.settings["DELETED_MEDIA_KEY_B64"] = base64.b64encode(key).decode()
    tgl.start()
    said = tgl.sandbox.say("bob", "supergroup", "x", file={"size": 1_500_000, "seed": 9, "name": "наш файл.bin"})
    seen = tgl.sandbox.chat("supergroup")["messages"][-1]["media"]
    tgl.sandbox.delete("bob", "supergroup", said["id"])
    (notice,) = wait_for_media(tgl, 1)
    assert notice["media"]["sha256"] == seen["sha256"]
    (kept,) = (tgl.data / "media_deleted").iterdir()
    assert kept.name == f"{tgl.sandbox.info['supergroup_id']}_{said['id']}_наш файл.bin.enc"
    assert kept.stat().st_mode & 0o777 == 0o600
    sealed = kept.read_bytes()
    assert sha256(AESGCM(key).decrypt(sealed[:12], sealed[12:], None)) == seen["sha256"]
    wait_for(lambda: not list((tgl.data / "media").iterdir()), "no plaintext left")


def test_files_arrive_through_every_trouble(tgl):
    """200 files on both data centres and a CDN, with expired references, migrations, floods and cut connections."""
    tgl.settings["BUFFER_ALL_MEDIA"] = "true"
    tgl.start()
    sandbox = tgl.sandbox
    sandbox.post("/fault", kind="disconnect", every=2)
    sandbox.post("/fault", kind="cdn", bytes=100_000)
    sandbox.post("/fault", kind="flood_wait", method="upload.getFile", seconds=1, count=5)
    sandbox.post("/fault", kind="flood_premium_wait", method="upload.getFile", seconds=1, count=5)
    ids = []
    for number in range(200):
        ids.append(sandbox.say(
            "bob", "supergroup", f"file {number}", dc=number % 2 + 1,
            file={"size": 1000 + 997 * number, "seed": number, "name": f"{number}.bin"})["id"])
        if number % 40 == 20:
            sandbox.post("/fault", kind="file_reference_expired")
        if number % 40 == 30:
            sandbox.post("/fault", kind="file_migrate")
    wanted = {m["media"]["sha256"] for m in sandbox.chat("supergroup")["messages"] if m.get("media")}
    assert len(wanted) == 200
    wait_for(lambda: len(list((tgl.data / "media").glob("*.bin"))) == 200, "200 files", patience=120)
    sandbox.post("/fault", kind="none")
    got = {sha256(path.read_bytes()) for path in (tgl.data / "media").glob("*.bin")}
    assert got == wanted
    for number in range(0, 200, 4):
        sandbox.delete("bob", "supergroup", *ids[number : number + 4])
    posts = wait_for_media(tgl, 200)
    assert sorted(n["media"]["sha256"] for n in posts) == sorted(wanted)
    assert "gone from the disk" not in tgl.log
    assert tgl.stop() == 0


def test_a_download_goes_on_after_sigkill(tgl):
    tgl.settings["BUFFER_ALL_MEDIA"] = "true"
    tgl.start()
    tgl.sandbox.post("/fault", kind="slow_network", bytes=2_000_000)
    tgl.sandbox.say("bob", "supergroup", "large", file={"size": 12_345_678, "seed": 5, "name": "large.bin"})
    seen = tgl.sandbox.chat("supergroup")["messages"][-1]["media"]

    def partial():
        return sum(path.stat().st_size for path in (tgl.data / "media").glob("*.part"))

    wait_for(lambda: partial() > 2_000_000, "some parts")
    tgl.stop(signal.SIGKILL)
    kept = partial()
    tgl.sandbox.post("/fault", kind="none")
    before = tgl.sandbox.state().get("bytes_sent")
    tgl.start()
    (path,) = wait_for(lambda: list((tgl.data / "media").glob("*_large.bin")), "the whole file")
    assert sha256(path.read_bytes()) == seen["sha256"] and kept > 2_000_000
    del before


def test_a_nearly_full_disk_stops_no_text(tgl):
    tgl.settings["BUFFER_ALL_MEDIA"] = "true"
    tgl.settings["MEDIA_MIN_FREE_BYTES"] = str(2**62)
    tgl.start()
    tgl.sandbox.say("bob", "supergroup", "with a file", file={"size": 1000, "seed": 1})
    said = tgl.sandbox.say("bob", "supergroup", "only text")
    tgl.sandbox.delete("bob", "supergroup", said["id"])
    tgl.wait_for_notices(lambda notice: "only text" in notice["text"])
    wait_for(lambda: "MEDIA_MIN_FREE_BYTES" in tgl.log, "the log to say so")
    assert not list((tgl.data / "media").iterdir())


@pytest.mark.parametrize("chat", ["alice", "group", "channel"])
def test_media_without_a_file_are_told_in_words(tgl, chat):
    tgl.start()

    async def run():
        async with telethon(tgl.sandbox, "bob") as bob:
            await bob.get_dialogs()
            peer = await bob.get_input_entity(where(tgl.sandbox, chat))
            for _, media in media_without_files(tgl.sandbox):
                await bob(functions.messages.SendMediaRequest(peer, media, ""))
                (message,) = await bob.get_messages(peer, limit=1)
                await bob.delete_messages(peer, [message.id])

    asyncio.run(run())
    words = ["Carol", "51.75", "51.75", "Christ Church", "🎯", "a raven", "told you", "milk", "story", "example.org"]
    tgl.wait_for_notices(lambda notice: True, len(words))
    for word in words:
        assert any(word in notice["text"] for notice in tgl.notices), (word, [n["text"] for n in tgl.notices])


def test_sent_gifs_and_stickers_leave_the_account_s_lists(tgl):
    tgl.start()
    for kind in ("gif", "sticker"):
        said = tgl.sandbox.say("bob", "alice", "", file={"size": 2000, "seed": 3, "kind": kind})
        tgl.sandbox.delete("bob", "alice", said["id"])
    wait_for_media(tgl, 2)

    async def lists():
        async with telethon(tgl.sandbox, "alice") as alice:
            gifs = await alice(functions.messages.GetSavedGifsRequest(0))
            stickers = await alice(functions.messages.GetRecentStickersRequest(0))
            return len(gifs.gifs) + len(stickers.stickers)

    wait_for(lambda: asyncio.run(lists()) == 0, "tidy lists")


def test_a_kept_file_says_so_in_the_archive(tgl):
    tgl.settings["BUFFER_ALL_MEDIA"] = "true"
    tgl.start()
    for _ in range(2):
        tgl.sandbox.say("bob", "supergroup", "twice", file={"size": 4000, "seed": 8, "name": "same.bin"})
    wait_for(lambda: list((tgl.data / "media").glob("*_same.bin")), "the file")

    def jobs():
        with sqlite3.connect(f"file:{tgl.data}/db/messages.db?mode=ro", uri=True) as archive:
            return archive.execute("SELECT state, count(DISTINCT buffer_id), count(*) FROM media_job").fetchone()

    wait_for(lambda: jobs() == ("buffered", 1, 2), "both kept as one")
    assert len(list((tgl.data / "media").iterdir())) == 1





def resident(pid, field="VmHWM"):
    """The memory a process has, or the most it has had (VmHWM), in bytes."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field))


def test_a_large_file_takes_little_memory(tgl):
    """Downloaded, encrypted and uploaded; killed on the way, it goes on. TGL_LARGE_FILE sets the size."""
    size = int(os.environ.get("TGL_LARGE_FILE", 150_000_000))
    key = bytes(range(32))
    tgl.settings |= {
        "BUFFER_ALL_MEDIA": "true",
        "MAX_BUFFER_FILE_SIZE": str(2**40),
        "ENCRYPT_DELETED_MEDIA": "true",
        "DELETED_MEDIA_KEY_B64": base64.b64encode(key).decode(),
    }
    tgl.start()
    said = tgl.sandbox.say("bob", "supergroup", "large", file={"size": size, "seed": 5, "name": "large.bin"})
    seen = tgl.sandbox.chat("supergroup")["messages"][-1]["media"]

    def partial():
        return sum(path.stat().st_size for path in (tgl.data / "media").glob(".*.part"))

    idle = resident(tgl.service.pid, "VmRSS")
    wait_for(lambda: partial() > size // 4, "a quarter", patience=600)
    peaks = [resident(tgl.service.pid)]
    tgl.stop(signal.SIGKILL)
    assert partial() > size // 4
    tgl.start()
    wait_for(lambda: list((tgl.data / "media").glob("*_large.bin")), "the whole file", patience=900)
    tgl.sandbox.delete("bob", "supergroup", said["id"])
    (notice,) = wait_for(lambda: posted(tgl), "the post", patience=900)
    peaks.append(resident(tgl.service.pid))
    print(f"resident memory {idle // 1_000_000} MB idle, at most {[peak // 1_000_000 for peak in peaks]} MB for {size} bytes")
    assert notice["media"]["sha256"] == seen["sha256"]
    assert max(peaks) - idle < 50_000_000


def test_covers_spoilers_and_paid_media_come_back(tgl, tmp_path):
    tgl.start()
    photo, video = noise("cover", 700), noise("video", 9000)

    async def run():
        async with telethon(tgl.sandbox, "bob") as bob:
            await bob.get_dialogs()
            channel = await bob.get_input_entity(where(tgl.sandbox, "channel"))
            (tmp_path / "c.jpg").write_bytes(photo)
            (tmp_path / "v.mp4").write_bytes(video)
            cover = await bob(functions.messages.UploadMediaRequest(
                channel, types.InputMediaUploadedPhoto(await bob.upload_file(str(tmp_path / "c.jpg")))))
            attributes = [types.DocumentAttributeVideo(duration=3.5, w=320, h=240),
                          types.DocumentAttributeFilename("v.mp4")]
            await bob(functions.messages.SendMediaRequest(channel, types.InputMediaUploadedDocument(
                await bob.upload_file(str(tmp_path / "v.mp4")), "video/mp4", attributes,
                video_cover=utils.get_input_photo(cover.photo), spoiler=True), "covered"))
            (message,) = await bob.get_messages(channel, limit=1)
            await bob.delete_messages(channel, [message.id])
            await bob(functions.messages.SendMediaRequest(channel, types.InputMediaPaidMedia(5, [
                types.InputMediaUploadedPhoto(await bob.upload_file(str(tmp_path / "c.jpg")))]), "paid"))
            (message,) = await bob.get_messages(channel, limit=1)
            await bob.delete_messages(channel, [message.id])

    asyncio.run(run())
    got = wait_for_media(tgl, 2)
    (covered,) = [n for n in got if n["text"].endswith("covered")]
    (paid,) = [n for n in got if n["text"].endswith("paid")]
    assert (covered["media"]["kind"], covered["media"]["spoiler"]) == ("video", True)
    assert covered["media"]["sha256"] == sha256(video) and paid["media"]["sha256"] == sha256(photo)

    async def look():
        async with telethon(tgl.sandbox, "alice") as alice:
            await alice.get_dialogs()
            message = await alice.get_messages(tgl.sandbox.info["log_chat_id"], ids=covered["id"])
            return await alice.download_media(message.media.video_cover, bytes)

    assert sha256(asyncio.run(look())) == sha256(photo)


def test_kills_lose_and_double_no_file(tgl):
    """Killed again and again while files are fetched, kept and posted: each comes back once."""
    tgl.settings["BUFFER_ALL_MEDIA"] = "true"
    tgl.start()
    said = {}

    def archived():
        with sqlite3.connect(f"file:{tgl.data}/db/messages.db?mode=ro", uri=True) as archive:
            return archive.execute("SELECT count(*) FROM message WHERE text LIKE '%.bin'").fetchone()[0]

    for round_number in range(6):
        for number in range(8):
            name = f"{round_number}-{number}.bin"
            answer = tgl.sandbox.say("bob", "supergroup", name, file={
                "size": 20_000 + 50_000 * number, "seed": 100 * round_number + number, "name": name})
            said[name] = answer["id"]
        # What is sent and deleted before anybody saw it, Telegram shows to nobody.
        wait_for(lambda: archived() == len(said), "all messages")
        # Every second of them is deleted at a moment of its own, the kill falls anywhere in between.
        for number in range(0, 8, 2):
            tgl.sandbox.delete("bob", "supergroup", said[f"{round_number}-{number}.bin"])
        if round_number % 2:
            wait_for(lambda: len(posted(tgl)) > round_number, "some posts")
        tgl.stop(signal.SIGKILL)
        tgl.start()
    deleted = {name for name in said if int(name.split("-")[1].split(".")[0]) % 2 == 0}
    wait_for(lambda: len(posted(tgl)) >= len(deleted), f"{len(deleted)} files", patience=120)
    got = [notice["media"]["name"] for notice in posted(tgl)]
    assert sorted(got) == sorted(deleted)
    assert tgl.stop() == 0
