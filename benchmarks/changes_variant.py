"""One comparison of two days in a separate process.

``python -m benchmarks.changes_variant NAME FOLDER`` prints one JSON document. What was confirmed is made by
another process before (``NAME prepare``), as it is on the day before.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks.changes_account import ACCOUNT, LIST, write_mirror
from benchmarks.peers.changes import DuckDb, Pandas
from benchmarks.variant import _peak_memory

if TYPE_CHECKING:
    from email_contacts.contacts.guards.settings import Guards


class Engine(Protocol):
    """Something that finds what changed."""

    def prepare(self, yesterday: Path, snapshot: Path) -> None:
        """Keep what was confirmed."""
        ...

    def read(self, today: Path) -> None:
        """Take today's rows in."""
        ...

    def compare(self, snapshot: Path, out: Path) -> tuple[int, int, int]:
        """Find new, changed and gone."""
        ...


class Ours:
    """A preparation whose contacts are compared with a snapshot; the comparison's share of it is timed."""

    def prepare(self, yesterday: Path, snapshot: Path) -> None:
        """Prepare and confirm the day before."""
        from email_contacts.contacts.snapshot.confirming import confirm

        stage = snapshot.parent / "stage-of-yesterday"
        manifest = self._prepared(yesterday, stage, snapshot)
        confirm(manifest.changes, snapshot, stage)

    def read(self, today: Path) -> None:
        """Validate every row; they wait in a file."""
        self._today = today

    def compare(self, snapshot: Path, out: Path) -> tuple[int, int, int]:
        """Prepare, and keep how long the comparison took of it."""
        from email_contacts.contacts import build_batches
        from email_contacts.contacts.snapshot.comparison import Comparison

        timed = _timed(Comparison)
        vars(build_batches)["Comparison"] = timed
        changes = self._prepared(self._today, out, snapshot).changes
        self.seconds = timed.seconds
        return changes.new, changes.changed, changes.gone

    def _prepared(self, source: Path, stage: Path, snapshot: Path) -> Any:
        from benchmarks.account import ATTRIBUTES
        from email_contacts.contacts import Options, prepare
        from email_contacts.contacts.snapshot.changes import ChangesSince

        options, since = Options(account_attributes=ATTRIBUTES), ChangesSince(folder=snapshot, name="bench")
        return prepare(source, stage, options, changes_since=since, guards=self._guards(snapshot))

    def _guards(self, snapshot: Path) -> Guards | None:
        return None


class Guarded(Ours):
    """The same, with every row looked up in a mirror of the account before; the look-ups are timed."""

    def prepare(self, yesterday: Path, snapshot: Path) -> None:
        """Prepare and confirm the day before, and write the mirror."""
        with yesterday.open("rb") as file:
            rows = sum(1 for _ in file) - 1
        Ours().prepare(yesterday, snapshot)
        write_mirror(_mirror_of(snapshot), "bench", rows)

    def compare(self, snapshot: Path, out: Path) -> tuple[int, int, int]:
        """Prepare, and keep how long the look-ups took of it."""
        from email_contacts.contacts import build_batches

        original = vars(build_batches)["hold_back"]

        def hold_back(*arguments: Any, **named: Any) -> Any:
            started = perf_counter()
            held_back = original(*arguments, **named)
            self.guarding = perf_counter() - started
            self.held_back = dict(held_back.reasons)
            return held_back

        vars(build_batches)["hold_back"] = hold_back
        return super().compare(snapshot, out)

    def _guards(self, snapshot: Path) -> Guards:
        from email_contacts.contacts.guards.settings import Guards

        return Guards(folder=_mirror_of(snapshot), name="bench", account=ACCOUNT, lists=(LIST,))


def _mirror_of(snapshot: Path) -> Path:
    return snapshot / "mirror"


def _timed(comparison: Any) -> Any:
    """Make a comparison that adds up the time that is spent in it."""

    class Timed(comparison):  # type: ignore[misc]
        seconds = 0.0

    def timing(name: str) -> Any:
        original = getattr(comparison, name)

        def call(*arguments: Any, **named: Any) -> Any:
            started = perf_counter()
            try:
                return original(*arguments, **named)
            finally:
                Timed.seconds += perf_counter() - started

        return call

    for name in ("__init__", "unchanged", "note", "finish"):
        setattr(Timed, name, timing(name))
    return Timed


ENGINES = {"ours": Ours, "guards": Guarded, "pandas": Pandas, "duckdb": DuckDb}


def main(name: str, folder: Path, step: str) -> dict[str, Any]:
    """Do one step.

    :return: for ``compare``: seconds of the whole, of the comparison and of the guards, memory, and what was
        found.
    """
    engine: Any = ENGINES[name]()
    snapshot = folder / f"snapshot-{name}"
    if step == "prepare":
        engine.prepare(folder / "yesterday.csv", snapshot)
        return {}
    started = perf_counter()
    engine.read(folder / "today.csv")
    is_read = perf_counter()
    found = engine.compare(snapshot, folder / f"out-{name}")
    ended = perf_counter()
    comparing = getattr(engine, "seconds", ended - is_read)
    return {
        "seconds": ended - started,
        "comparing": comparing,
        "guarding": getattr(engine, "guarding", 0.0),
        "held_back": getattr(engine, "held_back", {}),
        "memory": _peak_memory(),
        "found": list(found),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))
