"""Reading a source to its end, as tests look at it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import fields
from typing import Any

from email_contacts.contacts.sources.opening import open_rows
from email_contacts.contacts.sources.reading_options import ReadingOptions
from email_contacts.contacts.sources.rows import Block, Frame, Row, RowFault, Rows
from email_contacts.contacts.sources.typed import rows_at


def rows_of(rows: Rows) -> list[Row | RowFault]:
    """All rows of an opened source as lists of cells; it is closed."""
    found: list[Row | RowFault] = []
    with closing(rows):
        for block in rows.blocks():
            found += rows_in(block)
    return found


def rows_in(block: Block) -> list[Row | RowFault]:
    """The rows of a block."""
    if not isinstance(block, Frame):
        return block
    return list(rows_at(block, range(len(block))))


def opened(source: Any, **options: Any) -> Rows:
    """A source of any kind, opened with the usual limit."""
    own = {"longest_row": 1_000_000} | options
    said = {field.name: own.pop(field.name) for field in fields(ReadingOptions) if field.name in own}
    return open_rows(source, ReadingOptions(**said), **own)
