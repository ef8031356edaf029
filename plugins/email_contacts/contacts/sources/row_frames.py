"""Rows made columns: a list of rows as a frame, so that they can be judged many at once.

Knows the types of cells only. A column takes the type that most of its cells have; a row with a cell of
another one is odd, and left to be decided separately.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import polars as pl

from email_contacts.contacts.sources.rows import EMPTY, Day, Frame, Row, RowFault, Strange

# Whole numbers and decimals side by side, as JSON has them: as JSON writes them, lest 1 becomes 1.0.
NUMERALS = pl.Struct({"numeral": pl.String()})
# Lists of texts, joined by a control character.
LISTS, JOINT = pl.Struct({"list": pl.String()}), "\x1f"
# What came as days, each as its text.
DAYS = pl.Struct({"day": pl.String()})
# What JSON has no kind for, each as the name of its own.
STRANGE = pl.Struct({"kind": pl.String()})
# Text that came as bytes of which some are no text, and lists of such.
BYTES, LISTS_OF_BYTES = pl.Struct({"bytes": pl.Binary()}), pl.Struct({"bytes": pl.List(pl.Binary())})
_TYPES: dict[type, pl.DataType] = {
    str: pl.String(),
    int: pl.Int64(),
    float: pl.Float64(),
    bool: pl.Boolean(),
}


def frame_of(rows: Sequence[Row | RowFault], width: int) -> Frame:
    """Return rows as a frame.

    :param rows: lists of cells, or faults.
    :param width: cells of a row.
    """
    faults = {place: row for place, row in enumerate(rows) if isinstance(row, RowFault)}
    is_odd = np.zeros(len(rows), bool)
    is_odd[list(faults)] = True
    blank: Row = [EMPTY] * width
    lists = [blank if isinstance(row, RowFault) else row for row in rows]
    columns = [_column(str(place), cells, is_odd) for place, cells in enumerate(zip(*lists, strict=True))]
    return Frame(pl.DataFrame(columns), faults, is_odd=is_odd)


def _column(name: str, cells: Sequence[Any], is_odd: Any) -> pl.Series:
    """Make a column; marks the rows whose cells it cannot hold."""
    kinds = Counter(map(type, cells))
    if len(kinds) == 1 and str in kinds:
        return _series(name, cells, pl.String(), is_odd)
    empty = cells.count(EMPTY)
    kinds[str] -= empty
    kind = kinds.most_common(1)[0][0]
    wanted = (int, float) if kind in (int, float) and kinds[int] and kinds[float] else (kind,)
    if kinds[kind] + sum(kinds[one] for one in wanted if one is not kind) + empty < len(cells):
        is_odd |= np.fromiter(
            (cell != EMPTY and type(cell) not in wanted for cell in cells), bool, len(cells)
        )
    fitting = [cell if type(cell) in wanted and cell != EMPTY else None for cell in cells]
    if len(wanted) == 2:
        return _struct(name, NUMERALS, _numerals(fitting), fitting, is_odd)
    if kind is list:
        return _struct(name, LISTS, list(map(_joined, fitting)), fitting, is_odd)
    if kind is Day:
        return _struct(name, DAYS, [None if cell is None else str(cell) for cell in fitting], fitting, is_odd)
    if kind is Strange:
        names = [None if cell is None else cell.kind for cell in fitting]
        return _struct(name, STRANGE, names, fitting, is_odd)
    return _series(name, fitting, _TYPES.get(kind), is_odd)


def _series(name: str, cells: Sequence[Any], kind: pl.DataType | None, is_odd: Any) -> pl.Series:
    try:
        if kind is not None:
            return pl.Series(name, cells, kind, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        pass  # a number of more than 64 bits, half a surrogate pair
    is_odd |= np.fromiter((cell is not None and cell != EMPTY for cell in cells), bool, len(cells))
    return pl.Series(name, [None] * len(cells), pl.String())


def _struct(
    name: str, kind: pl.Struct, texts: Sequence[str | None], cells: Sequence[Any], is_odd: Any
) -> pl.Series:
    """Make a column of texts that stand for other things; what has no text is odd."""
    lost = (text is None and cell is not None for text, cell in zip(texts, cells, strict=True))
    is_odd |= np.fromiter(lost, bool, len(cells))
    field = kind.fields[0].name
    texts_ = _series(field, texts, pl.String(), is_odd).to_frame()
    return texts_.select(pl.when(pl.col(field).is_not_null()).then(pl.struct(field)).alias(name)).to_series()


def _numerals(cells: Sequence[Any]) -> list[str | None]:
    try:
        # NaN and the infinities become null, which no rule of numbers takes.
        written = orjson.dumps(cells)[1:-1].decode().split(",")
    except TypeError:  # a number of more than 64 bits
        return [None] * len(cells)
    return [None if cell is None else text for cell, text in zip(cells, written, strict=True)]


def _joined(cell: list[Any] | None) -> str | None:
    """Join a list of texts, unless it could not come apart again as it was."""
    if cell is None:
        return None
    try:
        joined = JOINT.join(cell)
    except TypeError:
        return None
    return joined if not cell or joined.count(JOINT) == len(cell) - 1 else None
