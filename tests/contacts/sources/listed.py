"""What a source gives, row by row."""

from __future__ import annotations

from collections.abc import Iterator

from email_contacts.contacts.sources.rows import EMPTY, Block, Frame, Row, RowFault, Rows


def listed(rows: Rows) -> list[Row | RowFault]:
    """Walk a source to its end and close it."""
    try:
        return [row for block in rows.blocks() for row in rows_of(block)]
    finally:
        rows.close()


def rows_of(block: Block) -> Iterator[Row | RowFault]:
    if not isinstance(block, Frame):
        yield from block
        return
    for place, cells in enumerate(block.cells.rows()):
        yield block.faults.get(place) or [EMPTY if cell is None else cell for cell in cells]
