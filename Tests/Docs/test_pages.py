"""What the documentation says is so: commands, settings, links, messages and numbers exist. Nothing is run here but
`tgl` itself, to ask it what it declares."""

import re
import subprocess
import urllib.parse

import pytest

import declared
import shell
from pages import CLASSES, DATA, PAGES, ROOT, SHELL, blocks, code, name, page, pages, sources, tables

EVERY_PAGE = pytest.mark.parametrize("path", PAGES, ids=name)
README, RUSSIAN = ROOT / "README.md", ROOT / "README.ru.md"
OPERATIONS = ROOT / "docs" / "operations.md"


# Blocks


def test_every_block_says_what_becomes_of_it():
    unclassified = [
        f"{block}: ```{block.language} {block.kind}".rstrip()
        for each in pages()
        for block in each.blocks
        if not (block.language in SHELL and block.kind in CLASSES or block.language in DATA and not block.kind)
    ]
    assert not unclassified, (
        "blocks with commands are ```sh or ```console, followed by run, service or check; "
        f"others are {', '.join(sorted(DATA))}"
    )


def test_no_command_hides_in_a_block_that_is_not_looked_at():
    hidden = [
        f"{block}: {line}"
        for block in blocks(*DATA)
        for line in block.text.splitlines()
        if re.match(r"(\$ |sudo |tgl [a-z-]|make [a-z])", line)
    ]
    assert not hidden


@pytest.mark.parametrize("block", blocks(*SHELL), ids=str)
def test_commands_are_what_shell_and_programs_understand(block):
    text = shell.commands(block.language, block.text)
    assert text.strip(), "no command in it"
    assert shell.syntax_error(text) == ""
    for words in shell.simple_commands(text):
        names, behind = shell.assignments(words)
        check_variables(names)
        if not behind:
            continue
        assert shell.program(behind[0]) in shell.PROGRAMS, f"{behind[0]} is no command the documentation knows"
        for command in shell.ours(words):
            declared.check(command)
        if behind[0] == "make":
            check_targets(behind[1:])


def check_variables(names):
    for each in names:
        assert not each.isupper() or each in known_names() or each in sources(), f"{each} is neither setting nor variable"


def check_targets(words):
    for word in words:
        assert "=" in word or word.startswith("-") or word in declared.targets(), f"make {word}: no such target"


