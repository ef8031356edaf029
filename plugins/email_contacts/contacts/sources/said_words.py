"""What cells of a column that decides say: a word, whatever the cell's type.

Knows single cells and columns of frames, and gives the same word for both; not what the words mean. A cell
without a value says ``""``, and so does PostgreSQL's word for NULL; ``1``, ``1.0`` and a decimal ``1.00`` are
one word.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from email_contacts.contacts.sources.rows import RowFault
from email_contacts.contacts.sources.typed import frame_rows
from email_contacts.contacts.values.marks import alike, bare, whole
from email_contacts.contacts.values.normalising import NULLS

NOTHING = ""
# What a cell is that JSON has nothing for, such as bytes; no text holds a null byte, so it is no one's word.
_UNREADABLE = "\0"


def word_of(cell: Any) -> str:
    """Return what a cell says, without case and what stands around it."""
    text = NOTHING if cell is None else bare(str(cell))
    if text in NULLS:
        return NOTHING
    text = alike(text)
    return whole(text) or text


def words_in(cells: pl.Series) -> tuple[pl.Series, dict[str, str]]:
    """Read a column of a frame; each spelling is read once.

    :return: the cells as texts without nulls, and the word of each text that there is.
    """
    texts = _texts(cells)
    return texts, {text: word_of(text) for text in texts.unique()}


def _texts(cells: pl.Series) -> pl.Series:
    """Write cells as ``str`` writes those of a row."""
    dtype = cells.dtype
    if dtype in (pl.String, pl.Boolean, pl.Float64) or dtype.is_integer():
        cast: pl.Series = cells.cast(pl.String).fill_null(NOTHING)
        return cast
    rows = frame_rows(cells.to_frame())
    texts = [_UNREADABLE if isinstance(row, RowFault) else str(row[0]) for row in rows]
    return pl.Series(cells.name, texts, pl.String)
