"""Starts the sandbox for the tests of this folder, and the clients that talk to it."""

import asyncio
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import urllib.error
import urllib.request

import pytest

# How long anything may take before a test gives up; nothing waits this long when all is well.
PATIENCE = 30


def binary():
    named = os.environ.get("TGL_SANDBOX_BIN")
    if named:
        return named
    folder = os.environ.get("TGL_BIN")
    if folder:
        return os.path.join(folder, "tgl-sandbox")
    pytest.skip("neither TGL_SANDBOX_BIN nor TGL_BIN says where tgl-sandbox is")


class Sandbox:
    """A running tgl-sandbox and its control address."""

    def __init__(self, folder, *arguments):
        self.folder = pathlib.Path(folder)
        self.process = subprocess.Popen(
            [binary(), "serve", "--dir", str(folder), *arguments], stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        assert line, "tgl-sandbox ended without a word"
        self.info = json.loads(line)
        self.users = {user["name"]: user for user in self.info["users"]}
        self.dcs = {dc["id"]: dc for dc in self.info["dcs"]}
        self.home = self.dcs[self.info["home_dc"]]
        self.public_key = pathlib.Path(self.info["rsa_public_key"]).read_text()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return status

    def request(self, method, path, body=None, patience=PATIENCE):
        """Status and JSON of one control request."""
        request = urllib.request.Request(
            self.info["control"] + path, method=method, data=None if body is None else json.dumps(body).encode()
        )
        try:
            with urllib.request.urlopen(request, timeout=patience) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def post(self, path, patience=PATIENCE, **body):
        status, answer = self.request("POST", path, body, patience)
        assert status == 200, answer
        return answer

    def say(self, sender, chat, text, **more):
        return self.post("/say", **{"from": sender, "chat": chat, "text": text, **more})

    def edit(self, sender, chat, message, text, **more):
        return self.post("/edit", **{"from": sender, "chat": chat, "id": message, "text": text, **more})

    def delete(self, sender, chat, *ids, **more):
        return self.post("/delete", **{"from": sender, "chat": chat, "ids": list(ids), **more})

    def chat(self, chat, viewer="alice"):
        status, answer = self.request("GET", f"/chat?id={chat}&as={viewer}")
        assert status == 200, answer
        return answer

    def state(self):
        return self.request("GET", "/state")[1]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    server = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield server
    assert server.stop() == 0


async def arrives(queue, matches=lambda event: True):
    """The next event of a queue that matches; the others are dropped."""
    async with asyncio.timeout(PATIENCE):
        while True:
            event = await queue.get()
            if matches(event):
                return event


# Telethon


def telethon_client(sandbox, session=None, dc=None, **options):
    from telethon import TelegramClient
    from telethon.crypto import rsa
    from telethon.sessions import MemorySession

    rsa.add_key(sandbox.public_key, old=False)
    # Telethon keeps the data centres of one server for every client of the process.
    TelegramClient._config = None
    if session is None:
        session = MemorySession()
    if not session.auth_key:
        address = sandbox.dcs[dc] if dc else sandbox.home
        session.set_dc(address["id"], address["host"], address["port"])
    return TelegramClient(session, sandbox.info["api_id"], sandbox.info["api_hash"], **options)


@contextlib.asynccontextmanager
async def telethon(sandbox, name, session=None, **options):
    """A client of Telethon's, signed in as `name`."""
    user = sandbox.users[name]
    client = telethon_client(sandbox, session, **options)
    await client.start(
        phone=lambda: user["phone"], code_callback=lambda: user["code"], password=lambda: user["password"]
    )
    try:
        yield client
    finally:
        await client.disconnect()


# Kurigram


def kurigram_client(sandbox, name, folder, **options):
    from pyrogram import Client
    from pyrogram.connection import Connection
    from pyrogram.crypto import rsa as keys
    from telethon.crypto.rsa import _compute_fingerprint
    import rsa

    public = rsa.PublicKey.load_pkcs1(sandbox.public_key.encode())
    keys.server_public_keys[_compute_fingerprint(public)] = keys.PublicKey(public.n, public.e)

    class SandboxConnection(Connection):
        """Kurigram knows Telegram's addresses; its data centres are here."""

        def __init__(self, dc_id, server_address, port, **rest):
            dc = sandbox.dcs[dc_id]
            super().__init__(dc_id=dc_id, server_address=dc["host"], port=dc["port"], **rest)

    user = sandbox.users[name]
    return Client(
        name,
        api_id=sandbox.info["api_id"],
        api_hash=sandbox.info["api_hash"],
        workdir=str(folder),
        phone_number=user["phone"],
        phone_code=user["code"],
        password=user["password"],
        connection_factory=SandboxConnection,
        **options,
    )
