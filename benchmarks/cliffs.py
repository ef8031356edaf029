"""What single columns cost: each kind of column against a plain CSV of three columns, in one run.

``python -m benchmarks.cliffs [--rows N] [--runs N] [--only WORDS] [--strict]``. The least CPU time of the
runs counts, so that a busy machine disturbs little.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from email_contacts.contacts import Mapping, Options, prepare

PLAIN = "plain, three columns"
Cell = Callable[[Random, int], str]


@dataclass(frozen=True)
class Cliff:
    """A kind of column.

    :param wanted: most times the CPU time of the plain file.
    :param cell: makes its cells.
    :param rule: what the mapping says of the column.
    :param nulls: words for nothing.
    :param email: makes the addresses.
    """

    wanted: float
    cell: Cell
    rule: dict[str, Any] = field(default_factory=lambda: {"attribute": "A"})
    nulls: tuple[str, ...] = ()
    email: Cell = lambda _, row: f"p{row}@example.com"

    def write(self, path: Path, rows: int) -> None:
        """Write the file."""
        random = Random(1)
        with path.open("w", encoding="utf-8") as file:
            file.write("email\tcolumn\tCITY\n")
            for row in range(rows):
                file.write(f"{self.email(random, row)}\t{self.cell(random, row)}\tUlm {row % 331}\n")

    @property
    def mapping(self) -> Mapping:
        """The mapping that reads it."""
        columns = {"email": "EMAIL", "column": self.rule, "CITY": "CITY"}
        return Mapping.from_json({"columns": columns, "nulls": list(self.nulls)})


def _digits(random: Random, count: int) -> str:
    return f"{random.randrange(10**count):0{count}}"


def _phone(region: str | None = None) -> dict[str, Any]:
    return {"attribute": "SMS"} | ({"region": region} if region else {})


def _french(random: Random, _: int) -> str:
    return f"06 {_digits(random, 2)} {_digits(random, 2)} {_digits(random, 2)} {_digits(random, 2)}"


def _american(random: Random, _: int) -> str:
    return f"(4{_digits(random, 2)}) 555-{_digits(random, 4)}"


def _day(random: Random, _: int) -> str:
    return f"{random.randint(1, 28)}/{random.randint(1, 12)}/{random.randint(1930, 2010)}"


CLIFFS = {
    PLAIN: Cliff(1, lambda _, row: f"Ada {row % 977}"),
    "phone with +": Cliff(2, lambda random, _: f"+336{_digits(random, 8)}", _phone()),
    "phone, digits only": Cliff(3, lambda random, _: f"336{_digits(random, 8)}", _phone()),
    "phone, digits only, region": Cliff(3, lambda random, _: f"336{_digits(random, 8)}", _phone("FR")),
    "phone, 06 12 34 56 78": Cliff(3, _french, _phone("FR")),
    "phone, (415) 555-0132": Cliff(3, _american, _phone("US")),
    "half of all rows bad": Cliff(
        4, lambda _, __: "Ada", email=lambda _, row: f"p{row}{'@' if row % 2 else '..'}example.com"
    ),
    "nulls": Cliff(3, lambda _, row: ("NULL", "\\N", "Ada")[row % 3], nulls=("NULL",)),
    "list of date formats": Cliff(
        3, _day, {"attribute": "A", "type": "date", "format": ["%d/%m/%Y", "%d.%m.%Y"]}
    ),
    "decimal comma": Cliff(
        3,
        lambda random, _: f"{random.randint(1, 9)}.{_digits(random, 3)},{random.randint(10, 99)}",
        {"attribute": "A", "type": "number", "decimal": ",", "thousands": "."},
    ),
    "arrays": Cliff(
        3,
        lambda random, _: "{" + ",".join(random.sample(("books", "music", "art", "food"), 2)) + "}",
        {"attribute": "A", "type": "multiple_choice"},
    ),
}
PARQUET, FIFTY = "Parquet, double and time stamp", "50 text columns"
WANTED = {name: cliff.wanted for name, cliff in CLIFFS.items()} | {PARQUET: 2, FIFTY: 6}


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
    names = [name for name in WANTED if name == PLAIN or asked.only in name]
    with tempfile.TemporaryDirectory(prefix="cliffs-bench-") as folder:
        sources = {name: _source(name, Path(folder), asked.rows) for name in names}
        stage = Path(folder) / "stage"
        seconds: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(asked.runs):
            for name, (path, options) in sources.items():
                seconds[name].append(_seconds(path, stage, options))
    ratios = {name: min(some) / min(seconds[PLAIN]) for name, some in seconds.items()}
    table = Table(title=f"{asked.rows:,} rows, CPU time against the plain file, least of {asked.runs} runs")
    table.add_column("column")
    for heading in ("seconds", "ratio", "wanted at most"):
        table.add_column(heading, justify="right")
    for name, ratio in ratios.items():
        table.add_row(name, f"{min(seconds[name]):.2f}", f"{ratio:.1f}", f"{WANTED[name]:g}")
    Console(highlight=False, width=None if sys.stdout.isatty() else 100).print(table)
    return int(asked.strict and any(ratio > WANTED[name] for name, ratio in ratios.items()))


def _source(name: str, folder: Path, rows: int) -> tuple[Path, Options]:
    path = folder / f"{list(WANTED).index(name)}.{'parquet' if name == PARQUET else 'tsv'}"
    if name == PARQUET:
        return path, _write_parquet(path, rows)
    if name == FIFTY:
        columns = range(50)
        with path.open("w", encoding="utf-8") as file:
            file.write("\t".join(["email", *(f"T{column}" for column in columns)]) + "\n")
            for row in range(rows):
                cells = (f"text {row * column % 997}" for column in columns)
                file.write("\t".join([f"p{row}@example.com", *cells]) + "\n")
        return path, Options()
    CLIFFS[name].write(path, rows)
    return path, Options(mapping=CLIFFS[name].mapping)


def _write_parquet(path: Path, rows: int) -> Options:
    import pyarrow as pa
    import pyarrow.parquet as pq

    random, start = Random(1), datetime(2020, 1, 1)
    columns = {
        "email": [f"p{row}@example.com" for row in range(rows)],
        "POINTS": [random.random() * 1_000 for _ in range(rows)],
        "SEEN": [start + timedelta(seconds=37 * row) for row in range(rows)],
    }
    pq.write_table(pa.table(columns), path)
    types = {
        name: {"attribute": name, "type": kind} for name, kind in (("POINTS", "number"), ("SEEN", "date"))
    }
    return Options(mapping=Mapping.from_json({"columns": {"email": "EMAIL", **types}}))


def _seconds(path: Path, stage: Path, options: Options) -> float:
    started = time.process_time()
    prepare(path, stage, options)
    return time.process_time() - started


if __name__ == "__main__":
    sys.exit(main())
