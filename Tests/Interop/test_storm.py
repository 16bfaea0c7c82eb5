"""Under load, with faults, and killed again and again: nothing is lost and nothing is told twice."""

import os
import random
import re
import signal
import sqlite3
import threading
import time
import urllib.request
from collections import Counter

from test_tgl_run import count
from tgl_process import tgl, wait_for, world  # noqa: F401

MESSAGES = int(os.environ.get("TGL_STORM_MESSAGES", "3000"))
KILLS = int(os.environ.get("TGL_STORM_KILLS", "30"))
CHATS = ["alice", "group", "supergroup", "channel"]
# Every text of a storm begins with a name of its own.
NAME = re.compile(r"(?:message|edit) \d+:")


def storm(tgl, **request):
    return tgl.sandbox.post("/storm", **{"from": "bob", "chats": CHATS, **request})


def unruly(tgl, on):
    """Updates are lost, doubled, swapped and late, from now on or no more."""
    if not on:
        tgl.sandbox.post("/fault", kind="none")
        return
    for kind in ["drop_updates", "duplicate_updates", "reorder_updates", "delay_updates"]:
        tgl.sandbox.post("/fault", kind=kind, every=25, seconds=1)


class Killer:
    """Kills tgl and starts it anew, and cuts its connection, while something else goes on."""

    def __init__(self, tgl, seed):
        self.tgl = tgl
        self.random = random.Random(seed)
        self.kills = 0

    def run(self, work, kills):
        failure = []

        def guarded():
            try:
                work()
            except BaseException as error:  # noqa: BLE001
                failure.append(error)

        worker = threading.Thread(target=guarded)
        worker.start()
        while worker.is_alive() or self.kills < kills:
            # The moment is what is drawn here: nothing is waited for.
            time.sleep(self.random.uniform(0.05, 0.6))
            if self.random.random() < 0.2:
                self.tgl.sandbox.post("/fault", kind="disconnect", user="alice")
            if self.kills < kills:
                self.tgl.stop(signal.SIGKILL)
                self.kills += 1
                self.tgl.launch()
        worker.join()
        assert not failure, failure


def record(tgl):
    """What alice could have seen: texts and whether it is deleted, by chat and id."""
    status, answer = tgl.sandbox.request("GET", "/record?as=alice")
    assert status == 200
    log_chat = tgl.sandbox.info["log_chat_id"]
    return {
        (message["chat"], message["id"]): message for message in answer["messages"] if message["chat"] != log_chat
    }


def archived(tgl):
    connection = sqlite3.connect(f"file:{tgl.data}/db/messages.db?mode=ro", uri=True)
    try:
        messages = {
            (chat, number): {"text": text, "deleted": deleted is not None, "earlier": []}
            for chat, number, text, deleted in connection.execute(
                "SELECT chat_id, id, text, deleted_at FROM message WHERE action_kind IS NULL"
            )
        }
        for chat, number, text in connection.execute(
            "SELECT chat_id, id, text FROM message_version ORDER BY chat_id, id, version"
        ):
            messages[chat, number]["earlier"].append(text)
        return messages
    finally:
        connection.close()


def told(tgl):
    """Names of the deleted texts in the log chat, in notices and in the files of digests, and how often."""
    names = Counter()
    edits = Counter()
    for notice in tgl.notices:
        text = notice["text"]
        if notice.get("media"):
            url = f"{tgl.sandbox.info['control']}/file?chat={tgl.sandbox.info['log_chat_id']}&message={notice['id']}"
            with urllib.request.urlopen(url) as answer:
                text = answer.read().decode()
        found = NAME.findall(text)
        if text.startswith("✏️"):
            edits[tuple(found)] += 1
        else:
            names.update(found)
    return names, edits


def is_in_order(versions, message):
    """Whether versions come as they were made; edits of one second cannot be told apart."""
    dates = dict(zip(message["texts"], message["dates"]))
    seen = [dates.get(text, -1) for text in versions]
    return -1 not in seen and seen == sorted(seen)


