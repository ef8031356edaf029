"""Preparing a million rows: ours against what people write by hand, the official SDK and pandas.

``python -m benchmarks.prepare [--rows N] [--peers NAMES] [--runs N] [--strict]``, or ``--scale`` for ours
with ten times the rows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks import scale
from benchmarks.digests import Digests
from benchmarks.fresh_process import (
    WARM_UP_ROWS,
    Measurement,
    VariantFailed,
    digest,
    measure,
    write_source,
)
from benchmarks.variant import OURS, PEERS

HANDWRITTEN = "handwritten"
ASKED = {"json_body": 40, "file_body": 55}
QUICK_SECONDS = 10
RUNS_OF_QUICK_ONES = 5
EXPLAINED = """
variants:
  handwritten  csv.DictReader, cells read by hand, a jsonschema validator built once from a short
               schema written for these nine columns, json.dumps: the base of every ratio
  schema       the same with the package's own contact schema, which says more and costs more
               (only when asked)
  sdk          csv.DictReader, checks by hand and no schema, a brevo-python model for each
               contact, serialised by the SDK's own functions
  pandas       the whole file as a frame, a mask for each column, to_dict, json.dumps
  ours         email_contacts.contacts.prepare with json_body, and again with file_body

All read the same CSV, write bodies of at most 8,000,000 bytes and list the rejected rows with the
first wrong column. The peers do less: they leave duplicates in, mask nothing, and make no
fingerprints and no manifest. Each runs in a separate process and prepares 800 rows before its
clock starts, so imports do not count; reading and writing files does. Peak memory is the whole
process's, its imports included.

Equal means: canonical digests of the accepted contacts in their order and of (row, column) of the
rejects are the same as the first variant's. After the clock stops, duplicates are taken out of what
the peers wrote, the last one of a person winning, as ours does itself. The bodies of file_body have
no types and are compared as text.

