"""Takes the shell lines of the documentation apart."""

import re
import shlex
import subprocess

# What a command in the documentation may begin with; another one is a slip, or is added here.
PROGRAMS = set(
    """
    apt apt-get cat cd chmod chown cp curl date df docker du echo export getcap git gpg install journalctl jq less ls
    lintian loginctl ln make man mkdir mpv mv podman printf promtool python3 read reboot restic rm rsync scp sed set sha256sum
    sleep sops sqlite3 ssh stat su sudo swift systemctl systemd-analyze systemd-creds systemd-run systemd-tmpfiles tail tar
    test tgl tgl-sandbox timedatectl tmux touch umask useradd sudoedit systemd-sysusers dpkg dpkg-deb debootstrap sysctl tee true
    """.split()
)
# Programs that run the command behind them.
WRAPPERS = {"sudo", "env", "exec", "nohup", "time", "docker", "podman", "systemd-run", "ssh", "su", "runuser"}
OURS = {"tgl", "tgl-sandbox"}
NAMING = {"-u", "-U", "-o", "-g", "-t", "-n", "--user", "--tag", "--name", "--unit"}
OPERATORS = set("();<>|&")


def commands(language, text):
    """The lines somebody types; of a console block, those behind "$ "."""
    if language == "sh":
        return text
    typed = [line[2:] for line in text.splitlines() if line.startswith(("$ ", "> "))]
    return "".join(line + "\n" for line in typed)


def syntax_error(text):
    """What bash says of it; nothing is run."""
    return subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True).stderr


def simple_commands(text):
    """Every simple command in it, as words without redirections."""
    text = re.sub(r"\\\n", " ", text)
    # A here-document's lines are data.
    text = re.sub(r"<<-?\s*'?(\w+)'?(.*?)\n.*?\n\s*\1\n", r"\2\n", text, flags=re.S)
    found = []
    # What a process substitution runs is a command of its own, and a file to the other.
    inner = re.findall(r"[<>]\(([^()]*)\)", text)
    text = re.sub(r"[<>]\([^()]*\)", "/dev/fd/63", text)
    for line in [*inner, *text.splitlines()]:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        lexer.commenters = ""
        words, skip = [], False
        for word in lexer:
            if word.startswith("#"):
                break
            if word and set(word) <= OPERATORS:
                if "<" in word or ">" in word:
                    # The file of a redirection is no argument.
                    skip = True
                    if words and words[-1].isdigit():
                        words.pop()
                    continue
                found.append(words)
                words = []
                continue
            if skip:
                skip = False
                continue
            words.append(word)
        found.append(words)
    return [words for words in found if words]


def assignments(words):
    """Names of the variables before a command, and the command."""
    names = []
    while words and (match := re.match(r"([A-Za-z_]\w*)=", words[0])):
        names.append(match[1])
        words = words[1:]
    return names, words


def ours(words):
    """The command lines of our own programs in a simple command, behind wrappers too."""
    _, words = assignments(words)
    if not words:
        return []
    base = program(words[0])
    if base in OURS:
        return [[base, *words[1:]]]
    if base not in WRAPPERS:
        return []
    # `docker exec tgl tgl health`: the first is the container's name, the last the program.
    # A name behind -u, -g, -t or --name is that of a user, a group, an image or a container.
    named = [
        index
        for index in range(1, len(words) - 1)
        if program(words[index]) in OURS and words[index - 1] not in NAMING
    ]
    return [[program(words[named[-1]]), *words[named[-1] + 1 :]]] if named else []


def program(word):
    """The last part of a path, or of an image's name without its tag."""
    last = word.rsplit("/", 1)[-1]
    return last.partition(":")[0] if "/" in word else last
