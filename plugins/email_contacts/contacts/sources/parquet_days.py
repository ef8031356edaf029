"""Days and moments of Parquet that Polars would give up on, made such as it takes.

Knows Arrow's arrays of them; not what the columns mean.
"""

from __future__ import annotations

import re
from typing import Any, cast

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from email_contacts.contacts.sources.row_frames import DAYS
from email_contacts.contacts.sources.typed import iso_text

# Some 190,000 years either way. Polars writes no days of more than 262,142, and ends the process at one.
_DAYS_REACHED = 70_000_000
_IN_A_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000}
_ZONES = range(-12 * 60, 14 * 60 + 1, 60)  # Polars knows these offsets by names: Etc/GMT+12
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)").fullmatch


def days_within_reach(column: pa.Array) -> pa.Array:
    """Bring days of far beyond the calendar nearer: no attribute of a date takes either.

    DuckDB writes ``infinity`` so, as the last day that its 32 bits can name.
    """
    kind = column.type
    if pa.types.is_date32(kind):
        most, numbers = _DAYS_REACHED, column.view(pa.int32())
    elif pa.types.is_date64(kind) or (pa.types.is_timestamp(kind) and kind.unit in _IN_A_DAY):
        most, numbers = _DAYS_REACHED * _IN_A_DAY[getattr(kind, "unit", "ms")], column.view(pa.int64())
    else:
        return column
    ends = pc.min_max(numbers).as_py()
    if ends["min"] is None or (-most <= ends["min"] and ends["max"] <= most):
        return column
    below = pc.min_element_wise(numbers, pa.scalar(most, numbers.type), skip_nulls=False)
    within = pc.max_element_wise(below, pa.scalar(-most, numbers.type), skip_nulls=False)
    return within.view(kind)


def odd_offset(kind: pa.DataType) -> tuple[int, str] | None:
    """Return the minutes of a fixed offset that Polars has no zone for, such as ``+05:30``, and its text.

    :return: None for any other type, and for offsets that it has zones for.
    """
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        return None
    if kind.tz == "Z":
        return 0, "+00:00"
    found = _OFFSET(kind.tz)
    if found is None:
        return None
    minutes = int(f"{found[1]}1") * (60 * int(found[2]) + int(found[3]))
    return None if minutes in _ZONES else (minutes, f"{found[1]}{found[2]}:{found[3]}")


def texts_at_offset(column: pa.Array, minutes: int, offset: str) -> pa.Array:
    """Write moments as they are called at an offset, marked as days."""
    moments = cast("pl.Series", pl.from_arrow(column.cast(pa.timestamp(column.type.unit))))
    local = pl.col("moment") + pl.duration(minutes=minutes)
    text = iso_text(local, moments.dtype) + offset
    texts = moments.alias("moment").to_frame().select(text).to_series().to_arrow()
    name: Any = DAYS.fields[0].name
    return pa.StructArray.from_arrays([texts], names=[name], mask=texts.is_null())
