"""The documentation as data: blocks, headings, links and names of the Markdown files."""

import dataclasses
import functools
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ["README.md", "README.ru.md", "CONTRIBUTING.md", "CHANGELOG.md"]] + sorted(
    (ROOT / "docs").glob("*.md")
)

# What the second word of a block's info string says of it, as in "```sh run".
RUN = "run"  # executed against a sandbox
SERVICE = "service"  # the same, beside a running `tgl run`
CHECK = "check"  # only taken apart: it needs the network, root or a machine of its own
CLASSES = {RUN, SERVICE, CHECK}
SHELL = {"sh", "console"}
# Blocks that hold no commands.
DATA = {"text", "dockerfile", "dotenv", "ini", "yaml", "json", "mermaid", "sql", "http"}


@dataclasses.dataclass(frozen=True)
class Block:
    page: pathlib.Path
    line: int
    language: str
    kind: str
    text: str

    def __str__(self):
        return f"{name(self.page)}:{self.line}"


@dataclasses.dataclass(frozen=True)
class Page:
    path: pathlib.Path
    text: str
    blocks: list
    prose: str
    """The text without its blocks; lines keep their numbers."""

    @property
    def headings(self):
        """Level, text and anchor of each."""
        found, used = [], {}
        for line in self.prose.splitlines():
            if match := re.match(r"(#{1,6}) +(.+?) *#*$", line):
                anchor = slug(match[2])
                count = used.get(anchor, 0)
                used[anchor] = count + 1
                found.append((len(match[1]), match[2], f"{anchor}-{count}" if count else anchor))
        return found

    @property
    def links(self):
        """Targets of links and pictures."""
        without_code = re.sub(r"`[^`\n]*`", "", self.prose)
        return re.findall(r"\]\(([^)\s]+)\)", without_code) + re.findall(r"<(https?://[^>\s]+)>", without_code)

    def section(self, heading):
        """The prose below a heading, up to the next one of its level or above."""
        lines, level = [], None
        for line in self.prose.splitlines():
            match = re.match(r"(#{1,6}) +(.+?) *$", line)
            if match and level is not None and len(match[1]) <= level:
                break
            if level is not None:
                lines.append(line)
            elif match and match[2] == heading:
                level = len(match[1])
        assert level is not None, f"{name(self.path)} has no heading {heading!r}"
        return "\n".join(lines)


def name(path):
    return str(path.relative_to(ROOT))


def slug(heading):
    """The anchor GitHub gives a heading."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@functools.cache
def page(path):
    text = path.read_text()
    blocks, prose, inside = [], [], None
    for number, line in enumerate(text.splitlines(), 1):
        if inside is None:
            match = re.match(r"( *)(```+|~~~+) *(.*)$", line)
            if match:
                inside = (number, len(match[1]), match[2], match[3].split(), [])
                line = ""
            prose.append(line)
            continue
        start, indent, fence, info, lines = inside
        prose.append("")
        if re.fullmatch(rf" *{re.escape(fence)} *", line):
            language, kind = (info + ["", ""])[:2]
            blocks.append(Block(path, start, language, kind, "".join(each + "\n" for each in lines)))
            inside = None
        else:
            lines.append(line[indent:] if line[:indent].isspace() or not indent else line)
    assert inside is None, f"{name(path)}:{inside[0]}: the block is not closed"
    return Page(path, text, blocks, "\n".join(prose))


def pages():
    return [page(path) for path in PAGES]


def blocks(*languages):
    return [block for each in pages() for block in each.blocks if block.language in languages]


def tables(prose):
    """Rows of the tables in a text, each a list of cells; header and rule left out."""
    rows, in_table = [], 0
    for line in prose.splitlines():
        if not line.startswith("|"):
            in_table = 0
            continue
        in_table += 1
        if in_table > 2:
            rows.append([cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def code(text):
    """What stands between backticks."""
    return [double or single for double, single in re.findall(r"``(.+?)``|`([^`]+)`", text)]


@functools.cache
def sources(suffixes=(".swift",)):
    """All source text; strings that go on behind a backslash are put together."""
    files = sorted(path for path in (ROOT / "Sources").rglob("*") if path.suffix in suffixes)
    text = "\n".join(path.read_text() for path in files)
    return re.sub(r"\\\n\s*", "", text)
