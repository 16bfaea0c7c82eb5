"""The control address and the command line of the sandbox."""

import json
import stat
import subprocess
import time

import pytest

from sandbox_server import Sandbox, binary, sandbox  # noqa: F401


def test_a_storm_does_what_it_says_and_the_record_holds_it(sandbox):
    done = sandbox.post("/storm", **{"from": "bob", "chats": ["alice", "supergroup"], "messages": 400, "edits": 60, "deletes": 50})
    assert done["messages"] == 400 and done["deletes"] == 50 and done["edits"] > 30
    status, record = sandbox.request("GET", "/record?as=alice")
    assert status == 200
    stormed = [message for message in record["messages"] if message["texts"][0].startswith("message ")]
    assert len(stormed) == 400
    assert len({message["texts"][0] for message in stormed}) == 400
    assert sum(message["deleted"] for message in stormed) == 50
    assert sum(len(message["texts"]) - 1 for message in stormed) == done["edits"]


def test_files_of_a_storm_have_the_size_that_is_asked_for(sandbox):
    sandbox.post("/storm", **{"from": "carol", "chats": ["supergroup"], "messages": 20, "media": 1, "size": 70_000})
    files = [message["media"] for message in sandbox.chat(sandbox.info["supergroup_id"])["messages"] if message.get("media")]
    assert len(files) == 20 and {file["size"] for file in files} == {70_000}
    assert len({file["sha256"] for file in files}) == 20 and len({file["kind"] for file in files}) > 1


def test_a_storm_deletes_what_was_there_before_when_asked(sandbox):
    sandbox.post("/storm", **{"from": "carol", "chats": ["group"], "messages": 30})
    done = sandbox.post("/storm", **{"from": "carol", "chats": ["group"], "messages": 0, "deletes": 100, "earlier": True})
    assert done["deletes"] == 30
    assert not [message for message in sandbox.chat(sandbox.info["group_id"], "carol")["messages"] if message["author"] == sandbox.users["carol"]["id"] and message["text"]]


def test_a_storm_keeps_its_pace_and_the_record_tells_when(sandbox):
    start = time.time()
    done = sandbox.post("/storm", **{"from": "carol", "chats": ["alice"], "messages": 30, "deletes": 5, "batch": 1, "rate": 100})
    assert done["messages"] == 30
    carol = sandbox.users["carol"]["id"]
    said = [message for message in sandbox.request("GET", "/record?as=alice")[1]["messages"] if message["chat"] == carol]
    moments = sorted(moment for message in said for moment in [message["sent_at"], message.get("deleted_at")] if moment)
    # Step n is never earlier than n / rate; a millisecond is for clocks that are not read at once.
    assert len(moments) == 35 and all(moment >= start + n / 100 - 0.001 for n, moment in enumerate(moments))
    assert all(message["deleted"] == ("deleted_at" in message) for message in said)


