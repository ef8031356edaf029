"""Which phone numbers are plainly good, many at once.

Knows columns of trimmed text and a region. What a number may be is ``values.phone_patterns``'; what may be
written around its digits is ``values.phones``', and nothing is taken here that is not taken there.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from email_contacts.contacts.checks.fast_path_values import Cells, Plain
from email_contacts.contacts.values import phone_patterns
from email_contacts.contacts.values.phone_patterns import NationalNumbers, national_numbers
from email_contacts.contacts.values.phones import DAY, LIKE_A_FLOAT, PUNCTUATION, SECOND

# Such a cell is at most as long as row by row allows, whatever its punctuation.
LONGEST = 40
_INTERNATIONAL = "00"
_MARK, _MARKED = "'", "^'[0-9+](?:[0-9 .()/-]*[0-9])?$"
_IS_PUNCTUATION = np.zeros(256, bool)
_IS_PUNCTUATION[[ord(character) for character in PUNCTUATION if character.isascii()]] = True


def phone(cells: Cells, region: str | None, nulls: Collection[str] = ()) -> Plain:
    """Accept numbers of which it is certain what the library makes of them.

    :param region: whose numbers those without country code are; None: such a number is digits only.
    :param nulls: words for nothing, which a number may be once a spreadsheet's mark before it is gone.
    """
    written = _unmarked(cells.texts, nulls) if cells.may_be_marked else cells.texts
    is_good = written.str.contains(phone_patterns.plain_pattern()).fill_null(value=False)
    texts = written.str.strip_prefix("+")
    is_other = ~is_good & (written != "").fill_null(value=False)
    if is_other.any():
        places = is_other.arg_true()
        sent = _sent_for(written.filter(is_other), region)
        texts, is_good = (
            texts.scatter(places, sent.fill_null("")),
            is_good.scatter(places, sent.is_not_null()),
        )
    return Plain(pl.lit(texts), cells.or_empty(pl.lit(is_good)))


def _unmarked(cells: pl.Series, nulls: Collection[str]) -> pl.Series:
    """Take the apostrophe off by which a spreadsheet keeps a number as text."""
    is_marked = cells.str.contains(_MARKED)
    if not is_marked.any():
        return cells
    numbers: pl.Series = cells.str.strip_prefix(_MARK)
    found: pl.Series = numbers.zip_with(is_marked & ~numbers.is_in(list(nulls)), cells)
    return found


def _sent_for(written: pl.Series, region: str | None) -> pl.Series:
    """Return what is sent for cells that are not international digits; null where row by row decides."""
    pattern = phone_patterns.plain_pattern()
    digits = without_punctuation(written)
    frame = pl.DataFrame({"written": written, "digits": digits})
    number = pl.col("digits")
    is_abroad = number.str.starts_with(_INTERNATIONAL)
    international = pl.when(is_abroad).then(pl.lit("+") + number.str.slice(2)).otherwise(number)
    national = None if region is None else national_numbers(region)
    if region is None:
        is_bare = (number.str.len_bytes() == pl.col("written").str.len_bytes()) & _is_digit(number)
        international = pl.when(is_bare & ~is_abroad).then(pl.lit("+") + number).otherwise(international)
    sent = pl.when(international.str.contains(pattern)).then(international.str.strip_prefix("+"))
    result = sent.otherwise(None if national is None else _national(number, national))
    is_written = _is_written(
        pl.col("written"), has_points=_has_points(written), has_strokes=_has_strokes(written)
    )
    return frame.select(pl.when(is_written).then(result)).to_series()


def _national(number: pl.Expr, of: NationalNumbers) -> pl.Expr:
    """Return what is sent for numbers as they are dialled in a country; null where that is not certain."""
    own = rf"(?:{of.pattern})$"

    def is_possible(before: int) -> pl.Expr:
        return number.str.len_bytes().is_in([length + before for length in of.lengths])

    is_own = number.str.contains(f"^{own}") & is_possible(0)
    prefix = _prefix_of(number, of)
    with_code = number.str.contains(f"^{of.code}{own}") & is_possible(len(of.code))
    after_code = number.str.slice(len(of.code))
    may_have_code = number.str.starts_with(of.code) & number.str.len_bytes().is_in(
        [len(of.code) + length for length in of.after_code]
    )
    result: Any = pl.when(is_own & (prefix == "") & ~may_have_code).then(pl.lit(of.code) + number)
    if of.prefixes:
        rest = _without_prefix(number, of)
        is_rest = (prefix != "") & rest.str.contains(f"^{own}") & rest.str.len_bytes().is_in(of.lengths)
        is_rest &= (prefix == of.prefix) | ~may_have_code
        result = result.when(is_rest).then(pl.lit(of.code) + rest)
    is_whole = number.str.contains(f"^{own}")
    result = result.when(with_code & ~is_whole & (_prefix_of(after_code, of) == "")).then(number)
    is_certain = number.str.contains("^[0-9]+$") & ~number.str.starts_with(_INTERNATIONAL)
    if of.abroad:
        is_certain &= ~number.str.contains(f"^(?:{of.abroad})")
    sent: pl.Expr = result.otherwise(None)
    return pl.when(is_certain).then(sent)


def _is_written(written: pl.Expr, *, has_points: bool, has_strokes: bool) -> pl.Expr:
    """Return whether row by row would look at the digits of a cell at all."""
    begins = ~written.str.contains("+", literal=True) | written.str.contains(r"^\(?\+[^+]*$")
    good = begins & (written.str.len_bytes() <= LONGEST)
    if has_points:
        good &= ~written.str.contains(LIKE_A_FLOAT)
    if has_strokes:
        good &= ~written.str.contains(SECOND)
    return good & ~written.str.contains(DAY)


def _has_points(written: pl.Series) -> bool:
    return bool(written.str.contains(".", literal=True).any())


def _has_strokes(written: pl.Series) -> bool:
    return bool(written.str.contains("/", literal=True).any())


def _is_digit(number: pl.Expr) -> pl.Expr:
    return number.str.contains("^[0-9]")


def _prefix_of(number: pl.Expr, of: NationalNumbers) -> pl.Expr:
    """Return what the library takes for a national prefix; empty where it finds none."""
    if not of.prefixes:
        return pl.lit("")
    if of.prefixes.isdigit():
        return pl.when(number.str.starts_with(of.prefixes)).then(pl.lit(of.prefixes)).otherwise(pl.lit(""))
    return number.str.extract(f"^(?:{of.prefixes})", 0).fill_null("")


def _without_prefix(number: pl.Expr, of: NationalNumbers) -> pl.Expr:
    """Return numbers that have a national prefix as the library goes on with them."""
    if of.prefixes.isdigit():
        return number.str.slice(len(of.prefixes))
    pattern = f"^(?:{of.prefixes})"
    bare = number.str.replace(pattern, "")
    if not of.put_in_place:
        return bare
    is_put = number.str.extract(pattern, re.compile(of.prefixes).groups).is_not_null()
    return pl.when(is_put).then(number.str.replace(pattern, of.put_in_place)).otherwise(bare)


def without_punctuation(cells: pl.Series) -> pl.Series:
    """Take what may stand between digits out of all cells at once: a column is one run of bytes to Arrow."""
    array: Any = cells.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[: len(cells) + 1]
    text = np.frombuffer(data, np.uint8)[: ends[-1]] if data is not None else np.empty(0, np.uint8)
    is_kept = ~_IS_PUNCTUATION[text]
    kept_before = np.concatenate(([0], np.cumsum(is_kept, dtype=np.int64)))
    buffers = [None, pa.py_buffer(kept_before[ends]), pa.py_buffer(text[is_kept])]
    return pl.Series(cells.name, pl.from_arrow(pa.LargeStringArray.from_buffers(len(cells), *buffers[1:])))
