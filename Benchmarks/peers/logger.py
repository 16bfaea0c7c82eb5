"""A logger of deleted messages as one is usually written in Python: Telethon with cryptg, SQLAlchemy over aiosqlite.

Each message is looked up, added and committed; a deletion is looked up, posted to the log chat and committed. Updates are
handled one after another, so that a deletion never overtakes its message.

    logger.py SANDBOX_JSON FOLDER

keeps its session and `messages.db` in FOLDER, signs in as alice when there is no session, says `ready` on standard
output, and runs until SIGTERM.
"""

import asyncio
import datetime
import pathlib
import sys

from sqlalchemy import BigInteger, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from telethon import events

import alice


class Base(DeclarativeBase):
    pass


class Message(Base):
    __tablename__ = "messages"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, index=True)
    from_id: Mapped[int | None] = mapped_column(BigInteger)
    text: Mapped[str]
    created_at: Mapped[datetime.datetime]
    edited_at: Mapped[datetime.datetime | None]


class Logger:
    def __init__(self, client, log_chat, sessions):
        self.client, self.log_chat, self.sessions = client, log_chat, sessions

    async def said(self, event):
        if event.chat_id == self.log_chat:
            return
        async with self.sessions() as session:
            if await session.get(Message, (event.chat_id, event.id)):
                return
            session.add(
                Message(
                    chat_id=event.chat_id, id=event.id, from_id=event.sender_id, text=event.raw_text or "",
                    created_at=event.message.date, edited_at=event.message.edit_date,
                )
            )
            await session.commit()

    async def edited(self, event):
        if event.chat_id == self.log_chat:
            return
        async with self.sessions() as session:
            if message := await session.get(Message, (event.chat_id, event.id)):
                message.text = event.raw_text or ""
                message.edited_at = event.message.edit_date
                await session.commit()

    async def deleted(self, event):
        for number in event.deleted_ids:
            async with self.sessions() as session:
                query = select(Message).where(Message.id == number)
                # Telegram names the chat for channels and supergroups only; their ids are below that of all others.
                if event.chat_id is not None:
                    query = query.where(Message.chat_id == event.chat_id)
                else:
                    query = query.where(Message.chat_id > -1_000_000_000_000)
                message = (await session.execute(query)).scalars().first()
                if message is None:
                    continue
                header = f"Deleted message from {message.from_id} in {message.chat_id}"
                # As it was said: what stands in it is no markup.
                await self.client.send_message(self.log_chat, f"{header}\n{message.text}", parse_mode=None, link_preview=False)
                await session.delete(message)
                await session.commit()


async def main():
    info = alice.described(sys.argv[1])
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    client = alice.client(info, folder)
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'messages.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)

    logger = Logger(client, info["log_chat_id"], async_sessionmaker(engine, expire_on_commit=False))
    client.add_event_handler(logger.said, events.NewMessage())
    client.add_event_handler(logger.edited, events.MessageEdited())
    client.add_event_handler(logger.deleted, events.MessageDeleted())
    await alice.serve(client, info)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
