"""Data directories as the Python service keeps them, made with what it is made of: SQLAlchemy, pickle and Telethon."""

import datetime
import pickle
import random

import sqlalchemy
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from telethon.tl import types

from telethon_media import KINDS, Maker

USER, CHANNEL, GROUP, BOT, UNKNOWN = 1, 2, 3, 4, 0


class Base(DeclarativeBase):
    pass


class Message(Base):
    __tablename__ = "messages"

    id = mapped_column(sqlalchemy.Integer, primary_key=True)
    chat_id = mapped_column(sqlalchemy.BigInteger, primary_key=True)
    from_id = mapped_column(sqlalchemy.BigInteger)
    type = mapped_column(sqlalchemy.Integer)
    msg_text = mapped_column(sqlalchemy.String)
    media = mapped_column(sqlalchemy.LargeBinary)
    noforwards = mapped_column(sqlalchemy.Boolean)
    self_destructing = mapped_column(sqlalchemy.Boolean)
    created_at = mapped_column(sqlalchemy.DateTime)
    edited_at = mapped_column(sqlalchemy.DateTime)


def when(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).replace(tzinfo=None)


class Service:
    """A data directory, and what writes to its archive."""

    def __init__(self, root):
        self.root = root
        for folder in ["db", "media", "media_deleted"]:
            (root / folder).mkdir(parents=True, exist_ok=True)
        self.archive = root / "db" / "messages.db"
        self.engine = sqlalchemy.create_engine(f"sqlite:///{self.archive}")
        Base.metadata.create_all(self.engine)

    def close(self):
        self.engine.dispose()

    def add(self, rows):
        with Session(self.engine) as session:
            session.add_all(rows)
            session.commit()

    def keep(self, id, chat, text=None, **columns):
        """One message, its medium as Telethon has it."""
        columns.setdefault("created_at", when(1_790_000_000 + id))
        if (media := columns.get("media")) is not None and not isinstance(media, bytes):
            columns["media"] = pickle.dumps(media)
        columns = {"from_id": chat, "type": USER, "noforwards": False, "self_destructing": False, **columns}
        self.add([Message(id=id, chat_id=chat, msg_text=text, **columns)])

    def fill(self, rows, media, seed=1):
        """Messages of all kinds of chats; returns how many have a medium that is one."""
        chance, maker = random.Random(seed), Maker(seed)
        chats = [(1001, USER), (1002, BOT), (-500, GROUP), (-1000000000600, GROUP), (-1000000000700, CHANNEL), (1003, UNKNOWN)]
        texts = ["", "plain", "**bold** 🙂 __italic__", "[link](https://example.org)", "Ж `code`", None, "2 ** 3"]
        with_media = set(chance.sample(range(rows), media))
        kept = 0
        for start in range(0, rows, 5_000):
            batch = []
            for index in range(start, min(start + 5_000, rows)):
                chat, kind = chance.choice(chats)
                content = None
                if index in with_media:
                    content = maker.media(KINDS[index % len(KINDS)])
                    kept += not isinstance(content, types.MessageMediaEmpty)
                batch.append(
                    Message(
                        id=index + 1,
                        chat_id=chat,
                        from_id=chance.choice([chat, 1001, 42]) if kind != CHANNEL else chat,
                        type=kind,
                        msg_text=chance.choice(texts),
                        media=pickle.dumps(content, chance.randint(2, 5)) if content else None,
                        noforwards=chance.random() < 0.1,
                        self_destructing=chance.random() < 0.05,
                        created_at=when(1_790_000_000 + index) + datetime.timedelta(microseconds=index % 1_000_000),
                        edited_at=when(1_790_000_100 + index) if chance.random() < 0.2 else None,
                    )
                )
            self.add(batch)
        return kept
