"""All contacts out of the sandbox: ours against the official SDK, page after page.

``python -m benchmarks.export [CONTACTS] [--strict] [--latency SECONDS] [--only VARIANT]``

The sandbox takes ten requests a second, as the platform documents, and each answer takes a while. Meanwhile a
writer adds, changes and deletes contacts. Each export runs in a separate process; whoever existed throughout
must be in it, once. The SDK (``brevo-python``) is asked for one page of 1,000 after the other, with its own
retries after a 429; what it misses and repeats is counted as well.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PER_SECOND = 10
PAGE = 1_000
LIMIT = 350
WANTED = 0.95
NAMES = {"parquet": "ours, Parquet", "ndjson": "ours, NDJSON", "sdk": "SDK, sequential"}


@dataclass(frozen=True)
class Exported:
    """What one of them took.

    :param requests: that were made; None where it does not say.
    :param missed: contacts that existed throughout and are not in it.
    :param repeated: contacts that are in it more than once.
    """

    seconds: float
    memory: int
    contacts: int
    requests: int | None
    missed: int
    repeated: int

    @property
    def per_second(self) -> float:
        """Contacts a second."""
        return self.contacts / self.seconds


def main() -> int:
    """Measure, compare, print.

    :return: 0 when ours missed and repeated nobody and, when strict, every limit is kept.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contacts", nargs="?", type=lambda text: int(text.replace("_", "")), default=100_000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds of each answer (%(default)s)")
    parser.add_argument("--strict", action="store_true", help="fail when a limit is missed")
    parser.add_argument("--only", choices=NAMES, action="append", help="run only these")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="export-bench-"))
    try:
        database = folder / "seed.db"
        _run("seed", database, asked.contacts)
        found = {name: _measure(name, folder, asked.contacts, asked.latency) for name in asked.only or NAMES}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    console = Console(highlight=False, width=110)
    console.print(_table(found, asked.contacts, asked.latency))
    ours = {name: one for name, one in found.items() if name != "sdk"}
    wrong = [name for name, one in ours.items() if one.missed or one.repeated]
    for name in wrong:
        console.print(f"{name} missed {ours[name].missed} and repeated {ours[name].repeated}")
    missed = list(_missed(ours))
    for line in missed:
        console.print(f"MISSED: {line}")
    return 1 if wrong or (asked.strict and missed) else 0


def _table(found: dict[str, Exported], contacts: int, latency: float) -> Table:
    table = Table(title=f"{contacts:,} contacts, {PER_SECOND} requests a second, {latency:g} s each")
    table.add_column("", no_wrap=True)
    for heading in ("seconds", "contacts/s", "of limit", "requests", "missed", "repeated", "peak MB"):
        table.add_column(heading, justify="right")
    sdk = found.get("sdk")
    if sdk:
        table.add_column("SDK's time")
    for name, one in found.items():
        table.add_row(
            NAMES[name],
            f"{one.seconds:.1f}",
            f"{one.per_second:,.0f}",
            f"{one.per_second / (PER_SECOND * PAGE):.1%}",
            str(one.requests or ""),
            str(one.missed),
            str(one.repeated),
            f"{one.memory / 1e6:.0f}",
            *([f"{sdk.seconds / one.seconds:.2f}x"] if sdk else []),
        )
    return table


def _missed(ours: dict[str, Exported]) -> Iterator[str]:
    for name, one in ours.items():
        if one.memory > LIMIT * 1e6:
            yield f"{name} takes more than {LIMIT} MB"
        if one.per_second < WANTED * PER_SECOND * PAGE:
            yield f"{name} uses less than {WANTED:.0%} of the limit"


def _measure(name: str, folder: Path, contacts: int, latency: float) -> Exported:
    database, out, gone = folder / f"{name}.db", folder / f"out-{name}", folder / f"gone-{name}.json"
    shutil.copy(folder / "seed.db", database)
    with _platform(database, latency) as url, _writer(database, contacts) as deleted:
        said = json.loads(_run(name, out, url))
    gone.write_text(json.dumps(sorted(deleted)))
    checked = json.loads(_run("check", out, contacts, gone))
    shutil.rmtree(out)
    database.unlink()
    return Exported(**said, **checked)


@contextmanager
def _platform(database: Path, latency: float) -> Iterator[str]:
    """Run the sandbox in a process of its own; give its address."""
    command = [
        *(sys.executable, "-m", "email_contacts.sandbox", "--database", str(database), "--port", "0"),
        *("--contacts-per-second", str(PER_SECOND), "--latency-seconds", str(latency)),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().removeprefix("sandbox: ").strip()
        finally:
            server.terminate()


@contextmanager
def _writer(database: Path, contacts: int) -> Iterator[set[int]]:
    """Add, change and delete contacts ten times a second; give the ids of those that are deleted."""
    deleted: set[int] = set()
    stop = threading.Event()
    chance = random.Random(1)

    def write() -> None:
        with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as connection:
            while not stop.wait(0.1):
                some = {chance.randint(1, contacts) for _ in range(5)}
                now = time.time_ns() // 1_000_000
                connection.execute("BEGIN IMMEDIATE")
                for one in sorted(some)[:2]:
                    deleted.add(one)
                    connection.execute("DELETE FROM contacts WHERE id = ?", (one,))
                connection.executemany(
                    "UPDATE contacts SET modified_ms = ? WHERE id = ?", [(now, one) for one in some]
                )
                connection.execute(
                    "INSERT INTO contacts (attributes, created_ms, modified_ms) VALUES ('{}', ?, ?)",
                    (now, now),
                )
                connection.execute("UPDATE counters SET value = value + 1 WHERE name = 'contacts'")
                connection.execute("COMMIT")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield deleted
    finally:
        stop.set()
        thread.join()


def _run(step: str, *arguments: Any) -> str:
    command = [sys.executable, "-m", "benchmarks.export_variant", step, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
