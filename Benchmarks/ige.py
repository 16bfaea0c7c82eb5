"""AES-256-IGE: the kernel of Sources/CAESIGE against Python's cryptg, on the same buffer, in the same process.

The kernel's sources are compiled as SwiftPM compiles them (clang, -O2) and called through ctypes, once on the path the
processor's AES instructions take and once on the portable one. Both results are compared with cryptg's before anything
is timed. Each number is the best of several runs, in CPU seconds; the peers take turns, so that what else the machine
does meets all of them. Prints a table, or with --json one JSON object.

Each block of IGE waits for the one before it, in both directions, so no code is faster on one message than the fourteen
rounds of AES one after another. That bound is measured too, where the processor has the instructions.
"""

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cryptg

try:
    import tgcrypto
except ImportError:
    tgcrypto = None

SOURCES = Path(__file__).resolve().parent.parent / "Sources" / "CAESIGE"
DECRYPT, ENCRYPT = 0, 1


def build_kernel(directory: str) -> ctypes.CDLL:
    """Compiles the kernel into a shared library and loads it."""
    compiler = shutil.which("clang") or swift_clang() or shutil.which("cc")
    if compiler is None:
        sys.exit("ige.py: no C compiler found")
    library = os.path.join(directory, "caesige.so")
    bound = os.path.join(directory, "bound.c")
    Path(bound).write_text(BOUND)
    sources = [bound, *sorted(str(path) for path in SOURCES.glob("*.c"))]
    subprocess.run(
        [compiler, "-O2", "-fPIC", "-shared", "-I", str(SOURCES / "include"), *sources, "-lcrypto", "-o", library],
        check=True,
    )
    return ctypes.CDLL(library)


def swift_clang() -> str | None:
    """The clang that comes with the Swift toolchain."""
    swift = shutil.which("swift")
    clang = Path(swift).resolve().parent / "clang" if swift else None
    return str(clang) if clang and clang.exists() else None


def kernel_function(library: ctypes.CDLL, name: str):
    function = getattr(library, name)
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]

    def in_place(buffer: ctypes.Array, key: bytes, iv: bytes, direction: int) -> None:
        if function(buffer, len(buffer), key, iv, direction) != 0:
            sys.exit(f"ige.py: {name} failed")

    return in_place


BOUND = r"""
#if defined(__x86_64__)
#include <immintrin.h>
// `count` blocks of fourteen AES rounds, each waiting for the one before it.
__attribute__((target("aes"))) void bound(long count) {
  __m128i state = _mm_set1_epi8(1), key = _mm_set1_epi8(7);
  for (long i = 0; i < count; i++) {
#pragma GCC unroll 13
    for (int round = 0; round < 13; round++) state = _mm_aesenc_si128(state, key);
    state = _mm_aesenclast_si128(state, key);
    __asm__ volatile("" : "+x"(state));
  }
}
#else
void bound(long count) { (void)count; }
#endif
"""


def rates(work: dict, size: int, runs: int, repeats: int) -> dict:
    """Megabytes a CPU second of each, the best of `runs` turns."""
    best = dict.fromkeys(work, 0.0)
    for _ in range(runs):
        for name, once in work.items():
            start = time.process_time()
            for _ in range(repeats):
                once()
            best[name] = max(best[name], size * repeats / 1e6 / (time.process_time() - start))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1 << 20, help="bytes in the buffer, a multiple of 16")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.size <= 0 or options.size % 16:
        parser.error("--size is a positive multiple of 16")

    key, iv, data = os.urandom(32), os.urandom(32), os.urandom(options.size)
    peers = {ENCRYPT: cryptg.encrypt_ige, DECRYPT: cryptg.decrypt_ige}
    others = {ENCRYPT: tgcrypto.ige256_encrypt, DECRYPT: tgcrypto.ige256_decrypt} if tgcrypto else {}
    results = {"size": options.size}
    with tempfile.TemporaryDirectory() as directory:
        library = build_kernel(directory)
        fast = kernel_function(library, "caesige_crypt")
        portable = kernel_function(library, "caesige_crypt_portable")
        results["instructions"] = bool(library.caesige_has_instructions())
        repeats = max(1, (64 << 20) // options.size)
        for direction, name in ((ENCRYPT, "encrypt"), (DECRYPT, "decrypt")):
            peer = peers[direction]
            expected = peer(data, key, iv)
            for function in (fast, portable):
                buffer = ctypes.create_string_buffer(data, len(data))
                function(buffer, key, iv, direction)
                if buffer.raw != expected:
                    sys.exit(f"ige.py: {name} differs from cryptg's")
            buffer = ctypes.create_string_buffer(data, len(data))
            work = {
                "tgl": lambda: fast(buffer, key, iv, direction),
                "portable": lambda: portable(buffer, key, iv, direction),
                "cryptg": lambda: peer(data, key, iv),
            }
            if other := others.get(direction):
                work["tgcrypto"] = lambda: other(data, key, iv)
            if results["instructions"]:
                work["bound"] = lambda: library.bound(ctypes.c_long(options.size // 16))
            row = rates(work, options.size, options.runs, repeats)
            results[name] = {peer: round(value) for peer, value in row.items()}
            results[name]["ratio"] = round(row["tgl"] / row["cryptg"], 2)

    if options.json:
        print(json.dumps(results))
    else:
        print(f"AES-256-IGE, {options.size} bytes, MB a CPU second     tgl  portable  cryptg   bound  tgl/cryptg")
        for name in ("encrypt", "decrypt"):
            row = results[name]
            bound = row.get("bound", "-")
            print(
                f"  {name:<44} {row['tgl']:>7} {row['portable']:>9} {row['cryptg']:>7} {bound:>7} {row['ratio']:>10}x"
            )


if __name__ == "__main__":
    main()
