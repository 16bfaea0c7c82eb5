"""The Debian package, in a Debian of its own: installed, run under its systemd, upgraded, removed."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

import pytest

import scratch_debian
from sandbox_server import Sandbox
from scratch_debian import PATIENCE, ROOT, NoDebianHere, ScratchDebian, run, swift_runtime
from tgl_process import wait_for

pytestmark = pytest.mark.skipif(bool(scratch_debian.lacking()), reason=scratch_debian.lacking())


@pytest.fixture(scope="module")
def program():
    named = os.environ.get("TGL_PACKAGED")
    if not named:
        pytest.skip("TGL_PACKAGED does not say which program to package")
    return named


def build(program, folder):
    # A debug build's Swift libraries are those of the compiler, which no package has.
    options = {"TGL_SHLIBDEPS_OPTIONS": "--ignore-missing-info"} if swift_runtime(program) else {}
    made = run(
        ROOT / "packaging/debian/build.sh", program, str(folder), cwd=ROOT,
        env={**os.environ, "TGL_DEB_COMPRESSION": "gzip", **options},
    )
    return pathlib.Path(made.splitlines()[-1])


@pytest.fixture(scope="module")
def package(program, tmp_path_factory):
    return build(program, tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def debian(program, package):
    with tempfile.TemporaryDirectory(prefix="tgl-debian-") as folder:
        try:
            made = ScratchDebian(f"{folder}/root", swift_runtime(program))
        except NoDebianHere as error:
            pytest.skip(f"no Debian can be made here: {error}")
        made.said = made.install(package)
        yield made
        made.end()


# The package


def test_it_is_as_debian_wants_it(program, package):
    # The folder of the compiler's libraries is that of a debug build.
    suppressed = ["--suppress-tags", "custom-library-search-path"] if swift_runtime(program) else []
    done = subprocess.run(["lintian", "--fail-on", "warning", *suppressed, package], capture_output=True, text=True)
    assert done.returncode == 0 and not re.search("^[EW]: ", done.stdout, re.M), done.stdout


def test_the_same_sources_give_the_same_bytes(program, package, tmp_path):
    assert build(program, tmp_path).read_bytes() == package.read_bytes()


def test_everything_in_it_belongs_to_root_and_nothing_can_be_written_by_others(package):
    for line in run("dpkg-deb", "--contents", package).splitlines():
        mode, owner = line.split()[:2]
        assert owner == "root/root" and mode[5] == "-" and mode[8] == "-", line


def test_its_example_of_all_settings_is_an_env_file_with_every_setting(program, package, tmp_path):
    run("dpkg-deb", "--extract", package, tmp_path)
    example = (tmp_path / "usr/share/doc/tgl/examples/tgl.env").read_text()
    names = re.findall(r"^\| `([A-Z_0-9]+)`", run(program, "settings-reference"), re.M)
    assert names and re.findall(r"^#([A-Z_0-9]+)=", example, re.M) == names
    assert all(not line or line.startswith("#") for line in example.splitlines())


def test_the_image_has_the_libraries_the_package_depends_on(package):
    depends = re.findall(r"(?:^|, )(lib[\w.+-]+)", run("dpkg-deb", "--field", package, "Depends"))
    # Part of the image's base.
    needed = set(depends) - {"libc6", "libgcc-s1"}
    final_stage = (ROOT / "packaging/docker/Dockerfile").read_text().split("\nFROM ")[-1]
    installed = set(re.search(r"apt-get install[^&]*", final_stage)[0].split())
    assert needed and needed <= installed


# Installed


def test_the_program_its_pages_and_completions_are_there(debian, program):
    assert debian.do("tgl", "--version") == run(program, "--version")
    for page in (ROOT / "docs/man").glob("*.1"):
        assert debian.path(f"/usr/share/man/man1/{page.name}.gz").is_file()
    for completion in ("bash-completion/completions/tgl", "zsh/vendor-completions/_tgl", "fish/vendor_completions.d/tgl.fish"):
        assert debian.path(f"/usr/share/{completion}").stat().st_size > 1_000
    debian.do("bash", "-n", "/usr/share/bash-completion/completions/tgl")


def test_it_has_a_user_of_its_own_and_a_directory_nobody_else_sees(debian):
    name, _, number, group, _, home, shell = debian.do("getent", "passwd", "tgl").strip().split(":")
    assert home == "/var/lib/tgl" and shell.endswith("nologin") and 0 < int(number) < 1_000
    assert debian.do("stat", "-c", "%a %U %G", "/var/lib/tgl", "/etc/tgl", "/etc/tgl/tgl.env").splitlines() == [
        "700 tgl tgl", "750 root tgl", "640 root tgl"
    ]


def test_nothing_is_started_or_enabled_by_itself(debian):
    for unit in ("tgl.service", "tgl-purge.timer", "tgl-backup.timer"):
        assert debian.run("systemctl", "is-enabled", unit).stdout.strip() == "disabled"


def test_without_settings_it_says_which_are_missing(debian):
    done = debian.run("runuser", "-u", "tgl", "--", "tgl", "--env-file", "/etc/tgl/tgl.env", "run")
    assert done.returncode == 78
    assert re.findall(r"^tgl: (\w+): not set", done.stderr, re.M) == ["API_ID", "API_HASH", "LOG_CHAT_ID"], done.stderr
    assert debian.run("tgl", "health").returncode == 69
    assert debian.run("tgl", "login").returncode == 78


# Under systemd


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    server = Sandbox(tmp_path_factory.mktemp("telegram") / "sandbox")
    yield server
    assert server.stop() == 0


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def machine(debian, sandbox):
    """The Debian with its systemd running, and settings for the sandbox; the API hash is a credential."""
    settings = dict(line.split("=", 1) for line in (sandbox.folder / "tgl.env").read_text().splitlines() if "=" in line)
    try:
        debian.boot()
    except NoDebianHere as error:
        pytest.skip(f"systemd does not boot here: {error}")
    shutil.copy(settings["TELEGRAM_RSA_KEY"], debian.path("/etc/tgl/sandbox.pem"))
    debian.do("chmod", "0644", "/etc/tgl/sandbox.pem")
    credentials = debian.path("/etc/tgl/credentials")
    credentials.mkdir(mode=0o700)
    (credentials / "api_hash").write_text(settings.pop("API_HASH") + "\n")
    (credentials / "api_hash").chmod(0o600)
    settings |= {
        "DATA_ROOT": "/var/lib/tgl", "TELEGRAM_RSA_KEY": "/etc/tgl/sandbox.pem", "HEALTH_PORT": str(free_port())
    }
    debian.path("/etc/tgl/tgl.env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    debian.do("mkdir", "/etc/systemd/system/tgl.service.d")
    debian.do("cp", "/usr/share/doc/tgl/examples/credentials.conf", "/etc/systemd/system/tgl.service.d")
    debian.do("systemctl", "daemon-reload")
    return debian


@pytest.fixture(scope="module")
def service(machine, sandbox):
    """Signed in as docs/operations.md says, enabled and started."""
    alice = sandbox.users["alice"]
    machine.do(
        "sh", "-c",
        'API_HASH="$(cat /etc/tgl/credentials/api_hash)" runuser -u tgl -- tgl --env-file /etc/tgl/tgl.env login',
        text=f"{alice['phone']}\n{alice['code']}\n",
    )
    machine.do("systemctl", "enable", "--now", "tgl.service")
    return machine


def test_it_is_not_started_again_when_somebody_has_to_sign_in(machine):
    assert machine.run("systemctl", "start", "tgl.service").returncode == 1
    shown = machine.show("tgl.service", "ActiveState", "ExecMainStatus", "NRestarts")
    assert shown == {"ActiveState": "failed", "ExecMainStatus": "77", "NRestarts": "0"}
    assert "tgl login" in machine.journal("tgl.service")
    machine.do("systemctl", "reset-failed")


def test_it_is_up_when_it_has_caught_up_and_says_how_it_is(service):
    assert service.show("tgl.service", "ActiveState", "SubState") == {"ActiveState": "active", "SubState": "running"}
    assert "up to date" in service.journal("tgl.service")
    wait_for(lambda: service.show("tgl.service", "StatusText"), "a status")
    assert "healthy" in service.do("tgl", "--env-file", "/etc/tgl/tgl.env", "health")


def test_what_is_deleted_comes_back_from_behind_all_that_hardening(service, sandbox):
    message = sandbox.say("bob", sandbox.info["group_id"], "seen by a service that sees little")
    sandbox.delete("bob", sandbox.info["group_id"], message["id"])
    log_chat = sandbox.info["log_chat_id"]
    wait_for(
        lambda: any("a service that sees little" in each["text"] for each in sandbox.chat(log_chat)["messages"]),
        "the notice",
    )
    assert service.show("tgl.service", "NRestarts") == "0"


def test_nobody_else_can_read_what_it_keeps(service):
    kept = service.do("find", "/var/lib/tgl", "-printf", "%u %m %y %p\\n").splitlines()
    assert len(kept) > 5
    assert all(re.match(r"tgl (700 d|600 f) ", line) for line in kept), kept


def test_the_hash_is_seen_by_the_service_alone(service):
    environment = service.do("cat", f"/proc/{service.show('tgl.service', 'MainPID')}/environ").split("\0")
    assert "API_HASH_FILE=/run/credentials/tgl.service/api_hash" in environment
    assert not [each for each in environment if each.startswith("API_HASH=")]
    assert service.run("runuser", "-u", "tgl", "--", "cat", "/etc/tgl/credentials/api_hash").returncode != 0


def test_a_second_account_gets_a_service_as_the_documentation_says(service, sandbox):
    text = (ROOT / "docs/operations.md").read_text()
    [block] = [each for each in re.findall(r"```sh check\n(.*?)```", text, re.S) if "tgl-work.service" in each]
    bob = sandbox.users["bob"]
    changed = {"LOG_CHAT_ID": str(bob["id"]), "DATA_ROOT": "/var/lib/tgl-work", "HEALTH_PORT": str(free_port())}
    edits = "; ".join(f"s|^{name}=.*|{name}={value}|" for name, value in changed.items())
    # The first account's is a credential.
    edits += f"; $aAPI_HASH={sandbox.info['api_hash']}"
    for line in block.splitlines():
        # There is no sudo here, and nobody who edits or types.
        line = line.replace("sudo -u tgl ", "runuser -u tgl -- ").replace("sudo ", "")
        line = line.replace("sudoedit ", f"sed -i '{edits}' ")
        service.do("sh", "-c", line, text=f"{bob['phone']}\n{bob['code']}\n")
    assert service.show("tgl-work.service", "ActiveState") == "active"
    assert service.show("tgl.service", "ActiveState") == "active"
    assert service.path("/var/lib/tgl-work/db/messages.db").exists()
    service.do("systemctl", "disable", "--now", "tgl-work.service")
    service.do("rm", "-r", "/etc/systemd/system/tgl-work.service", "/etc/tgl/tgl-work.env", "/var/lib/tgl-work")


@pytest.mark.parametrize("unit", ["tgl-purge", "tgl-backup"])
def test_the_timers_services_do_their_work_beside_it(service, unit):
    service.do("systemctl", "start", f"{unit}.service")
    assert service.show(f"{unit}.service", "Result", "ExecMainStatus") == {"Result": "success", "ExecMainStatus": "0"}
    service.do("systemctl", "enable", "--now", f"{unit}.timer")
    assert service.show(f"{unit}.timer", "ActiveState") == "active"
    assert service.show("tgl.service", "ActiveState") == "active"


def test_one_that_does_not_move_any_more_is_started_again(service):
    drop_in = service.path("/etc/systemd/system/tgl.service.d/watchdog.conf")
    drop_in.write_text("[Service]\nWatchdogSec=3s\nRestartSec=100ms\n")
    service.do("systemctl", "daemon-reload")
    service.do("systemctl", "restart", "tgl.service")
    first = service.show("tgl.service", "MainPID")
    service.do("systemctl", "kill", "--signal=STOP", "tgl.service")
    wait_for(lambda: service.show("tgl.service", "NRestarts") == "1", "the watchdog", PATIENCE)
    wait_for(lambda: service.show("tgl.service", "ActiveState") == "active", "the service", PATIENCE)
    assert service.show("tgl.service", "MainPID") != first
    drop_in.unlink()
    service.do("systemctl", "daemon-reload")


def test_an_upgrade_restarts_it_and_keeps_what_was_set(service, package):
    settings = service.path("/etc/tgl/tgl.env").read_text()
    before = service.show("tgl.service", "InvocationID")
    service.install(package, "--reinstall")
    wait_for(
        lambda: service.show("tgl.service", "InvocationID") != before
        and service.show("tgl.service", "ActiveState") == "active",
        "the service to be restarted", PATIENCE,
    )
    assert service.path("/etc/tgl/tgl.env").read_text() == settings
    assert service.do("stat", "-c", "%a %U %G", "/etc/tgl/tgl.env") == "640 root tgl\n"


# Removed; this comes last.


def test_removing_stops_it_and_leaves_settings_and_data(service):
    service.do("apt-get", "remove", "--quiet", "--assume-yes", "tgl")
    assert service.run("systemctl", "is-active", "tgl.service").returncode != 0
    assert "tgl" not in service.do("sh", "-c", "cat /proc/[0-9]*/comm").split()
    assert not [each for each in service.path("/etc/systemd/system").rglob("*.wants/tgl*")]
    assert service.path("/etc/tgl/tgl.env").exists() and service.path("/var/lib/tgl/db/user.session").exists()


def test_purging_leaves_only_the_data_and_says_so(service):
    done = service.run("apt-get", "purge", "--quiet", "--assume-yes", "tgl")
    assert done.returncode == 0 and "stay in /var/lib/tgl" in done.stdout + done.stderr
    left = service.do("find", "/", "-xdev", "-name", "*tgl*", "-not", "-path", "/proc/*").splitlines()
    # The folders in which the administrator, here this test, has put something, and the package that was installed.
    kept = ["/etc/tgl", "/etc/systemd/system/tgl.service.d", "/root/", "/var/lib/tgl"]
    assert [each for each in left if not each.startswith(tuple(kept))] == []
    assert sorted(each.name for each in service.path("/etc/tgl").iterdir()) == ["credentials", "sandbox.pem"]
    assert service.path("/var/lib/tgl/db/messages.db").exists()
