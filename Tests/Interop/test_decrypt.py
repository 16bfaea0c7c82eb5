"""`tgl decrypt` and `tgl keygen`, with PyPI's cryptography as the other party."""

import base64
import json
import os
import signal
import stat
import subprocess
import time

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox_server import PATIENCE
from tgl_command import Terminal, binary, environment, tgl

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
JPEG = b"\xff\xd8\xff\xe0" + b"\x00\x10JFIF" + b"picture " * 40
SET = {"DELETED_MEDIA_KEY_B64": base64.b64encode(KEY).decode()}


def sealed(plain, key=KEY):
    """As the Python service wrote it."""
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, None)


def encrypted(path, plain=JPEG, key=KEY):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sealed(plain, key))
    return path


def decrypt(*arguments, env=SET, **more):
    return tgl("decrypt", *arguments, env=env, **more)


def reports(done):
    return {os.path.basename(report["input"]): report for report in map(json.loads, done.stdout.splitlines())}


def snapshot(folder):
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_ino)
        for path in folder.rglob("*")
        if path.is_file()
    }


# What the Python service wrote


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 65_536, 262_144, 1_000_003])
def test_a_file_of_the_python_service_opens(tmp_path, size):
    plain = os.urandom(size)
    path = encrypted(tmp_path / "file.bin.enc", plain)
    os.utime(path, (1_500_000_000, 1_600_000_000))
    done = decrypt(path)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("1 decrypted")
    output = tmp_path / "file.bin"
    state = output.stat()
    assert stat.S_IMODE(state.st_mode) == 0o600
    assert (int(state.st_atime), int(state.st_mtime)) == (1_500_000_000, 1_600_000_000)
    assert output.read_bytes() == plain
    assert sorted(os.listdir(tmp_path)) == ["file.bin", "file.bin.enc"]


def test_no_account_and_no_data_directory_are_needed(tmp_path):
    path = encrypted(tmp_path / "a.enc")
    assert decrypt(path, cwd=tmp_path).returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["a", "a.enc"]


# The faults of the Python script


def test_an_output_is_left_alone_without_force_and_replaced_with_it(tmp_path):
    path = encrypted(tmp_path / "a.jpg.enc")
    (tmp_path / "a.jpg").write_text("mine")
    done = decrypt(path)
    assert done.returncode == 73 and "a.jpg: exists already" in done.stderr
    assert (tmp_path / "a.jpg").read_text() == "mine"
    assert decrypt(path, "--force").returncode == 0
    assert (tmp_path / "a.jpg").read_bytes() == JPEG


@pytest.mark.parametrize("name", ["DELETED_MEDIA_KEY_B64", "TELEGRAM_DELETED_MEDIA_KEY_B64"])
@pytest.mark.parametrize("place", ["environment", "env file"])
def test_both_names_of_the_key_work(tmp_path, name, place):
    path = encrypted(tmp_path / "a.enc")
    value = base64.b64encode(KEY).decode()
    if place == "environment":
        done = decrypt(path, env={name: value})
    else:
        (tmp_path / "tgl.env").write_text(f"{name}={value}\n")
        done = tgl("--env-file", tmp_path / "tgl.env", "decrypt", path)
    assert done.returncode == 0, done.stderr
    warnings = ["tgl: TELEGRAM_DELETED_MEDIA_KEY_B64 is the old name of DELETED_MEDIA_KEY_B64; rename it"]
    assert done.stderr.splitlines() == (warnings if name.startswith("TELEGRAM_") else [])


def test_of_a_directory_every_file_is_decrypted(tmp_path):
    folder = tmp_path / "media"
    for index in range(20):
        encrypted(folder / f"{index}.jpg.enc", JPEG + bytes([index]))
    encrypted(folder / "deeper" / "far" / "x.jpg.enc")
    (folder / "notes.txt").write_text("no ciphertext")
    done = decrypt(folder)
    assert done.returncode == 0 and "1 subdirectories were not looked into; use --recursive" in done.stderr
    assert [(folder / f"{index}.jpg").read_bytes() for index in range(20)] == [JPEG + bytes([i]) for i in range(20)]
    assert not (folder / "deeper" / "far" / "x.jpg").exists()
    done = decrypt("--recursive", folder, "--out", tmp_path / "out")
    assert done.returncode == 0 and done.stdout.startswith("21 decrypted")
    assert (tmp_path / "out" / "deeper" / "far" / "x.jpg").read_bytes() == JPEG
    assert stat.S_IMODE((tmp_path / "out" / "deeper").stat().st_mode) == 0o700


