"""Numbers of JSON that Arrow has read: whether they are what Python reads, and how they were written.

Arrow reads whole numbers and decimals of one column as floats. Python tells 1 from 1.0, so what they were has
to be certain.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from email_contacts.contacts.sources.row_frames import NUMERALS

POINT_BEHIND_A_DIGIT = r"[0-9]\."
# So many digits of a number a float keeps in any case.
_MOST_DIGITS = 15
# Between these, every library writes a float without an exponent.
_LEAST, _BELOW = 1e-4, 1e15
_POINT, _ZERO, _NINE, _E, _PLUS, _MINUS, _LOWER = (*b".09e+-", 0x20)


def are_decimals(numbers: pl.Series) -> bool:
    """Say whether all are finite and none is whole: then each was written as a decimal."""
    some = numbers.drop_nulls()
    return bool((some.is_finite() & (some.floor() != some)).all())


def have_points(text: bytes, cells: Iterable[pl.Series]) -> bool:
    """Say whether certainly each number that was read as a float was written with a point.

    A number has one point at most, behind a digit. So the points behind digits are counted, without those
    within texts.

    :param text: of JSON, in the keys of which no point stands behind a digit.
    :param cells: all that was read from it.
    """
    if b"\\" in text:  # a digit may be written as an escape, and be the end of one
        return False
    numbers = points = 0
    for column in cells:
        if column.dtype.is_float():
            numbers += len(column) - column.null_count()
        elif column.dtype in (pl.String, pl.List(pl.String)):
            texts = column.explode() if column.dtype == pl.List else column
            points += int(texts.str.count_matches(POINT_BEHIND_A_DIGIT).sum())
        elif column.dtype.is_nested():
            return False
    data = np.frombuffer(text, np.uint8)
    return int(np.count_nonzero((data[1:] == _POINT) & _are_digits(data[:-1]))) == numbers + points


def numerals(numbers: pl.Series) -> pl.Series | None:
    """Write numbers as JSON has them, where a whole one was no decimal.

    :return: None where that is not certain.
    """
    some = numbers.drop_nulls()
    size = some.abs()
    is_zero_below = np.signbit(some.to_numpy()) & (size == 0).to_numpy()
    if is_zero_below.any() or not ((size == 0) | ((size >= _LEAST) & (size < _BELOW))).all():
        return None
    number = pl.col(numbers.name)
    whole = number.cast(pl.Int64, strict=False)
    text = pl.when(whole == number).then(whole.cast(pl.String)).otherwise(number.cast(pl.String))
    written = pl.when(number.is_not_null()).then(pl.struct(text.alias(NUMERALS.fields[0].name)))
    return numbers.to_frame().select(written.alias(numbers.name)).to_series()


def may_have_whole_decimals(text: bytes) -> bool:
    """Say whether a decimal in a text may be a whole number as a float, such as ``1.0`` and ``1e2``.

    What is within a text of JSON counts too.
    """
    data = np.frombuffer(text, np.uint8)
    inner = data[1:-1]
    places = np.flatnonzero((inner | _LOWER) == _E) + 1
    after = data[places + 1]
    is_exponent = _are_digits(data[places - 1]) & (
        _are_digits(after) | (after == b"+"[0]) | (after == b"-"[0])
    )
    if is_exponent.any():
        return True
    points = np.flatnonzero(inner == _POINT) + 1
    points = points[_are_digits(data[points - 1]) & _are_digits(data[points + 1])]
    before = _digits_before(data, points)
    return bool((before > _MOST_DIGITS).any()) or _may_round_to_whole(data, points + 1, _MOST_DIGITS - before)


def _digits_before(data: Any, points: Any) -> Any:
    """Count the digits before points, up to one more than a float keeps."""
    count = np.zeros(len(points), np.intp)
    goes_on = np.ones(len(points), bool)
    for back in range(1, _MOST_DIGITS + 2):
        goes_on &= _are_digits(data[np.maximum(points - back, 0)]) & (points >= back)
        count += goes_on
    return count


def _may_round_to_whole(data: Any, places: Any, kept: Any) -> bool:
    """Say whether all decimals that a float keeps may be 0, or 9 with more behind.

    :param places: where decimals begin.
    :param kept: how many of them a float keeps.
    """
    are_zeros, are_nines = np.ones(len(places), bool), np.ones(len(places), bool)
    goes_on, count = np.ones(len(places), bool), np.zeros(len(places), np.intp)
    for ahead in range(_MOST_DIGITS):
        some = data[np.minimum(places + ahead, len(data) - 1)]
        goes_on &= _are_digits(some) & (ahead < kept)
        count += goes_on
        are_zeros &= ~goes_on | (some == _ZERO)
        are_nines &= ~goes_on | (some == _NINE)
    are_more = (count == kept) & _are_digits(data[np.minimum(places + kept, len(data) - 1)])
    return bool((are_zeros | (are_nines & are_more)).any())


def _are_digits(some: Any) -> Any:
    return (some >= _ZERO) & (some <= _NINE)
