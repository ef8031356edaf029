"""The rows that are not sent, and why.

Knows how they are listed: rejects.csv and rejects.parquet have one line for each rejected row (``row, key,
field, rule, message, value``), duplicates.csv one for each row in whose place another one counts (``row,
superseded_by``), conflicts.csv one for each row that shares an identifier with somebody else's (``row, field,
other_row``). Values are masked before they come here.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

import polars as pl
import pyarrow.parquet as pq

from email_contacts.contacts.errors import StageError

REASONS_SHOWN = 5
_ROWS_AT_ONCE = 1 << 12
_PAIRS_AT_ONCE = 1 << 16
_SCHEMA = {
    "row": pl.Int64,
    "key": pl.String,
    "field": pl.String,
    "rule": pl.String,
    "message": pl.String,
    "value": pl.String,
}


class Reject(NamedTuple):
    """A row that is not sent.

    :param row: its number.
    :param key: what names it in the source: the cell of the mapping's key column, or file and row where the
        source has several files; else empty, and so it is for conflicts, which show when the source is read.
    :param field: the column that is wrong, as the source spells it; empty when it is the row as a whole.
    :param rule: the rule that it breaks, a stable word: ``email``, ``ext_id``, ``sms``, ``text``, ``number``,
        ``date``, ``boolean``, ``category``, ``multiple_choice``, ``identifier``, ``columns``, ``quoting``,
        ``null_byte``, ``json``, ``type``, ``consent``, ``conflict``.
    :param message: what is asked for instead.
    :param value: the masked value.
    """

    row: int
    key: str
    field: str
    rule: str
    message: str
    value: str = ""


class RejectsFile:
    """rejects.csv and the same as Parquet, for those who ask with SQL; with counts.

    :param file: opened for writing bytes: the CSV, in UTF-8.
    :param parquet: opened for writing bytes; None for no Parquet.
    """

    def __init__(self, file: BinaryIO, parquet: BinaryIO | None = None) -> None:
        self._file = file
        self._file.write(f"{','.join(_SCHEMA)}\n".encode())
        self._parquet = parquet
        schema = frame_of_rejects([]).to_arrow().schema
        self._groups = None if parquet is None else pq.ParquetWriter(parquet, schema)
        self._pending: list[Reject] = []
        self._frames: list[pl.DataFrame] = []
        self._is_closed = False
        self.reasons: Counter[str] = Counter()
        self.count = 0

    def add(self, reject: Reject) -> None:
        """List a row and count its reason."""
        self._pending.append(reject)
        self.reasons[reject.rule] += 1
        self.count += 1
        if len(self._pending) >= _ROWS_AT_ONCE:
            self._flush()

    def add_all(self, rejects: pl.DataFrame) -> None:
        """List many rows, and count their reasons.

        :param rejects: the fields of ``Reject`` as columns.
        """
        if not len(rejects):
            return
        if self._pending:
            self._frames.append(frame_of_rejects(self._pending))
            self._pending.clear()
        self._frames.append(rejects)
        self.reasons.update(rejects.get_column("rule").to_list())
        self.count += len(rejects)
        if sum(map(len, self._frames)) >= _ROWS_AT_ONCE:
            self._flush()

    def close(self) -> None:
        """Complete the files; again does nothing."""
        if self._is_closed:  # the file itself may not tell: one in memory stays open
            return
        self._is_closed = True
        self._flush()
        self._file.close()
        if self._groups is not None and self._parquet is not None:
            self._groups.close()
            self._parquet.close()

    def top_reasons(self) -> str:
        """Say the most frequent reasons: ``date 12, email 3``."""
        return ", ".join(f"{rule} {count}" for rule, count in self.reasons.most_common(REASONS_SHOWN))

    def _flush(self) -> None:
        rejects = pl.concat([*self._frames, frame_of_rejects(self._pending)])
        self._frames.clear()
        self._pending.clear()
        for some in rejects.iter_slices(_ROWS_AT_ONCE):
            lines = some.with_columns(pl.col(pl.String).replace("", None))  # which is written without quotes
            self._file.write(lines.write_csv(include_header=False).encode())
            if self._groups is not None:
                self._groups.write_table(some.to_arrow())


def frame_of_rejects(rejects: Sequence[Reject]) -> pl.DataFrame:
    """Make a frame of rows."""
    columns = zip(*rejects, strict=True) if rejects else ((),) * len(_SCHEMA)
    return pl.DataFrame(dict(zip(_SCHEMA, columns, strict=True)), _SCHEMA)


def read_rejects(file: BinaryIO, *, rows_before: int) -> Iterator[Reject]:
    """Walk the rows that a rejects.csv lists.

    :param file: opened for reading bytes; it is closed.
    :param rows_before: rows of the source before the first one that the list is about.
    """
    with io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        lines = csv.reader(text)
        next(lines, None)
        for row, *cells in lines:
            yield Reject(int(row) + rows_before, *cells)


def rejected_rows(file: BinaryIO) -> tuple[list[int], int]:
    """Read which rows a rejects.csv lists, or a platform_rejects.csv, which has rows without a number.

    :param file: opened for reading bytes; it is closed.
    :return: their numbers, and how many have none.
    :raises StageError: when it is no such list.
    """
    numbers, nameless = [], 0
    try:
        with io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
            lines = csv.reader(text)
            if next(lines, None) != [*_SCHEMA]:
                raise ValueError
            for row, *_ in lines:
                if row:
                    numbers.append(int(row))
                else:
                    nameless += 1
    except (ValueError, csv.Error) as error:
        raise StageError("The list of rejected rows is not one that this package wrote.") from error
    return numbers, nameless


def write_pairs(file: BinaryIO, header: tuple[str, ...], *columns: Sequence[object]) -> None:
    """Write a list of rows that have to do with other rows.

    :param file: opened for writing bytes; it is closed.
    :param header: the columns' names.
    """
    frame = pl.DataFrame(dict(zip(header, columns, strict=True)))
    with file:
        file.write(f"{','.join(header)}\n".encode())
        # Not by Polars into the file: its errors do not say which they are, such as a full disk.
        for some in frame.iter_slices(_PAIRS_AT_ONCE):
            file.write(some.write_csv(include_header=False).encode())
