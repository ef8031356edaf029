"""What changed between two days: ours against a merge of pandas and an anti-join of DuckDB; and the guards.

``python -m benchmarks.diff [ROWS] [--strict] [--only ours]``

1 % of the rows are new or changed, and as many left as came. Each runs in a separate process, from
today's CSV and what it kept of yesterday. Ours also validates every row, normalises it and writes the bodies;
the time of the comparison is a column of its own. So it is for pandas, which reads first;
DuckDB reads while it compares. All must find the same.

With guards, every row is also looked up in a mirror of the account, which has as many contacts: whether its
person opted out, and whether sending it would make the platform merge contacts. The column "guards" is what
that costs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.changes_account import expected_held_back
from benchmarks.changes_file import expected

LIMIT = 350
NAMES = {
    "ours": "ours",
    "guards": "ours, with guards",
    "pandas": "pandas merge",
    "duckdb": "DuckDB anti-join",
}


@dataclass(frozen=True)
class Compared:
    """What one of them took.

    :param seconds: from today's CSV to what changed.
    :param comparing: of these, without reading rows.
    :param guarding: of these, looking rows up in the mirror.
    :param memory: the most bytes of its process.
    :param found: new, changed, gone.
    """

    seconds: float
    comparing: float
    guarding: float
    memory: int
    found: tuple[int, int, int]
    held_back: dict[str, int]


def main() -> int:
    """Measure, compare, print.

    :return: 0 when all found what changed and, when strict, every limit is kept.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="?", type=lambda text: int(text.replace("_", "")), default=1_000_000)
    parser.add_argument("--strict", action="store_true", help="fail when a limit is missed")
    parser.add_argument("--only", choices=NAMES, action="append", help="run only these")
    asked = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="diff-bench-"))
    try:
        _run("changes_file", folder, asked.rows)
        found = {name: _measure(name, folder) for name in asked.only or NAMES}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    console.print(_table(found, asked.rows))
    right = expected(asked.rows)
    wrong = [name for name, one in found.items() if one.found != (right.new, right.changed, right.gone)]
    if "guards" in found and found["guards"].held_back != expected_held_back(asked.rows):
        wrong.append("guards")
    for name in wrong:
        console.print(f"{name} found {found[name].found}, {found[name].held_back}, expected {right}")
    missed = list(_missed(found))
    for line in missed:
        console.print(f"MISSED: {line}")
    return 1 if wrong or (asked.strict and missed) else 0


def _table(found: dict[str, Compared], rows: int) -> Table:
    table = Table(title=f"{rows:,} rows against {rows:,}, 1 % changed")
    table.add_column("", no_wrap=True)
    for heading in ("seconds", "comparing", "guards", "peak MB", "time of ours", "comparing alone"):
        table.add_column(heading, justify="right")
    ours = found.get("ours")
    for name, one in found.items():
        table.add_row(
            NAMES[name],
            f"{one.seconds:.1f}",
            f"{one.comparing:.1f}",
            f"{one.guarding:.1f}" if one.guarding else "",
            f"{one.memory / 1e6:.0f}",
            f"{one.seconds / ours.seconds:.2f}" if ours else "",
            f"{one.comparing / ours.comparing:.2f}" if ours else "",
        )
    return table


def _missed(found: dict[str, Compared]) -> Any:
    ours = found.get("ours")
    if ours is None:
        return
    for name in ("ours", "guards"):
        if name in found and found[name].memory > LIMIT * 1e6:
            yield f"{NAMES[name]}: more than {LIMIT} MB"
    if "guards" in found and found["guards"].guarding > ours.seconds:
        yield "the guards cost more than the diff"
    if "pandas" in found and found["pandas"].seconds < 2 * ours.seconds:
        yield "not twice as fast as pandas"
    if "duckdb" in found and found["duckdb"].seconds < ours.seconds:
        yield "slower than DuckDB"


def _measure(name: str, folder: Path) -> Compared:
    _run("changes_variant", name, folder, "prepare")
    os.sync()  # or the disk is still busy with what was written before, the more so for whoever writes
    said = json.loads(_run("changes_variant", name, folder, "compare"))
    for path in (folder / f"snapshot-{name}", folder / f"out-{name}", folder / "stage-of-yesterday"):
        shutil.rmtree(path, ignore_errors=True)
        if path.is_file():
            path.unlink()
    return Compared(**{**said, "found": tuple(said["found"])})


def _run(module: str, *arguments: Any) -> str:
    command = [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
