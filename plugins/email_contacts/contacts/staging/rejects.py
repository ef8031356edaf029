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
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

REASONS_SHOWN = 5
_ROWS_IN_A_GROUP = 1 << 14
_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("key", pa.string()),
        ("field", pa.string()),
        ("rule", pa.string()),
        ("message", pa.string()),
        ("value", pa.string()),
    ]
)


@dataclass(frozen=True)
class Reject:
    """A row that is not sent.

    :param row: its number.
    :param key: what names it in the source: the cell of the mapping's key column, or file and row where the
        source has several files; else empty.
    :param field: the column that is wrong, as the source spells it; empty when it is the row as a whole.
    :param rule: the rule that it breaks, a stable word: ``email``, ``ext_id``, ``sms``, ``text``, ``number``,
        ``date``, ``boolean``, ``category``, ``multiple_choice``, ``identifier``, ``columns``, ``quoting``,
        ``null_byte``, ``json``, ``type``, ``conflict``.
    :param message: what is asked for instead.
    :param value: the masked value.
    """

    row: int
    key: str
    field: str
    rule: str
    message: str
    value: str = ""


class CsvFile:
    """A CSV in UTF-8 that is written line by line.

    :param file: opened for writing bytes.
    :param header: the columns' names.
    """

    def __init__(self, file: BinaryIO, header: tuple[str, ...]) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow(header)

    def close(self) -> None:
        """Complete the file."""
        self._text.close()

    def write(self, *cells: object) -> None:
        """Write one line."""
        self._writer.writerow(cells)


class RejectsFile(CsvFile):
    """rejects.csv, with its counts.

    :param file: opened for writing bytes.
    :param parquet: opened for writing bytes: where the same goes as Parquet; None for nowhere.
    """

    def __init__(self, file: BinaryIO, parquet: BinaryIO | None = None) -> None:
        super().__init__(file, tuple(field.name for field in fields(Reject)))
        self._parquet = None if parquet is None else RejectsParquet(parquet)
        self.reasons: Counter[str] = Counter()
        self.count = 0

    def add(self, reject: Reject) -> None:
        """List a row and count its reason."""
        self.write(*astuple(reject))
        if self._parquet is not None:
            self._parquet.add(reject)
        self.reasons[reject.rule] += 1
        self.count += 1

    def close(self) -> None:
        """Complete the files; again does nothing."""
        super().close()
        if self._parquet is not None:
            self._parquet.close()
            self._parquet = None

    def top_reasons(self) -> str:
        """Say the most frequent reasons: ``date 12, email 3``."""
        return ", ".join(f"{rule} {count}" for rule, count in self.reasons.most_common(REASONS_SHOWN))


class RejectsParquet:
    """rejects.parquet: the same lines, for those who ask with SQL.

    :param file: opened for writing bytes.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._writer = pq.ParquetWriter(file, _SCHEMA)
        self._pending: list[Reject] = []

    def add(self, reject: Reject) -> None:
        """List a row."""
        self._pending.append(reject)
        if len(self._pending) >= _ROWS_IN_A_GROUP:
            self._flush()

    def close(self) -> None:
        """Complete the file."""
        self._flush()
        self._writer.close()
        self._file.close()

    def _flush(self) -> None:
        columns = {name: [getattr(reject, name) for reject in self._pending] for name in _SCHEMA.names}
        self._writer.write_table(pa.table(columns, _SCHEMA))
        self._pending.clear()


def write_pairs(file: BinaryIO, header: tuple[str, ...], *columns: Sequence[object]) -> None:
    """Write a list of rows that have to do with other rows.

    :param file: opened for writing bytes; it is closed.
    :param header: the columns' names.
    """
    with file:
        pl.DataFrame(dict(zip(header, columns, strict=True))).write_csv(file)
