"""Who a rejected row is about, as far as its identifiers can be read.

Knows bound columns and cells. A row may be rejected for its birthday, and its address is still good.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from email_contacts.contacts.checks.validation import ContactValidator
from email_contacts.contacts.column_names import IDENTIFIERS
from email_contacts.contacts.sources.rows import EMPTY, Row, RowFault
from email_contacts.contacts.sources.typed import frame_rows

if TYPE_CHECKING:
    import polars as pl

# Each identifier that the row gives: its value as it would be sent, or None where it cannot be read.
Identifiers: TypeAlias = "dict[str, str | None]"


class RejectedIdentifiers:
    """Reads identifiers of rejected rows.

    :param validator: what a valid contact is.
    """

    def __init__(self, validator: ContactValidator) -> None:
        self._columns = [
            (one.column, one.column.normaliser(text_only=False, remembered=0), one.is_valid)
            for one in validator.columns
            if one.column.attribute in IDENTIFIERS
        ]

    def of(self, row: Row) -> Identifiers:
        """Read those of a row."""
        return self._of([row[column.place] for column, *_ in self._columns])

    def of_frame(self, cells: pl.DataFrame) -> Iterator[Identifiers]:
        """Read those of rows that are columns.

        :param cells: one column for each of the source's.
        """
        for row in frame_rows(cells[:, [column.place for column, *_ in self._columns]]):
            yield {} if isinstance(row, RowFault) else self._of(row)

    def _of(self, cells: Iterable[object]) -> Identifiers:
        found: Identifiers = {}
        for cell, (column, normalise, is_valid) in zip(cells, self._columns, strict=True):
            value = normalise(cell)
            value = column.default if value == EMPTY else value
            if value == EMPTY:
                continue
            try:
                found[column.attribute] = str(value) if is_valid(value) else None
            except UnicodeEncodeError:  # half a character
                found[column.attribute] = None
        return found
