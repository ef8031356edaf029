"""The text of typed cells, where a cell of that text would become the same value.

Knows Polars types and kinds of values. ``sources.typed`` says what a typed cell is row by row; what has no
text here is left to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from email_contacts.contacts.sources.row_frames import BYTES, DAYS, JOINT, LISTS, NUMERALS
from email_contacts.contacts.sources.typed import as_double, iso_text, texts_of
from email_contacts.contacts.values.marks import AROUND
from email_contacts.contacts.values.normalising import includes_nan, numbers_in

_BY_TEXT = ("text", "ext_id", "category", "phone", "number", "boolean", "email")
CHOICES = "choices"
_EXACT_BELOW = float(1 << 53)
_DAYS = ("date", "text", "category", "value")


def text_of(
    cell: pl.Expr,
    dtype: pl.DataType,
    kind: str,
    *,
    is_trimmed: bool = False,
    is_filled: bool = False,
    nulls: Sequence[str] = (),
) -> tuple[pl.Expr, str] | None:
    """Return the trimmed text of cells, and the kind by which it is to be judged; an empty cell is ``""``.

    :param cell: the column.
    :param dtype: its type.
    :param kind: the kind of its values.
    :param is_trimmed: whether text has nothing around it that is taken away.
    :param is_filled: whether no cell is null.
    :param nulls: words of text that are empty cells.
    :return: None where row by row has to decide; so it has where a text is null. Lists are texts joined by
        ``JOINT``, of the kind ``CHOICES``.
    """
    if dtype == BYTES:
        written = cell.struct.field("bytes")
        text = written.map_batches(texts_of, return_dtype=pl.String).str.strip_chars(AROUND)
        return pl.when(written.is_null()).then(pl.lit("")).otherwise(_without_words(text, nulls)), kind
    if dtype == pl.String:
        text = cell if is_trimmed else cell.str.strip_chars(AROUND)
        text = text if is_filled else text.fill_null("")
        return _without_words(text, nulls), kind
    numbers = numbers_in(nulls)
    if dtype.is_integer() and kind in (*_BY_TEXT, "value"):
        text = _without_numbers(cell.cast(pl.String), cell, numbers)
        return text.fill_null(""), "number" if kind == "value" else kind
    if dtype == LISTS and kind == "multiple_choice":
        return cell.struct.field("list").fill_null(""), CHOICES
    if dtype == NUMERALS and kind in ("number", "value"):
        numeral = cell.struct.field("numeral")
        return _without_numbers(numeral, numeral, numbers).fill_null(""), "number"
    is_nothing = cell.is_null()
    if dtype.is_float() and (kind == "ext_id" or includes_nan(nulls)):
        is_nothing |= cell.is_nan()
    if dtype.is_float():
        exact = as_double(cell, dtype)
        for number in numbers:
            is_nothing |= exact == number
    if dtype.is_float() and kind in ("number", "value"):
        written = exact.cast(pl.String)
        # Only where the text is all of the number; "?" is none.
        text = pl.when(written.cast(pl.Float64, strict=False) == exact).then(written).otherwise(pl.lit("?"))
        return pl.when(is_nothing).then(pl.lit("")).otherwise(text), "float"
    if dtype.is_float() and kind in ("ext_id", "phone"):
        is_whole = (exact == exact.floor()) & (exact.abs() < _EXACT_BELOW)
        digits = pl.when(is_whole).then(exact).cast(pl.Int64).cast(pl.String)
        return pl.when(is_nothing).then(pl.lit("")).otherwise(digits), kind
    if dtype.is_decimal() and kind in ("number", "value"):
        digits = cell.cast(pl.String)
        has_point = digits.str.contains(".", literal=True)
        short = digits.str.strip_chars_end("0").str.strip_chars_end(".")
        text = pl.when(has_point).then(short).otherwise(digits).fill_null("")
        return _without_words(text, _digits_of(numbers)), "number"
    if isinstance(dtype, pl.Datetime) and kind in _DAYS:
        written = iso_text(cell, dtype)
        text = cell.dt.date().cast(pl.String) if kind == "date" else written
        return _without_words(text, _days_in(nulls), written).fill_null(""), kind
    if dtype == pl.Boolean and kind == "boolean":
        return cell.cast(pl.String).fill_null(""), kind
    if dtype == pl.List(pl.String) and kind == "multiple_choice":
        joined = cell.list.join(JOINT, ignore_nulls=False)
        # What is joined must come apart again as it was: no null within, and no choice with the joint in it.
        joints = joined.str.count_matches(JOINT, literal=True)
        is_exact = joints.cast(pl.Int64) + 1 == cell.list.len().cast(pl.Int64)
        is_empty = cell.is_null() | (cell.list.len() == 0)
        return pl.when(is_empty).then(pl.lit("")).when(is_exact).then(joined), CHOICES
    if dtype == pl.Date and kind in _DAYS:
        return _without_words(cell.cast(pl.String), _days_in(nulls)).fill_null(""), kind
    if dtype == DAYS and kind in _DAYS:
        return _without_words(cell.struct.field("day"), _days_in(nulls)).fill_null(""), kind
    return None


def are_days(dtype: pl.DataType) -> bool:
    """Say whether cells came as days, so that no format of text is theirs."""
    return dtype in (pl.Date, DAYS) or isinstance(dtype, pl.Datetime)


def _without_words(text: pl.Expr, nulls: Sequence[str], written: pl.Expr | None = None) -> pl.Expr:
    """Empty the texts that stand for nothing.

    :param written: what is compared with the words, where it is not the text itself.
    """
    if not nulls:
        return text
    is_null = (text if written is None else written).is_in(nulls)
    return pl.when(is_null).then(pl.lit("")).otherwise(text)


def _days_in(nulls: Sequence[str]) -> list[str]:
    """Give the words that could be a day as typed cells have it: without any, nothing is looked for."""
    return [word for word in nulls if word[:1].isdigit()]


def _without_numbers(text: pl.Expr, number: pl.Expr, nulls: Sequence[float]) -> pl.Expr:
    """Empty the texts of numbers that stand for nothing; these have so few digits that a float keeps them."""
    if not nulls:
        return text
    is_null = pl.any_horizontal(number.cast(pl.Float64, strict=False) == null for null in nulls)
    return pl.when(is_null).then(pl.lit("")).otherwise(text)


def _digits_of(numbers: Sequence[float]) -> list[str]:
    return [str(int(one)) if one.is_integer() else f"{Decimal(repr(one)):f}" for one in numbers]
