"""`tgl export` of an archive that the real tgl made: each format read by somebody else's reader."""

import asyncio
import csv
import datetime
import html.parser
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time

import pytest
from telethon import types

from sandbox_server import PATIENCE, Sandbox, telethon
from test_sandbox_media import FILES, noise, png, where
from tgl_command import binary, environment, tgl
from tgl_process import Tgl, wait_for

HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(1)> & 'quoted' </article></body>, "a,b"\r\nline"""
KEY_SETTINGS = {"DELETED_MEDIA_KEY_B64": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}
BOLD = [types.MessageEntityBold(3, 4), types.MessageEntityItalic(8, 6), types.MessageEntityTextUrl(0, 2, "https://example.org/?a=1&b=2")]


class Made:
    """An archive, and what was said that is in it."""

    def __init__(self, folder, sandbox):
        self.data = folder
        self.sandbox = sandbox
        self.ids = {}

    def export(self, *arguments, env=None, **more):
        return tgl("--set", f"DATA_ROOT={self.data}", "export", *arguments, env=env, **more)

    def lines(self, *arguments):
        done = self.export(*arguments)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def copy(self, folder):
        shutil.copytree(self.data, folder)
        return Made(folder, self.sandbox)

    def change(self, *statements):
        with sqlite3.connect(self.data / "db" / "messages.db") as archive:
            for statement in statements:
                archive.execute(*statement) if isinstance(statement, tuple) else archive.execute(statement)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    sandbox = Sandbox(folder / "sandbox")
    service = Tgl(
        sandbox, BUFFER_ALL_MEDIA="true", ENCRYPT_DELETED_MEDIA="true", SAVE_EDITED_MESSAGES="true", EDIT_SETTLE_SECS="0",
        **KEY_SETTINGS)
    service.login()
    service.start()
    made = Made(service.data, sandbox)

    async def run():
        async with telethon(sandbox, "bob") as bob:
            await bob.get_dialogs()
            for chat in ["alice", "group", "supergroup", "channel"]:
                peer = where(sandbox, chat)
                plain = await bob.send_message(peer, f"plain in {chat}")
                await bob.send_message(peer, f"answer in {chat}", reply_to=plain.id)
                await bob.send_message(peer, f"🙂 bold italic in {chat}", formatting_entities=BOLD)
                await bob.send_message(peer, HOSTILE)
                edited = await bob.send_message(peer, f"the quick brown fox in {chat}")
                await bob.edit_message(peer, edited.id, f"the slow brown fox in {chat}")
                await bob.edit_message(peer, edited.id, f"the slow red fox in {chat}")
                gone = await bob.send_message(peer, f"gone from {chat}")
                await bob.forward_messages(peer, plain)
                await bob.delete_messages(peer, [gone.id])
                made.ids[chat] = (plain.id, edited.id, gone.id)
            for number, (kind, (name, options, attributes)) in enumerate(FILES.items()):
                path = folder / name
                path.write_bytes(png(number, 64) if kind == "photo" else noise(kind, 3000 + number))
                sent = await bob.send_file(
                    where(sandbox, "supergroup"), str(path), caption=f"a {kind}", attributes=attributes, **options)
                if kind in ("photo", "document"):
                    path.write_bytes(png(99, 64) if kind == "photo" else noise("gone", 4000))
                    again = await bob.send_file(where(sandbox, "supergroup"), str(path), caption=f"a deleted {kind}",
                                                attributes=attributes, **options)
                    made.ids[f"deleted {kind}"] = again.id
                made.ids[kind] = sent.id
            for key in ("deleted photo", "deleted document"):
                await bob.delete_messages(where(sandbox, "supergroup"), [made.ids[key]])

    asyncio.run(run())
    path = made.data / "db" / "messages.db"

    def settled():
        with sqlite3.connect(path) as archive:
            one = lambda query: archive.execute(query).fetchone()[0]
            return (
                one("SELECT count(*) FROM message WHERE deleted_at IS NOT NULL") == 6
                and one("SELECT count(*) FROM message WHERE version = 3") == 4
                and one("SELECT count(*) FROM outbox") == 0
                and one("SELECT count(*) FROM media_job WHERE state NOT IN ('buffered', 'kept')") == 0
            )

    wait_for(settled, f"all to be kept: {service.log}")
    assert service.stop() == 0
    assert sandbox.stop() == 0
    yield made


def chat_id(made, chat):
    # A private chat is called by whom it is with.
    return made.sandbox.users["bob"]["id"] if chat == "alice" else where(made.sandbox, chat)


# JSON lines


def test_every_message_is_one_line(made):
    lines = made.lines()
    with sqlite3.connect(made.data / "db" / "messages.db") as archive:
        stored = archive.execute("SELECT chat_id, id, text FROM message ORDER BY chat_id, id").fetchall()
    assert [(line["chat_id"], line["id"], line["text"]) for line in lines] == stored
    assert sum(line["text"] == HOSTILE.replace("\r\n", "\n") or line["text"] == HOSTILE for line in lines) == 4


def test_the_fields_of_a_line(made):
    plain, edited, gone = made.ids["supergroup"]
    lines = {line["id"]: line for line in made.lines("--chat", chat_id(made, "supergroup"), "--raw")}
    line = lines[plain]
    bob = made.sandbox.users["bob"]
    assert {"chat_type": "supergroup", "type": "message", "sender_id": bob["id"], "version": 1}.items() <= line.items()
    assert line["sender_name"].startswith("Bob") and line["sender_username"] == bob.get("username", "bob_builder")
    assert datetime.datetime.fromisoformat(line["date"]).tzinfo and "deleted" not in line
    assert line["raw"]["message"]["_"] == "message" and line["raw"]["message"]["message"] == line["text"]
    assert [line["reply_to_id"] for line in lines.values() if "answer in" in line["text"]] == [plain]
    (formatted,) = [line for line in lines.values() if "bold italic" in line["text"]]
    # The server puts them in order.
    assert sorted((entity["type"], entity["offset"], entity["length"]) for entity in formatted["entities"]) == [
        ("bold", 3, 4), ("italic", 8, 6), ("text_link", 0, 2)]
    assert [e["url"] for e in formatted["entities"] if "url" in e] == ["https://example.org/?a=1&b=2"]
    assert lines[edited]["text"] == "the slow red fox in supergroup" and lines[edited]["version"] == 3
    assert [version["text"] for version in lines[edited]["versions"]] == [
        "the quick brown fox in supergroup", "the slow brown fox in supergroup"]
    assert lines[gone]["deleted"] is True and lines[gone]["deleted_at"] >= lines[gone]["date"]
    (forward,) = [line["forward"] for line in lines.values() if "forward" in line]
    assert forward["from_id"] == bob["id"] and forward["from_name"].startswith("Bob")
    photo = lines[made.ids["photo"]]
    assert photo["media"]["kind"] == "photo" and photo["raw"]["media"]["_"] == "messageMediaPhoto"
    audio = lines[made.ids["audio"]]["media"]
    assert (audio["kind"], audio["performer"], audio["title"], audio["duration"]) == ("audio", "Hatter", "Tea", 9)


def test_filters(made):
    everything = made.lines()
    assert {line["text"] for line in made.lines("--deleted")} >= {f"gone from {chat}" for chat in ["alice", "group"]}
    assert all(line.get("deleted") for line in made.lines("--deleted"))
    assert all(line["version"] > 1 for line in made.lines("--edited")) and len(made.lines("--edited")) == 4
    assert len(made.lines("--edited", "--deleted")) == 10
    assert made.lines("--since", "1h") == everything and made.lines("--until", "1h") == []
    assert made.lines("--since", "2100-01-01") == []
    two = [chat_id(made, "group"), chat_id(made, "channel")]
    assert {line["chat_id"] for line in made.lines("--chat", two[0], "--chat", two[1])} == set(two)
    assert {line["chat_id"] for line in made.lines("--chat", "@bob_builder")} == {chat_id(made, "alice")}


def test_media_files_are_named_or_copied(made, tmp_path):
    chat = chat_id(made, "supergroup")
    kept = [line for line in made.lines("--chat", chat) if "media" in line]
    for line in kept:
        (file,) = line["media"]["files"]
        assert ("path" in file) != ("missing" in file), line
    by_id = {line["id"]: line for line in kept}
    path = by_id[made.ids["document"]]["media"]["files"][0]["path"]
    assert pathlib.Path(path).read_bytes() == noise("document", 3001)
    assert all("files" not in line["media"] for line in made.lines("--chat", chat, "--media", "none") if "media" in line)

    done = made.export("--chat", chat, "--media", "copy", "--out", tmp_path / "out", "--json", env=KEY_SETTINGS)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["failed_files"] == 0 and summary["files"] == len(FILES) + 2
    lines = [json.loads(line) for line in (tmp_path / "out" / "messages.jsonl").read_text().splitlines()]
    for line in lines:
        for file in line.get("media", {}).get("files", []):
            copy = tmp_path / "out" / file["path"]
            assert copy.stat().st_size == file["size"] and stat.S_IMODE(copy.stat().st_mode) == 0o600
    (deleted,) = [line for line in lines if line["id"] == made.ids["deleted document"]]
    assert (tmp_path / "out" / deleted["media"]["files"][0]["path"]).read_bytes() == noise("gone", 4000)


def test_a_file_that_cannot_be_copied_is_named_and_the_rest_goes_on(made, tmp_path):
    copy = made.copy(tmp_path / "data")
    for path in (copy.data / "media_deleted").glob("*.enc"):
        path.write_bytes(path.read_bytes()[:-1])
    done = copy.export("--media", "copy", "--out", tmp_path / "out", "--format", "html", env=KEY_SETTINGS)
    assert done.returncode == 1 and done.stderr.count("altered or truncated") == 2, done.stderr
    assert (tmp_path / "out" / "index.html").exists()


# Telegram Desktop's JSON


def desktop(made, tmp_path, *arguments):
    done = made.export("--format", "json", "--out", tmp_path / "result.json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads((tmp_path / "result.json").read_text())


def test_one_chat_has_the_form_of_telegram_desktop(made, tmp_path):
    chat = chat_id(made, "supergroup")
    result = desktop(made, tmp_path, "--chat", chat)
    assert list(result) == ["name", "type", "id", "messages"]
    assert result["type"] in ("private_supergroup", "public_supergroup") and result["id"] == -chat - 10**12
    plain, edited, gone = made.ids["supergroup"]
    messages = {message["id"]: message for message in result["messages"]}
    bob = made.sandbox.users["bob"]["id"]
    assert messages[plain]["type"] == "message" and messages[plain]["from_id"] == f"user{bob}"
    assert messages[plain]["text"] == "plain in supergroup"
    assert messages[plain]["text_entities"] == [{"type": "plain", "text": "plain in supergroup"}]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", messages[plain]["date"])
    assert int(messages[plain]["date_unixtime"]) > 10**9
    (formatted,) = [m for m in messages.values() if isinstance(m["text"], list)]
    assert formatted["text"] == [
        {"type": "text_link", "text": "🙂", "href": "https://example.org/?a=1&b=2"}, " ",
        {"type": "bold", "text": "bold"}, " ", {"type": "italic", "text": "italic"}, " in supergroup"]
    assert "".join(part["text"] for part in formatted["text_entities"]) == "🙂 bold italic in supergroup"
    assert messages[edited]["edited_unixtime"] and messages[edited]["versions"][0]["text"] == "the quick brown fox in supergroup"
    assert messages[gone]["deleted"] is True and int(messages[gone]["deleted_at_unixtime"]) > 0
    assert messages[made.ids["voice"]]["media_type"] == "voice_message"
    assert messages[made.ids["audio"]] | {"performer": "Hatter", "title": "Tea", "duration_seconds": 9} == messages[made.ids["audio"]]


def test_all_chats_have_the_form_of_telegram_desktop(made, tmp_path):
    result = desktop(made, tmp_path)
    assert set(result) == {"about", "chats"}
    with sqlite3.connect(made.data / "db" / "messages.db") as archive:
        counts = sorted(row[0] for row in archive.execute("SELECT count(*) FROM message GROUP BY chat_id"))
    assert sorted(len(chat["messages"]) for chat in result["chats"]["list"]) == counts


def test_its_media_lie_where_telegram_desktop_puts_them(made, tmp_path):
    chat = chat_id(made, "supergroup")
    done = made.export(
        "--format", "json", "--chat", chat, "--media", "copy", "--out", tmp_path / "out", env=KEY_SETTINGS)
    assert done.returncode == 0, done.stderr
    messages = json.loads((tmp_path / "out" / "result.json").read_text())["messages"]
    paths = {path for message in messages for key in ("photo", "file") if (path := message.get(key))}
    assert {path.split("/")[0] for path in paths} == {
        "photos", "files", "video_files", "voice_messages", "round_video_messages", "stickers"}
    assert all((tmp_path / "out" / path).exists() for path in paths)


def test_chatpack_reads_it(made, tmp_path):
    """PyPI's chatpack, an independent reader of Telegram Desktop's exports."""
    chatpack = pytest.importorskip("chatpack")
    result = desktop(made, tmp_path, "--chat", chat_id(made, "supergroup"))
    read = chatpack.parse_telegram(str(tmp_path / "result.json"))
    texts = [message.content for message in read]
    for text in ["plain in supergroup", "🙂 bold italic in supergroup", "the slow red fox in supergroup", HOSTILE]:
        assert any(text.split("\r")[0] in read for read in texts), texts
    assert {message.sender for message in read} == {
        message["from"] for message in result["messages"] if message["type"] == "message" and message["text"]}


def test_telegramstats_reads_it(made, tmp_path):
    """PyPI's telegramstats, another one: for exports of all chats."""
    pytest.importorskip("telegramstats")
    result = desktop(made, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "telegramstats", "count", "-d", str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for chat in result["chats"]["list"]:
        assert f"\n{chat['name']}\n" in f"\n{done.stdout}"
    bob = sum(int(count) for count in re.findall(r"^Bob: (\d+) message", done.stdout, re.M))
    assert bob == sum(line.get("sender_name") == "Bob" for line in made.lines())


# CSV


def test_csv_is_read_as_it_was_written(made):
    done = made.export("--format", "csv", "--chat", chat_id(made, "group"))
    assert done.returncode == 0
    process = subprocess.run(
        [binary(), "--set", f"DATA_ROOT={made.data}", "export", "--format", "csv"], capture_output=True, env=environment())
    text = process.stdout.decode("utf-8")
    assert text.endswith("\r\n")
    rows = list(csv.DictReader(text.splitlines(keepends=True), strict=True))
    lines = made.lines()
    assert [(int(row["chat_id"]), int(row["id"]), row["text"]) for row in rows] == [
        (line["chat_id"], line["id"], line["text"]) for line in lines]
    assert [row["deleted_at"] for row in rows] == [line.get("deleted_at", "") for line in lines]
    assert [row["original_text"] for row in rows] == [line.get("versions", [{"text": ""}])[0]["text"] for line in lines]


# The site


class Page(html.parser.HTMLParser):
    """What a page holds, and whether its tags are in order."""

    VOID = {"meta", "input", "img", "br"}

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.open, self.articles, self.links, self.sources, self.tags, self.attributes = [], [], [], [], [], set()
        self.feed(path.read_text())
        assert self.open == [], self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attributes}
        attributes = dict(attributes)
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "article":
            self.articles.append({"id": attributes["id"], "class": attributes.get("class", ""), "text": ""})
        if "href" in attributes:
            self.links.append(attributes["href"])
        if "src" in attributes:
            self.sources.append(attributes["src"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "article" in self.open:
            self.articles[-1]["text"] += data


@pytest.fixture(scope="module")
def site(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "out"
    done = made.export("--format", "html", "--media", "copy", "--out", folder, env=KEY_SETTINGS)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_holds_every_message_and_nothing_of_it_is_markup(made, site):
    lines = made.lines()
    seen = 0
    for path in sorted(site.rglob("page-*.html")):
        page = Page(path)
        seen += len(page.articles)
        assert page.tags.count("script") == 1 and page.tags.count("article") == len(page.articles)
        assert not [name for name in page.attributes if name.startswith("on") or name == "style"]
        assert "x" not in page.sources
    assert seen == len(lines)
    chat = chat_id(made, "supergroup")
    page = Page(site / "chats" / str(chat) / "page-1.html")
    articles = {article["id"]: article for article in page.articles}
    plain, edited, gone = made.ids["supergroup"]
    assert "deleted" in articles[f"m{gone}"]["class"] and "edited" in articles[f"m{edited}"]["class"]
    assert "the quick brown fox" in articles[f"m{edited}"]["text"]
    assert any("<script>alert(1)</script>" in article["text"] for article in page.articles)
    assert f"page-1.html#m{plain}" in page.links


def test_the_site_needs_no_network_and_all_it_names_is_there(site):
    for path in site.rglob("*.html"):
        page = Page(path)
        for address in page.sources + [link for link in page.links if not re.match(r"(https?|mailto|tel|tg):|#", link)]:
            target = (path.parent / address.split("#")[0]).resolve()
            assert target.exists(), f"{path}: {address}"
        assert not [source for source in page.sources if ":" in source]
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', path.read_text()).group(1)
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy


def test_differences_of_edits_are_marked(made, site):
    _, edited, _ = made.ids["group"]
    text = (site / "chats" / str(chat_id(made, "group")) / "page-1.html").read_text()
    article = re.search(rf'<article id="m{edited}".*?</article>', text, re.S).group(0)
    assert "the <del>quick</del> brown fox" in article and "the <ins>slow</ins>" in article
    assert "<del>brown</del>" in article and "<ins>red</ins>" in article


def test_a_site_is_not_written_over_unasked(made, site, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in site.rglob("*.html")}
    assert made.export("--format", "html", "--out", site).returncode == 73
    assert {path: path.stat().st_mtime_ns for path in site.rglob("*.html")} == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    done = made.export("--format", "html", "--out", tmp_path / "mine")
    assert done.returncode == 73 and "is not empty" in done.stderr
    assert os.listdir(tmp_path / "mine") == ["letter.txt"]


# Since the last time


def test_the_next_export_holds_only_what_is_new(made, tmp_path):
    copy = made.copy(tmp_path / "data")
    out = tmp_path / "out"

    def export(*arguments):
        before = set(os.listdir(out)) if out.exists() else set()
        done = copy.export("--since-last", "--out", out, "--media", "none", *arguments)
        assert done.returncode == 0, done.stderr
        new = set(os.listdir(out)) - before - {".tgl-export.json"}
        return [json.loads(line) for name in new for line in (out / name).read_text().splitlines()], done

    first, _ = export()
    assert first == made.lines("--media", "none")
    nothing, done = export()
    assert nothing == [] and done.stdout == "Nothing new.\n"
    now = int(time.time()) + 1
    chat = chat_id(made, "group")
    copy.change(
        ("UPDATE message SET deleted_at = ? WHERE chat_id = ? AND id = ?", (now, chat, made.ids["group"][0])),
        (
            """INSERT INTO message (chat_id, id, date, received_at, text) VALUES (?, 900000, ?, ?, 'late')""",
            (chat, now - 10_000, now),
        ),
    )
    changed, _ = export()
    assert [(line["id"], line.get("deleted", False)) for line in changed] == [
        (made.ids["group"][0], True), (900000, False)]
    assert export()[0] == []
    done = copy.export("--since-last", "--out", out, "--deleted")
    assert done.returncode == 73 and "made with other options" in done.stderr
    done = copy.export("--since-last", "--out", out, "--format", "csv")
    assert done.returncode == 73


def test_only_chats_in_which_something_happened_are_written_again(made, tmp_path):
    copy = made.copy(tmp_path / "data")
    site = tmp_path / "site"
    assert copy.export("--format", "html", "--since-last", "--out", site).returncode == 0
    before = {path: path.stat().st_ino for path in site.rglob("page-*.html")}
    chat = chat_id(made, "group")
    now = int(time.time()) + 1
    copy.change(("UPDATE message SET deleted_at = ? WHERE chat_id = ? AND id = ?", (now, chat, made.ids["group"][0])))
    assert copy.export("--format", "html", "--since-last", "--out", site).returncode == 0
    changed = {path.parent.name for path, inode in before.items() if path.stat().st_ino != inode}
    assert changed == {str(chat)}
    assert len(re.findall("<li>", (site / "index.html").read_text())) == len({path.parent for path in before})


# Much of it


@pytest.fixture(scope="module")
def large(made, tmp_path_factory):
    """The archive with 100,000 messages more."""
    copy = made.copy(tmp_path_factory.mktemp("large") / "data")
    chat, bob = chat_id(made, "supergroup"), made.sandbox.users["bob"]["id"]
    count = int(os.environ.get("TGL_EXPORT_MESSAGES", "100000"))
    entities = '[{"type":"bold","offset":0,"length":7}]'
    with sqlite3.connect(copy.data / "db" / "messages.db") as archive:
        archive.executemany(
            """INSERT INTO message (chat_id, id, sender_id, date, received_at, text, entities, deleted_at)
               VALUES (?,?,?,?,?,?,?,?)""",
            (
                (chat, 10_000 + n, bob, 1_600_000_000 + 600 * n, 1_700_000_000, f"Message {n} " + "of many words " * (n % 9),
                 entities if n % 5 == 0 else None, 1_700_000_100 if n % 50 == 0 else None)
                for n in range(count)
            ),
        )
    copy.count = count
    return copy


def peak(process):
    """The most memory a process has had resident while it ran, in bytes."""
    most = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status") as status:
                lines = dict(line.split(":", 1) for line in status)
        except OSError:
            break
        if lines["Name"].strip() == "tgl" and "RssAnon" in lines:
            most = max(most, int(lines["RssAnon"].split()[0]) * 1024)
        time.sleep(0.005)
    return most


@pytest.mark.parametrize("format", ["jsonl", "json", "csv", "html"])
def test_memory_does_not_grow_with_the_number_of_messages(large, tmp_path, format):
    peaks = {}
    late = datetime.datetime.fromtimestamp(1_600_000_000 + 600 * (large.count * 49 // 50), datetime.timezone.utc)
    for name, since in [("few", ["--since", late.strftime("%Y-%m-%dT%H:%M:%SZ")]), ("all", [])]:
        out = tmp_path / name if format == "html" else tmp_path / f"{name}.{format}"
        arguments = [binary(), "--set", f"DATA_ROOT={large.data}", "export", "--format", format, "--out", out, *since]
        start = time.monotonic()
        process = subprocess.Popen(arguments, env=environment(), stdout=subprocess.PIPE, text=True)
        peaks[name] = peak(process)
        said = process.communicate()[0]
        print(format, name, said.strip(), f"{time.monotonic() - start:.1f} s", f"{peaks[name] >> 20} MiB")
        assert process.returncode == 0
    assert peaks["all"] < peaks["few"] + (16 << 20), peaks


def test_a_long_chat_is_cut_into_pages(large, tmp_path):
    assert large.export("--format", "html", "--out", tmp_path / "site", patience=300).returncode == 0
    folder = tmp_path / "site" / "chats" / str(chat_id(large, "supergroup"))
    pages = sorted(folder.glob("page-*.html"), key=lambda path: int(path.stem.split("-")[1]))
    assert len(pages) == (large.count + 30) // 1000 + 1
    ids = [int(article["id"][1:]) for path in pages for article in Page(path).articles]
    assert ids == sorted(ids) and len(ids) == len(set(ids)) > large.count
    assert all(path.stat().st_size < 2_000_000 for path in pages)


def test_an_interruption_leaves_nothing_behind(large, tmp_path):
    process = subprocess.Popen(
        [binary(), "--set", f"DATA_ROOT={large.data}", "export", "--out", tmp_path / "out.jsonl"], env=environment())
    wait_for(lambda: os.listdir(tmp_path) or process.poll() is not None, "the export to begin")
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert os.listdir(tmp_path) == []


# In a browser


def chromium():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return path or pytest.skip("Chromium is not installed")


def dumped(path, folder, fragment=""):
    """A page's document after its script has run."""
    done = subprocess.run(
        [chromium(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}", "--virtual-time-budget=3000",
         "--enable-logging=stderr", "--v=0", "--dump-dom", path.as_uri() + fragment],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_pages_open_in_chromium_without_a_complaint(made, site, tmp_path):
    page = site / "chats" / str(chat_id(made, "supergroup")) / "page-1.html"
    for path in [site / "index.html", page.parent / "index.html", page]:
        document, console = dumped(path, tmp_path / "profile")
        assert console == [], console
        assert "</html>" in document


def test_a_date_leads_to_its_page(large, tmp_path):
    assert large.export("--format", "html", "--out", tmp_path / "site", patience=300).returncode == 0
    contents = tmp_path / "site" / "chats" / str(chat_id(large, "supergroup")) / "index.html"
    day = datetime.datetime.fromtimestamp(1_600_000_000 + 600 * (large.count // 2)).strftime("%Y-%m-%d")
    document, console = dumped(contents, tmp_path / "profile", f"#{day}")
    assert console == [] and f'id="d{day}"' in document


# Usage


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "xml"],
        ["--format", "html"],
        ["--since-last"],
        ["--media", "copy"],
        ["--json"],
        ["--chat", "b o b"],
        ["--since", "yesterday"],
        ["--format", "csv", "--raw", "--out", "x"],
    ],
)
def test_wrong_usage(arguments, tmp_path):
    done = tgl("export", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (64, "") and "Usage:" in done.stderr


def test_what_is_not_there(made, tmp_path):
    done = tgl("export", cwd=tmp_path)
    assert done.returncode == 66 and os.listdir(tmp_path) == []
    done = made.export("--chat", "@nobody_at_all")
    assert done.returncode == 66 and "the archive knows no chat @nobody_at_all" in done.stderr
    assert made.export("--chat", "4242").returncode == 66


def test_an_existing_file_is_left_alone(made, tmp_path):
    (tmp_path / "out.jsonl").write_text("mine")
    assert made.export("--out", tmp_path / "out.jsonl").returncode == 73
    assert (tmp_path / "out.jsonl").read_text() == "mine"
    done = made.export("--out", tmp_path / "out.jsonl", "--force")
    assert done.returncode == 0 and done.stdout.rstrip().endswith("out.jsonl")
    assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600


def test_it_may_run_beside_the_service(made):
    """Reading takes no lock that the service wants, and nothing is written."""
    database = made.data / "db" / "messages.db"
    before = database.read_bytes()
    with sqlite3.connect(database, isolation_level=None) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert made.lines()
        writer.execute("ROLLBACK")
    assert database.read_bytes() == before
