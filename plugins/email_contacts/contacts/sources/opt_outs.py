"""Who must not be written to: rows that say so themselves, as the platform's own answers do.

Knows the columns ``emailBlacklisted``, ``smsBlacklisted`` and ``whatsappBlacklisted`` of a contact
(api-contract §1.8, §2), also as warehouses spell them (``EMAIL_BLACKLISTED``), and what else the platform
says of one that an import cannot set. Importing such a person as a subscriber would undo her choice, so the
row is rejected unless that was asked for; and so is one whose flag can be read in more than one way. What she
has opted out of goes along with the fault: it counts for her other rows, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from email_contacts.contacts.column_names import EMAIL, SMS, WHATSAPP, canonical
from email_contacts.contacts.errors import UnknownColumns
from email_contacts.contacts.header_names import shown_name
from email_contacts.contacts.sources.rows import (
    EMPTY,
    Block,
    Frame,
    RefusedRow,
    Row,
    RowFault,
    Rows,
)
from email_contacts.contacts.sources.said_words import NOTHING, word_of, words_in
from email_contacts.contacts.sources.typed import frame_rows
from email_contacts.contacts.values.normalising import NULLS, Normaliser, text, without

# Each flag with what it is about: where that is a number, and a row has none, there is nothing to send to.
_ABOUT = {"emailBlacklisted": EMAIL, "smsBlacklisted": SMS, "whatsappBlacklisted": WHATSAPP}
FLAGS = tuple(_ABOUT)
# The platform's pages, and exports from them, say "blocklisted".
_BY_LETTERS = {
    name: flag for flag in FLAGS for name in (flag.upper(), flag.upper().replace("BLACK", "BLOCK"))
}
# What the platform says of a contact besides its attributes, and where an export keeps the rest of it; an
# import sets none of it.
_FACTS = ("id", "createdAt", "modifiedAt", "listIds", "listUnsubscribed", "otherFields")
_FACTS_WITHIN = "statistics."
_SIGN_OF_AN_ANSWER = "LISTIDS"
_YES = frozenset({"true", "t", "yes", "y", "1"})
# An empty cell says nothing; an export of the platform always has one or the other.
_NO = frozenset({"false", "f", "no", "n", "0", NOTHING})
_OPTED_OUT = RefusedRow(
    "opted_out",
    "The contact has opted out: {flag} is true. Remove the row, or let opted_out=import take such rows.",
)
_UNCLEAR = RefusedRow(
    "opted_out_unclear",
    "Whether the contact has opted out is not clear: {flag} must be true or false. Correct it, or let "
    "opted_out=import take such rows.",
)


@dataclass(frozen=True)
class NumberColumn:
    """A column of phone numbers.

    :param place: its index in a row.
    :param attribute: what it becomes.
    :param nulls: words that are empty cells, exactly as they are written.
    """

    place: int
    attribute: str
    nulls: tuple[str, ...] = NULLS

    @cached_property
    def value_of(self) -> Normaliser:
        """What tells an empty cell, which becomes ``""``, from others."""
        return without(self.nulls, text)

    def is_filled(self, cells: pl.Series) -> Any:
        """Return for each cell of a frame whether it is more than an empty one."""
        rows = frame_rows(cells.to_frame())
        filled = (isinstance(row, RowFault) or self.value_of(row[0]) != EMPTY for row in rows)
        return np.fromiter(filled, bool, len(rows))


# Finds the columns of phone numbers among all columns.
FindNumbers = Callable[[Sequence[str]], Iterable[NumberColumn]]


def numbers_by_name(columns: Sequence[str]) -> Iterator[NumberColumn]:
    """Find the columns of phone numbers that are called by their attributes."""
    for place, name in enumerate(map(canonical, columns)):
        if name in _ABOUT.values():
            yield NumberColumn(place, name)


def flag_of(name: str) -> str | None:
    """Return the flag that a column is by its name, however its words are joined; None for any other.

    Of a path the last part is its name: ``contact.emailBlacklisted`` is said of the same person.
    """
    return _BY_LETTERS.get(canonical(name.rpartition(".")[2]).replace("_", ""))


def flag_within(cell: Mapping[str, Any]) -> str | None:
    """Find a flag in an object that is a single cell, at any depth; None where there is none."""
    for key, value in cell.items():
        found = flag_of(key) or (flag_within(value) if isinstance(value, dict) else None)
        if found is not None:
            return found
    return None


def refuse_flags(record: Mapping[str, Any], keys: Iterable[str], *, source: str) -> None:
    """Refuse an object whose flags nobody would see, because other objects have other values there.

    :param keys: those whose values are cells, whatever they are.
    :raises UnknownColumns: when one of the values is an object with a flag.
    """
    for key in keys:
        cell = record.get(key)
        if isinstance(cell, dict) and (flag := flag_within(cell)) is not None:
            raise UnknownColumns(
                f'{source} has {flag} in an object under the key "{shown_name(key)}", which holds other '
                "values, too, such as [] for an empty object. Write objects or null there: it says who opted "
                "out.",
                [key],
            )


def without_opted_out(
    rows: Rows,
    *,
    keep: Iterable[str],
    take_all: bool,
    consent: str | None = None,
    find_numbers: FindNumbers = numbers_by_name,
) -> Rows:
    """Reject the rows of contacts who have opted out, and leave out what says so.

    :param rows: an opened source.
    :param keep: columns that a mapping names, and that therefore stay.
    :param take_all: whether such rows are still taken.
    :param consent: the column that decides with words of its own; it is left alone.
    :param find_numbers: finds the columns that become phone numbers, which flags are about.
    :return: the rows themselves where they say nothing of the kind.
    """
    decides = None if consent is None else canonical(consent)
    flags = [
        (flag, place)
        for place, name in enumerate(rows.columns)
        if (flag := flag_of(name)) is not None and canonical(name) != decides
    ]
    if not flags:
        return rows
    kept = {*map(canonical, keep), *({decides} if decides is not None else ())}
    found = (*find_numbers(rows.columns), *numbers_by_name(rows.columns))
    # By its name a column counts even where it is not sent.
    numbers = {(one.attribute, one.place): one for one in reversed(found)}
    return _ConsentedRows(rows, flags, numbers=tuple(numbers.values()), kept=kept, take_all=take_all)


class _ConsentedRows:
    """Rows of contacts who may be written to."""

    def __init__(
        self,
        rows: Rows,
        flags: Sequence[tuple[str, int]],
        *,
        numbers: Sequence[NumberColumn],
        kept: set[str],
        take_all: bool,
    ) -> None:
        self._rows = rows
        names = [canonical(name) for name in rows.columns]
        self._flags = () if take_all else flags
        self._about = {
            flag: [one for one in numbers if one.attribute == what] for flag, what in _ABOUT.items()
        }
        facts = _FACTS if _SIGN_OF_AN_ANSWER in names else ()
        gone = {*(names[place] for _, place in flags), *map(canonical, facts)} - kept
        self._kept = [
            place
            for place, name in enumerate(rows.columns)
            if canonical(name) not in gone
            and not (_SIGN_OF_AN_ANSWER in names and name.startswith(_FACTS_WITHIN))
        ]
        self.columns = tuple(rows.columns[place] for place in self._kept)
        self.text_only, self.reads_ahead = rows.text_only, rows.reads_ahead
        self.narrow_columns = rows.narrow_columns
        self.likely_header = rows.likely_header
        self.notes = (*rows.notes, *self._notes(tuple(dict(flags)), take_all=take_all))

    @property
    def late_columns(self) -> tuple[str, ...]:
        return self._rows.late_columns

    def blocks(self) -> Iterator[Block]:
        for block in self._rows.blocks():
            yield self._frame(block) if isinstance(block, Frame) else self._list(block)

    def place(self, row: int) -> str:
        return self._rows.place(row)

    def close(self) -> None:
        self._rows.close()

    def _notes(self, flags: Sequence[str], *, take_all: bool) -> Iterator[str]:
        acting = [flag for flag in flags if take_all or _ABOUT[flag] == EMAIL or self._about[flag]]
        if acting:
            what = "still taken" if take_all else "rejected as opted_out"
            yield f"rows that say {' or '.join(acting)} are {what}"
        for flag in flags:
            if flag not in acting:
                yield f"{flag} rejects no row, for no column becomes {_ABOUT[flag]}"

    def _list(self, rows: Sequence[Row | RowFault]) -> list[Row | RowFault]:
        return [row if isinstance(row, RowFault) else self._judged(row) for row in rows]

    def _judged(self, row: Row) -> Row | RowFault:
        cells = [row[place] for place in self._kept]
        faults = [
            (flag, fault) for flag, place in self._flags if (fault := _fault_of(row[place])) is not None
        ]
        for flag, fault in faults:
            if self._matters(flag, row):
                opted_out = tuple(_ABOUT[one] for one, said in faults if said is _OPTED_OUT)
                return replace(_about(fault, flag, opted_out), cells=cells)
        return cells

    def _matters(self, flag: str, row: Row) -> bool:
        """Return whether a row has what the flag is about."""
        if _ABOUT[flag] == EMAIL:
            return True
        return any(one.value_of(row[one.place]) != EMPTY for one in self._about[flag])

    def _frame(self, frame: Frame) -> Frame:
        judged = {place: self._judged(row) for place, row in frame.own.items()}
        own = {place: one for place, one in judged.items() if not isinstance(one, RowFault)}
        faults = {place: one for place, one in judged.items() if isinstance(one, RowFault)} | {**frame.faults}
        found = [
            (flag, fault, is_so)
            for flag, place in self._flags
            for fault, is_so in _faults_in(frame.cells.to_series(place))
        ]
        outs = [(_ABOUT[flag], is_so) for flag, fault, is_so in found if fault is _OPTED_OUT]
        for flag, fault, is_so in found:
            for at in self._mattering(flag, frame, np.flatnonzero(is_so)).tolist():
                if at not in faults:
                    faults[at] = _about(fault, flag, tuple(what for what, is_out in outs if is_out[at]))
        return replace(frame, cells=frame.cells[:, self._kept], faults=faults, own=own)

    def _mattering(self, flag: str, frame: Frame, places: Any) -> Any:
        """Keep those of some rows that have what the flag is about."""
        if _ABOUT[flag] == EMAIL or not len(places):
            return places
        has_one = np.zeros(len(places), bool)
        for one in self._about[flag]:
            has_one |= one.is_filled(frame.cells.to_series(one.place)[places])
        return places[has_one]


def _fault_of(cell: Any) -> RefusedRow | None:
    """Read a flag; anything but a clear no is a fault."""
    return _fault_in(word_of(cell))


def _fault_in(word: str) -> RefusedRow | None:
    return None if word in _NO else _OPTED_OUT if word in _YES else _UNCLEAR


def _faults_in(cells: pl.Series) -> Iterator[tuple[RefusedRow, Any]]:
    """Read the flags of a column: each fault, and which rows have it."""
    texts, words = words_in(cells)
    spellings: dict[RefusedRow, list[str]] = {}
    for spelling, word in words.items():
        if (fault := _fault_in(word)) is not None:
            spellings.setdefault(fault, []).append(spelling)
    for fault, found in spellings.items():
        yield fault, texts.is_in(found).to_numpy()


def _about(fault: RefusedRow, flag: str, opted_out: tuple[str, ...]) -> RefusedRow:
    return replace(fault, message=fault.message.format(flag=flag), opted_out=opted_out)
