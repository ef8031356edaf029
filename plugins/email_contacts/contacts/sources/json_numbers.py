"""Numbers of JSON that Arrow has read: whether they are what Python reads, and how they were written.

Arrow reads whole numbers and decimals of one column as floats. Python tells 1 from 1.0, so what they were has
to be certain.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from email_contacts.contacts.sources.row_frames import NUMERALS

# With so many digits at most, two different numbers are different floats.
_MOST_DIGITS = 15
# Between these, every library writes a float without an exponent.
_LEAST, _BELOW = 1e-4, 1e15
_POINT, _ZERO, _NINE, _E, _PLUS, _MINUS, _LOWER = (*b".09e+-", 0x20)


def are_decimals(numbers: pl.Series) -> bool:
    """Say whether all are finite and none is whole: then each was written as a decimal."""
    some = numbers.drop_nulls()
    return bool((some.is_finite() & (some.floor() != some)).all())


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
    before, _ = _digits_from(data, points - 1, -1)
    behind, are_zeros = _digits_from(data, points + 1, 1)
    return bool((are_zeros | (before + behind > _MOST_DIGITS)).any())


def _digits_from(data: Any, places: Any, step: int) -> tuple[Any, Any]:
    """Count the digits from some places on, up to one more than may be.

    :return: how many, and whether all are zero.
    """
    count = np.zeros(len(places), np.intp)
    are_zeros = np.ones(len(places), bool)
    goes_on = np.ones(len(places), bool)
    for _ in range(_MOST_DIGITS + 1):
        some = data[np.clip(places, 0, len(data) - 1)]
        goes_on &= _are_digits(some)
        if not goes_on.any():
            break
        count += goes_on
        are_zeros &= ~goes_on | (some == _ZERO)
        places = places + step
    return count, are_zeros


def _are_digits(some: Any) -> Any:
    return (some >= _ZERO) & (some <= _NINE)
