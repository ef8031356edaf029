"""The first rows of a source, by which it is judged what it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from email_contacts.contacts.sources.rows import Row, RowFault, Rows

ROWS_LOOKED_AT = 1_000


def first_rows(rows: Rows) -> list[Row]:
    """Read the first rows that can be read as cells."""
    return list(islice(_readable(rows), ROWS_LOOKED_AT))


def _readable(rows: Rows) -> Iterator[Row]:
    from email_contacts.contacts.sources.typed import rows_at

    for block in rows.blocks():
        some = block if isinstance(block, list) else rows_at(block, range(min(len(block), ROWS_LOOKED_AT)))
        yield from (cells for cells in some if not isinstance(cells, RowFault))
