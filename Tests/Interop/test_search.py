"""`tgl search` over archives of its own."""

import json
import re
import sqlite3

import pytest

from archive_fixture import ArchiveFolder
from tgl_command import Terminal, tgl


@pytest.fixture
def archive(tmp_path):
    archive = ArchiveFolder(tmp_path / "data")
    archive.add("user", 1, "Привет, как дела?", date=1_700_000_000)
    archive.add("group", 2, "Наша ёлка уже стоит", date=1_700_100_000, deleted=True)
    archive.add("supergroup", 3, "我在中国工作", date=1_700_200_000, sender=1002)
    archive.add("channel", 4, "Café opens tomorrow, see you there 🙂 tomorrow", date=1_700_300_000)
    archive.add("user", 5, "a plain word", date=1_700_400_000)
    return archive


def search(archive, *arguments):
    done = archive.tgl("search", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "query, ids",
    [
        (["привет"], [1]),
        (["ДЕЛА", "как"], [1]),
        (["елка"], [2]),
        (["ЁЛКА"], [2]),
        (["中国"], [3]),
        (["国"], [3]),
        (["国中"], []),
        (["cafe"], [4]),
        (["tomor*"], [4]),
        (["tomor"], []),
        (['"see you"'], [4]),
        (['"you see"'], []),
        (["--", "plain", "-word"], []),
        (["plain", "--chat", "1001"], [5]),
        (["plain", "--chat", "-501"], []),
        (["word", "--chat", "@BOB_name", "--from", "@bob_name"], [5]),
        (["工作", "--from", "@helper_name"], [3]),
        (["как", "--since", "2023-11-15"], []),
        (["как", "--until", "2023-11-16T00:00:00Z"], [1]),
        (["ёлка", "--deleted"], [2]),
        (["plain", "--deleted"], []),
    ],
)
def test_finds(archive, query, ids):
    assert [hit["message_id"] for hit in search(archive, *query)] == ids


def test_newest_come_first_and_no_more_than_asked_for(archive):
    for id in range(100, 120):
        archive.add("group", id, "same same", date=1_600_000_000 + id)
    assert [hit["message_id"] for hit in search(archive, "same", "--limit", "3")] == [119, 118, 117]


def test_offsets_are_in_utf16(archive):
    [hit] = search(archive, "tomorrow")
    units = hit["text"].encode("utf-16-le")
    found = [units[2 * at["offset"] : 2 * (at["offset"] + at["length"])].decode("utf-16-le") for at in hit["hits"]]
    assert found == ["tomorrow", "tomorrow"]
    assert (hit["chat"], hit["sender"], hit["date"], hit["is_current"]) == ("News", "Bob", "2023-11-18T09:33:20Z", True)


def test_earlier_versions_are_found(archive):
    with archive.db() as db:
        db.execute(
            "insert into message_version (chat_id, id, version, date, replaced_at, text)"
            " select chat_id, id, version, date, 5, text from message where id = 5"
        )
        db.execute("update message set version = 2, text = 'altogether different' where id = 5")
    [hit] = search(archive, "plain")
    assert (hit["version"], hit["is_current"], hit["text"]) == (1, False, "a plain word")
    [hit] = search(archive, "different")
    assert (hit["version"], hit["is_current"]) == (2, True)


def test_what_is_shown_to_people(archive):
    done = archive.tgl("search", "ёлка")
    heading, snippet = done.stdout.splitlines()
    assert "Family [-501] #2" in heading and "Bob" in heading and "deleted" in heading
    assert snippet == "    Наша ёлка уже стоит" and "\x1b" not in done.stdout


def test_hits_are_marked_at_a_terminal_and_messages_cannot_steer_it(archive, tmp_path):
    archive.add("user", 6, "evil \x1b[2J\u202e steering\nand more")
    with Terminal("search", "steering", env={"DATA_ROOT": str(archive.root), "TERM": "xterm"}) as terminal:
        assert terminal.ends() == 0
    assert "\x1b[1;33msteering\x1b[0m and more" in terminal.shown
    assert "\x1b[2J" not in terminal.shown and "\u202e" not in terminal.shown
    with Terminal("search", "steering", env={"DATA_ROOT": str(archive.root), "TERM": "xterm", "NO_COLOR": "1"}) as terminal:
        assert terminal.ends() == 0
    assert "\x1b" not in terminal.shown and "steering" in terminal.shown


def test_long_texts_are_shown_around_what_was_found(archive):
    archive.add("user", 7, "padding " * 100 + "needle" + " padding" * 100)
    snippet = archive.tgl("search", "needle").stdout.splitlines()[1]
    assert re.fullmatch(r"    … (padding )+needle( padding)+ ?\w* …", snippet) and len(snippet) < 230


@pytest.mark.parametrize(
    "query", ['"', "(", ")", "a AND", "NEAR(", "a:b", "^a", "*a", "{a} : b", "a + b", "a OR", "NOT a", "';drop table x", "\\", "a\tb"]
)
def test_whatever_is_typed_is_no_error_of_sql(archive, query):
    done = archive.tgl("search", "--", query)
    assert done.returncode in (0, 64) and "SQL" not in done.stderr and "fts5" not in done.stderr


@pytest.mark.parametrize("query", ["", "!!!", "🙂", '""', "*"])
def test_there_must_be_a_word(archive, query):
    done = archive.tgl("search", "--", query)
    assert done.returncode == 64 and "no word" in done.stderr


def test_nothing_found_is_no_failure(archive):
    done = archive.tgl("search", "nowhere")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Nothing found.\n")


def test_an_archive_of_before_the_index_is_read_once(archive):
    with archive.db() as db:
        names = [name for (name,) in db.execute("select name from sqlite_master where type = 'trigger'")]
        for name in names:
            db.execute(f"drop trigger {name}")
        for table in ["search", "search_entry", "search_backlog"]:
            db.execute(f"drop table {table}")
        # Without the steps behind it, too, as the version before the index left it.
        db.execute(
            "delete from grdb_migrations where rowid >="
            " (select rowid from grdb_migrations where identifier = 'search')"
        )
    assert [hit["message_id"] for hit in search(archive, "привет")] == [1]
    with archive.db() as db:
        assert db.execute("select count(*) from search_backlog").fetchone() == (0,)


def test_another_program_may_write_the_archive(archive):
    """The index needs nothing that only tgl has."""
    with sqlite3.connect(archive.path) as db:
        db.execute("update message set text = 'written by hand 東京' where id = 5")
        db.execute("delete from message where id = 1")
    assert [hit["message_id"] for hit in search(archive, "東京")] == [5]
    assert search(archive, "привет") == []


def test_there_must_be_an_archive(tmp_path):
    done = tgl("search", "x", cwd=tmp_path, env={"DATA_ROOT": str(tmp_path / "none")})
    assert done.returncode == 66 and list(tmp_path.iterdir()) == []
