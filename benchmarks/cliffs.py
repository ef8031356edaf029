"""What kinds of columns and files cost, against a plain CSV of three columns: all in one run.

``python -m benchmarks.cliffs [--rows N] [--runs N] [--only WORDS] [--strict]``. The files take turns, the
plain one before each of them, and the least time of each counts: of the plain one, in that row's turns, for
the least of many runs is less than that of few. Processor time is printed beside it: a busy machine disturbs
that little, but it counts what two processors do at once as if it were done in turn.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

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
        took: dict[str, list[_Took]] = {name: [] for name in sources}
        plain: dict[str, list[_Took]] = {name: [] for name in names}
        for _ in range(asked.runs):
            for name in names:
                plain[name].append(_prepared(*sources[PLAIN], stage))
                took[name].append(_prepared(*sources[name], stage))
    took[PLAIN] = [one for some in plain.values() for one in some]
    least = {name: _least(some) for name, some in took.items()}
    against = {name: _least(plain.get(name, took[PLAIN])) for name in took}
    ratios = {name: one.seconds / against[name].seconds for name, one in least.items()}
    table = Table(title=f"{asked.rows:,} rows, time against the plain file, least of {asked.runs} runs")
    table.add_column("kind")
    for heading in ("rows/s", "ratio", "wanted at most", "holds", "processor", "ratio"):
        table.add_column(heading, justify="right")
    for name, ratio in ratios.items():
        wanted, holds = CLIFFS[name].wanted, "yes" if _holds(name, ratio) else "NO"
        processor = least[name].processor
        table.add_row(
            name,
            f"{asked.rows / least[name].seconds:,.0f}",
            f"{ratio:.1f}",
            f"{wanted:g}",
            holds,
            f"{processor:.2f} s",
            f"{processor / against[name].processor:.1f}",
        )
    Console(highlight=False, width=None if sys.stdout.isatty() else 100).print(table)
    return int(asked.strict and not all(_holds(name, ratio) for name, ratio in ratios.items()))


def _holds(name: str, ratio: float) -> bool:
    return ratio < CLIFFS[name].wanted + 0.05  # as it is printed


def _source(name: str, folder: Path, rows: int) -> tuple[Path, Options]:
    cliff = CLIFFS[name]
    of_its_own = folder / str(list(CLIFFS).index(name))
    of_its_own.mkdir()
    return cliff.write(of_its_own, rows), cliff.options


class _Took(NamedTuple):
    seconds: float
    processor: float


def _least(some: Sequence[_Took]) -> _Took:
    return _Took(*map(min, zip(*some, strict=True)))


def _prepared(path: Path, options: Options, stage: Path) -> _Took:
    # Each preparation has a stage of its own in a run of Airflow, so it has nothing to remove.
    shutil.rmtree(stage, ignore_errors=True)
    started = time.perf_counter(), time.process_time()
    prepare(path, stage, options)
    return _Took(time.perf_counter() - started[0], time.process_time() - started[1])


if __name__ == "__main__":
    sys.exit(main())
