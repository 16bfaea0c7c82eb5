"""The control address and the command line of the sandbox."""

import json
import stat
import subprocess

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


def test_a_storm_deletes_what_was_there_before_when_asked(sandbox):
    sandbox.post("/storm", **{"from": "carol", "chats": ["group"], "messages": 30})
    done = sandbox.post("/storm", **{"from": "carol", "chats": ["group"], "messages": 0, "deletes": 100, "earlier": True})
    assert done["deletes"] == 30
    assert not [message for message in sandbox.chat(sandbox.info["group_id"], "carol")["messages"] if message["author"] == sandbox.users["carol"]["id"] and message["text"]]


def test_a_storm_without_sense_is_refused(sandbox):
    for wrong in [{"messages": -1}, {"messages": 1, "chats": []}, {"messages": 1, "media": 1}, {"messages": 1, "chats": ["nowhere"]}]:
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
