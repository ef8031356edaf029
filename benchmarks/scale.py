"""Ours with ten times the rows: the memory must stay, and the rate nearly so.

Knows the limits. ``python -m benchmarks.prepare --scale`` runs it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.digests import Digests
from benchmarks.fresh_process import (
    WARM_UP_ROWS,
    Measurement,
    VariantFailed,
    digest,
    measure,
    write_source,
)

LIMITS = {"csv": 300, "ndjson": 300, "json": 300, "parquet": 400, "xlsx": 400}
"""Format -> the most memory that a preparation of it may take, in MB (10^6 bytes), imports included."""
RATE_KEPT = 0.8
TIMES = 10
_MOST_ROWS = {"xlsx": 1_000_000}  # a sheet has some more
_TYPED = {"parquet", "xlsx"}
VARIANT = "json_body"


def run(console: Console, folder: Path, *, rows: int, formats: Sequence[str], strict: bool) -> int:
    """Measure, compare, print.

    :param folder: for the files; some gigabytes with ten million rows.
    :param rows: of the smaller file; the larger one has ten times as many.
    :return: 0 when nothing failed, the formats came to the same and, when strict, every limit is kept.
    """
    table = Table(title=f"{rows:,} rows against {rows * TIMES:,}, {VARIANT}")
    table.add_column("source")
    headings = ("MB of source", "rows", "seconds", "rows/s", "peak MB", "allowed", "rate kept", "asked for")
    for heading in headings:
        table.add_column(heading, justify="right")
    found: dict[str, Digests] = {}
    failed, missed = {}, []
    for source_format in formats:
        few = min(rows, _MOST_ROWS.get(source_format, rows * TIMES) // TIMES)
        try:
            small = _measure(table, folder, source_format, few)
            if few == rows:
                found[source_format] = digest(folder / "prepared")
            large = _measure(table, folder, source_format, few * TIMES, small=small)
        except VariantFailed as failure:
            failed[source_format] = str(failure)
            continue
        finally:
            shutil.rmtree(folder / "prepared", ignore_errors=True)
        if max(small.memory, large.memory) > LIMITS[source_format] * 1e6:
            missed.append(f"{source_format} takes more than {LIMITS[source_format]} MB")
        if _rate_kept(small, large) < RATE_KEPT:
            missed.append(f"{source_format} keeps less than {RATE_KEPT:.0%} of its rate")
    console.print(table)
    differing = _differing(found)
    for line in (*differing, *(f"{name} FAILED: {message}" for name, message in failed.items())):
        console.print(line)
    for line in missed:
        console.print(f"MISSED: {line}")
    return 1 if differing or failed or (strict and missed) else 0


def _measure(
    table: Table, folder: Path, source_format: str, rows: int, *, small: Measurement | None = None
) -> Measurement:
    source, warm_up = folder / f"contacts.{source_format}", folder / f"warm_up.{source_format}"
    write_source(source_format, source, rows)
    write_source(source_format, warm_up, WARM_UP_ROWS)
    size = source.stat().st_size
    try:
        measured = measure(VARIANT, source, folder / "prepared", warm_up)
    finally:
        source.unlink()
    table.add_row(
        source_format,
        f"{size / 1e6:,.0f}",
        f"{rows:,}",
        f"{measured.seconds:.2f}",
        f"{rows / measured.seconds:,.0f}",
        f"{measured.memory / 1e6:.0f}",
        str(LIMITS[source_format]),
        "" if small is None else f"{_rate_kept(small, measured):.0%}",
        "" if small is None else f"{RATE_KEPT:.0%}",
    )
    return measured


def _rate_kept(small: Measurement, large: Measurement) -> float:
    return small.seconds * TIMES / large.seconds


def _differing(found: dict[str, Digests]) -> list[str]:
    """Compare the smaller files of all formats: the same people, so the same contacts.

    Parquet's typed columns cannot hold every fault, so there the rejects' columns may be others.
    """
    if len(found) < 2:
        return []
    (first, expected), *others = found.items()
    lines = []
    for name, digests in others:
        parts = expected.differences(digests)
        if not _TYPED.isdisjoint((first, name)):
            parts = [part for part in parts if part != "rejects"]
        if parts:
            lines.append(f"{name} DIFFERS from {first} in: {', '.join(parts)}")
    return lines
