"""Rows of a sheet that are certainly no contacts: what programs write between the rows and below them.

Knows cells and the names above them. Files that were joined hold the header again; clients of databases draw
a line of dashes below it, and end with a count of rows or a mark. With an identifier of the source's own in
the first column, each of them would be somebody: its only rule is to be text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from email_contacts.contacts.sources.rows import Frame, RowFault
from email_contacts.contacts.values.marks import BLANKS

HEADER = RowFault("columns", "The row is the header again, as where files were joined: remove it.")
DASHES = RowFault("columns", "The row is a line of dashes and no contact: remove it.")
END = RowFault("columns", "The row is a mark of the end and no contact: remove it.")
COUNT = RowFault("columns", "The row is a count of rows and no contact: remove it.")
_DASHES = "--"
# PostgreSQL's COPY in its text format; CP/M and MS-DOS, by Ctrl-Z.
_ENDS = ("\\.", "\x1a")
_COUNT = re.compile(r"\([0-9,]+ rows?(?: affected)?\)").fullmatch


class StrayRows:
    """Finds the rows of a sheet that are no contacts.

    :param names: of the columns; empty for one without a name.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self._place = next((place for place, name in enumerate(names) if name), None)
        # Only where a row needs no more cells is a line of one cell a row.
        self._is_alone = sum(map(bool, names)) == 1

    def fault_of(self, row: Sequence[Any]) -> RowFault | None:
        """Say why a row is no contact; None where it may be one."""
        if self._place is None or not isinstance(first := _trimmed(row[self._place]), str):
            return None
        if first == self._names[self._place] and list(map(_trimmed, row)) == self._names:
            return HEADER
        if first.startswith(_DASHES) and not any(map(_is_more_than_dashes, row)):
            return DASHES
        if not self._is_alone:
            return None
        if first in _ENDS:
            return END
        return COUNT if _COUNT(first) else None

    def in_frame(self, frame: Frame) -> dict[int, RowFault]:
        """Find the rows of a frame that are no contacts: their places, and why."""
        if self._place is None or frame.cells.dtypes[self._place] != pl.String:
            return {}
        found = {}
        for place in np.flatnonzero(self._may_be_stray(frame)):
            fault = None if place in frame.faults else self.fault_of(frame.cells.row(int(place)))
            if fault is not None:
                found[int(place)] = fault
        return found

    def _may_be_stray(self, frame: Frame) -> Any:
        """Mark the rows to look at, by their first cell with a name."""
        place = self._place or 0
        first = frame.cells.to_series(place)
        if not frame.is_trimmed:
            first = first.str.strip_chars(BLANKS)
        # What begins with two dashes is between them in the order of texts, which is quicker to see.
        is_stray = (first == self._names[place]) | ((first >= _DASHES) & (first < "-."))
        if self._is_alone:
            is_stray |= first.is_in(list(_ENDS)) | ((first >= "(") & (first < ")"))
        return is_stray.fill_null(value=False).to_numpy()


def _trimmed(cell: Any) -> Any:
    if cell is None:
        return ""
    return cell.strip(BLANKS) if isinstance(cell, str) else cell


def _is_more_than_dashes(cell: Any) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(_trimmed(cell).strip("-")))