def compare(tgl, is_restored=False):
    """The archive and the log chat against the sandbox's own record; returns what was never seen.

    An archive that was restored tells again what happened since its backup, put together in other notices, and has not
    seen what came and went, or changed and went, since then.
    """
    truth, kept = record(tgl), archived(tgl)
    assert set(kept) <= set(truth)
    unseen = set(truth) - set(kept)
    assert all(truth[key]["deleted"] for key in unseen), "a message that is still there is not kept"
    for key, message in kept.items():
        texts = truth[key]["texts"]
        assert message["deleted"] == truth[key]["deleted"], (key, texts)
        assert is_in_order([*message["earlier"], message["text"]], truth[key]), (key, message, truth[key])
        if not message["deleted"]:
            assert message["text"] == texts[-1], key
    names, edits = told(tgl)
    if is_restored:
        told_of = [{NAME.match(text).group() for text in truth[key]["texts"]} & set(names) for key in kept]
        assert all(found or not message["deleted"] for found, message in zip(told_of, kept.values()))
        return unseen
    expected = Counter(
        NAME.match(message["text"]).group() for message in kept.values() if message["deleted"]
    )
    assert names == expected, (names - expected, expected - names)
    changes = Counter(
        (NAME.match(before).group(), NAME.match(after).group())
        for message in kept.values()
        for before, after in zip(message["earlier"], [*message["earlier"][1:], message["text"]])
    )
    if tgl.settings.get("SAVE_EDITED_MESSAGES") == "true":
        assert edits == changes, (edits - changes, changes - edits)
    return unseen


def is_level(tgl):
    """Whether the archive is where the sandbox is."""
    state = tgl.sandbox.state()
    pts = next(user["pts"] for user in state["users"] if user["name"] == "alice")
    channels = {channel["id"]: channel["pts"] for channel in state["channels"]}
    connection = sqlite3.connect(f"file:{tgl.data}/db/messages.db?mode=ro", uri=True)
    try:
        ours = connection.execute("SELECT pts FROM update_state").fetchone()
        own = dict(connection.execute("SELECT channel_id, pts FROM channel_state"))
    finally:
        connection.close()
    log_chat = tgl.sandbox.info["log_chat_id"]
    return (
        ours == (pts,)
        and all(own.get(-identifier - 1_000_000_000_000) == number for identifier, number in channels.items() if identifier != log_chat)
        and count(tgl, "SELECT count(*) FROM outbox") == 0
    )


def test_a_storm_with_kills_and_faults_loses_and_doubles_nothing(tgl):
    seed = int(os.environ.get("TGL_SEED", random.randrange(2**32)))
    print(f"TGL_SEED={seed}")
    tgl.settings["MAX_DELETED_MESSAGES_PER_EVENT"] = "3"
    tgl.settings["SAVE_EDITED_MESSAGES"] = "true"
    tgl.settings["EDIT_SETTLE_SECS"] = "0"
    # Only what the updates tell counts here.
    tgl.settings["RECONCILE_INTERVAL_MINUTES"] = "0"
    tgl.start()
    unruly(tgl, True)
    killer = Killer(tgl, seed)

    # Messages and edits first: whatever is deleted later has been seen.
    killer.run(lambda: storm(tgl, messages=MESSAGES, edits=MESSAGES // 10), KILLS // 2)
    wait_for(lambda: is_level(tgl), "the archive to be level", patience=120)
    assert compare(tgl) == set()

    killer.run(lambda: storm(tgl, messages=0, deletes=MESSAGES // 4, earlier=True), KILLS)
    wait_for(lambda: is_level(tgl), "the archive to be level", patience=120)
    assert compare(tgl) == set()

    # All at once: what is sent and deleted while tgl is off is shown to nobody.
    unseen = []
    killer.run(lambda: storm(tgl, messages=MESSAGES // 4, edits=MESSAGES // 20, deletes=MESSAGES // 20), KILLS + 5)
    unruly(tgl, False)
    wait_for(lambda: is_level(tgl), "the archive to be level", patience=120)
    unseen = compare(tgl)
    print(f"{killer.kills} kills; never shown: {len(unseen)} of {len(record(tgl))}")
    assert tgl.stop() == 0


def memory(tgl, field):
    with open(f"/proc/{tgl.service.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field + ":"))


def test_ten_thousand_deleted_at_once_are_all_told_in_little_memory(tgl):
    number = int(os.environ.get("TGL_MASS_DELETION", "10000"))
    tgl.start()
    storm(tgl, chats=["supergroup"], messages=number)
    wait_for(lambda: is_level(tgl), "the archive to be level", patience=120)
    before = memory(tgl, "VmHWM")
    messages = [identifier for (chat, identifier) in record(tgl) if chat == tgl.sandbox.info["supergroup_id"]]
    tgl.sandbox.delete("bob", "supergroup", *messages)
    wait_for(lambda: is_level(tgl) and tgl.notices, "everything to be told", patience=120)
    compare(tgl)
    notices = tgl.notices
    assert len([notice for notice in notices if not notice.get("media")]) == 5
    assert len([notice for notice in notices if notice.get("media")]) >= 1
    assert memory(tgl, "VmHWM") - before < 64 * 1024
