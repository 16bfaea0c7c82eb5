"""Media as Telethon has it in memory: every kind of it, filled at random from Telethon's own declarations."""

import base64
import datetime
import functools
import inspect
import json
import pickle
import random
import re
import sys
import typing
import zlib

from telethon.tl import types
from telethon.tl.alltlobjects import tlobjects

ALL = [item for item in tlobjects.values() if item.__module__.startswith("telethon.tl.types")]
NAMESPACES = ["messages", "help", "payments", "stories", "updates", "channels"]
KINDS = sorted(
    name for name, item in vars(types).items() if inspect.isclass(item) and re.match(r"MessageMedia[A-Z]", name)
)


def constructors(annotation):
    """The classes of a boxed type, which Telethon names `TypePhoto`; some stand in a namespace of the schema's."""
    name = annotation.removeprefix("Type")
    for full in [name, *(f"{space}.{name}" for space in NAMESPACES)]:
        found = [item for item in ALL if item.SUBCLASS_OF_ID == zlib.crc32(full.encode())]
        if found:
            return found
    raise AssertionError(f"no constructor of {annotation}")


def parameters(cls):
    """Fields by name, with their types; classes without any inherit the constructor of all objects."""
    found = inspect.signature(cls.__init__).parameters if "__init__" in vars(cls) else {}
    return {name: parameter.annotation for name, parameter in found.items() if name != "self"}


@functools.cache
def height(cls, limit=12):
    """How deep an object must at least be."""
    if limit == 0:
        return 100
    inner = [item for item in parameters(cls).values() if isinstance(item, str)]
    return 1 + max((min(height(choice, limit - 1) for choice in constructors(item)) for item in inner), default=0)


class Maker:
    """Values of Telethon's types, the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def media(self, kind):
        return self.object(getattr(types, kind), 0)

    def object(self, cls, depth):
        """An object that Telethon itself can write down."""
        for attempt in range(200):
            # Fields that share a flag must be there together: leaving all out always works.
            optional = 0.5 if attempt < 100 and depth < 6 else 0.0
            arguments = {
                name: self.value(annotation, depth + 1, name, optional) for name, annotation in parameters(cls).items()
            }
            made = cls(**arguments)
            try:
                made._bytes()
                return made
            except AssertionError:
                continue
        raise AssertionError(f"no {cls.__name__} can be made")

    def value(self, annotation, depth, name, optional):
        if isinstance(annotation, str):
            annotation = typing.ForwardRef(annotation)
        text = getattr(annotation, "__forward_arg__", None)
        if text:
            choices = constructors(text)
            # Deep down only what holds nothing further.
            if depth > 6:
                choices = [min(choices, key=height)]
            return self.object(self.random.choice(choices), depth)
        origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Union:
            if self.random.random() >= optional:
                return None
            (kept,) = [item for item in inner if item is not type(None)]
            # Telethon takes False for absent.
            return True if kept is bool else self.value(kept, depth, name, optional)
        if origin is list:
            count = self.random.randint(0, 3 if depth < 5 else 0)
            return [self.value(inner[0], depth, name, optional) for _ in range(count)]
        if annotation is int:
            return self.random.randint(-(2**63), 2**63 - 1) if name == "access_hash" else self.random.randint(0, 2**31 - 1)
        if annotation is str:
            return self.random.choice(["", "plain", "Жёлтый 🙂", "a\nb\0c\\u0041", "x" * 300])
        if annotation is bytes:
            return self.random.choice([b"", b"\0\xff\n\\u0041", bytes(range(256)) * 2])
        if annotation is float:
            return self.random.choice([0.0, -1.5, 59.93428, 1e300])
        if annotation is bool:
            return self.random.random() < 0.5
        if annotation is datetime.datetime:
            return datetime.datetime.fromtimestamp(self.random.randint(1, 2**31 - 1), datetime.timezone.utc)
        raise AssertionError(f"no value for {annotation!r}")


def main():
    """Prints `count` media of each kind, pickled with every protocol, and as Telethon writes them to the server."""
    count, seed = int(sys.argv[2]), int(sys.argv[3])
    maker = Maker(seed)
    for kind in KINDS:
        for _ in range(count):
            media = maker.media(kind)
            print(
                json.dumps(
                    {
                        "kind": kind,
                        "bytes": base64.b64encode(bytes(media)).decode(),
                        "pickles": [
                            base64.b64encode(pickle.dumps(media, protocol)).decode()
                            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
                        ],
                    }
                )
            )
