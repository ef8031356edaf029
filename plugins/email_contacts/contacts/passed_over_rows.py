"""Rows that are not read, where only some are wanted, and that say who has opted out or does not consent.

Knows which rows these are; what they say counts for all rows of the person.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from email_contacts.contacts.checks.rejected_identifiers import RejectedIdentifiers
from email_contacts.contacts.decided_rows import OptedOut, opted_out_by
from email_contacts.contacts.sources.rows import Block, Frame, RefusedRow, Row, RowFault
from email_contacts.contacts.sources.selection import chosen
from email_contacts.contacts.sources.typed import rows_at


class PassedOverRows:
    """Keeps them until it is read who they are about.

    :param said_no: the numbers of rows without consent, as far as the source was read.
    :param with_exact_digits: makes of rows what is read of them.
    """

    def __init__(self, said_no: Sequence[int], with_exact_digits: Callable[[Block], Block]) -> None:
        self._said_no, self._seen = said_no, 0
        self._with_exact_digits = with_exact_digits
        self._found: deque[tuple[int, Row | RowFault]] = deque()

    def look_at(self, block: Block, first: int, wanted: Any) -> None:
        """Look for such rows in a block.

        :param first: the number of its first row.
        :param wanted: the numbers of the rows that are read.
        """
        faults = block.faults.items() if isinstance(block, Frame) else enumerate(block)
        out = [first + at for at, row in faults if isinstance(row, RefusedRow) and row.opted_out]
        numbers = np.setdiff1d([*out, *self._said_no[self._seen :]], wanted).astype(np.int64)
        self._seen = len(self._said_no)
        if not len(numbers):
            return
        rows = self._with_exact_digits(chosen(block, numbers - first))
        cells = rows_at(rows, range(len(rows))) if isinstance(rows, Frame) else rows
        self._found += zip(numbers.tolist(), cells, strict=True)

    def people(self, identifiers: Callable[[], RejectedIdentifiers]) -> list[OptedOut]:
        """Say who the rows that were found since the last time are about.

        :param identifiers: gives what reads that.
        """
        people: list[OptedOut] = []
        while self._found:
            number, row = self._found.popleft()
            refused = row if isinstance(row, RefusedRow) else None
            cells = (refused.cells if refused else None) if isinstance(row, RowFault) else row
            who = {} if cells is None else identifiers().of(cells)
            out = opted_out_by(number, refused.opted_out if refused else (), who)
            people += list(out) or [OptedOut(number, (), who)]
        return people
