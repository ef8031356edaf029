"""Texts and columns joined row by row.

Knows texts only. Polars walks the columns that it joins side by side, and of some dozens each pushes others
out of the processor's cache. So of many columns the views are put side by side, one column after the other:
sixteen bytes for each text, however long it is. Then Arrow writes the texts in the order of their views.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import polars as pl
import pyarrow as pa

from email_contacts.contacts.text_views import LONGEST_WITHIN, array_of, numbers_of

# Up to so many texts and columns Polars is as quick.
_FEW = 48
_VIEW = np.dtype("V16")
_LENGTH, _BUFFER = 0, 2
# So many stay in the processor's cache.
_VIEWS_AT_ONCE = 1 << 17
Part: TypeAlias = "str | pl.Expr"


def in_one(parts: Sequence[Part], *, separator: str = "") -> pl.Expr:
    """Join texts, which are the same in each row, and columns as one expression.

    :param separator: what stands between any two.
    """
    merged = parts if separator else _merged(parts)
    columns = [pl.lit(part) if isinstance(part, str) else part for part in merged]
    return pl.concat_str(columns, separator=separator)


class Joined:
    """Texts, which are the same in each row, and columns that are joined once a frame has given them.

    :param parts: the texts and columns.
    :param separator: what stands between any two.
    """

    def __init__(self, parts: Sequence[Part], *, separator: str = "") -> None:
        between = (part for one in parts for part in (separator, one))
        merged = _merged([*between][1:])
        self._is_wide = len(merged) > _FEW
        self._parts = merged if self._is_wide else [in_one(parts, separator=separator)]

    @property
    def columns(self) -> list[pl.Expr]:
        """What a frame is asked for."""
        return [
            part.alias(f"joined {place}")
            for place, part in enumerate(self._parts)
            if not isinstance(part, str)
        ]

    def of(self, columns: Sequence[pl.Series]) -> pl.Series:
        """Join what a frame gave.

        :param columns: one for each of ``columns``; where one is null its row is void.
        """
        if not self._is_wide:
            return columns[0]
        rows, width = len(columns[0]), len(self._parts)
        texts = {place: part for place, part in enumerate(self._parts) if isinstance(part, str)}
        places = [place for place in range(width) if place not in texts]
        views = _Views()
        height = max(min(_VIEWS_AT_ONCE // width, rows), 1)
        side_by_side = np.empty((height, width), _VIEW)
        side_by_side[:, list(texts)] = views.of(pa.array(texts.values(), pa.string_view()))
        found = [
            views.of(array_of(column.fill_null("") if column.null_count() else column)) for column in columns
        ]
        made = []
        for first in range(0, rows, height):
            some = side_by_side[: rows - first]
            for place, of_column in zip(places, found, strict=True):
                some[:, place] = of_column[first : first + height]
            made.append(views.written(some))
        return cast("pl.Series", pl.from_arrow(pa.chunked_array(made, pa.large_string())))


class _Views:
    """Views of texts of several arrays, which may stand in one."""

    def __init__(self) -> None:
        self._buffers: list[pa.Buffer] = []

    def of(self, array: pa.Array) -> Any:
        """Give the views of an array, as NumPy knows them."""
        buffers = array.buffers()[2:]
        numbers = numbers_of(array)
        if buffers:
            numbers = numbers.copy()
            numbers[numbers[:, _LENGTH] > LONGEST_WITHIN, _BUFFER] += len(self._buffers)
            self._buffers += buffers
        return numbers.view(_VIEW)[:, 0]

    def written(self, side_by_side: Any) -> pa.Array:
        """Write the texts of each row one after the other."""
        rows, width = side_by_side.shape
        buffers = [None, pa.py_buffer(side_by_side), *self._buffers]
        texts = pa.Array.from_buffers(pa.string_view(), rows * width, buffers)
        _, ends, data = texts.cast(pa.large_binary()).buffers()
        of_rows = np.frombuffer(ends, np.int64)[: rows * width + 1 : width].copy()
        return pa.LargeStringArray.from_buffers(rows, pa.py_buffer(of_rows), data)


def _merged(parts: Sequence[Part]) -> list[Part]:
    """Make texts that stand side by side one, and leave out empty ones."""
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, str) and not part:
            continue
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return merged
