"""What may be shown of a person's data: its shape.

Knows values only. The result holds no letter and no digit of what it was made from, so it can be
written into a file of rejects, printed and logged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

LONGEST = 40
_LETTERS = re.compile(r"\*{4,}")


def mask(value: Any) -> str:
    """Turn a value into its shape: letters become ``*`` (at most three in a row), digits ``#``.

    ASCII punctuation and blanks stay, but for blanks before the value; anything else becomes ``?``. The shape
    shows the usual faults (``***..***@***.***``, ``##/##/####``, ``##,#``, ``+## ### ####``) and nothing
    about the person. The same value always has the same mask. Of objects nothing is shown: how they are read
    decides whether a key without a value is there, and in which order the keys are.

    :param value: a cell: a string, or what a JSON document can hold.
    :return: at most 41 characters; none of them is a letter or a digit.
    """
    if isinstance(value, Mapping):
        return "{…}"
    if isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        return "[…]"
    text = (value if isinstance(value, str) else str(value)).lstrip(" ")
    # Only so much of the value is looked at that the mask's length is certain: a cell can hold megabytes.
    shape = _LETTERS.sub("***", text[: LONGEST * 8].translate(_SHAPES))
    return shape if len(shape) <= LONGEST and len(text) <= LONGEST * 8 else shape[:LONGEST] + "…"


def masked(texts: pl.Series) -> pl.Series:
    """Turn many texts into their shapes, as ``mask`` does one.

    :param texts: of ASCII characters, at most 320 of them in each; none is null.
    """
    import numpy as np
    import polars as pl
    import pyarrow as pa

    texts = texts.str.strip_chars_start(" ").rechunk()
    _, offsets, data = texts.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()
    if data is None:
        return texts
    table = np.array([ord(_SHAPES[code]) for code in range(128)], np.uint8)
    # A column is one run of bytes to Arrow, each of which is a character here.
    shapes = pa.py_buffer(table[np.frombuffer(data, np.uint8)])
    array = pa.LargeStringArray.from_buffers(len(texts), offsets, shapes)
    shape = pl.Series(texts.name, pl.from_arrow(array)).str.replace_all(_LETTERS.pattern, "***")
    short = pl.when(pl.all().str.len_bytes() <= LONGEST).then(pl.all())
    return shape.to_frame().select(short.otherwise(pl.all().str.slice(0, LONGEST) + "…")).to_series()


class _Shapes(dict[int, str]):
    """What each character is shown as; found out when it first comes."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        shape = character if character.isascii() and character.isprintable() else "?"
        if character.isalpha():
            shape = "*"
        elif character.isnumeric():
            shape = "#"
        self[code] = shape
        return shape


_SHAPES = _Shapes()
