"""An archive made by the real tgl, filled by hand through its own triggers."""

import contextlib
import pathlib
import sqlite3
import time

from tgl_command import tgl

DAY = 86_400


class ArchiveFolder:
    """A data directory with chats of every type."""

    CHATS = {
        "user": (1001, "user", "Bob"),
        "bot": (1002, "bot", "Helper"),
        "group": (-501, "group", "Family"),
        "supergroup": (-1000000000601, "supergroup", "Team"),
        "channel": (-1000000000701, "channel", "News"),
    }

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.now = int(time.time())
        self.path = self.root / "db" / "messages.db"
        for folder in ["db", "media", "media_deleted"]:
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        # An empty file is an archive that is still to be made.
        self.path.touch()
        assert self.tgl("search", "nothing").returncode == 0
        with self.db() as db:
            for id, type, name in self.CHATS.values():
                username = f"{name.lower()}_name"
                db.execute(
                    "insert into peer (id, type, title, username, seen_at) values (?, ?, ?, ?, 0)", (id, type, name, username)
                )

    def tgl(self, *arguments, **env):
        return tgl(*arguments, cwd=self.root, env={"DATA_ROOT": str(self.root), **env})

    @contextlib.contextmanager
    def db(self):
        connection = sqlite3.connect(self.path, timeout=30)
        connection.execute("pragma foreign_keys = on")
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def add(self, chat, id, text="some text", days=0.0, sender=1001, deleted=False, date=None):
        """A message received so many days ago."""
        received = self.now - int(days * DAY)
        with self.db() as db:
            db.execute(
                "insert into message (chat_id, id, sender_id, date, received_at, deleted_at, text) values (?,?,?,?,?,?,?)",
                (self.CHATS[chat][0], id, sender, date or received, received, self.now if deleted else None, text),
            )

    def messages(self):
        names = {id: name for name, (id, *_) in self.CHATS.items()}
        with self.db() as db:
            return {(names[chat], id) for chat, id in db.execute("select chat_id, id from message")}
