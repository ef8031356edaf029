"""Many rows of a CSV cut into cells at once.

Knows bytes: where rows end, whether quotes keep the rules, and how many cells each row has. What it gives is
what the standard library's ``csv`` would give in its strict mode; bytes of which that is not certain are left
to it: quotes out of place, null bytes, carriage returns that end a row by themselves.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from email_contacts.contacts.sources.rows import Frame, RowFault

QUOTE, NEWLINE, RETURN = b'"\n\r'
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
Positions = Any  # numpy.typing.NDArray[numpy.int64]


@dataclass(frozen=True)
class WholeRows:
    """The rows at the start of some bytes that are certain.

    :param data: the bytes of these rows.
    :param ends: where each line outside quotes ends in them, behind its newline.
    :param quotes: where quotes are in them.
    :param is_stuck: whether the row that follows breaks a rule, so that reading on does not help.
    """

    data: bytes
    ends: Positions
    quotes: Positions
    is_stuck: bool


def whole_rows(data: bytes, *, delimiter: str, longest: int) -> WholeRows:
    """Find the rows at the start of bytes that begin with a row.

    Quotes keep the rules when they open after a delimiter or a newline and close before one, or are doubled.
    As they then open and close in turn, a newline ends a row exactly when the quotes before it are even.

    :param longest: bytes that a row may have; a longer one is left alone.
    """
    text = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(text == QUOTE)
    bad = min(_first_bad_quote(text, quotes, ord(delimiter)), _first_lone_return(text, quotes))
    ends = _outside(quotes, np.flatnonzero(text == NEWLINE))
    ends = ends[: np.searchsorted(ends, bad)] + 1
    lengths = np.diff(ends, prepend=0)
    if len(lengths) and lengths.max() > longest:
        ends = ends[: int(np.argmax(lengths > longest))]
    end = int(ends[-1]) if len(ends) else 0
    is_stuck = bad < len(data) or len(ends) < len(lengths) or len(data) - end > longest
    return WholeRows(data[:end], ends, quotes[: np.searchsorted(quotes, end)], is_stuck)


def framed(rows: WholeRows, *, delimiter: str, width: int) -> Frame | None:
    """Cut whole rows into cells.

    :param width: cells that a row should have; a row with more or fewer is a fault of its own.
    :return: None where ``csv`` has to be asked.
    """
    data = rows.data
    if b"\0" in data or data.startswith(_BYTE_ORDER_MARK):
        return None
    starts = np.concatenate(([0], rows.ends[:-1]))
    lengths = rows.ends - starts
    if lengths.max() > csv.field_size_limit():
        return None
    cells = _cells_of_rows(rows, delimiter)
    text = np.frombuffer(data, np.uint8)
    blank = (lengths == 1) | ((lengths == 2) & (text[starts] == RETURN))
    wrong = ~blank & (cells != width)
    if wrong.any() or blank.any():
        data = _with_lines_replaced(data, starts, rows.ends, wrong, blank, delimiter * (width - 1))
    # Places count without the blank lines, as rows do.
    places = np.cumsum(~blank) - 1
    faults = {
        int(places[line]): RowFault("columns", f"The row has {cells[line]} cells, the header has {width}.")
        for line in np.flatnonzero(wrong)
    }
    return _read(data, delimiter, width, height=int(len(lengths) - blank.sum()), faults=faults)


def _read(
    data: bytes, delimiter: str, width: int, *, height: int, faults: dict[int, RowFault]
) -> Frame | None:
    schema = {str(place): pl.String for place in range(width)}
    if not height:
        return Frame(pl.DataFrame(schema=schema))
    try:
        cells = pl.read_csv(
            data, has_header=False, schema=schema, separator=delimiter, empty_string_is_null=False
        )
    except pl.exceptions.PolarsError:
        # Bytes that are not UTF-8, for one; csv finds the place and the words.
        return None
    return Frame(cells, faults) if cells.height == height else None


def _outside(quotes: Positions, positions: Positions) -> Positions:
    """Keep the positions that lie outside quotes."""
    if not len(quotes):
        return positions
    return positions[(np.searchsorted(quotes, positions) & 1) == 0]


def _first_bad_quote(text: Any, quotes: Positions, delimiter: int) -> int:
    """Find the first quote that neither opens nor closes a cell nor is doubled; ``len(text)`` if none is.

    Of a quote at the very end it is not known yet.
    """
    quotes = quotes[: np.searchsorted(quotes, len(text) - 1)]
    opening, closing = quotes[0::2], quotes[1::2]
    before, after = text[opening - 1], text[closing + 1]
    opens = (before == delimiter) | (before == NEWLINE) | (before == QUOTE) | (opening == 0)
    closes = (after == delimiter) | (after == NEWLINE) | (after == RETURN) | (after == QUOTE)
    bad = [positions[~fine] for positions, fine in ((opening, opens), (closing, closes)) if not fine.all()]
    return min((int(positions[0]) for positions in bad), default=len(text))


def _first_lone_return(text: Any, quotes: Positions) -> int:
    """Find the first carriage return outside quotes that no newline follows, not looking at the very end."""
    returns = _outside(quotes, np.flatnonzero(text[:-1] == RETURN))
    lone = returns[text[returns + 1] != NEWLINE]
    return int(lone[0]) if len(lone) else len(text)


def _cells_of_rows(rows: WholeRows, delimiter: str) -> Any:
    """Count the cells of each line."""
    delimiters = np.flatnonzero(np.frombuffer(rows.data, np.uint8) == ord(delimiter))
    return np.diff(np.searchsorted(_outside(rows.quotes, delimiters), rows.ends), prepend=0) + 1


def _with_lines_replaced(
    data: bytes, starts: Positions, ends: Positions, wrong: Any, blank: Any, empty_row: str
) -> bytes:
    """Put an empty row in the place of each wrong one, and nothing in the place of a blank line."""
    kept, at = [], 0
    for line in np.flatnonzero(wrong | blank):
        kept.append(data[at : starts[line]])
        # Quoted, for an empty line would not count as a row where there is one column only.
        kept.append(b"" if blank[line] else b'""' + empty_row.encode() + b"\n")
        at = int(ends[line])
    return b"".join([*kept, data[at:]])
