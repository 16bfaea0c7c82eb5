"""How much is posted to the log chat, and in what order."""

import urllib.request

from test_tgl_run import count
from tgl_process import tgl, wait_for, world  # noqa: F401


def text_of(tgl, notice):
    """What the file of a digest says."""
    url = f"{tgl.sandbox.info['control']}/file?chat={tgl.sandbox.info['log_chat_id']}&message={notice['id']}"
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode()


def test_a_deletion_does_not_wait_behind_hundreds_of_edits(tgl):
    tgl.settings["SAVE_EDITED_MESSAGES"] = "true"
    del tgl.settings["LOG_CHAT_POSTS_PER_MINUTE"]
    tgl.start()
    edited = tgl.sandbox.say("bob", "group", "version 0.")["id"]
    deleted = tgl.sandbox.say("carol", "supergroup", "to be deleted.")["id"]
    for number in range(1, 300):
        tgl.sandbox.edit("bob", "group", edited, f"version {number}.")
    tgl.sandbox.delete("carol", "supergroup", deleted)
    tgl.wait_for_notices(lambda notice: "to be deleted." in notice["text"])
    assert any("to be deleted." in notice["text"] for notice in tgl.notices[:2])
    tgl.wait_for_notices(lambda notice: "version 299." in notice["text"])
    notices = [notice for notice in tgl.notices if "Edited message" in notice["text"]]
    assert "version 0." in notices[0]["text"]
    # One for as long as edits settle at most.
    assert len(notices) < 5
    assert count(tgl, "SELECT count(*) FROM message_version") == 299
    assert tgl.stop() == 0


def test_an_edit_that_settles_is_told_with_the_deletion(tgl):
    tgl.settings["SAVE_EDITED_MESSAGES"] = "true"
    tgl.settings["EDIT_SETTLE_SECS"] = "600"
    tgl.start()
    message = tgl.sandbox.say("bob", "group", "what it was.")["id"]
    tgl.sandbox.edit("bob", "group", message, "what it became.")
    wait_for(lambda: count(tgl, "SELECT count(*) FROM outbox") == 1, "the edit to be recorded")
    tgl.sandbox.delete("bob", "group", message)
    (notice,) = tgl.wait_for_notices(lambda notice: "Deleted message" in notice["text"])
    assert "what it was." in notice["text"] or "was" in notice["text"]
    assert "became" in notice["text"]
    wait_for(lambda: count(tgl, "SELECT count(*) FROM outbox") == 0, "the outbox to be empty")
    assert len(tgl.notices) == 1


def test_a_cleared_history_is_one_file_in_order(tgl, tmp_path):
    tgl.start()
    ids = [tgl.sandbox.say("bob", "alice", f"word {number} of it.")["id"] for number in range(250)]
    wait_for(lambda: count(tgl, "SELECT count(*) FROM message WHERE text LIKE 'word %'") == 250, "the messages")
    tgl.sandbox.delete("bob", "alice", *ids)
    (digest,) = tgl.wait_for_notices(lambda notice: notice.get("media"))
    assert digest["text"].startswith("🗑 250 deleted messages")
    told = [line for line in text_of(tgl, digest).splitlines() if line.startswith("| word ")]
    assert told == [f"| word {number} of it." for number in range(250)]
    assert len(tgl.notices) == 1


def test_more_than_can_be_posted_soon_comes_together_in_files(tgl):
    tgl.settings["LOG_CHAT_POSTS_PER_MINUTE"] = "10"
    tgl.start()
    texts = {chat: [f"<{chat} says {number}>" for number in range(40)] for chat in ["group", "supergroup"]}
    ids = {chat: [tgl.sandbox.say("bob", chat, text)["id"] for text in texts[chat]] for chat in texts}
    wait_for(lambda: count(tgl, "SELECT count(*) FROM message WHERE text LIKE '% says %'") == 80, "the messages")
    for pair in zip(*ids.values()):
        for chat, message in zip(ids, pair):
            tgl.sandbox.delete("bob", chat, message)
    wait_for(lambda: count(tgl, "SELECT count(*) FROM message WHERE deleted_at IS NOT NULL") == 80, "the deletions")
    files = tgl.wait_for_notices(lambda notice: notice.get("media"), 2)
    told = "".join(notice["text"] for notice in tgl.notices) + "".join(text_of(tgl, file) for file in files)
    for chat in texts:
        for text in texts[chat]:
            assert told.count(text) == 1, text
    assert len([notice for notice in tgl.notices if "notices were waiting" in notice["text"]]) == 1
