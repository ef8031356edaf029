"""The rows that are not sent, and why.

Knows how they are listed: rejects.csv has one line for each rejected row (``row, field, rule, message,
value``), duplicates.csv one for each row whose contact a later row brings again (``row, superseded_by``).
Values are masked before they come here.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import astuple, dataclass, fields
from typing import BinaryIO

REASONS_SHOWN = 5


@dataclass(frozen=True)
class Reject:
    """A row that is not sent.

    :param row: its number.
    :param field: the column that is wrong, as the source spells it; empty when it is the row as a whole.
    :param rule: the rule that it breaks, a stable word: ``email``, ``ext_id``, ``sms``, ``text``, ``number``,
        ``date``, ``boolean``, ``category``, ``multiple_choice``, ``identifier``, ``columns``, ``quoting``,
        ``null_byte``, ``json``.
    :param message: what is asked for instead.
    :param value: the masked value.
    """

    row: int
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
    """rejects.csv, with its counts."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, tuple(field.name for field in fields(Reject)))
        self.reasons: Counter[str] = Counter()
        self.count = 0

    def add(self, reject: Reject) -> None:
        """List a row and count its reason."""
        self.write(*astuple(reject))
        self.reasons[reject.rule] += 1
        self.count += 1

    def top_reasons(self) -> str:
        """Say the most frequent reasons: ``date 12, email 3``."""
        return ", ".join(f"{rule} {count}" for rule, count in self.reasons.most_common(REASONS_SHOWN))


class DuplicatesFile(CsvFile):
    """duplicates.csv, with its count."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, ("row", "superseded_by"))
        self.count = 0

    def add(self, row: int, superseded_by: int) -> None:
        """List a row, and the one that counts in its place."""
        self.write(row, superseded_by)
        self.count += 1
