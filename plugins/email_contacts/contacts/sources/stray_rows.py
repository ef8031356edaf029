"""Rows of a sheet that are certainly no contacts: what programs write between the rows and below them.

Knows cells and the names above them. Files that were joined hold the header again; clients of databases draw
a line of dashes below it, and end with a count of rows or a mark; reports end with totals. With an identifier
of the source's own in the first column, each of them would be somebody: its only rule is to be text.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from email_contacts.contacts.column_names import canonical
from email_contacts.contacts.sources.rows import EMPTY, Frame, RowFault
from email_contacts.contacts.text_views import views_of
from email_contacts.contacts.values.marks import BLANKS

HEADER = RowFault("columns", "The row is the header again, as where files were joined: remove it.")
REORDERED = RowFault("columns", "The row is the header again, with its columns in another order.")
DASHES = RowFault("columns", "The row is a line of dashes and no contact: remove it.")
END = RowFault("columns", "The row is a mark of the end and no contact: remove it.")
COUNT = RowFault("columns", "The row is a count of rows and no contact: remove it.")
FOOTER = RowFault("columns", "The row is a line below a report and no contact: remove it.")
TOTAL = RowFault("columns", "The row is one of totals and no contact: remove it.")
# Where nothing but numbers stands behind them.
_TOTALS = frozenset(
    word + colon
    for word in (
        *("total", "totals", "grand total", "grand totals", "subtotal", "summe", "gesamt", "gesamtsumme"),
        *("somme", "totale", "totaal"),
    )
    for colon in ("", ":")
)
# Of at most nine digits: more may be a phone number.
_AMOUNT = re.compile(r"[-+(]?(?:[0-9][.,'\s\u00a0\u202f]*){1,9}[)%]?").fullmatch
_LONGEST_PATTERN = 5_000  # of hundreds of names; there is a limit to what is compiled
_SEPARATOR = r"[\s_-]"
_SEPARATORS = list(b" _-")
_DASHES, _TWO_DASHES = "--", 0x2D2D
# PostgreSQL's COPY in its text format; CP/M and MS-DOS, by Ctrl-Z.
_ENDS = ("\\.", "\x1a")
# In the syntax that Python and Rust share; each begins otherwise than most identifiers do, and holds a blank.
_ROWS = (
    r"(?:rows?|row\(s\)|records?|record\(s\)|zeilen?|datensätze?|lignes?|filas?|righe|riga|linhas?|rijen|rij|"
    r"wiersz[ey]?|rader|rad|rækker|строк[аи]?|行(?:记录)?)"
)
_DONE = (
    r"(?:affected|selected|retrieved|returned|fetched|produced|found|in set|ausgewählt|betroffen|affectées?|"
    r"sélectionnées?|afectadas?|seleccionadas?|interessate|selezionate|afetadas?|selecionadas?)"
)
_COUNTS = (
    rf"(?i)^(?:\([0-9][0-9.,]* {_ROWS}(?: {_DONE})?\)|(?:no|[0-9][0-9.,]*) {_ROWS} {_DONE}"
    r"(?:\.?|(?:\. time elapsed:)? \(?[0-9.:]+ ?(?:m?s|sec|seconds?)\)?))$"
)
_FOOTERS = (
    r"(?i)^(?:grand totals?(?: \([0-9.,]+ records?\))?|copyright \(c\) .*salesforce\.com.*|"
    r"confidential information - do not distribute|(?:completion time|abschlusszeit|heure de fin|"
    r"hora de finalización|ora di completamento) ?: [0-9]{4}-[0-9]{2}-[0-9]{2}[t ].*|"
    r"(?:page|seite|pagina|página|blatt) [0-9]+ ?(?:of|/|von|de|di|van|sur) ?[0-9]+|"
    r"\*{2,} ?[^*]* [^*]*\*{2,}|(?:end of (?:report|file|list|data)|ende der (?:liste|datei|auswertung))\.?)$"
)
_COUNT, _FOOTER = re.compile(_COUNTS).match, re.compile(_FOOTERS).match


class StrayRows:
    """Finds the rows of a sheet that are no contacts.

    :param names: of the columns; empty for one without a name.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(map(canonical, names))
        self._sorted, self._known = sorted(self._names), frozenset(self._names)
        self._place = next((place for place, name in enumerate(names) if name), None)
        self._next = next((place for place, name in enumerate(names) if name and place != self._place), None)
        # As cells may spell the names; how such cells begin, and how many bytes they have.
        spelled = {form for name in (*names, *_TOTALS) for form in _forms(name) if form}
        pattern = f"(?i)^(?:{'|'.join(map(_any_spelling, sorted(spelled)))})$"
        self._pattern = pattern if len(pattern) <= _LONGEST_PATTERN else None
        self._begins = np.zeros(256, bool)
        self._begins[[text.encode()[0] for text in spelled]] = True
        if self._begins[_SEPARATORS].any():
            self._begins[_SEPARATORS] = True
        self._has_length = np.zeros(max((len(text.encode()) for text in spelled), default=0) + 2, bool)
        self._has_length[[len(text.encode()) for text in spelled]] = True

    def fault_of(self, row: Sequence[Any]) -> RowFault | None:
        """Say why a row is no contact; None where it may be one."""
        if self._place is None or not isinstance(first := _trimmed(row[self._place]), str):
            return None
        if canonical(first) in self._known and (fault := self._header_again(row)) is not None:
            return fault
        if first.startswith(_DASHES) and not any(map(_is_more_than_dashes, row)):
            return DASHES
        if self._next is None and first in _ENDS:
            return END
        if first.lower() in _TOTALS and all(map(_is_amount, row[self._place + 1 :])):
            return TOTAL
        if " " not in first or any(_trimmed(cell) != "" for cell in row[self._place + 1 :]):
            return None
        return COUNT if _COUNT(first) else FOOTER if _FOOTER(first) else None

    def _header_again(self, row: Sequence[Any]) -> RowFault | None:
        cells = [
            canonical(cell) if isinstance(cell, str) else EMPTY if cell is None else cell for cell in row
        ]
        if cells == self._names:
            return HEADER
        is_text = all(isinstance(cell, str) for cell in cells)
        return REORDERED if is_text and sorted(cells) == self._sorted else None

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
        lengths, beginnings = views_of(first)
        marks: Any = beginnings & 0xFFFF == _TWO_DASHES
        # Only where a row needs no more cells is a line of one cell a row; others are filled up with commas.
        if self._next is None:
            marks |= first.is_in(list(_ENDS)).fill_null(value=False).to_numpy()
            is_lonely = first.str.contains(" ", literal=True).fill_null(value=False).to_numpy()
        else:
            is_lonely = _is_empty(frame.cells.to_series(self._next), is_trimmed=frame.is_trimmed)
        self._mark(marks, first, is_lonely, _in_words)
        may_be_name = self._begins[beginnings & 0xFF]
        may_be_name &= self._has_length[np.minimum(lengths, len(self._has_length) - 1)]
        self._mark(marks, first, may_be_name, self._is_name)
        return marks

    def _mark(
        self, marks: Any, first: pl.Series, looked_at: Any, is_stray: Callable[[pl.Series], pl.Series]
    ) -> None:
        """Mark rows for which that is true, of those that are looked at: few of most files are."""
        places = np.flatnonzero(looked_at)
        if len(places):
            marks[places] |= is_stray(first.gather(places)).fill_null(value=False).to_numpy()

    def _is_name(self, cells: pl.Series) -> pl.Series:
        if self._pattern is None:
            may_be = (canonical(cell) in self._known or cell.lower() in _TOTALS for cell in cells)
            return pl.Series(may_be, dtype=pl.Boolean)
        return cells.str.contains(self._pattern)


