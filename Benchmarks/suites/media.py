"""Files on their way through `tgl run`: downloaded when they arrive, posted when their messages are deleted."""

import collections
import dataclasses
import hashlib
import os

from harness import measure, worlds
from harness.report import Row, Target
from suites import ingest

TITLE = "Media: files downloaded when they arrive, posted when they are deleted"

# Deletions of up to so many messages, so that each is told by itself.
BATCH = 5


class Ours(worlds.Ours):
    def __init__(self, world):
        # What is larger than 200 MiB is not downloaded unless told.
        super().__init__(world, BUFFER_ALL_MEDIA="true", MAX_BUFFER_FILE_SIZE=2**40)
        self.media = self.program.data / "media"


class Telethon(worlds.Logger):
    name = "Telethon"
    script = "media_logger.py"

    def __init__(self, world):
        super().__init__(world)
        self.media = self.folder / "media"


@dataclasses.dataclass(frozen=True)
class Phase:
    """What downloads or uploads took one of them, and the CPU seconds the sandbox took for its side of it."""

    usage: measure.Usage
    sandbox: float


class Passage:
    """Files through one of them, there and back."""

    def __init__(self, context, make, files, size):
        self.files, self.size, self.bytes = files, size, files * size
        with context.folder() as folder, worlds.sandbox(f"{folder}/sandbox") as world:
            peer = make(world)
            try:
                peer.start()
                ingest.settle(peer.pid)
                self.download = self.phase(peer, lambda: self.send(world), lambda: self.is_here(peer))
                sent = hashes(world, "supergroup")
                assert sum(sent.values()) == self.files
                assert collections.Counter(map(digest, self.paths(peer))) == sent, f"{peer.name} has downloaded something else"
                ingest.settle(peer.pid)
                told = self.posts(world)
                self.upload = self.phase(peer, lambda: self.delete(world), lambda: self.posts(world) >= told + self.files)
                assert hashes(world, world.info["log_chat_id"]) == sent, f"{peer.name} has posted something else"
            finally:
                peer.stop()
        for what, phase in [("download", self.download), ("upload", self.upload)]:
            context.say(
                f"{peer.name}: {what} of {self.bytes / 1e6:.0f} MB in {self.files} files, {phase.usage.cpu:.1f} s of CPU in "
                f"{phase.usage.wall:.1f} s, beside {phase.sandbox:.1f} s of the sandbox's"
            )

    def phase(self, peer, begin, is_over):
        sandbox = peer.world.process.pid
        before = measure.cpu_seconds(sandbox)
        with measure.using(peer.pid) as used:
            begin()
            worlds.wait_for(is_over, f"{self.files} files", patience=120 + self.bytes / 1e6)
        return Phase(used[0], measure.cpu_seconds(sandbox) - before)

    def send(self, world):
        """Photos, videos, voice messages and documents; made up when they are read, they take the sandbox no room, and little time."""
        self.storm(world, messages=self.files, media=1, size=self.size)

    def delete(self, world):
        self.storm(world, messages=0, deletes=self.files, batch=BATCH, earlier=True)

    def storm(self, world, **kinds):
        world.post("/storm", patience=60 + self.files / 20, **{"from": "bob", "chats": ["supergroup"], **kinds})

    @staticmethod
    def paths(peer):
        """What has its final name: those of unfinished downloads begin with a dot."""
        return [peer.media / name for name in os.listdir(peer.media) if not name.startswith(".")]

    def is_here(self, peer):
        paths = self.paths(peer)
        return len(paths) == self.files and sum(path.stat().st_size for path in paths) == self.bytes

    @staticmethod
    def posts(world):
        """How many messages the log chat has; what they hold would take the sandbox time to tell."""
        return next(channel["messages"] for channel in world.state()["channels"] if channel["id"] == world.info["log_chat_id"])


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes(world, chat):
    """SHA-256 of every file in a chat, with how many have it."""
    return collections.Counter(message["media"]["sha256"] for message in world.chat(chat)["messages"] if message.get("media"))


def rows(context):
    large = context.size(1 << 30, 32 << 20)
    small, many = 110 << 10, context.size(2_000, 40)
    yield from passages(context, f"a file of {large >> 20} MiB", 1, large)
    yield from passages(context, f"{many} files of {small >> 10} KiB", many, small)


def passages(context, what, files, size):
    found = measure.alternate(
        context.runs,
        tgl=lambda _: Passage(context, Ours, files, size),
        Telethon=lambda _: Passage(context, Telethon, files, size),
    )
    notes = {
        "download": "beside the sandbox, on the same processors; tgl has it on the disk by then, with its hash",
        "upload": "beside the sandbox, on the same processors; not encrypted on the disk, as is the default",
    }
    for way, note in notes.items():

        def values(take):
            return {name: [take(getattr(passage, way)) for passage in turns] for name, turns in found.items()}

        megabytes = files * size / 1e6
        speed, amount = ("MB a second", megabytes) if files == 1 else ("files a second", files)
        yield Row(f"{way} of {what}", speed, values(lambda one: amount / one.usage.wall), Target(at_least=2, of="Telethon"), note)
        yield Row("the same, by CPU", "MB a CPU second", values(lambda one: megabytes / max(one.usage.cpu, measure.TICK)))
        yield Row(
            "the same, the sandbox by CPU", "MB a CPU second", values(lambda one: megabytes / max(one.sandbox, measure.TICK)),
            note="what is slower than the one it serves holds that up",
        )
        yield Row("the same, anonymous, peak", "MiB", values(lambda one: one.usage.anonymous), Target(at_most=0.25, of="Telethon"))
        yield Row("the same, resident, peak", "MiB", values(lambda one: one.usage.resident))
