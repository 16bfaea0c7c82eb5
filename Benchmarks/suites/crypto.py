"""AES-IGE against the libraries Python programs use, and `tgl decrypt` against a script and OpenSSL's own speed."""

import base64
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from harness import measure
from harness.context import BENCHMARKS, PEERS
from harness.report import Row, Target

TITLE = "Cryptography"

KEY = bytes(range(32))


def ige(context):
    done = measure.run([sys.executable, BENCHMARKS / "ige.py", "--json", "--runs", context.size(7, 1)], watched=False)
    return json.loads(done.output)


def sealed(path, size):
    """A file as the service writes it, and the SHA-256 of what is in it."""
    plain = os.urandom(size)
    nonce = os.urandom(12)
    path.write_bytes(nonce + AESGCM(KEY).encrypt(nonce, plain, None))
    return hashlib.sha256(plain).hexdigest()


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def decrypted(command, target, expected, **options):
    """What opening the file took; the output is looked at and removed."""
    usage = measure.run(command, **options).usage
    assert digest(target) == expected, f"{command[0]} wrote something else"
    target.unlink()
    return usage


def openssl_speed(context):
    """MB a second of AES-256-GCM in pieces of 64 KiB, by CPU time."""
    done = subprocess.run(
        ["openssl", "speed", "-mr", "-decrypt", "-bytes", "65536", "-seconds", str(context.size(3, 1)), "-evp", "aes-256-gcm"],
        capture_output=True, text=True, check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("+F:"))
    return float(line.rsplit(":", 1)[1]) / 1e6


def rows(context):
    turns = [ige(context) for _ in range(context.runs)]
    for name in ["encrypt", "decrypt"]:
        peers = [peer for peer in ["tgl", "cryptg", "tgcrypto", "bound"] if peer in turns[0][name]]
        yield Row(
            f"AES-256-IGE, {name}, 1 MiB", "MB a CPU second",
            {peer: [turn[name][peer] for turn in turns] for peer in peers}, Target(at_least=2, of="cryptg"),
            note="bound: nothing but the dependent AES rounds",
        )
    size = context.size(1 << 30, 1 << 24)
    with context.folder() as folder:
        folder = pathlib.Path(folder)
        source = folder / "file.bin.enc"
        expected = sealed(source, size)
        environment = {**os.environ, "DELETED_MEDIA_KEY_B64": base64.b64encode(KEY).decode()}
        out = folder / "out.bin"
        found = measure.alternate(
            context.runs,
            **{
                "tgl": lambda _: decrypted(
                    [context.binaries / "tgl", "decrypt", source, "--out", out], out, expected, env=environment, cwd=folder
                ),
                "script": lambda _: decrypted(
                    [sys.executable, PEERS / "decrypt.py", source, out], out, expected, env=environment
                ),
                "cp": lambda _: copied(source, out),
                "OpenSSL": lambda _: openssl_speed(context),
            },
        )

    def rate(usage, what):
        return usage if isinstance(usage, float) else size / 1e6 / max(getattr(usage, what), 0.001)

    def rates(what):
        return {name: [rate(one, what) for one in found[name]] for name in ["tgl", "script", "cp", "OpenSSL"]}

    yield Row(
        f"decrypt a file of {size >> 20} MiB", "MB a CPU second", rates("cpu"),
        note="OpenSSL: openssl speed, in memory; cp: reading, writing and waiting for the disk",
    )
    reached = rates("wall")
    limit = min("cp", "OpenSSL", key=lambda name: statistics.median(reached[name]))
    yield Row(
        "the same, until it is on the disk", "MB a second", reached, Target(at_least=0.8, of=limit),
        note="the limit is OpenSSL or the disk, whichever is slower",
    )
    yield Row(
        "the same, resident, peak", "MiB", {name: [one.resident for one in found[name]] for name in ["tgl", "script"]},
    )


def copied(source, target):
    """The disk's limit: `tgl` says it is done when a power cut would lose nothing."""
    usage = measure.run(["sh", "-c", 'cp "$0" "$1" && sync "$1"', source, target]).usage
    target.unlink()
    return usage