def test_words_that_telegram_links_are_linked_in_a_storm(sandbox):
    sandbox.post("/storm", **{"from": "carol", "chats": ["supergroup"], "messages": 100})
    linked = [
        (entity["type"], styled)
        for message in sandbox.chat(sandbox.info["supergroup_id"])["messages"]
        if message["author"] == sandbox.users["carol"]["id"]
        for entity in message["entities"]
        for styled in [message["text"].encode("utf-16-le")[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")]
    ]
    assert {("mention", "@somebody"), ("hashtag", "#topic"), ("url", "https://example.org/a?b=c")} < set(linked)


def test_a_storm_without_sense_is_refused(sandbox):
    for wrong in [{"messages": -1}, {"messages": 1, "chats": []}, {"messages": 1, "media": -0.5}, {"messages": 1, "media": 1, "size": 0}, {"messages": 1, "chats": ["nowhere"]}, {"messages": 1, "rate": 0}]:
        status, answer = sandbox.request("POST", "/storm", {"from": "bob", "chats": ["group"], **wrong})
        assert status == 400 and answer["error"]


def test_says_edits_and_deletes(sandbox):
    bold = [{"type": "bold", "offset": 4, "length": 3}]
    said = sandbox.say("bob", "alice", "one two", entities=bold)
    assert set(said["ids"]) == {"alice", "bob"} and said["ids"]["bob"] == said["id"]
    sandbox.say("carol", sandbox.info["group_id"], "from carol", reply_to=None)
    bob = sandbox.users["bob"]["id"]
    message = sandbox.chat(bob)["messages"][-1]
    assert (message["id"], message["from"], message["text"]) == (said["ids"]["alice"], bob, "one two")
    assert message["entities"] == bold and "edit_date" not in message
    sandbox.edit("bob", "alice", said["id"], "three")
    message = sandbox.chat("bob")["messages"][-1]
    assert (message["text"], message["entities"]) == ("three", []) and message["edit_date"] >= message["date"]
    assert sandbox.delete("bob", "alice", said["id"], said["id"] + 1000) == {"deleted": 1}
    assert all(message["text"] != "three" for message in sandbox.chat("bob")["messages"])


@pytest.mark.parametrize("chat", ["group", "supergroup", "channel"])
def test_a_silent_change_moves_no_state(sandbox, chat):
    said = sandbox.say("bob", chat, "before")
    before = sandbox.state()
    sandbox.edit("bob", chat, said["id"], "after", silent=True)
    assert sandbox.chat(chat)["messages"][-1]["text"] == "after"
    sandbox.delete("bob", chat, said["id"], silent=True)
    after = sandbox.state()
    assert [user["pts"] for user in after["users"]] == [user["pts"] for user in before["users"]]
    assert [channel["pts"] for channel in after["channels"]] == [channel["pts"] for channel in before["channels"]]


def test_a_channel_speaks_for_whoever_posts(sandbox):
    sandbox.say("bob", "channel", "news")
    message = sandbox.chat("channel")["messages"][-1]
    assert (message["from"], message["author"]) == (sandbox.info["channel_id"], sandbox.users["bob"]["id"])


@pytest.mark.parametrize(
    "method, path, body, status, error",
    [
        ("POST", "/say", {"from": "bob", "chat": "group"}, 400, "MESSAGE_EMPTY"),
        ("POST", "/say", {"chat": "group", "text": "x"}, 400, "'from' is missing"),
        ("POST", "/say", {"from": "bob", "chat": "group", "text": 5}, 400, "'text' has the wrong type"),
        ("POST", "/say", {"from": "dave", "chat": "group", "text": "x"}, 400, "no account 'dave'; there are alice, bob, carol"),
        ("POST", "/say", {"from": "bob", "chat": "pub", "text": "x"}, 400, "no chat 'pub'; there are channel, group, log"),
        ("POST", "/say", {"from": "bob", "chat": "log", "text": "x"}, 400, "CHANNEL_PRIVATE"),
        ("POST", "/say", {"from": "carol", "chat": "channel", "text": "x"}, 400, "CHAT_WRITE_FORBIDDEN"),
        ("POST", "/say", {"from": "bob", "chat": "group", "file": "/nowhere"}, 400, "cannot read '/nowhere'"),
        ("POST", "/say", {"from": "bob", "chat": "group", "text": "x", "noforward": True}, 400, "no 'noforward' here; known"),
        ("POST", "/say", {"from": "bob", "chat": "group", "file": {"size": 1, "width": 5}}, 400, "no 'width' here; known"),
        ("POST", "/fault", {"kind": "disconnect", "seconds": 1, "evry": 5}, 400, "no 'evry' here; known"),
        ("POST", "/say", {"from": "bob", "chat": "group", "file": {}}, 400, "a file has a path or a size"),
        ("POST", "/say", {"from": "bob", "chat": "group", "file": {"size": 0}}, 400, "size is 0; 1 to"),
        ("POST", "/say", {"from": "bob", "chat": "group", "file": {"size": 1 << 40}}, 400, "size is 1099511627776; 1 to"),
        ("POST", "/say", {"from": "bob", "chat": "group", "file": {"size": "big"}}, 400, "'file.size' has the wrong type"),
        ("POST", "/say", {"from": "bob", "chat": "group", "file": {"size": 1}, "kind": "smell"}, 400, "kind is 'smell'"),
        ("POST", "/say", {"from": "bob", "chat": "group", "file": {"size": 1}, "dc": 9}, 400, "no data centre 9"),
        ("POST", "/say", {"from": "bob", "chat": "group", "file": {"size": 1}, "ttl": 5}, 400, "TTL_MEDIA_INVALID"),
        ("POST", "/say", {"from": "bob", "chat": "alice", "file": {"size": 1}, "ttl": "soon"}, 400, "or 'once'"),
        ("POST", "/say", {"from": "bob", "chat": "group", "file": {"size": 1}, "album": []}, 400, "one of 'file', 'album'"),
        ("POST", "/say", {"from": "bob", "chat": "group", "album": []}, 400, "an album has 1 to 10 files"),
        ("POST", "/say", {"from": "bob", "chat": "group", "text": "x", "ttl": 5}, 400, "'ttl' says something of a file"),
        ("POST", "/say", {"from": "bob", "chat": "group", "file": {"size": 1, "kind": "voice", "waveform": "xy"}}, 400,
         "'xy' is not hexadecimal"),
        ("POST", "/say", {"from": "bob", "chat": "group", "media": {"kind": "hug"}}, 400, "media kind is 'hug'; contact"),
        ("POST", "/say", {"from": "bob", "chat": "group", "media": {"kind": "contact"}}, 400, "a contact needs 'phone'"),
        ("POST", "/say", {"from": "bob", "chat": "group", "media": {"kind": "location", "latitude": 91, "longitude": 0}},
         400, "there is no place at 91"),
        ("POST", "/say", {"from": "bob", "chat": "group", "media": {"kind": "poll", "title": "?", "options": ["a"]}}, 400,
         "a poll has 2 to 12 options"),
        ("POST", "/say", {"from": "bob", "chat": "group"}, 400, "MESSAGE_EMPTY"),
        ("POST", "/say", {"from": "bob", "chat": "group", "text": "x", "topic": 5}, 400, "'group' has no topics"),
        ("POST", "/topic", {"from": "bob", "chat": "channel", "title": "x"}, 400, "channel' is no supergroup"),
        ("POST", "/protect", {"chat": "alice", "noforwards": True}, 400, "is a private chat"),
        ("POST", "/storm", {"from": "bob", "chats": ["group"], "messages": 1, "media": 2}, 400, "it is a share"),
        ("POST", "/fault", {"kind": "slow_network", "bytes": 5}, 400, "a slow network carries 1024 bytes"),
        ("POST", "/fault", {"kind": "disconnect", "every": 0}, 400, "may lie between cuts"),
        ("POST", "/fault", {"kind": "file_migrate", "dc": 203}, 400, "there is no data centre 203"),
        ("POST", "/edit", {"from": "bob", "chat": "group", "id": 9999, "text": "x"}, 400, "MESSAGE_ID_INVALID"),
        ("POST", "/fault", {"kind": "earthquake"}, 400, "unknown kind 'earthquake'; known are disconnect"),
        ("POST", "/fault", {"kind": "flood_wait"}, 400, "which method?"),
        ("GET", "/chat", None, 400, "which chat?"),
        ("GET", "/chat?id=log&as=bob", None, 400, "CHANNEL_PRIVATE"),
        ("GET", "/nothing", None, 404, "no GET /nothing here"),
        ("POST", "/say", "text", 400, "has the wrong type"),
    ],
)
def test_errors_are_told_in_json(sandbox, method, path, body, status, error):
    code, answer = sandbox.request(method, path, body)
    assert code == status and error in answer["error"]


def test_files_keep_their_name_and_hash(sandbox, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    sandbox.post("/say", **{"from": "bob", "chat": "alice", "file": str(path), "text": "look", "ttl": 10})
    media = sandbox.chat("bob")["messages"][-1]["media"]
    assert (media["kind"], media["name"], media["mime"], media["size"]) == ("document", "photo.png", "image/png", 1008)
    assert media["ttl"] == 10


@pytest.mark.parametrize(
    "media",
    [
        {"kind": "contact", "phone": "+15550100", "first_name": "Mary"},
        {"kind": "location", "latitude": 1.5, "longitude": 2.5},
        {"kind": "live_location", "latitude": 1.5, "longitude": 2.5, "period": 60},
        {"kind": "venue", "latitude": 1.5, "longitude": 2.5, "title": "Home", "address": "Street 1"},
        {"kind": "dice", "emoji": "🎰"},
        {"kind": "poll", "title": "Tea?", "options": ["yes", "no"], "votes": [2, 1]},
        {"kind": "quiz", "title": "2+2?", "options": ["4", "5"], "correct": 0, "explanation": "count"},
        {"kind": "todo", "title": "List", "options": ["one", "two"]},
        {"kind": "story", "peer": "carol", "id": 3},
        {"kind": "game", "title": "Croquet"},
        {"kind": "invoice", "title": "Hat", "amount": 1060, "currency": "GBP"},
        {"kind": "giveaway", "peer": "channel", "quantity": 3, "months": 6},
        {"kind": "web_page", "url": "https://example.org", "title": "Example"},
    ],
    ids=lambda media: media["kind"],
)
def test_media_without_a_file(sandbox, media):
    said = sandbox.post("/say", **{"from": "bob", "chat": "supergroup", "media": media})
    message = sandbox.chat("supergroup")["messages"][-1]
    kind = {"quiz": "poll"}.get(media["kind"], media["kind"])
    assert (message["id"], message["media"]["kind"]) == (said["id"], kind)
    assert message["media"]["value"]["_"].startswith("messageMedia")
    if media["kind"] == "poll":
        votes = media.get("votes", [0, 0])
        assert [option["voters"] for option in message["media"]["value"]["results"]["results"]] == votes


def test_an_album_and_its_captions(sandbox, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"a")
    album = [str(tmp_path / "a.jpg"), {"size": 100, "seed": 1, "kind": "video", "text": "mine", "w": 4, "h": 3}]
    said = sandbox.post("/say", **{"from": "bob", "chat": "channel", "album": album, "text": "ours", "spoiler": True})
    first, second = sandbox.chat("channel")["messages"][-2:]
    assert [first["id"], second["id"]] == said["album"] and first["grouped_id"] == second["grouped_id"]
    assert [first["text"], second["text"]] == ["ours", "mine"]
    assert (first["media"]["kind"], second["media"]["kind"]) == ("photo", "video")
    assert first["media"]["spoiler"] and second["media"]["attributes"] == {"duration": 0, "w": 4, "h": 3}


def test_media_are_opened_and_destroyed_by_request(sandbox):
    said = sandbox.say("bob", "alice", "", file={"size": 10, "kind": "photo"}, ttl="once")
    message = sandbox.chat("bob")["messages"][-1]
    assert message["media"]["ttl"] == 2**31 - 1 and message["media_unread"] is True
    assert sandbox.post("/open", user="alice", chat="bob", ids=[said["ids"]["alice"]]) == {"opened": 1}
    message = sandbox.chat("bob")["messages"][-1]
    assert message["media"]["gone"] is True and "media_unread" not in message


def test_an_album_is_forwarded_by_request(sandbox):
    said = sandbox.post("/say", **{"from": "bob", "chat": "alice", "album": [{"size": 5}, {"size": 6}]})
    assert [ids["bob"] for ids in said["album_ids"]] == said["album"]
    theirs = [ids["alice"] for ids in said["album_ids"]]
    moved = sandbox.post("/forward", **{"from": "alice", "chat": "bob", "to": "group", "ids": theirs})["ids"]
    messages = sandbox.chat("group")["messages"][-2:]
    assert [message["id"] for message in messages] == moved
    assert len({message["grouped_id"] for message in messages}) == 1
    assert [message["forward"]["from"] for message in messages] == [sandbox.users["bob"]["id"]] * 2
    sandbox.post("/protect", chat="group", noforwards=True)
    status, answer = sandbox.request(
        "POST", "/forward", {"from": "alice", "chat": "group", "to": "alice", "ids": moved})
    assert (status, answer["error"]) == (400, "CHAT_FORWARDS_RESTRICTED")
    sandbox.post("/protect", chat="group", noforwards=False)


def test_an_edit_replaces_the_file(sandbox):
    said = sandbox.say("bob", "supergroup", "x", file={"size": 10, "seed": 1})
    before = sandbox.chat("supergroup")["messages"][-1]["media"]["sha256"]
    sandbox.post("/edit", **{"from": "bob", "chat": "supergroup", "id": said["id"], "file": {"size": 11, "seed": 2}})
    after = sandbox.chat("supergroup")["messages"][-1]
    assert after["media"]["sha256"] != before and after["text"] == "x"
    record = sandbox.request("GET", "/record")[1]["messages"]
    kept = next(message for message in record if message["chat"] == sandbox.info["supergroup_id"]
                and message["id"] == said["id"])
    assert kept["files"] == [before, after["media"]["sha256"]]


def test_a_storm_has_files(sandbox):
    sandbox.post("/storm", **{"from": "bob", "chats": ["group"], "messages": 200, "media": 0.5, "edits": 20})
    kinds = [message.get("media", {}).get("kind") for message in sandbox.chat("group")["messages"][-200:]]
    assert 50 < sum(kind is not None for kind in kinds) < 150
    assert {"photo", "voice", "video", "document"} <= set(kinds)


def test_the_folder_holds_what_clients_need(sandbox):
    folder = sandbox.folder
    assert json.loads((folder / "sandbox.json").read_text()) == sandbox.info
    settings = dict(line.split("=", 1) for line in (folder / "tgl.env").read_text().split())
    assert settings["LOG_CHAT_ID"] == str(sandbox.info["log_chat_id"])
    assert settings["TELEGRAM_DC"] == f"{sandbox.home['id']}@{sandbox.home['host']}:{sandbox.home['port']}"
    assert settings["TELEGRAM_RSA_KEY"] == sandbox.info["rsa_public_key"]
    assert stat.S_IMODE((folder / "rsa-private.pem").stat().st_mode) == 0o600


def test_the_same_folder_and_seed_make_the_same_servers(tmp_path):
    first = Sandbox(tmp_path, "--seed", "5")
    assert first.stop() == 0
    second = Sandbox(tmp_path, "--seed", "5")
    assert second.stop() == 0
    assert (first.public_key, first.info["users"]) == (second.public_key, second.info["users"])


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--listen", "0.0.0.0"], "no loopback address; --unsafe-listen"),
        (["--port", "70000"], "--port is 70000"),
        (["--scenario", "mars"], "default"),
    ],
)
def test_wrong_arguments_are_explained(arguments, message):
    done = subprocess.run([binary(), "serve", *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 64 and message in done.stderr and not done.stdout


def test_any_field_of_a_message_is_said_and_shown(sandbox):
    said = sandbox.say("bob", "supergroup", "with a quote", fields={"via_bot_id": "7000000001", "reply_to": {"_": "messageReplyHeader", "quote": True, "quote_text": "tea"}})
    message = next(message for message in sandbox.chat("supergroup")["messages"] if message["id"] == said["id"])
    assert message["fields"]["reply_to"]["quote_text"] == "tea"
    sandbox.edit("bob", "supergroup", said["id"], "edited", fields={"via_bot_id": None})
    message = next(message for message in sandbox.chat("supergroup")["messages"] if message["id"] == said["id"])
    assert message["fields"]["via_bot_id"] is None and message["fields"]["reply_to"]["quote_text"] == "tea"


def test_an_action_makes_a_service_message(sandbox):
    said = sandbox.post("/say", **{"from": "bob", "chat": "supergroup", "action": {"_": "messageActionChatEditTitle", "title": "New"}})
    assert [message["action"] for message in sandbox.chat("supergroup")["messages"] if message["id"] == said["id"]] == ["messageActionChatEditTitle"]


@pytest.mark.parametrize(
    "path, body, named",
    [
        ("/say", {"text": "x", "fields": {"colour": 1}}, "message.colour"),
        ("/say", {"text": "x", "fields": {"via_bot_id": "many"}}, "via_bot_id"),
        ("/say", {"text": "x", "fields": {"reply_to": {"quote": True}}}, "'fields.reply_to' needs '_'"),
        ("/say", {"text": "x", "fields": {"reply_to": {"_": "peerUser", "user_id": 1}}}, "MessageReplyHeader"),
        ("/say", {"text": "x", "fields": {"id": 1}}, "'id'"),
        ("/say", {"text": "x", "fields": [1]}, "'fields'"),
        ("/say", {"text": "x", "action": {"_": "messageActionPinMessage"}}, "action"),
        ("/say", {"action": {"_": "messageActionDance"}}, "messageActionDance"),
        ("/say", {"text": "x", "delay_ms": -1}, "delay_ms"),
        ("/edit", {"id": 1}, "'fields'"),
        ("/push", {"user": "alice", "update": {"_": "updateDance"}}, "updateDance"),
        ("/push", {"user": "alice", "update": {"_": "updateUserName", "user_id": 1}}, "updateUserName.first_name"),
        ("/push", {"user": "alice", "update": {"base64": "AQID"}}, "whole words"),
        ("/push", {"user": "nobody", "update": {"_": "updateConfig"}}, "nobody"),
        ("/fault", {"kind": "rpc_error", "method": "messages.dance", "code": 400, "message": "X"}, "messages.dance"),
        ("/fault", {"kind": "newer_layer", "part": "hat"}, "part"),
    ],
)
def test_what_the_schema_does_not_have_is_refused_by_name(sandbox, path, body, named):
    whole = body if path in ["/push", "/fault"] else {"from": "bob", "chat": "alice", **body}
    status, answer = sandbox.request("POST", path, whole)
    assert status == 400 and named in answer["error"], answer
