"""Known answers for the TL codec, made and checked by Telethon and Kurigram.

    tl_vectors.py write FILE [--seed N] [--count N]   random values of every constructor and function, encoded by both
    tl_vectors.py check FILE                          decode and encode again what our codec wrote

A line is {"schema": "api", "by": "telethon", "hex": "...", "value": {...}}, the value in the shape that
`TLSchema.writeJSON` documents. The last line of `check` is a summary; it fails when anything differs.
The Swift tests run this (TGL_PYTHON names the interpreter). Field names and types come from the table in
Sources/TL/Generated; numbers and bytes come from the two libraries alone.
"""

import argparse
import base64
import collections
import datetime
import inspect
import io
import json
import math
import pathlib
import random
import re
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLES = {"api": "APITable.swift", "mtproto": "MTProtoTable.swift"}

# MTProto's own messages that the libraries handle by hand and not through their schema code, and two with a field
# that is bytes in our table and text in theirs.
BY_HAND = {
    "message", "msg_container", "msg_copy", "rpc_result", "gzip_packed", "future_salt", "future_salts",
    "msgs_state_info", "msgs_all_info",
}

Field = collections.namedtuple("Field", "name type flags bit")


class Combinator:
    def __init__(self, line, is_function):
        head, _, self.result = line.rpartition("=")
        words = head.split()
        self.name, number = words[0].split("#")
        self.id = int(number, 16)
        self.is_function = is_function
        self.fields = []
        for word in words[1:]:
            name, type_ = word.split(":", 1)
            match = re.match(r"(\w+)\.(\d+)\?(.*)", type_)
            if match:
                self.fields.append(Field(name, match[3], match[1], int(match[2])))
            else:
                self.fields.append(Field(name, type_, None, None))


class Schema:
    def __init__(self, name):
        self.name = name
        swift = (ROOT / "Sources/TL/Generated" / TABLES[name]).read_text()
        text = swift.split('#"""\n', 1)[1].split('\n"""#', 1)[0]
        self.combinators = []
        self.names = {}
        self.types = collections.defaultdict(list)
        is_function = False
        for line in text.splitlines():
            if line.startswith("---"):
                is_function = line == "---functions---"
            elif not line.startswith("//"):
                combinator = Combinator(line, is_function)
                if combinator.name in self.names:
                    combinator.name += "#%08x" % combinator.id
                self.names[combinator.name] = combinator
                self.combinators.append(combinator)
                if not is_function:
                    self.types[combinator.result].append(combinator)
        self.plain_functions = [
            c for c in self.combinators if c.is_function and all(f.type != "!X" for f in c.fields)
        ]
        self.shortest = {}
        changed = True
        while changed:
            changed = False
            for name, combinators in self.types.items():
                if name in self.shortest:
                    continue
                for combinator in combinators:
                    if all(f.flags or not self.is_boxed(f.type) or f.type in self.shortest for f in combinator.fields):
                        self.shortest[name] = combinator
                        changed = True
                        break

    def is_boxed(self, type_):
        return type_ in self.types

    def by_hand(self, combinator):
        return self.name == "mtproto" and (
            combinator.name in BY_HAND or any(self.element(f.type) in BY_HAND or f.type == "Object" for f in combinator.fields)
        )

    @staticmethod
    def element(type_):
        return type_[7:-1] if type_.lower().startswith("vector<") else type_


# Random values


