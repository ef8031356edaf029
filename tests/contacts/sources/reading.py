"""Reading a source to its end, as tests look at it."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from email_contacts.contacts.sources.opening import open_rows
from email_contacts.contacts.sources.rows import Row, RowFault, Rows
from email_contacts.contacts.sources.typed import frame_rows


def rows_of(rows: Rows) -> list[Row | RowFault]:
    """All rows of an opened source as lists of cells; it is closed."""
    found: list[Row | RowFault] = []
    with closing(rows):
        for block in rows.blocks():
            found += block if isinstance(block, list) else frame_rows(block)
    return found


def opened(source: Any, **options: Any) -> Rows:
    """A source of any kind, opened with the usual limit."""
    return open_rows(source, **{"longest_row": 1_000_000} | options)
