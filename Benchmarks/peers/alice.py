"""What the peers that are Telethon programs share: alice's sign-in, and running until SIGTERM."""

import asyncio
import json
import pathlib
import signal

from telethon import TelegramClient
from telethon.crypto import rsa


def described(path):
    """What the sandbox says of itself."""
    return json.loads(pathlib.Path(path).read_text())


def client(info, folder):
    """A client of the sandbox that keeps its session in a folder, and hands out updates one after another."""
    rsa.add_key(pathlib.Path(info["rsa_public_key"]).read_text(), old=False)
    home = next(dc for dc in info["dcs"] if dc["id"] == info["home_dc"])
    made = TelegramClient(
        str(folder / "user"), info["api_id"], info["api_hash"], sequential_updates=True, catch_up=True, flood_sleep_threshold=60
    )
    if not made.session.auth_key:
        made.session.set_dc(home["id"], home["host"], home["port"])
    return made


async def serve(client, info):
    """Signs in as alice when there is no session, says `ready` on standard output, and runs until SIGTERM."""
    alice = next(user for user in info["users"] if user["name"] == "alice")
    await client.start(phone=lambda: alice["phone"], code_callback=lambda: alice["code"])
    # Telethon knows of channels only what it has seen.
    await client.get_dialogs()
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    print("ready", flush=True)
    await over.wait()
    await client.disconnect()
