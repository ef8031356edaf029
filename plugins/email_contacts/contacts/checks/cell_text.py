"""The text of typed cells, where a cell of that text would become the same value.

Knows Polars types and kinds of values. ``sources.typed`` says what a typed cell is row by row; what has no
text here is left to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from email_contacts.contacts.sources.row_frames import JOINT, LISTS, NUMERALS
from email_contacts.contacts.sources.typed import iso_text
from email_contacts.contacts.values.marks import BLANKS
from email_contacts.contacts.values.normalising import includes_nan

_BY_TEXT = ("text", "ext_id", "category", "phone", "number", "boolean", "email")
CHOICES = "choices"
_EXACT_BELOW = float(1 << 53)
_DAYS = ("date", "text", "category", "value", "ext_id")


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
    :param is_trimmed: whether text has no blanks around it.
    :param is_filled: whether no cell is null.
    :param nulls: words of text that are empty cells.
    :return: None where row by row has to decide; so it has where a text is null. Lists are texts joined by
        ``JOINT``, of the kind ``CHOICES``.
    """
    if dtype == pl.String:
        text = cell if is_trimmed else cell.str.strip_chars(BLANKS)
        text = text if is_filled else text.fill_null("")
        return pl.when(text.is_in(nulls)).then(pl.lit("")).otherwise(text) if nulls else text, kind
    if dtype.is_integer() and kind in (*_BY_TEXT, "value"):
        return cell.cast(pl.String).fill_null(""), "number" if kind == "value" else kind
    if dtype == LISTS and kind == "multiple_choice":
        return cell.struct.field("list").fill_null(""), CHOICES
    if dtype == NUMERALS and kind in ("number", "value"):
        return cell.struct.field("numeral").fill_null(""), "number"
    is_nothing = cell.is_null()
    if dtype.is_float() and (kind == "ext_id" or includes_nan(nulls)):
        is_nothing |= cell.is_nan()
    if dtype.is_float() and kind in ("number", "value"):
        exact = cell.cast(pl.Float64)
        written = exact.cast(pl.String)
        # Only where the text is all of the number; "?" is none.
        text = pl.when(written.cast(pl.Float64, strict=False) == exact).then(written).otherwise(pl.lit("?"))
        return pl.when(is_nothing).then(pl.lit("")).otherwise(text), "float"
    if dtype.is_float() and kind in ("ext_id", "phone"):
        exact = cell.cast(pl.Float64)
        is_whole = (exact == exact.floor()) & (exact.abs() < _EXACT_BELOW)
        digits = pl.when(is_whole).then(exact).cast(pl.Int64).cast(pl.String)
        return pl.when(is_nothing).then(pl.lit("")).otherwise(digits), kind
    if dtype.is_decimal() and kind in ("number", "value"):
        digits = cell.cast(pl.String)
        has_point = digits.str.contains(".", literal=True)
        short = digits.str.strip_chars_end("0").str.strip_chars_end(".")
        return pl.when(has_point).then(short).otherwise(digits).fill_null(""), "number"
    if isinstance(dtype, pl.Datetime) and kind == "date":
        return cell.dt.date().cast(pl.String).fill_null(""), kind
    if isinstance(dtype, pl.Datetime) and kind in _DAYS:
        return iso_text(cell, dtype).fill_null(""), kind
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
        return cell.cast(pl.String).fill_null(""), kind
    return None