Exit code 1 when digests differ or a variant fails; with --strict also when a ratio or a limit is
missed.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print.

    :return: 0 when all variants came to the same (and, when strict, are as fast and small as asked for).
    """
    asked = _parser().parse_args(arguments)
    width = None if sys.stdout.isatty() else 120  # a file is wide enough for the tables
    console = Console(highlight=False, soft_wrap=True, width=width)
    with tempfile.TemporaryDirectory(prefix="prepare-bench-") as folder:
        if asked.scale:
            return scale.run(
                console, Path(folder), rows=asked.rows, formats=asked.formats, strict=asked.strict
            )
        return Comparison(console, Path(folder), rows=asked.rows, runs=asked.runs).run(
            asked.peers, strict=asked.strict
        )


class Comparison:
    """Variants on one CSV.

    :param folder: for the CSV and what is prepared.
    :param runs: of each variant, one after the other and round again; medians count. None: one of each, and
        more of the quick ones, of which noise is a large part.
    """

    def __init__(self, console: Console, folder: Path, *, rows: int, runs: int | None) -> None:
        self._console = console
        self._folder = folder
        self._rows = rows
        self._runs = runs
        self._measured: dict[str, list[Measurement]] = {}
        self._digests: dict[str, Digests] = {}
        self._failed: dict[str, str] = {}

    def run(self, variants: Sequence[str], *, strict: bool) -> int:
        """Measure, compare, print.

        :return: 0 when all is well.
        """
        source, warm_up = self._folder / "contacts.csv", self._folder / "warm_up.csv"
        write_source("csv", source, self._rows)
        write_source("csv", warm_up, WARM_UP_ROWS)
        self._console.print(f"{self._rows:,} rows, {source.stat().st_size / 1e6:.0f} MB of CSV")
        for turn in range(self._runs or RUNS_OF_QUICK_ONES):
            for name in variants:
                if turn == 0 or self._runs or self._is_quick(name):
                    self._measure(name, source, warm_up)
        self._console.print(self._table())
        differing = self._differing()
        for name, parts in differing.items():
            self._console.print(f"{name} DIFFERS from {next(iter(self._digests))} in: {', '.join(parts)}")
        for name, message in self._failed.items():
            self._console.print(f"{name} FAILED: {message}")
        if not differing and not self._failed and len(self._digests) > 1:
            self._console.print("accepted and rejected rows are the same in all, by digest")
        missed = [name for name in variants if name in OURS and not self._verdict(name)]
        return 1 if differing or self._failed or (strict and missed) else 0

    def _measure(self, name: str, source: Path, warm_up: Path) -> None:
        if name in self._failed:
            return
        prepared = self._folder / "prepared"
        try:
            measured = measure(name, source, prepared, warm_up)
            self._measured.setdefault(name, []).append(measured)
            self._console.print(f"  {name}: {measured.seconds:.2f} s")
            if name not in self._digests:
                self._digests[name] = digest(prepared)
        except VariantFailed as failure:
            self._failed[name] = str(failure)

    def _is_quick(self, name: str) -> bool:
        return name in self._measured and self._seconds(name) < QUICK_SECONDS

    def _seconds(self, name: str) -> float:
        return median(measurement.seconds for measurement in self._measured[name])

    def _ratio(self, name: str) -> float | None:
        if name not in self._measured or HANDWRITTEN not in self._measured:
            return None
        return self._seconds(HANDWRITTEN) / self._seconds(name)

    def _differing(self) -> dict[str, list[str]]:
        if not self._digests:
            return {}
        (_, first), *others = self._digests.items()
        return {name: parts for name, found in others if (parts := first.differences(found))}

    def _verdict(self, name: str) -> bool:
        """Print a ratio next to what is required."""
        ratio = self._ratio(name)
        if ratio is None:
            self._console.print(f"{name} has no ratio: it or the hand-written peer was not measured")
            return False
        self._console.print(f"{name} {ratio:.1f}x (asked for {ASKED[name]})")
        return ratio >= ASKED[name]

    def _table(self) -> Table:
        table = Table(title=f"Preparing {self._rows:,} rows of CSV; seconds are medians of the runs")
        table.add_column("variant")
        for heading in (
            "runs",
            "seconds",
            "rows/s",
            "peak MB",
            "x handwritten",
            "accepted",
            "rejected",
            "duplicates left in",
        ):
            table.add_column(heading, justify="right")
        for name in self._measured:
            ratio, found = self._ratio(name), self._digests.get(name)
            counts = (found.accepted, found.rejected, found.again) if found else ()
            table.add_row(
                name,
                str(len(self._measured[name])),
                f"{self._seconds(name):.2f}",
                f"{self._rows / self._seconds(name):,.0f}",
                f"{max(measurement.memory for measurement in self._measured[name]) / 1e6:.0f}",
                "-" if ratio is None else f"{ratio:.1f}",
                *(f"{count:,}" for count in counts),
            )
        return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.prepare",
        description="Prepare one CSV with ours and with its peers: rows/s, peak memory, ratios, equal sets.",
        epilog=EXPLAINED,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--rows", type=_at_least_one, default=1_000_000, metavar="N", help="default: 1_000_000"
    )
    parser.add_argument(
        "--peers",
        type=_variants,
        default=_variants("handwritten,sdk,pandas,ours"),
        metavar="NAMES",
        help="which variants, by commas (default: handwritten,sdk,pandas,ours; see below)",
    )
    parser.add_argument(
        "--runs",
        type=_at_least_one,
        metavar="N",
        help=f"of each (default: 1, and {RUNS_OF_QUICK_ONES} of those that take less than {QUICK_SECONDS} s)",
    )
    parser.add_argument("--strict", action="store_true", help="fail also when a ratio or a limit is missed")
    parser.add_argument(
        "--scale",
        action="store_true",
        help="instead: ours with N and with 10 x N rows of each format, against the limits",
    )
    parser.add_argument(
        "--formats",
        type=_formats,
        default=tuple(scale.LIMITS),
        metavar="NAMES",
        help=f"of --scale, by commas (default: {','.join(scale.LIMITS)})",
    )
    return parser


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of 1 or more")
    return number


def _variants(text: str) -> tuple[str, ...]:
    known = {name: (name,) for name in PEERS} | {name: (name,) for name in OURS} | {"ours": OURS}
    names = _known(text, known)
    return tuple(dict.fromkeys(variant for name in names for variant in known[name]))


def _formats(text: str) -> tuple[str, ...]:
    return tuple(_known(text, scale.LIMITS))


def _known(text: str, known: Collection[str]) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f'"{name}" is not one of {", ".join(known)}')
    return names


if __name__ == "__main__":
    sys.exit(main())
