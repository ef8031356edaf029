"""A column of texts as Arrow's views, which say much without a look at the texts.

Knows the layout of Arrow's views only: four numbers for each text, the length in bytes, its first four bytes
filled up with zeros, and the buffer and the place in it where it begins; a short one stands within its view.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

# Bytes of a text that stands within its view.
LONGEST_WITHIN = 12


def views_of(texts: pl.Series) -> tuple[Any, Any]:
    """Return the length in bytes of each text, 0 for a null, and its first four bytes, as NumPy arrays.

    The first byte of a text is the lowest of the number.
    """
    lengths, beginnings, _, _ = numbers_of(array_of(texts)).T
    if texts.null_count():
        is_text = texts.is_not_null().to_numpy()
        return lengths * is_text, beginnings * is_text
    return lengths, beginnings


def bytes_of(texts: pl.Series) -> tuple[list[memoryview], Any]:
    """Return the bytes of texts, one after the other, and the length of each.

    Polars writes texts one after the other into some buffers. Where they still are so, none is copied.
    """
    array = array_of(texts)
    _, _, *buffers = array.buffers()
    lengths, _, buffer, start = numbers_of(array).T
    sizes = [data.size for data in buffers]
    if len(lengths) and lengths.min() > LONGEST_WITHIN and int(lengths.sum(dtype=np.int64)) == sum(sizes):
        starts = np.cumsum([0, *sizes])[buffer] + start
        if (starts[1:] == np.cumsum(lengths, dtype=np.int64)[:-1]).all() and not starts[0]:
            return [memoryview(data) for data in buffers], lengths
    _, offsets, data = texts.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()
    ends = np.frombuffer(offsets, np.int64)[: len(texts) + 1]
    return [memoryview(data)[ends[0] : ends[-1]]], np.diff(ends)


def array_of(texts: pl.Series) -> Any:
    """Return texts as an array of Arrow's, in one piece."""
    return texts.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())


def numbers_of(array: Any) -> Any:
    """Return the views of an array, four numbers each."""
    return np.frombuffer(array.buffers()[1], "<u4").reshape(-1, 4)[array.offset :][: len(array)]
