"""Who must not be written to: rows that say so themselves, as the platform's own answers do.

Knows the columns ``emailBlacklisted``, ``smsBlacklisted`` and ``whatsappBlacklisted`` of a contact
(api-contract §1.8, §2), also as warehouses spell them (``EMAIL_BLACKLISTED``), and what else the platform
says of one that an import cannot set. Importing such a person as a subscriber would undo her choice, so the
row is rejected unless that was asked for; and so is one whose flag can be read in more than one way. What she
has opted out of goes along with the fault: it counts for her other rows, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from email_contacts.contacts.column_names import EMAIL, SMS, WHATSAPP, canonical
from email_contacts.contacts.sources.rows import Block, Frame, RefusedRow, Row, RowFault, Rows
from email_contacts.contacts.sources.said_words import NOTHING, word_of, words_in

# Each flag with what it is about: where that is a number, and a row has none, there is nothing to send to.
_ABOUT = {"emailBlacklisted": EMAIL, "smsBlacklisted": SMS, "whatsappBlacklisted": WHATSAPP}
FLAGS = tuple(_ABOUT)
_BY_LETTERS = {flag.upper(): flag for flag in FLAGS}
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


def flag_of(name: str) -> str | None:
    """Return the flag that a column is by its name, however its words are joined; None for any other."""
    return _BY_LETTERS.get(canonical(name).replace("_", ""))


def without_opted_out(rows: Rows, *, keep: Iterable[str], take_all: bool, consent: str | None = None) -> Rows:
    """Reject the rows of contacts who have opted out, and leave out what says so.

    :param rows: an opened source.
    :param keep: columns that a mapping names, and that therefore stay.
    :param take_all: whether such rows are still taken.
    :param consent: the column that decides with words of its own; it is left alone.
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
    return _ConsentedRows(rows, flags, kept=kept, take_all=take_all)


class _ConsentedRows:
    """Rows of contacts who may be written to."""

    def __init__(
        self, rows: Rows, flags: Sequence[tuple[str, int]], *, kept: set[str], take_all: bool
    ) -> None:
        self._rows = rows
        names = [canonical(name) for name in rows.columns]
        self._flags = () if take_all else flags
        self._about = {
            flag: names.index(column) if column in names else None
            for flag, column in _ABOUT.items()
            if column != EMAIL
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
        self.likely_header = rows.likely_header
        what = "still taken" if take_all else "rejected as opted_out"
        self.notes = (*rows.notes, f"rows that say {' or '.join(dict(flags))} are {what}")

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
        if flag not in self._about:
            return True
        place = self._about[flag]
        return place is not None and str(row[place]).strip() != ""

    def _frame(self, frame: Frame) -> Frame:
        faults = dict(frame.faults)
        found = [
            (flag, fault, is_so)
            for flag, place in self._flags
            for fault, is_so in _faults_in(frame.cells.to_series(place))
        ]
        outs = [(_ABOUT[flag], is_so) for flag, fault, is_so in found if fault is _OPTED_OUT]
        for flag, fault, is_so in found:
            for at in np.flatnonzero(is_so & self._matters_in(flag, frame)).tolist():
                if at not in faults:
                    faults[at] = _about(fault, flag, tuple(what for what, is_out in outs if is_out[at]))
        return replace(frame, cells=frame.cells[:, self._kept], faults=faults)

    def _matters_in(self, flag: str, frame: Frame) -> Any:
        if flag not in self._about:
            return np.ones(len(frame), bool)
        place = self._about[flag]
        if place is None:
            return np.zeros(len(frame), bool)
        numbers = frame.cells.to_series(place)
        return (numbers.cast(pl.String).str.strip_chars() != "").fill_null(value=False).to_numpy()


def _fault_of(cell: Any) -> RefusedRow | None:
    """Read a flag; anything but a clear no is a fault."""
    return _fault_in(word_of(cell))


def _fault_in(word: str) -> RefusedRow | None:
    return None if word in _NO else _OPTED_OUT if word in _YES else _UNCLEAR


def _faults_in(cells: pl.Series) -> Iterator[tuple[RefusedRow, Any]]:
    """Read the flags of a column: each fault, and which rows have it."""
    texts, words = words_in(cells)
    spellings: dict[RefusedRow, list[str]] = {}
    for text, word in words.items():
        if (fault := _fault_in(word)) is not None:
            spellings.setdefault(fault, []).append(text)
    for fault, found in spellings.items():
        yield fault, texts.is_in(found).to_numpy()


def _about(fault: RefusedRow, flag: str, opted_out: tuple[str, ...]) -> RefusedRow:
    return replace(fault, message=fault.message.format(flag=flag), opted_out=opted_out)