def sparse(path, size):
    """An encrypted file of `size` zero bytes, made piece by piece."""
    nonce = os.urandom(12)
    cipher = Cipher(algorithms.AES(KEY), modes.GCM(nonce)).encryptor()
    piece = bytes(1 << 24)
    with open(path, "wb") as file:
        file.write(nonce)
        for _ in range(size // len(piece)):
            file.write(cipher.update(piece))
        cipher.finalize()
        file.write(cipher.tag)


def peak(process):
    """The most memory a process has had resident while it ran, in bytes: of `ru_maxrss` the parent's is a part."""
    most = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status") as status:
                lines = dict(line.split(":", 1) for line in status)
        except OSError:
            break
        # Before it has become tgl it is Python.
        if lines["Name"].strip() == "tgl" and "VmHWM" in lines:
            most = int(lines["VmHWM"].split()[0]) * 1024
        time.sleep(0.005)
    return most


@pytest.mark.parametrize("out", ["file", "-"])
def test_a_large_file_takes_little_memory(tmp_path, out):
    """As much as a small one, which is the program with its libraries."""
    size = int(os.environ.get("TGL_LARGE_GIB", "1")) << 30
    peaks = {}
    for name, size in {"small.enc": 1 << 26, "large.enc": size}.items():
        sparse(tmp_path / name, size)
        arguments = [binary(), "decrypt", tmp_path / name, "--out", "-" if out == "-" else tmp_path / "out"]
        with open(os.devnull, "wb") as nothing:
            process = subprocess.Popen(arguments, stdout=nothing, env=environment(**SET))
            peaks[name] = peak(process)
        assert process.wait(PATIENCE) == 0
        if out == "file":
            assert (tmp_path / "out").stat().st_size == size
            (tmp_path / "out").unlink()
        (tmp_path / name).unlink()
    print(f"resident: {peaks}")
    assert peaks["large.enc"] < peaks["small.enc"] + (4 << 20), peaks


# What is wrong is named


def test_a_thousand_files_with_some_broken(tmp_path):
    folder = tmp_path / "media_deleted"
    plain = {}
    broken = {"17": "wrong key", "400": "wrong key", "999": "wrong key", "3": "cut", "555": "cut", "700": "altered"}
    for index in range(1000):
        name = str(index)
        plain[name] = JPEG + os.urandom(index * 7)
        path = encrypted(folder / f"{name}.jpg.enc", plain[name], OTHER if broken.get(name) == "wrong key" else KEY)
        data = bytearray(path.read_bytes())
        if broken.get(name) == "cut":
            path.write_bytes(data[:20] if name == "3" else data[:-100])
        elif broken.get(name) == "altered":
            data[200] ^= 1
            path.write_bytes(data)
    done = decrypt(folder, "--json")
    assert done.returncode == 1
    told = reports(done)
    assert len(told) == 1000
    assert sum(report["status"] == "decrypted" for report in told.values()) == 994
    failed = {name.split(".")[0]: report["reason"] for name, report in told.items() if report["status"] == "failed"}
    assert failed == {
        "17": "wrong_key", "400": "wrong_key", "999": "wrong_key", "3": "truncated", "555": "damaged", "700": "damaged"
    }
    for name in plain:
        path = folder / f"{name}.jpg"
        assert path.exists() == (name not in broken)
        assert name in broken or path.read_bytes() == plain[name]
    assert not [name for name in os.listdir(folder) if name.startswith(".")]

    before = snapshot(folder)
    again = decrypt(folder)
    assert again.returncode == 1 and snapshot(folder) == before
    assert again.stdout.startswith("0 decrypted (0 bytes), 994 left alone") and "6 failed" in again.stdout
    for name in broken:
        assert f"/{name}.jpg.enc: " in again.stderr
    forced = decrypt(folder, "--force")
    assert forced.returncode == 1 and forced.stdout.startswith("994 decrypted")
    after = snapshot(folder)
    assert all(after[f"{name}.jpg"][1] != before[f"{name}.jpg"][1] for name in plain if name not in broken)


@pytest.mark.parametrize(
    ("name", "break_it", "key", "reason"),
    [
        ("a.jpg.enc", lambda data: data[:27], KEY, "truncated"),
        ("a.jpg.enc", lambda data: b"", KEY, "truncated"),
        ("a.jpg.enc", lambda data: data[:-1], KEY, "damaged"),
        ("a.jpg.enc", lambda data: data[:-1] + bytes([data[-1] ^ 1]), KEY, "damaged"),
        ("a.jpg.enc", lambda data: data, OTHER, "wrong_key"),
        ("a.bin.enc", lambda data: bytes([data[0] ^ 1]) + data[1:], KEY, "wrong_key_or_damaged"),
    ],
)
def test_bad_data(tmp_path, name, break_it, key, reason):
    path = encrypted(tmp_path / name, key=key)
    path.write_bytes(break_it(path.read_bytes()))
    done = decrypt(path, "--json")
    assert done.returncode == 65 and json.loads(done.stdout)["reason"] == reason
    assert os.listdir(tmp_path) == [name]
    assert str(path) in decrypt(path).stderr
    piped = decrypt(path, "--out", "-")
    assert (piped.returncode, piped.stdout) == (65, "")


def test_a_missing_file(tmp_path):
    done = decrypt(tmp_path / "none.enc")
    assert done.returncode == 66 and "none.enc: cannot open: no such file or directory" in done.stderr
    encrypted(tmp_path / "a.enc")
    assert decrypt(tmp_path / "none.enc", tmp_path / "a.enc").returncode == 1
    assert (tmp_path / "a").exists()


def test_an_empty_directory_is_no_fault(tmp_path):
    done = decrypt(tmp_path)
    assert (done.returncode, done.stdout) == (0, "0 decrypted (0 bytes).\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(tmp_path):
    path = encrypted(tmp_path / "a.enc")
    path.chmod(0)
    assert decrypt(path).returncode == 66


# Where it goes


def test_out_names_a_file_or_a_directory(tmp_path):
    path = encrypted(tmp_path / "a.jpg.enc")
    assert decrypt(path, "--out", tmp_path / "b.jpg").returncode == 0
    assert (tmp_path / "b.jpg").read_bytes() == JPEG
    assert decrypt(path, "--out", f"{tmp_path}/new/").returncode == 0
    assert (tmp_path / "new" / "a.jpg").read_bytes() == JPEG
    plain_name = encrypted(tmp_path / "no-suffix")
    done = decrypt(plain_name)
    assert done.returncode == 1 and "no-suffix: does not end in .enc; name the output with --out" in done.stderr
    assert decrypt(plain_name, "--out", tmp_path / "c").returncode == 0
    assert decrypt(tmp_path, "--out", tmp_path / "c").returncode == 64


def test_two_inputs_with_one_output(tmp_path):
    first, second = encrypted(tmp_path / "1" / "a.enc", b"one"), encrypted(tmp_path / "2" / "a.enc", b"two")
    done = decrypt(first, second, "--out", tmp_path / "out")
    assert done.returncode == 1 and "another file is decrypted to" in done.stderr
    assert (tmp_path / "out" / "a").read_bytes() == b"one"


def test_standard_output(tmp_path):
    path = encrypted(tmp_path / "a.enc", b"plain text\n")
    done = decrypt(path, "--out", "-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "plain text\n", "")
    assert decrypt(path, path, "--out", "-").returncode == 64
    assert decrypt(tmp_path, "--out", "-").returncode == 64


def test_links_to_directories_are_not_followed(tmp_path):
    encrypted(tmp_path / "media" / "a.enc")
    (tmp_path / "media" / "loop").symlink_to(tmp_path / "media")
    done = decrypt("-r", tmp_path / "media", "--out", tmp_path / "out")
    assert done.returncode == 0 and os.listdir(tmp_path / "out") == ["a"]


# Keys


def test_a_key_on_the_command_line_is_refused(tmp_path):
    path = encrypted(tmp_path / "a.enc")
    value = base64.b64encode(KEY).decode()
    for name in ["DELETED_MEDIA_KEY_B64", "TELEGRAM_DELETED_MEDIA_KEY_B64"]:
        done = tgl("decrypt", path, "--set", f"{name}={value}")
        assert done.returncode == 64 and value not in done.stderr
        assert "is secret; set it in the environment or in an env file" in done.stderr
    assert os.listdir(tmp_path) == ["a.enc"]


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({}, "DELETED_MEDIA_KEY_B64: not set; set it, or DELETED_MEDIA_KEY_FILE, or name a file with --key-file"),
        ({"DELETED_MEDIA_KEY_B64": "c2hvcnQ="}, "DELETED_MEDIA_KEY_B64: <secret> is not accepted"),
        ({"TELEGRAM_DELETED_MEDIA_KEY_B64": "!"}, "TELEGRAM_DELETED_MEDIA_KEY_B64: <secret> is not accepted"),
        ({"DELETED_MEDIA_KEY_FILE": "/nonexistent"}, "DELETED_MEDIA_KEY_FILE: /nonexistent cannot be read"),
    ],
)
def test_without_a_key_nothing_is_tried(tmp_path, env, told):
    done = decrypt(encrypted(tmp_path / "a.enc"), env=env, cwd=tmp_path)
    assert done.returncode == 78 and told in done.stderr and "c2hvcnQ" not in done.stderr


@pytest.mark.parametrize("how", ["option", "setting"])
def test_of_several_keys_the_one_that_fits_is_used(tmp_path, how):
    keys = tmp_path / "keys"
    keys.write_text(f"# new\n{base64.b64encode(OTHER).decode()}\n\n{base64.b64encode(KEY).decode()}\n")
    keys.chmod(0o600)
    for name, key in [("old", KEY), ("new", OTHER)]:
        encrypted(tmp_path / "media" / f"{name}.bin.enc", name.encode() * 1000, key)
    arguments = [tmp_path / "media", "--json"] + (["--key-file", keys] if how == "option" else [])
    done = decrypt(*arguments, env={} if how == "option" else {"DELETED_MEDIA_KEY_FILE": str(keys)})
    assert done.returncode == 0, done.stderr
    assert {name: report["key"] for name, report in reports(done).items()} == {"old.bin.enc": 2, "new.bin.enc": 1}
    assert (tmp_path / "media" / "old.bin").read_bytes() == b"old" * 1000


def test_a_key_file_with_anything_else_is_refused_without_showing_it(tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(base64.b64encode(KEY).decode() + "\nsecret but wrong\n")
    keys.chmod(0o600)
    done = decrypt(encrypted(tmp_path / "a.enc"), "--key-file", keys)
    assert done.returncode == 78 and "keys: has no key on line 2" in done.stderr and "secret but" not in done.stderr


# Interruption and the terminal


def test_an_interruption_leaves_nothing_behind(tmp_path):
    sparse(tmp_path / "large.bin.enc", 1 << 30)
    process = subprocess.Popen([binary(), "decrypt", tmp_path / "large.bin.enc"], env=environment(**SET))
    end = time.monotonic() + PATIENCE
    while len(os.listdir(tmp_path)) == 1:
        assert time.monotonic() < end and process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert os.listdir(tmp_path) == ["large.bin.enc"]


def test_progress_is_shown_at_a_terminal_only(tmp_path):
    path = encrypted(tmp_path / "a.enc")
    with Terminal("decrypt", path, env=SET) as terminal:
        assert terminal.ends() == 0
        assert "decrypting 1 files" in terminal.shown and "\x1b[K" in terminal.shown
    with Terminal("decrypt", path, "--force", "--quiet", env=SET) as terminal:
        assert terminal.ends() == 0
        assert terminal.shown == ""


# keygen


def test_a_key_is_32_random_bytes():
    keys = [tgl("keygen") for _ in range(3)]
    assert all(done.returncode == 0 and done.stderr == "" for done in keys)
    assert len({base64.b64decode(done.stdout.strip(), validate=True) for done in keys}) == 3
    assert all(len(base64.b64decode(done.stdout)) == 32 for done in keys)
    assert len(base64.b64decode(json.loads(tgl("keygen", "--json").stdout)["key"])) == 32


def test_a_line_for_the_env_file(tmp_path):
    done = tgl("keygen", "--env")
    name, _, value = done.stdout.strip().partition("=")
    assert name == "DELETED_MEDIA_KEY_B64" and len(base64.b64decode(value)) == 32
    (tmp_path / "tgl.env").write_text(done.stdout)
    path = encrypted(tmp_path / "a.enc", key=base64.b64decode(value))
    assert tgl("--env-file", tmp_path / "tgl.env", "decrypt", path).returncode == 0


def test_a_key_file_is_private_and_never_replaced_unasked(tmp_path):
    path = tmp_path / "key"
    done = tgl("keygen", "--out", path)
    assert done.returncode == 0 and done.stdout == "" and "DELETED_MEDIA_KEY_FILE" in done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = path.read_text()
    assert key not in done.stderr
    again = tgl("keygen", "--out", path)
    assert again.returncode == 73 and path.read_text() == key
    path.chmod(0o644)
    assert tgl("keygen", "--out", path, "--force").returncode == 0
    assert path.read_text() != key and stat.S_IMODE(path.stat().st_mode) == 0o600
    media = encrypted(tmp_path / "a.enc", key=base64.b64decode(path.read_text()))
    assert decrypt(media, env={"DELETED_MEDIA_KEY_FILE": str(path)}).returncode == 0


def test_a_link_in_the_way_of_a_key_file_is_not_followed(tmp_path):
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    assert tgl("keygen", "--out", tmp_path / "key").returncode == 73
    assert not (tmp_path / "elsewhere").exists()


def test_a_terminal_is_told_where_the_key_goes():
    with Terminal("keygen") as terminal:
        assert terminal.ends() == 0
        assert "ENCRYPT_DELETED_MEDIA=true" in terminal.shown


def test_check(tmp_path):
    done = tgl("keygen", "--check", env=SET)
    assert (done.returncode, done.stdout) == (0, "The key is well formed.\n")
    assert tgl("keygen", "--check", env={}, cwd=tmp_path).returncode == 78
    good, bad = encrypted(tmp_path / "a.jpg.enc"), encrypted(tmp_path / "b.jpg.enc", key=OTHER)
    assert tgl("keygen", "--check", good, env=SET).stdout == f"{good}: opens.\n"
    done = tgl("keygen", "--check", good, bad, env=SET)
    assert done.returncode == 1 and "b.jpg.enc: encrypted with another key" in done.stderr
    assert tgl("keygen", "--check", bad, env=SET).returncode == 65
    assert tgl("keygen", "--check", tmp_path / "none", env=SET).returncode == 66
    told = [json.loads(line) for line in tgl("keygen", "--check", "--json", good, bad, env=SET).stdout.splitlines()]
    assert [(report["opens"], report.get("reason")) for report in told] == [(True, None), (False, "wrong_key")]
    assert sorted(os.listdir(tmp_path)) == ["a.jpg.enc", "b.jpg.enc"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["keygen", "--check", "--out", "x"],
        ["keygen", "file.enc"],
        ["keygen", "--force"],
        ["keygen", "--json", "--env"],
        ["decrypt"],
        ["decrypt", "a.enc", "--jobs", "0"],
        ["decrypt", "a.enc", "--json", "--out", "-"],
    ],
)
def test_wrong_usage(arguments, tmp_path):
    done = tgl(*arguments, cwd=tmp_path, env=SET)
    assert (done.returncode, done.stdout) == (64, "") and "Usage:" in done.stderr


@pytest.mark.parametrize("command", ["decrypt", "keygen"])
def test_help_has_examples(command):
    text = tgl(command, "--help").stdout
    assert "EXAMPLES" in text and "EXIT STATUS" in text
