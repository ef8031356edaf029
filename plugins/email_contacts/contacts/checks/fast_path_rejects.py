"""Rows of a frame rejected many at once, for the first of their cells that is not plainly good.

Knows bound columns and what ``validation`` says of wrong cells. The cells before the first one that is not
plainly good are valid, so that one alone is looked at: where it is wrong, the row is rejected for it as
``ContactValidator.reject`` rejects it; where it is valid, the row is left to be decided one by one.
``tests/contacts/checks/test_differential.py`` holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl

from email_contacts.contacts.checks.schema import pattern_of
from email_contacts.contacts.checks.validation import ContactValidator, JudgedColumn
from email_contacts.contacts.column_names import IDENTIFIERS
from email_contacts.contacts.masking import mask, masked
from email_contacts.contacts.sources.rows import EMPTY, Frame
from email_contacts.contacts.sources.typed import values_of
from email_contacts.contacts.values.marks import AROUND
from email_contacts.contacts.values.normalising import LINK, NO_IDENTIFIERS, Remembered
from email_contacts.contacts.values.phone_patterns import impossible_pattern

_PLACE = "place"
_SCHEMA = {
    _PLACE: pl.Int64,
    "field": pl.String,
    "rule": pl.String,
    "message": pl.String,
    "value": pl.String,
}
# Types of cells that are looked at here.
_LOOKED_AT = (pl.String, pl.Boolean, pl.Float32, pl.Float64)
_LONGEST = 200
_MARKS = ("=", "'")
_FAULTS_REMEMBERED = 1 << 13  # of each column


class FastPathRejects:
    """Rejects rows.

    :param validator: what a valid contact is, and what is said of others.
    """

    def __init__(self, validator: ContactValidator) -> None:
        self._validator = validator
        self._columns: Sequence[_Column] | None = None  # made for the first reject
        self._somebody = any(name in IDENTIFIERS for name, _ in validator.binding.constants)

    def of(self, frame: Frame, places: Any, first: Any) -> pl.DataFrame:
        """Reject those rows of a frame that are certainly wrong.

        :param places: of the rows that are not plainly good, and have no fault (a NumPy array).
        :param first: of each of them, as ``fast_path_rows.Judged`` says it.
        :return: ``place``, ``field``, ``rule``, ``message`` and ``value``, in the order of the places.
        """
        if not len(places):
            return pl.DataFrame(schema=_SCHEMA)
        found = [pl.DataFrame(schema=_SCHEMA)]
        if self._columns is None:
            self._columns = [_Column(one) for one in self._validator.columns]
        for index, column in enumerate(self._columns):
            at = places[first == index]
            if len(at):
                found.append(column.rejected(frame.cells.to_series(column.place)[at], at))
        if not self._somebody and len(at := places[first == len(self._columns)]):
            found.append(_rejected(at, "", "identifier", self._validator.nobody, ""))
        return pl.concat(found).sort(_PLACE)


class _Column:
    """A bound column, and what is said of its wrong cells."""

    def __init__(self, judged: JudgedColumn) -> None:
        self._judged = judged
        self._column = judged.column
        self.place = judged.column.place
        self._normalise = judged.column.normaliser(text_only=False, remembered=0)
        self._fault_of_text = Remembered(self._fault_of, most=_FAULTS_REMEMBERED).__getitem__

    def rejected(self, cells: pl.Series, places: Any) -> pl.DataFrame:
        """Reject rows for their cells of this column.

        :param cells: which may be wrong.
        :param places: of their rows.
        """
        if not (cells.dtype.is_integer() or cells.dtype in _LOOKED_AT):
            return pl.DataFrame(schema=_SCHEMA)
        if cells.dtype != pl.String:  # 1, 1.0 and True would be one memory
            return self._one_by_one(values_of(cells), places, self._fault_of)
        if self._column.kind not in ("email", "phone"):
            return self._one_by_one(cells.to_list(), places, self._fault_of_text)
        is_certain = _are_certainly_wrong(cells, self._column.kind, self._column.nulls).to_numpy()
        others = cells.filter(pl.Series(~is_certain))
        known = self._one_by_one(others.to_list(), places[~is_certain], self._fault_of_text)
        values = masked(cells.filter(pl.Series(is_certain)))
        certain = _rejected(
            places[is_certain], self._column.name, self._column.kind, self._judged.message, values
        )
        return pl.concat([certain, known])

    def _one_by_one(
        self, cells: Sequence[Any], places: Any, fault_of: Callable[[Any], tuple[str, str] | None]
    ) -> pl.DataFrame:
        faults = [None if cell is None else fault_of(cell) for cell in cells]
        is_wrong = np.fromiter((fault is not None for fault in faults), bool, len(faults))
        messages = [fault[0] for fault in faults if fault is not None]
        values = [fault[1] for fault in faults if fault is not None]
        return _rejected(places[is_wrong], self._column.name, self._column.kind, messages, values)

    def _fault_of(self, cell: Any) -> tuple[str, str] | None:
        """Say what is wrong with a cell, and what is shown of it; None where nothing is."""
        value = self._normalise(cell)
        if value == EMPTY or self._judged.is_valid(value):
            return None
        return self._judged.fault_of(cell), mask(cell)


def _rejected(
    places: Any, field: str, rule: str, message: str | Sequence[str], value: str | Sequence[str] | pl.Series
) -> pl.DataFrame:
    texts = {"field": field, "rule": rule, "message": message, "value": value}
    columns: dict[str, Any] = {
        # repeat() would start Polars' engine for each.
        name: pl.Series([text], dtype=pl.String).new_from_index(0, len(places))
        if isinstance(text, str)
        else text
        for name, text in texts.items()
    }
    return pl.DataFrame({_PLACE: places, **columns}, _SCHEMA)


def _are_certainly_wrong(cells: pl.Series, kind: str, nulls: Sequence[str]) -> pl.Series:
    """Say of which cells it is certain that they are no addresses, or no phone numbers, and nothing more.

    Of other cells there may be more to say, or less: words for nothing, invisible characters, marks,
    addresses with a name around them.
    """
    text = pl.col(cells.name).str.strip_chars(AROUND)
    lower = text.str.to_lowercase()
    is_ascii = pl.col(cells.name).str.len_bytes() == pl.col(cells.name).str.len_chars()
    is_wrong = (
        ~lower.str.strip_prefix(LINK).str.contains(pattern_of("email")) & ~text.str.contains("<|@[^@]*@")
        if kind == "email"
        else text.str.contains(impossible_pattern())
    )
    is_certain = (
        is_ascii
        & is_wrong
        & ~lower.is_in(["", *NO_IDENTIFIERS])
        & ~text.is_in(list(nulls))
        & ~text.str.slice(0, 1).is_in(_MARKS)
        & (text.str.len_bytes() <= _LONGEST)
    )
    return cells.to_frame().select(is_certain.fill_null(value=False)).to_series()
