"""What JSON and CSV have to escape within a text, and how: in one text, and in many at once.

Knows texts only. What is written here is the same to the byte as orjson writes.
"""

from __future__ import annotations

import re

import orjson
import polars as pl

_QUOTED = r'[;"\r\n]'
_is_quoted = re.compile(_QUOTED).search
_ESCAPES = {character: orjson.dumps(character).decode()[1:-1] for character in map(chr, (*range(32), 34, 92))}


def in_json(texts: pl.Expr) -> pl.Expr:
    """Write texts as they stand between the quotes of JSON."""
    return texts.str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))


def quoted(text: str) -> str:
    """Write a text as a cell of a CSV with semicolons."""
    return '"' + text.replace('"', '""') + '"' if _is_quoted(text) else text


def in_quotes(texts: pl.Expr) -> pl.Expr:
    """Write texts as such cells."""
    doubled = texts.str.replace_all('"', '""', literal=True)
    written = pl.concat_str(pl.lit('"'), doubled, pl.lit('"'))
    return pl.when(texts.str.contains(_QUOTED)).then(written).otherwise(texts)
