"""The lists of rejected rows: some of them to look at, and all of them for a spreadsheet.

Values in them are masked already. Of the key, which may name a person in the source, nothing is shown.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import IO, NamedTuple

HEADER = ["row", "key", "field", "rule", "message", "value"]
MAX_SAMPLES, OF_EACH_RULE, LOOKED_AT = 12, 3, 2_000
_LINES_AT_ONCE = 1_000
# What makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class NotAList(ValueError):
    """The file is not a list of rejects."""


class Sample(NamedTuple):
    """A rejected row as it is shown."""

    row: str
    field: str
    rule: str
    message: str
    value: str


def samples(file: IO[bytes]) -> list[Sample]:
    """Choose some rows, no more than a few for each rule.

    :param file: the list, opened for reading; it is closed.
    :raises NotAList: when it is not one.
    """
    found, seen = [], Counter[str]()
    for row, _key, field, rule, message, value in islice(_rows(file), LOOKED_AT):
        if seen[rule] < OF_EACH_RULE:
            seen[rule] += 1
            found.append(Sample(row, field, rule, message, value))
        if len(found) == MAX_SAMPLES:
            break
    return found


def safe_csv(file: IO[bytes]) -> Iterator[bytes]:
    """Write the list again, so that no spreadsheet takes a cell for a formula.

    :param file: the list, opened for reading; it is closed.
    :raises NotAList: when it is not one, before anything is given.
    """
    rows = _rows(file)
    first = list(islice(rows, 1))
    return _written(first, rows)


def _written(first: list[list[str]], rows: Iterator[list[str]]) -> Iterator[bytes]:
    portion = [HEADER, *first, *islice(rows, _LINES_AT_ONCE)]
    while portion:
        text = io.StringIO()
        csv.writer(text).writerows([_safe(cell) for cell in row] for row in portion)
        yield text.getvalue().encode()
        portion = list(islice(rows, _LINES_AT_ONCE))


def _rows(file: IO[bytes]) -> Iterator[list[str]]:
    """Walk the rows below the header; what is wrong with a line ends the walk."""
    with io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        lines = csv.reader(text)
        try:
            if next(lines, None) != HEADER:
                raise NotAList("its first line is not that of a list of rejects")
            for line in lines:
                if len(line) != len(HEADER):
                    raise NotAList(f"a line has {len(line)} cells in place of {len(HEADER)}")
                yield line
        except (csv.Error, UnicodeDecodeError) as error:
            raise NotAList("it is not CSV in UTF-8") from error


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
