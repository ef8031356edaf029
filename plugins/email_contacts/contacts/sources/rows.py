"""What every kind of source gives: columns, then blocks of rows.

Knows the shape of a row only; the readers know files and cursors.

A row is a list with one cell for each column, or a ``RowFault`` where no such list can be made. An empty cell
is ``""``, however the source marks it (a key that is absent, ``null``), what came as a day is a ``Day``, and
what JSON has no kind for is ``Strange``. Rows are numbered by their place, from 1, over all files of a
source: headers are not counted, and neither are blank lines, with or without delimiters in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import polars as pl

Row = list[Any]
EMPTY = ""
ROWS_IN_A_BLOCK = 8_192


class Day(str):
    """A cell that came as a day, with a time of day or not: its ISO text, of which no format is asked."""

    __slots__ = ()


class Strange(dict[str, Any]):
    """A cell of a kind that JSON lacks: an object to all rules, so that no attribute takes it.

    :param kind: the name of its type; the value is not kept.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def __str__(self) -> str:
        """Say what it is, which is nobody's word."""
        return f"<{self.kind}>"


@dataclass(frozen=True)
class RowFault:
    """A row that cannot be read as cells; it is rejected and the rest continues.

    :param rule: a stable word: ``columns``, ``quoting``, ``null_byte`` or ``json``.
    :param message: what is wrong, without any value.
    """

    rule: str
    message: str


@dataclass(frozen=True)
class RefusedRow(RowFault):
    """A row that can be read as cells, and is rejected for what one of them says.

    :param cells: the others, one for each column; None where a frame has them.
    :param opted_out: of what the person has opted out, as the row says: ``EMAIL``, ``SMS``, ``WHATSAPP``.
    """

    cells: Row | None = field(default=None, compare=False, repr=False)
    opted_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frame:
    r"""Rows as columns.

    :param cells: one column for each of the source's, in their order; a null is an empty cell.
    :param faults: place in the frame, from 0 → why that row is rejected; what its cells say is void, unless
        it is a ``RefusedRow`` without cells of its own.
    :param own: place in the frame → the cells of a row that the columns cannot hold; theirs are empty there.
    :param is_trimmed: whether certainly no cell begins or ends with a blank, or a control character.
    :param is_odd: for each row whether it has to be decided separately (a NumPy array); None for none.
    :param is_unescaped: whether no cell of the other rows holds a quote, a backslash or a control character,
        but for cells that are ``\N``.
    :param lacks: further characters that certainly no cell holds.
    """

    cells: pl.DataFrame
    faults: Mapping[int, RowFault] = field(default_factory=dict)
    own: Mapping[int, Row] = field(default_factory=dict)
    is_trimmed: bool = False
    is_odd: Any = None
    is_unescaped: bool = False
    lacks: str = ""

    def __len__(self) -> int:
        """Count the rows, those with faults among them."""
        return self.cells.height

    @property
    def apart(self) -> dict[int, Row | RowFault]:
        """The rows that are not in the columns, by their places."""
        faults = {
            place: fault
            for place, fault in self.faults.items()
            if not isinstance(fault, RefusedRow) or fault.cells is not None
        }
        return {**self.own, **faults}


# Some rows, one after the other.
Block: TypeAlias = "list[Row | RowFault] | Frame"


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
    def reads_ahead(self) -> bool:
        """Whether blocks may be made in another thread, before they are asked for, and sooner so."""
        ...

    @property
    def late_columns(self) -> tuple[str, ...]:
        """Columns that came up after the first rows and were dropped by choice."""
        ...

    @property
    def narrow_columns(self) -> frozenset[str]:
        """Columns of floats of 32 bits, where rows come as lists of cells; a frame's types say so."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found out about the source, a sentence each, for the log."""
        ...

    @property
    def likely_header(self) -> int | None:
        """The line that looks like the header where the one that was taken does not."""
        ...

    def blocks(self) -> Iterator[Block]:
        """Walk all rows, once."""
        ...

    def place(self, row: int) -> str:
        """Return where a row is when its number alone does not: ``part-2.csv:17``; else an empty text.

        :param row: the number of a row that was walked already.
        """
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


def in_blocks(rows: Iterable[Row | RowFault], size: int = ROWS_IN_A_BLOCK) -> Iterator[Block]:
    """Gather single rows into blocks."""
    rows = iter(rows)
    while block := list(islice(rows, size)):
        yield block