@pytest.mark.parametrize("block", blocks("dotenv"), ids=str)
def test_env_files_are_accepted(block, tmp_path):
    text = block.text
    # Files that settings name lie elsewhere here.
    for number, path in enumerate(re.findall(r"^\w+_FILE=(\S+)$", text, re.M)):
        key = tmp_path / f"{number}.key"
        key.write_text("A" * 43 + "=\n" if f"KEY_FILE={path}" in text else "0" * 32 + "\n")
        key.chmod(0o600)
        text = text.replace(f"={path}\n", f"={key}\n")
    lacking = {"API_ID": "1", "API_HASH": "0" * 32, "LOG_CHAT_ID": "-1001234567890"}
    given = re.findall(r"^(\w+)=", text, re.M)
    if "API_HASH_FILE" in given:
        lacking.pop("API_HASH")
    text += "".join(f"{key}={value}\n" for key, value in lacking.items() if key not in given)
    env_file = tmp_path / "env"
    # Where nothing can be kept, `tgl run` gets no further than its settings.
    env_file.write_text(text + "DATA_ROOT=/dev/null/data\n")
    done = subprocess.run(
        [f"{declared.folder()}/tgl", "--env-file", str(env_file), "run"], env={}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 78
    assert [line for line in done.stderr.splitlines() if not line.startswith("tgl: DATA_ROOT: /dev/null/data")] == []


def examples(tree, path=()):
    """The example lines of a program's help, with the command they are an example of."""
    text = tree.get("discussion") or ""
    for line in re.findall(r"^  (.*)$", text.partition("EXAMPLES\n")[2].partition("\n\n")[0], re.M):
        yield " ".join((*path, tree["commandName"])), re.split(r"   +", line)[0]
    for each in tree.get("subcommands", []):
        yield from examples(each, (*path, tree["commandName"]))


def test_examples_in_the_help_are_what_the_programs_understand():
    found = list(examples(declared.program("tgl")))
    assert len(found) > 20
    for command, line in found:
        assert shell.syntax_error(line) == "", line
        lines = [each for words in shell.simple_commands(line) for each in shell.ours(words)]
        assert lines, f"{command}: {line}: no command of ours in it"
        for words in lines:
            declared.check(words)


# Names in the prose


@EVERY_PAGE
def test_commands_in_the_prose_exist(path):
    for span in code(page(path).prose):
        # An ellipsis stands for whatever belongs there.
        if "…" in span:
            continue
        words = span.split()
        if words[:1] == ["make"]:
            check_targets(words[1:])
        elif words[:1] in (["tgl"], ["tgl-sandbox"]) and len(words) > 1:
            words = [re.sub(r"^COMMAND$", "run", word) for word in words]
            if not {word for word in words if word.startswith("--")}:
                # `tgl decrypt` names the command, not a command line.
                declared.check([*words[:2], "--help"])
            else:
                complain_unless_missing(words)


def complain_unless_missing(words):
    try:
        declared.check(words)
    except declared.CommandError as error:
        if " needs " not in str(error):
            raise


def known_names():
    return declared.settings() | declared.LEGACY_SETTINGS


@EVERY_PAGE
def test_settings_that_are_named_exist(path):
    unknown = set()
    for line in page(path).text.splitlines():
        for word, more in re.findall(r"(?<![\w<])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(_?…|_\*)?", line):
            if more:
                # The beginning of several.
                exists = any(each.startswith(word) for each in known_names()) or word in sources()
            else:
                exists = word in known_names() or re.search(rf"\b{word}\b", everything())
            if not exists:
                unknown.add(word)
    assert not unknown


def everything():
    """Where words that look like settings may come from: Telegram's errors, make's variables, systemd's."""
    files = [ROOT / "Makefile", *sorted((ROOT / "packaging").rglob("*")), *sorted((ROOT / "Tests").rglob("*.swift"))]
    readable = [each.read_text(errors="replace") for each in files if each.is_file()]
    return "\n".join([sources((".swift", ".h", ".txt")), *readable])


def test_every_setting_is_in_the_reference():
    table = {code(row[0])[0] for row in tables(page(ROOT / "docs" / "configuration.md").prose) if code(row[0])}
    assert declared.settings() <= table


@EVERY_PAGE
def test_metrics_that_are_named_exist(path):
    unknown = {word for word in re.findall(r"\btgl_[a-z_]+\b", page(path).text) if f'"{word}' not in sources()}
    # Tables of the session file, and what Prometheus makes of a histogram.
    known = {word for word in unknown if f"TABLE IF NOT EXISTS {word} " in sources()}
    known |= {word for word in unknown if f'"{re.sub("_(bucket|sum|count)$", "", word)}"' in sources()}
    assert unknown == known


def test_health_fields_are_the_services():
    report = (ROOT / "Sources/TGLCore/Health/HealthReport.swift").read_text()
    keys = re.search(r"enum CodingKeys.*?\n  \}", report, re.S)[0]
    fields = set(re.findall(r'= "(\w+)"', keys))
    for line in re.findall(r"^    case ([\w, ]+)$", keys, re.M):
        fields |= {word.strip() for word in line.split(",")}
    rows = tables(page(OPERATIONS).section("What the health endpoint answers"))
    told = {field for row in rows for field in code(row[0])}
    assert told == fields


def test_exit_codes_are_the_programs():
    told = {int(row[0]) for row in tables(page(OPERATIONS).section("Exit codes"))}
    assert told == declared.exit_codes()
    for each in pages():
        for number in re.findall(r"exit (?:code|status)(?: is)? (\d+)", each.prose):
            assert int(number) in declared.exit_codes(), f"{name(each.path)}: exit code {number}"


MESSAGE_TABLES = ["Signing in and starting", "While it runs", "Health reasons", "Files and notices"]


@pytest.mark.parametrize("section", MESSAGE_TABLES)
def test_messages_that_are_quoted_are_the_programs(section):
    """What stands in the first column as code is worded in the sources; "…" is what differs."""
    rows = tables(page(OPERATIONS).section(section))
    assert rows
    wrong = []
    for row in rows:
        for message in code(row[0]):
            pieces = [piece.strip(" '\"()") for piece in message.split("…")]
            assert any(len(piece) >= 8 for piece in pieces), f"{message!r} says too little to be looked up"
            wrong += [f"{message!r}: {piece!r}" for piece in pieces if len(piece) > 2 and not is_worded_so(piece)]
    assert not wrong


def is_worded_so(text):
    """Whether it is in the sources, in one piece or put together of two."""
    halves = [(text[:at], text[at + 1 :].rstrip(".")) for at in range(8, len(text) - 8) if text[at] == " "]
    return text in plain_sources() or any(a in plain_sources() and b in plain_sources() for a, b in halves)


def plain_sources():
    return sources().replace('\\"', '"')


@EVERY_PAGE
def test_files_that_are_named_exist(path):
    modules = {each.name for each in (ROOT / "Sources").iterdir()}
    for span in code(page(path).prose):
        if re.fullmatch(r"(?:Sources|Tests|docs|packaging|completions|Benchmarks|\.github)/[\w./-]+", span):
            assert (ROOT / span).exists(), span
        elif re.fullmatch(r"\w+/[\w/]+", span) and span.split("/")[0] in modules:
            assert (ROOT / "Sources" / span).exists(), span


def test_the_diagram_of_modules_is_what_imports_what():
    [diagram] = [block.text for block in blocks("mermaid") if "tgl --> TGLCore" in block.text]
    arrows = set(re.findall(r"^  (\S+) --> (\S+)$", diagram, re.M))
    shown = {module for arrow in arrows for module in arrow}
    below = {module: reached(arrows, module) for module in shown}
    for module in shown:
        text = "\n".join(each.read_text() for each in sorted((ROOT / "Sources" / module).rglob("*.swift")))
        imported = set(re.findall(r"^(?:\w+ )?import (\w+)$", text, re.M)) & shown
        assert imported <= below[module], f"{module} imports {imported - below[module]}"
        assert {end for start, end in arrows if start == module} <= imported, f"{module} does not import all it points to"


def reached(arrows, module):
    found, more = set(), {module}
    while more:
        more = {end for start, end in arrows if start in more} - found
        found |= more
    return found


# What the README promises


def test_nothing_is_marked_as_read_opened_or_shown_as_online():
    """Others would notice; only the sandbox, as the server, knows these methods."""
    forbidden = r"API\.\w*(ReadHistory|ReadMessageContents|UpdateStatus|SetTyping|ReceivedMessages|ReadDiscussion|GetMessagesViews)\b"
    for module in ["TelegramClient", "TGLCore", "tgl"]:
        for path in sorted((ROOT / "Sources" / module).rglob("*.swift")):
            assert not re.search(forbidden, path.read_text()), f"{name(path)} tells others what is looked at"


# Links


@EVERY_PAGE
def test_links_lead_somewhere(path):
    for link in page(path).links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme:
            assert parts.scheme in {"https", "http", "mailto"} and (parts.netloc or parts.path), link
            continue
        target = path if not parts.path else (path.parent / urllib.parse.unquote(parts.path)).resolve()
        assert target.exists(), f"{link}: no such file"
        if parts.fragment:
            assert parts.fragment in {anchor for _, _, anchor in page(target).headings}, f"{link}: no such heading"


@EVERY_PAGE
def test_headings_are_in_order(path):
    levels = [level for level, _, _ in page(path).headings]
    assert levels[:1] == [1] and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))


def test_pictures_have_a_description():
    for each in pages():
        assert not re.findall(r"!\[\s*\]", each.prose), name(each.path)


# The two READMEs


def without_comments(text):
    return re.sub(r"(^|\s+)# .*$", "", text, flags=re.M)


def test_the_russian_readme_is_not_left_behind():
    english, russian = page(README), page(RUSSIAN)
    assert [level for level, _, _ in english.headings] == [level for level, _, _ in russian.headings]

    def shown(each):
        return [(block.language, block.kind, without_comments(block.text)) for block in each.blocks]

    assert shown(english) == shown(russian), "blocks differ in more than their comments"
    assert [len(row) for row in tables(english.prose)] == [len(row) for row in tables(russian.prose)]

    def targets(each):
        # The languages name each other, and headings have names of their own in each.
        return [urllib.parse.urlsplit(link).path for link in each.links if "README" not in link and link[0] != "#"]

    assert sorted(targets(english)) == sorted(targets(russian))
    assert sorted(set(code(english.prose))) == sorted(set(code(russian.prose)))


def test_the_two_readmes_lead_to_each_other():
    assert "README.ru.md" in page(README).links and "README.md" in page(RUSSIAN).links
