"""What CSV and workbooks have of spreadsheets: columns without a name, rows without a cell, stray rows.

Knows blocks and the names above them. A column without a name is left out, and must not hold anything, and
neither must cells to the right of the last column. Rows in which no cell holds anything are no rows, and
those that programs write beside the contacts (``stray_rows``) are rejected. A header with other columns than
the first one's order stops: all rows below it would be somebody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from email_contacts.contacts.errors import HeaderError, SourceChanged
from email_contacts.contacts.sources.rows import EMPTY, Block, Frame, Row, RowFault
from email_contacts.contacts.sources.stray_rows import REORDERED, StrayRows
from email_contacts.contacts.text_views import views_of

# What Python takes for blank; Polars by itself knows some of them only.
BLANKS = "".join(character for character in map(chr, range(0x3001)) if character.isspace())


class SheetBlocks:
    """Finishes the blocks of a sheet, one after the other.

    :param names: of all columns; empty for one without a name.
    :param source: the file's name, for messages.
    """

    def __init__(self, names: Sequence[str], *, source: str) -> None:
        self._source = source
        self._named = [place for place, name in enumerate(names) if name]
        self._nameless = [place for place, name in enumerate(names) if not name]
        self._width = len(names)
        self._stray = StrayRows(names)
        self._read = 0
        self.columns = tuple(names[place] for place in self._named)

    @property
    def least(self) -> int:
        """Cells that a row must have: up to the last column with a name."""
        return self._named[-1] + 1 if self._named else self._width

    @property
    def notes(self) -> tuple[str, ...]:
        """Say which columns are left out."""
        count = len(self._nameless)
        if not count:
            return ()
        what = "1 column without a name is" if count == 1 else f"{count} columns without a name are"
        return (f"{what} left out: nothing is in there",)

    def fitted(self, cells: Row) -> Row | RowFault:
        """Bring a row to the width of the header, when what it lacks or has too much is empty."""
        count = len(cells)
        if count == self._width:
            return cells
        if self.least <= count < self._width:
            return cells + [EMPTY] * (self._width - count)
        if count > self._width and all(map(_is_empty, cells[self._width :])):
            return cells[: self._width]
        if count < self._width and all(map(_is_empty, cells)):
            return [EMPTY] * self._width  # such a row is none
        return wrong_width(count, self._width)

    def finished(self, block: Block) -> Block:
        """Leave out what holds nothing, and reject what is no contact.

        :raises HeaderError: when a column without a name holds something.
        :raises SourceChanged: when the header is there again, in another order.
        """
        finished = self._frame(block) if isinstance(block, Frame) else self._rows(block)
        self._read += len(finished)
        return finished

    def _rows(self, rows: list[Row | RowFault]) -> Block:
        kept = [
            row if isinstance(row, RowFault) else self._stray.fault_of(row) or row
            for row in rows
            if isinstance(row, RowFault) or not all(map(_is_empty, row))
        ]
        for number, row in enumerate(kept, start=1):
            if row is REORDERED:
                raise self._is_reordered(number)
        for place in self._nameless:
            for number, row in enumerate(kept, start=1):
                if not isinstance(row, RowFault) and not _is_empty(row[place]):
                    raise self._holds_something(place, number)
        if not self._nameless:
            return kept
        return [row if isinstance(row, RowFault) else [row[place] for place in self._named] for row in kept]

    def _frame(self, frame: Frame) -> Frame:
        frame = _without_empty_rows(frame)
        if stray := self._stray.in_frame(frame):
            for place, fault in stray.items():
                if fault is REORDERED:
                    raise self._is_reordered(place + 1)
            frame = replace(frame, faults={**frame.faults, **stray})
        for place in self._nameless:
            is_filled = _is_filled(frame.cells.to_series(place))
            is_filled[list(frame.faults)] = False
            if is_filled.any():
                raise self._holds_something(place, int(np.argmax(is_filled)) + 1)
        return replace(frame, cells=frame.cells[:, self._named]) if self._nameless else frame

    def _is_reordered(self, number: int) -> SourceChanged:
        return SourceChanged(
            f"Row {self._read + number:,} of {self._source} is the header again, with its columns in another "
            "order: files were joined, and rows below it would be read wrongly. Give the files as a folder."
        )

    def _holds_something(self, place: int, number: int) -> HeaderError:
        return HeaderError(
            f"Column {place + 1} of {self._source} has no name, but its row {self._read + number:,} holds "
            "something. Name the column, or remove it (pandas writes its index so; index=False omits it)."
        )


def wrong_width(found: int, width: int) -> RowFault:
    """Give the fault of a row with too many cells, or too few."""
    cells = "1 cell" if found == 1 else f"{found} cells"
    return RowFault("columns", f"The row has {cells}, the header has {width}.")


def _without_empty_rows(frame: Frame) -> Frame:
    first = np.zeros(0, bool)
    if frame.cells.width:
        first = ~_is_filled(frame.cells.to_series(0), is_trimmed=frame.is_trimmed)
    first[list(frame.faults)] = False
    if not first.any():
        return frame
    candidates = np.flatnonzero(first)
    some = frame.cells[candidates]
    is_filled = np.zeros(len(candidates), bool)
    for column in some.iter_columns():
        is_filled |= _is_filled(column)
    kept = np.ones(len(frame), bool)
    kept[candidates[~is_filled]] = False
    if kept.all():
        return frame
    places = np.cumsum(kept) - 1
    return replace(
        frame,
        cells=frame.cells.filter(pl.Series(kept)),
        faults={int(places[place]): fault for place, fault in frame.faults.items()},
        is_odd=None if frame.is_odd is None else frame.is_odd[kept],
    )


def _is_filled(column: pl.Series, *, is_trimmed: bool = False) -> Any:
    """Say for each cell of a column whether something is in it."""
    if column.dtype != pl.String:
        return column.is_not_null().to_numpy()
    if is_trimmed:
        return views_of(column)[0] > 0
    return (column.str.strip_chars(BLANKS) != EMPTY).fill_null(value=False).to_numpy(writable=True)


def _is_empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