class Generator:
    def __init__(self, schema, seed):
        self.schema = schema
        self.random = random.Random(seed)

    def value(self, combinator, depth=0):
        out = {"_": combinator.name}
        bits = {}
        for field in combinator.fields:
            if field.type == "#":
                bits[field.name] = 0 if depth > 3 else self.random.getrandbits(32)
                continue
            if field.flags and not bits[field.flags] >> field.bit & 1:
                continue
            out[field.name] = self.field(field, depth)
        return out

    def field(self, field, depth):
        if field.type == "Bool" and field.flags:
            return True  # Telethon takes False for absent.
        if field.name in ("chat_id", "channel_id") and field.type == "long":
            return str(self.random.randint(1, 10**10 - 1))
        value = self.of(field.type, depth)
        if value == [] and field.flags:
            value = [self.of(self.schema.element(field.type), depth + 1)]  # Kurigram takes [] for absent.
        return value

    def of(self, type_, depth):
        r = self.random
        if type_ == "int":
            return r.choice([0, 1, -1, -(2**31), 2**31 - 1] + [r.randint(-(2**31), 2**31 - 1)] * 3)
        if type_ == "long":
            return str(r.choice([0, -1, -(2**63), 2**63 - 1] + [r.randint(-(2**63), 2**63 - 1)] * 3))
        if type_ == "double":
            return double_json(struct.unpack("<d", struct.pack("<Q", r.getrandbits(64)))[0] if r.random() < 0.7 else r.choice([0.0, -0.0, 1.0, math.inf, -math.inf, 5e-324, 1e16]))
        if type_ == "string":
            return "".join(r.choice('aZ0 "\\/\n\0\x1f\x7féж€\u2028👩‍👩‍👧🇺🇦\ufeff') for _ in range(self.length()))
        if type_ == "bytes":
            return base64_text(r.randbytes(self.length()))
        if type_ in ("int128", "int256"):
            return base64_text(r.randbytes(int(type_[3:]) // 8))
        if type_ == "Bool":
            return r.random() < 0.5
        if type_ == "true":
            return True
        if type_.lower().startswith("vector<"):
            return [self.of(type_[7:-1], depth + 1) for _ in range(0 if depth > 3 else r.randint(0, 3))]
        if type_ == "!X":
            return self.value(r.choice(self.schema.plain_functions), depth + 1)
        if type_ in self.schema.names and not self.schema.is_boxed(type_):
            return self.value(self.schema.names[type_], depth + 1)
        combinator = self.schema.shortest[type_] if depth > 3 else r.choice(self.schema.types[type_])
        return self.value(combinator, depth + 1)

    def length(self):
        r = self.random.random()
        return self.random.randint(250, 260) if r < 0.03 else 70_000 if r < 0.0302 else self.random.randint(0, 12)


def base64_text(data):
    return base64.b64encode(data).decode()


def double_json(value):
    if math.isfinite(value):
        return value
    bits = struct.unpack("<Q", struct.pack("<d", value))[0]
    return {0x7FF0 << 48: "inf", 0xFFF0 << 48: "-inf", 0x7FF8 << 48: "nan"}.get(bits, "0x%x" % bits)


def double_value(value):
    if isinstance(value, str):
        if value.startswith("0x"):
            return struct.unpack("<d", struct.pack("<Q", int(value, 16)))[0]
        return float(value)
    return float(value)


# The libraries


class Library:
    """Builds a library's objects from values and values from its objects."""

    def __init__(self, schema):
        self.schema = schema
        self.by_id = {c.id: c for c in schema.combinators}
        self.arguments = {}

    def parameters(self, combinator, class_):
        """The library's argument of each field; some names are words of Python."""
        if combinator.id not in self.arguments:
            known = {
                n
                for n, p in inspect.signature(class_.__init__).parameters.items()
                if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
            }
            names = {}
            for field in combinator.fields:
                if field.type == "#":
                    continue
                found = [n for n in (field.name, field.name + "_", "is_" + field.name, field.name + "_peer") if n in known]
                if not found or (field.name == "self" and len(found) > 1):
                    found = ["is_" + field.name]
                names[field.name] = found[0]
            extra = known - set(names.values()) - {"self"}
            # Telethon's three message constructors share one class.
            if extra and not class_.__module__.startswith("telethon.tl.patched"):
                raise AssertionError(f"{combinator.name}: the schema has no {extra}")
            self.arguments[combinator.id] = names
        return self.arguments[combinator.id]

    def build(self, value):
        combinator = self.schema.names[value["_"]]
        class_ = self.class_of(combinator)
        names = self.parameters(combinator, class_)
        arguments = {n: None for n in names.values()}
        for field in combinator.fields:
            if field.name in value:
                arguments[names[field.name]] = self.native(field.type, value[field.name])
        return class_(**arguments)

    def native(self, type_, value):
        if type_ == "long":
            return int(value)
        if type_ == "double":
            return double_value(value)
        if type_ == "bytes":
            return base64.b64decode(value)
        if type_ in ("int128", "int256"):
            return int.from_bytes(base64.b64decode(value), "little", signed=True)
        if type_.lower().startswith("vector<"):
            return [self.native(type_[7:-1], v) for v in value]
        if isinstance(value, dict):
            return self.build(value)
        return value

    def value(self, object_):
        combinator = self.by_id[self.id_of(object_)]
        names = self.parameters(combinator, self.class_of(combinator))
        out = {"_": combinator.name}
        for field in combinator.fields:
            if field.type == "#":
                continue
            value = getattr(object_, names[field.name])
            if value is None or field.type == "true" and not value:
                continue
            if field.flags and self.empty_is_absent and isinstance(value, list) and not value:
                continue
            out[field.name] = self.json(field.type, value)
        return out

    def json(self, type_, value):
        if type_ == "int" and isinstance(value, datetime.datetime):
            return round((value - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)).total_seconds())
        if type_ == "long":
            return str(value)
        if type_ == "double":
            return double_json(value)
        if type_ == "bytes":
            return base64_text(value)
        if type_ in ("int128", "int256"):
            return base64_text(value.to_bytes(int(type_[3:]) // 8, "little", signed=True))
        if type_.lower().startswith("vector<"):
            return [self.json(type_[7:-1], v) for v in value]
        if type_ in ("int", "string", "Bool", "true"):
            return value
        return self.value(value)


class Telethon(Library):
    name = "telethon"
    empty_is_absent = False

    def __init__(self, schema):
        super().__init__(schema)
        from telethon.extensions import BinaryReader
        from telethon.tl.alltlobjects import tlobjects

        self.classes = tlobjects
        self.reader = BinaryReader

    def class_of(self, combinator):
        return self.classes.get(combinator.id)

    def id_of(self, object_):
        return object_.CONSTRUCTOR_ID

    def encode(self, value):
        return bytes(self.build(value))

    def decode(self, data):
        reader = self.reader(data)
        object_ = reader.tgread_object()
        assert reader.tell_position() == len(data), "bytes left"
        return object_

    def again(self, object_):
        return bytes(object_)

    def cannot(self, value):
        """What Telethon does not write as it read it: an optional False and a message's empty media become absent,
        chat ids out of range are turned around inside messages, and one function has an unsigned id."""

        def test(name, field, v):
            if field.type == "Bool":
                return field.flags and v is False
            if name == "message" and field.name == "media":
                return v["_"] == "messageMediaEmpty"
            if name == "channels.getMessageAuthor" and field.name == "id":
                return v < 0
            return field.name in ("chat_id", "channel_id") and not 0 < int(v) < 10**10

        return contains(self.schema, value, test)


class Kurigram(Library):
    name = "kurigram"
    empty_is_absent = True
    # Kurigram guesses a vector's element from the bytes left; bytes behind the value keep it from guessing wrong.
    PADDING = bytes(4096)
    # It reads the bare vectors in these as boxed ones.
    BARE = {"accessPointRule", "help.configSimple#5a592a6c"}

    def __init__(self, schema):
        super().__init__(schema)
        from pyrogram import raw

        self.classes = raw.all.objects
        self.object = raw.core.TLObject

    def class_of(self, combinator):
        class_ = self.classes.get(combinator.id)
        return None if class_ is None or combinator.name in self.BARE or ".core." in class_.__module__ else class_

    def id_of(self, object_):
        return object_.ID

    def encode(self, value):
        return self.build(value).write()

    def decode(self, data):
        stream = io.BytesIO(data + self.PADDING)
        object_ = self.object.read(stream)
        assert stream.tell() == len(data), "bytes left"
        return object_

    def again(self, object_):
        return object_.write()

    def cannot(self, value):
        """Kurigram writes an optional empty vector as absent."""
        return contains(self.schema, value, lambda name, field, v: field.flags and v == [])


def contains(schema, value, test):
    if isinstance(value, list):
        return any(contains(schema, v, test) for v in value)
    if not isinstance(value, dict) or "_" not in value:
        return False
    fields = {f.name: f for f in schema.names[value["_"]].fields}
    return any(test(value["_"], fields[k], v) or contains(schema, v, test) for k, v in value.items() if k != "_")


def libraries(schema):
    return [Telethon(schema), Kurigram(schema)]


def write(path, seed, count):
    with open(path, "w") as out:
        for name in TABLES:
            schema = Schema(name)
            for library in libraries(schema):
                generator = Generator(schema, f"{seed} {library.name}")
                for combinator in schema.combinators:
                    if schema.by_hand(combinator) or not library.class_of(combinator):
                        continue
                    for _ in range(count if combinator.fields else 1):
                        value, data = encoded(generator, library, combinator)
                        line = {"schema": name, "by": library.name, "hex": data.hex(), "value": value}
                        out.write(json.dumps(line) + "\n")


def encoded(generator, library, combinator):
    while True:
        value = generator.value(combinator)
        if not library.cannot(value):
            return value, library.encode(value)


def check(path):
    counts = collections.Counter()
    failures = []
    schemas = {name: Schema(name) for name in TABLES}
    all_libraries = {name: libraries(schema) for name, schema in schemas.items()}
    with open(path) as lines:
        for text in lines:
            line = json.loads(text)
            schema = schemas[line["schema"]]
            combinator = schema.names[line["value"]["_"]]
            data = bytes.fromhex(line["hex"])
            for library in all_libraries[line["schema"]]:
                if schema.by_hand(combinator) or not library.class_of(combinator):
                    counts[library.name + " without"] += 1
                    continue
                try:
                    object_ = library.decode(data)
                    if not library.cannot(line["value"]):
                        assert library.again(object_) == data, "encoded differently"
                        value = library.value(object_)
                        assert value == line["value"], f"decoded as {json.dumps(value)}"
                        counts[library.name] += 1
                    else:
                        counts[library.name + " decoded only"] += 1
                except Exception as error:  # noqa: BLE001: every kind of failure is reported
                    failures.append(f"{library.name}: {combinator.name}: {error!r}: {text.strip()}")
    for failure in failures[:20]:
        print(failure[:2000], file=sys.stderr)
    print(json.dumps({"failures": len(failures), **counts}))
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    writer = commands.add_parser("write")
    writer.add_argument("file")
    writer.add_argument("--seed", type=int, default=0)
    writer.add_argument("--count", type=int, default=2)
    commands.add_parser("check").add_argument("file")
    arguments = parser.parse_args()
    if arguments.command == "write":
        write(arguments.file, arguments.seed, arguments.count)
        return 0
    return check(arguments.file)


if __name__ == "__main__":
    sys.exit(main())
