"""Who contacts are: their identifiers as digests, and where these are kept.

Knows identifiers and row numbers. No address is kept: a digest has 95 bits, and that two of a billion people
share one has a chance below 1 in 10^10. Digests hold within one preparation only: another version of Polars
may make others, which ``canary`` tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import numpy as np
import polars as pl

from email_contacts.contacts.batches.spool import NamelessFiles, Spool
from email_contacts.contacts.column_names import EMAIL, EXT_ID, IDENTIFIERS, LANDLINE, SMS, WHATSAPP

# Row numbers have 32 bits; a source of four billion rows is refused.
MOST_ROWS = (1 << 32) - 1
# Sixteen bytes: 64 bits of a digest; 31 more, and one for whether the contact is known by it; the row.
RECORD = np.dtype([("high", "<u8"), ("low", "<u4"), ("row", "<u4")])
Records = Any  # numpy.ndarray of RECORD
Numbers = Any  # numpy.ndarray, or a list, of row numbers
_SEEDS = {EMAIL: (11, 12), EXT_ID: (21, 22), SMS: (31, 32), WHATSAPP: (41, 42), LANDLINE: (51, 52)}
_PARTS = ("high", "low", "given")
_PRIMARY = np.uint32(1)
_RECORDS_AT_ONCE = 1 << 16
_RECORDS_IN_A_CACHE = 1 << 15


def canary() -> str:
    """Return a digest that is the same wherever digests are."""
    (_, records), *_ = records_of(pl.DataFrame({EMAIL: ["canary@example.com"]}), [0])
    return f"{records[0]['high']:016x}{records[0]['low']:016x}"


def records_of(identifiers: pl.DataFrame, rows: Numbers) -> Iterator[tuple[str, Records]]:
    """Make digests of identifiers: for each attribute, of those rows that have it.

    A contact is known by its first identifier, in the order of ``IDENTIFIERS``.

    :param identifiers: a column of texts for each identifier, empty where there is none; other columns are
        passed over.
    :param rows: the rows' numbers.
    """
    names = [name for name in IDENTIFIERS if name in identifiers.columns]
    found = identifiers.select(made for name in names for made in _digests(name))
    is_open = np.ones(identifiers.height, bool)
    for name in names:
        high, low, given = (found.get_column(f"{name} {part}").to_numpy() for part in _PARTS)
        records = np.empty(identifiers.height, RECORD)
        records["high"], records["row"] = high, rows
        records["low"] = (low.astype(np.uint32) & ~_PRIMARY) | (is_open & given)
        yield name, records if given.all() else records[given]
        is_open &= ~given


def are_primary(records: Records) -> Any:
    """Return of each record whether the row's contact is known by the identifier."""
    return (records["low"] & _PRIMARY) == 1


def in_order_of_digests(records: Records) -> tuple[Records, Any]:
    """Sort records by their digests, then by their rows.

    :return: also whether each, but for the first, has the same digest as the one before it.
    """
    low = records["low"] >> 1
    order = np.lexsort((records["row"], low, records["high"]))
    records, low = records[order], low[order]
    is_same = (records["high"][1:] == records["high"][:-1]) & (low[1:] == low[:-1])
    return records, is_same


def _digests(name: str) -> Iterator[pl.Expr]:
    made = (*(pl.col(name).hash(seed) for seed in _SEEDS[name]), pl.col(name) != "")
    return (expression.alias(f"{name} {part}") for expression, part in zip(made, _PARTS, strict=True))


class IdentityFile:
    """Digests of one identifier, spread over files by their bits where there are several.

    :param spool: where the files are.
    :param attribute: an identifier.
    """

    def __init__(self, spool: Spool, attribute: str) -> None:
        self._files = [spool.create(name) for name in _names(attribute, spool.ways)]

    def add(self, records: Records) -> None:
        """Keep records."""
        _distribute(records, self._files)


@dataclass(frozen=True)
class IdentityFiles:
    """The files of one identifier, of all parts of a preparation.

    :param attribute: an identifier.
    :param parts: where each part's files are, with the number of rows before it.
    """

    attribute: str
    parts: Sequence[tuple[Spool, int]]

    def buckets(self) -> Iterator[Records]:
        """Walk all records, those with the same digest together, and never very many at once."""
        if len(self.parts) == 1 and self.parts[0][0].ways > 1:
            (spool, _), *_ = self.parts
            yield from _read(spool, _names(self.attribute, spool.ways))
            return
        blocks = self._blocks()
        first = next(blocks, np.empty(0, RECORD))
        second = next(blocks, None)
        if second is None:
            yield first
            return
        with closing(NamelessFiles()) as spool:
            names = _names(self.attribute, spool.ways)
            files = [spool.create(name) for name in names]
            for records in chain((first, second), blocks):
                _distribute(records, files)
            yield from _read(spool, names)

    def rows(self) -> Iterator[Numbers]:
        """Walk the numbers of all rows that have the identifier."""
        for records in self._blocks():
            yield records["row"]

    def _blocks(self) -> Iterator[Records]:
        for spool, rows_before in self.parts:
            for name in _names(self.attribute, spool.ways):
                file = spool.open(name)
                while block := file.read(_RECORDS_AT_ONCE * RECORD.itemsize):
                    records = np.frombuffer(block, RECORD)
                    if rows_before:
                        records = records.copy()
                        records["row"] += rows_before
                    yield records
                spool.release(file)


def _names(attribute: str, ways: int) -> list[str]:
    return [f"{attribute}-{way}" for way in range(ways)] if ways > 1 else [attribute]


def _read(spool: Spool, names: Sequence[str]) -> Iterator[Records]:
    for name in names:
        yield np.frombuffer(spool.open(name).read(), RECORD)


def _distribute(records: Records, files: Sequence[BinaryIO]) -> None:
    """Append each record to the file that its digest leads to."""
    if len(files) == 1:
        files[0].write(records.tobytes())
        return
    for first in range(0, len(records), _RECORDS_IN_A_CACHE):
        some = records[first : first + _RECORDS_IN_A_CACHE]
        ways = (some["high"] % np.uint64(len(files))).astype(np.uint8)
        order = np.argsort(ways, kind="stable")
        # Taken as lines of plain numbers, which is much quicker than record by record.
        lines: Any = np.take(some.view("<u8").reshape(-1, 2), order, axis=0)
        ends = np.cumsum(np.bincount(ways, minlength=len(files)))
        for file, start, end in zip(files, (0, *ends), ends, strict=False):
            file.write(lines[start:end])
