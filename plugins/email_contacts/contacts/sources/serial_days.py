"""Serial days of a workbook that counts them from 1904, as Excel for the Macintosh did.

Knows the rows of a workbook, and which of its columns a mapping says to hold serial days. There a number is
the day that the workbook shows for it; read as those of other workbooks, it would be one four years earlier.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from email_contacts.contacts.column_names import canonical
from email_contacts.contacts.sources.rows import Block, Day, RowFault
from email_contacts.contacts.values.dates import day_since_1904

# Columns of serial days, each with its words for nothing.
SerialColumns = Mapping[str, Collection[str]]
NONE: SerialColumns = {}


class SerialDays:
    """Reads the serial days of a workbook.

    :param columns: the workbook's.
    :param said: the columns that hold serial days.
    """

    def __init__(self, columns: Sequence[str], said: SerialColumns) -> None:
        nulls_of = {canonical(name): frozenset(nulls) for name, nulls in said.items()}
        self._places = [
            (place, nulls_of[canonical(name)])
            for place, name in enumerate(columns)
            if canonical(name) in nulls_of
        ]

    def read(self, rows: Block) -> Block:
        """Put days in the place of their numbers."""
        for place, nulls in self._places:
            for row in rows if isinstance(rows, list) else ():
                if not isinstance(row, RowFault):
                    row[place] = _day_or_cell(row[place], nulls)
        return rows


def _day_or_cell(cell: Any, nulls: Collection[str]) -> Any:
    if str(cell) in nulls or (day := day_since_1904(cell)) is None:
        return cell
    return Day(day)
