"""Floats of few bits, which lose digits: as decimals, and as identifiers that nobody has.

Knows frames of Parquet and rows of queries; not which columns are identifiers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from email_contacts.contacts.sources.rows import Row, RowFault

if TYPE_CHECKING:
    import polars as pl

_WHOLE_BELOW = 1 << 53
_WHOLE_IN_32_BITS, _WHOLE_IN_16_BITS = 1 << 24, 1 << 11


def with_lost_digits(frame: pl.DataFrame, places: Iterable[int]) -> pl.DataFrame:
    """Make numbers of which a float of few bits has lost digits such as no float keeps, for columns of names.

    ``447700900123`` becomes ``447700893696`` there, which is somebody else's number.

    :param frame: cells of any types.
    :param places: of the columns in which each digit counts.
    """
    import polars as pl

    whole_below: dict[Any, int] = {pl.Float32: _WHOLE_IN_32_BITS, pl.Float16: _WHOLE_IN_16_BITS}
    for place in places:
        column = frame.to_series(place)
        if kept := whole_below.get(type(column.dtype)):
            exact = column.cast(pl.Float64)
            is_lost = exact.is_finite() & (exact.abs() >= kept)
            if is_lost.any():
                lost = (exact * _WHOLE_BELOW).zip_with(is_lost, exact)
                frame = frame.with_columns(lost.alias(column.name))
    return frame


def write_narrow_floats(rows: Iterable[Row | RowFault], places: Iterable[int]) -> None:
    """Write floats of 32 bits as the shortest decimals that are one, as ``as_double`` does; in place."""
    for place in places:
        for row in rows:
            if isinstance(row, list) and type(row[place]) is float and not row[place].is_integer():
                row[place] = float(str(np.float32(row[place])))


def lose_digits(rows: Iterable[Row | RowFault], places: Iterable[int]) -> None:
    """Do as ``with_lost_digits`` does, in rows; in place.

    :param places: of columns of floats of 32 bits.
    """
    for place in places:
        for row in rows:
            if isinstance(row, list) and type(row[place]) is float and abs(row[place]) >= _WHOLE_IN_32_BITS:
                row[place] *= _WHOLE_BELOW
