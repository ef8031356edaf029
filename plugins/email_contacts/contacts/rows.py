"""What every kind of source gives: columns, then rows.

Knows the shape of a row only; the readers (``csv_rows``, ``ndjson_rows``) know files.

A row is a list with one cell for each column, or a ``RowFault`` where no such list can be made. An empty cell
is ``""`` whatever the source calls it (a key that is absent, ``null``). Rows are numbered by their place,
from 1: the header is not counted, and neither are blank lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

Row = list[Any]
EMPTY = ""


@dataclass(frozen=True)
class RowFault:
    """A row that cannot be read as cells; it is rejected and the rest goes on.

    :param rule: a stable word: ``columns``, ``quoting``, ``null_byte`` or ``json``.
    :param message: what is wrong, without any value.
    """

    rule: str
    message: str


class Rows(Protocol):
    """An opened source."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names, as the source spells them."""
        ...

    @property
    def text_only(self) -> bool:
        """Whether all cells are text."""
        ...

    @property
    def late_columns(self) -> tuple[str, ...]:
        """Columns that came up after the first rows and were dropped by choice."""
        ...

    def __iter__(self) -> Iterator[Row | RowFault]:
        """Walk the rows, once."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...
