"""A keeper of deleted files as one is usually written in Python: Telethon with cryptg.

Each file is downloaded when its message arrives, and posted to the log chat when that is deleted, several at a time.

    media_logger.py SANDBOX_JSON FOLDER

keeps its session and the folder `media` in FOLDER, signs in as alice when there is no session, says `ready` on standard
output, and runs until SIGTERM.
"""

import asyncio
import pathlib
import sys

from telethon import events

import alice

# Downloads, or uploads, at a time: Telethon asks for the parts of one file one after another.
AT_A_TIME = 8


class Keeper:
    def __init__(self, client, log_chat, folder):
        self.client, self.log_chat, self.folder = client, log_chat, folder
        self.room = asyncio.Semaphore(AT_A_TIME)
        self.downloads = {}
        self.posts = set()

    async def said(self, event):
        if event.chat_id != self.log_chat and event.file:
            self.downloads[event.chat_id, event.id] = asyncio.create_task(self.fetch(event))

    async def fetch(self, event):
        async with self.room:
            path = self.folder / f"{event.chat_id}_{event.id}_{event.file.name}"
            return await self.client.download_media(event.message, file=str(path))

    async def deleted(self, event):
        for number in event.deleted_ids:
            if download := self.downloads.pop((event.chat_id, number), None):
                post = asyncio.create_task(self.post(event.chat_id, download))
                # The loop itself keeps no task alive.
                self.posts.add(post)
                post.add_done_callback(self.posts.discard)

    async def post(self, chat, download):
        path = await download
        async with self.room:
            await self.client.send_file(self.log_chat, path, caption=f"Deleted message in {chat}", parse_mode=None, force_document=True)


async def main():
    info = alice.described(sys.argv[1])
    folder = pathlib.Path(sys.argv[2])
    (folder / "media").mkdir(parents=True, exist_ok=True)
    client = alice.client(info, folder)
    keeper = Keeper(client, info["log_chat_id"], folder / "media")
    client.add_event_handler(keeper.said, events.NewMessage())
    client.add_event_handler(keeper.deleted, events.MessageDeleted())
    await alice.serve(client, info)


if __name__ == "__main__":
    asyncio.run(main())
