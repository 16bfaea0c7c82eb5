"""Rows of results, judged against their targets, as Markdown and JSON."""

import dataclasses
import json
import os
import pathlib
import platform
import sqlite3
import ssl
import statistics
import subprocess
import sys


@dataclasses.dataclass(frozen=True)
class Target:
    """What the median has to be: a number, or a multiple of a peer's median."""

    at_most: float | None = None
    at_least: float | None = None
    of: str | None = None
    subject: str = "tgl"

    def measured(self, medians):
        """The number that is compared; nil when a side of it is not there."""
        if self.subject not in medians or (self.of and not medians.get(self.of)):
            return None
        return medians[self.subject] / medians[self.of] if self.of else medians[self.subject]

    def is_met(self, medians):
        number = self.measured(medians)
        if number is None:
            return None
        return (self.at_most is None or number <= self.at_most) and (self.at_least is None or number >= self.at_least)

    def text(self):
        bound = f"≤ {short(self.at_most)}" if self.at_most is not None else f"≥ {short(self.at_least)}"
        return f"{bound} × {self.of}" if self.of else bound


@dataclasses.dataclass
class Row:
    """One thing that was measured, of each who did it."""

    what: str
    unit: str
    values: dict[str, list[float]]
    target: Target | None = None
    note: str = ""

    @property
    def medians(self):
        return {name: statistics.median(values) for name, values in self.values.items() if values}

    def json(self):
        target = self.target
        return {
            "what": self.what,
            "unit": self.unit,
            "medians": self.medians,
            "values": self.values,
            "target": target and {**dataclasses.asdict(target), "measured": target.measured(self.medians), "met": target.is_met(self.medians)},
            "note": self.note,
        }


def short(number):
    """Three figures are all that such measurements are worth."""
    if number == 0:
        return "0"
    if abs(number) >= 1000:
        return f"{number:,.0f}".replace(",", " ")
    digits = f"{number:.3g}"
    return f"{float(digits):g}"


def cell(values):
    """Median, and in brackets the smallest and the largest."""
    if not values:
        return ""
    middle = short(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({short(min(values))}–{short(max(values))})"


def markdown(title, rows):
    """One table; who did it, in the order they first appear, are the columns."""
    peers = list(dict.fromkeys(name for row in rows for name in row.values))
    lines = [f"### {title}", ""]
    lines.append(f"| | unit | {' | '.join(peers)} | target | measured | |")
    lines.append("|---|---|" + "---:|" * (len(peers) + 2) + "---|")
    for row in rows:
        target, medians = row.target, row.medians
        measured = target.measured(medians) if target else None
        met = {True: "met", False: "**missed**", None: ""}[target.is_met(medians) if target else None]
        values = " | ".join(cell(row.values.get(name, [])) for name in peers)
        note = f" ({row.note})" if row.note else ""
        lines.append(
            f"| {row.what}{note} | {row.unit} | {values} | {target.text() if target else ''} | "
            f"{short(measured) if measured is not None else ''} | {met} |"
        )
    return "\n".join(lines) + "\n"


def machine():
    """What the numbers were measured on."""
    model = next(
        (line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
        platform.machine(),
    )
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "memory": f"{gibibytes:.0f} GiB",
        "system": f"{release}, Linux {platform.release()}",
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
        "openssl": ssl.OPENSSL_VERSION,
    }


def revision(folder):
    done = subprocess.run(["git", "-C", str(folder), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def write(folder, about, suites):
    """`bench.md` and `bench.json` in a folder; `suites` are (name, title, rows)."""
    folder.mkdir(parents=True, exist_ok=True)
    text = ["## Results", ""]
    text += [f"- {name}: {value}" for name, value in about.items()]
    text.append("")
    text += [markdown(title, rows) for _, title, rows in suites]
    (folder / "bench.md").write_text("\n".join(text))
    data = {"about": about, "suites": {name: {"title": title, "rows": [row.json() for row in rows]} for name, title, rows in suites}}
    (folder / "bench.json").write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