def _trimmed(cell: Any) -> Any:
    if cell is None:
        return ""
    return cell.strip(BLANKS) if isinstance(cell, str) else cell


def _forms(name: str) -> Iterator[str]:
    """Give the forms of a name that are compared as one, which may differ in length."""
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, name.strip(BLANKS))
        yield from (text, text.upper(), text.lower())


def _any_spelling(name: str) -> str:
    return _SEPARATOR.join(map(re.escape, re.split(_SEPARATOR, name)))


def _in_words(cells: pl.Series) -> pl.Series:
    return cells.str.contains(" ", literal=True) & (
        cells.str.contains(_COUNTS) | cells.str.contains(_FOOTERS)
    )


def _is_empty(cells: pl.Series, *, is_trimmed: bool) -> Any:
    if cells.dtype != pl.String:
        return cells.is_null().to_numpy()
    return views_of(cells if is_trimmed else cells.str.strip_chars(BLANKS))[0] == 0


def _is_amount(cell: Any) -> bool:
    """Say whether a cell is a number, or empty."""
    if type(cell) is int or (type(cell) is float and math.isfinite(cell)):
        cell = str(round(cell))
    else:
        cell = _trimmed(cell)
    return isinstance(cell, str) and (cell == "" or _AMOUNT(cell) is not None)


def _is_more_than_dashes(cell: Any) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(_trimmed(cell).strip("-")))
