"""Who must not be written to: rows that say so themselves, as the platform's own answers do.

Knows the columns ``emailBlacklisted`` and ``smsBlacklisted`` of a contact (api-contract §2), and what else
the platform says of one that an import cannot set. Importing such a person as a subscriber would undo her
choice, so the row is rejected unless that was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from email_contacts.contacts.column_names import SMS, canonical
from email_contacts.contacts.sources.rows import Block, Frame, Row, RowFault, Rows

EMAIL_FLAG, SMS_FLAG = "emailBlacklisted", "smsBlacklisted"
FLAGS = (EMAIL_FLAG, SMS_FLAG)
# What the platform says of a contact besides its attributes; an import sets none of it.
_FACTS = ("id", "createdAt", "modifiedAt", "listIds", "listUnsubscribed", "whatsappBlacklisted")
_FACTS_WITHIN = "statistics."
_SIGN_OF_AN_ANSWER = "LISTIDS"
_YES = frozenset({"true", "t", "yes", "y", "1"})
_FAULT = RowFault(
    "opted_out",
    "The contact has opted out: {flag} is true. Remove the row, or let opted_out=import take such rows.",
)


def without_opted_out(rows: Rows, *, keep: Iterable[str], take_all: bool) -> Rows:
    """Reject the rows of people who have opted out, and leave out what says so.

    :param rows: an opened source.
    :param keep: columns that a mapping names, and that therefore stay.
    :param take_all: whether such rows are taken all the same.
    :return: the rows themselves where they say nothing of the kind.
    """
    said = [canonical(name) for name in rows.columns]
    flags = {flag: said.index(flag.upper()) for flag in FLAGS if flag.upper() in said}
    if not flags:
        return rows
    return _ConsentedRows(rows, flags, kept=set(map(canonical, keep)), take_all=take_all)


class _ConsentedRows:
    """Rows of people who may be written to."""

    def __init__(self, rows: Rows, flags: dict[str, int], *, kept: set[str], take_all: bool) -> None:
        self._rows = rows
        names = [canonical(name) for name in rows.columns]
        self._flags = {} if take_all else flags
        self._sms = names.index(SMS) if SMS in names else None
        gone = set(map(canonical, (*FLAGS, *(_FACTS if _SIGN_OF_AN_ANSWER in names else ())))) - kept
        self._kept = [
            place
            for place, name in enumerate(rows.columns)
            if canonical(name) not in gone
            and not (_SIGN_OF_AN_ANSWER in names and name.startswith(_FACTS_WITHIN))
        ]
        self.columns = tuple(rows.columns[place] for place in self._kept)
        self.text_only, self.reads_ahead = rows.text_only, rows.reads_ahead
        self.likely_header = rows.likely_header
        what = "taken all the same" if take_all else "rejected as opted_out"
        self.notes = (*rows.notes, f"rows that say {' or '.join(flags)} are {what}")

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
        for flag, place in self._flags.items():
            if str(row[place]).strip().casefold() in _YES and self._matters(flag, row):
                return _fault(flag)
        return [row[place] for place in self._kept]

    def _matters(self, flag: str, row: Row) -> bool:
        """Say whether a row has what the flag is about: without a number there is nothing to send to."""
        return flag != SMS_FLAG or (self._sms is not None and str(row[self._sms]).strip() != "")

    def _frame(self, frame: Frame) -> Frame:
        faults = dict(frame.faults)
        for flag, place in self._flags.items():
            is_out = _says_yes(frame.cells.to_series(place))
            if flag == SMS_FLAG:
                is_out &= self._has_number(frame)
            faults |= {int(at): _fault(flag) for at in np.flatnonzero(is_out) if int(at) not in faults}
        return replace(frame, cells=frame.cells[:, self._kept], faults=faults)

    def _has_number(self, frame: Frame) -> Any:
        if self._sms is None:
            return np.zeros(len(frame), bool)
        numbers = frame.cells.to_series(self._sms)
        return (numbers.cast(pl.String).str.strip_chars() != "").fill_null(value=False).to_numpy()


def _says_yes(cells: pl.Series) -> Any:
    texts = cells.cast(pl.String, strict=False).str.strip_chars().str.to_lowercase()
    return texts.is_in(list(_YES)).fill_null(value=False).to_numpy(writable=True)


def _fault(flag: str) -> RowFault:
    return replace(_FAULT, message=_FAULT.message.format(flag=flag))
