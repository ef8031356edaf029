"""What kinds of columns and files cost, against a plain CSV of three columns: all in one run.

``python -m benchmarks.cliffs [--rows N] [--runs N] [--only WORDS] [--strict]``. The files take turns, the
plain one before each of them, and the least CPU time of each counts: a busy machine disturbs little.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.cliff_files import CLIFFS, PLAIN
from email_contacts.contacts import Options, prepare


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print.

    :return: 0, or 1 when strict and a ratio is over what is wanted.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cliffs", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000, metavar="N")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--only", default="", metavar="WORDS", help="rows of the table whose name has these")
    parser.add_argument("--strict", action="store_true", help="fail when a ratio is over what is wanted")
    asked = parser.parse_args(arguments)
    names = [name for name in CLIFFS if name != PLAIN and asked.only in name]
    with tempfile.TemporaryDirectory(prefix="cliffs-bench-") as folder:
        sources = {name: _source(name, Path(folder), asked.rows) for name in (PLAIN, *names)}
        stage = Path(folder) / "stage"
        seconds: dict[str, list[float]] = {name: [] for name in sources}
        for _ in range(asked.runs):
            for name in names:
                for one in (PLAIN, name):
                    seconds[one].append(_seconds(*sources[one], stage))
    ratios = {name: min(some) / min(seconds[PLAIN]) for name, some in seconds.items()}
    table = Table(title=f"{asked.rows:,} rows, CPU time against the plain file, least of {asked.runs} runs")
    table.add_column("kind")
    for heading in ("seconds", "ratio", "wanted at most", "holds"):
        table.add_column(heading, justify="right")
    for name, ratio in ratios.items():
        wanted, holds = CLIFFS[name].wanted, "yes" if _holds(name, ratio) else "NO"
        table.add_row(name, f"{min(seconds[name]):.2f}", f"{ratio:.1f}", f"{wanted:g}", holds)
    Console(highlight=False, width=None if sys.stdout.isatty() else 100).print(table)
    return int(asked.strict and not all(_holds(name, ratio) for name, ratio in ratios.items()))


def _holds(name: str, ratio: float) -> bool:
    return ratio < CLIFFS[name].wanted + 0.05  # as it is printed


def _source(name: str, folder: Path, rows: int) -> tuple[Path, Options]:
    cliff = CLIFFS[name]
    of_its_own = folder / str(list(CLIFFS).index(name))
    of_its_own.mkdir()
    return cliff.write(of_its_own, rows), cliff.options


def _seconds(path: Path, options: Options, stage: Path) -> float:
    started = time.process_time()
    prepare(path, stage, options)
    return time.process_time() - started


if __name__ == "__main__":
    sys.exit(main())
