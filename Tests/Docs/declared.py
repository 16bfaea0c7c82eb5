"""What the real programs declare: options, settings; and what the build does."""

import functools
import json
import os
import re
import subprocess

from pages import ROOT


def folder():
    path = os.environ.get("TGL_BIN")
    assert path, "TGL_BIN does not say where tgl is"
    return path


def ask(program, *arguments):
    return subprocess.run(
        [os.path.join(folder(), program), *arguments], capture_output=True, text=True, check=True, timeout=60
    ).stdout


@functools.cache
def program(name):
    """The tree of a program's commands."""
    return json.loads(ask(name, "--experimental-dump-help"))["command"]


@functools.cache
def settings():
    """Names of all settings."""
    return set(re.findall(r"^\| `([A-Z][A-Z0-9_]*)`", ask("tgl", "settings-reference"), re.M))


# Names of the Python service that still work.
LEGACY_SETTINGS = {"TELEGRAM_DELETED_MEDIA_KEY_B64"}


@functools.cache
def targets():
    """What `make` can be told to do."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.M))


def exit_codes():
    """Every exit code there is, by sysexits' number."""
    text = (ROOT / "Sources/tgl/Render/CommandFailure.swift").read_text()
    body = re.search(r"enum ExitStatus: Int32 \{(.*?)\n\}", text, re.S)[1]
    # 0 and 64 (usage) are ArgumentParser's own.
    return {0, 64} | {int(number) for number in re.findall(r"case \w+ = (\d+)", body)}


class CommandError(Exception):
    pass


def check(words):
    """Says what is wrong with a command line of one of our programs, as its parser would."""
    tree = program(words[0])
    path, options, positionals = [words[0]], {}, []
    declare(tree, options, positionals)
    rest, given, only_positionals = list(words[1:]), [], False
    while rest:
        word = rest.pop(0)
        if word == "--" and not only_positionals:
            only_positionals = True
        elif word.startswith("-") and len(word) > 1 and not only_positionals:
            flag, _, value = word.partition("=")
            if flag not in options:
                raise CommandError(f"{' '.join(path)} has no option {flag}")
            argument = options[flag]
            if argument["kind"] == "flag":
                if value:
                    raise CommandError(f"{flag} takes no value")
                continue
            if "=" not in word:
                if not rest:
                    raise CommandError(f"{flag} needs a value")
                value = rest.pop(0)
            accept(argument, value, flag)
        else:
            subcommand = next(
                (each for each in tree.get("subcommands", []) if each["commandName"] == word and not given), None
            )
            if subcommand and not only_positionals:
                tree, positionals = subcommand, []
                path.append(word)
                declare(tree, options, positionals)
            else:
                given.append(word)
    if tree.get("subcommands") and path[-1] != "help" and not given and len(words) > 1 and len(path) == 1:
        if not {"--help", "-h", "--version"} & set(words):
            raise CommandError(f"{' '.join(words)} names no command")
    if path[-1] == "help":
        return
    if len(given) > len(positionals) and not any(each["isRepeating"] for each in positionals):
        raise CommandError(f"{' '.join(path)} does not take {given[len(positionals):]}")
    needed = [each for each in positionals if not each["isOptional"]]
    if len(given) < len(needed) and not {"--help", "-h"} & set(words):
        raise CommandError(f"{' '.join(path)} needs <{needed[len(given)]['valueName']}>")


def declare(tree, options, positionals):
    for argument in tree.get("arguments", []):
        if argument["kind"] == "positional":
            positionals.append(argument)
        for each in argument.get("names", []):
            dashes = "--" if each["kind"] == "long" else "-"
            options[dashes + each["name"]] = argument


def accept(argument, value, flag):
    values = argument.get("allValues")
    if values and value not in values and not value.isupper():
        raise CommandError(f"{flag} {value}: accepted are {', '.join(values)}")
    if flag == "--set":
        name = value.partition("=")[0]
        # A placeholder, as in --set NAME=VALUE, stands for any.
        if name != "NAME" and name not in settings() | LEGACY_SETTINGS:
            raise CommandError(f"--set {name} names no setting")
