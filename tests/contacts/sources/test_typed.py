"""Typed values as cells."""

from __future__ import annotations

import datetime
import math
from collections import namedtuple
from decimal import Context, Decimal
from enum import Enum, IntEnum
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts.sources.rows import Day, RowFault, Strange
from email_contacts.contacts.sources.typed import NoCell, frame_rows, plain, plain_rows

PLUS_TWO = datetime.timezone(datetime.timedelta(hours=2))
Pair = namedtuple("Pair", "a b")  # as drivers give them


class Level(IntEnum):
    HIGH = 3


class Country(str, Enum):
    DE = "DE"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("a", "a"),
        (True, True),
        (1, 1),
        (1.5, 1.5),
        (Decimal("17"), 17),
        (Decimal("17.00"), 17),
        (Decimal("1E+3"), 1000),
        (Decimal("-0.0"), 0),
        (Decimal("0.10"), 0.1),
        (Decimal("123456789012.345"), 123456789012.345),
        (Decimal("1234567890123.456"), "1234567890123.456"),
        (Decimal(2**53 - 1), 2**53 - 1),
        (Decimal(2**53), "9007199254740992"),
        (Decimal(-(2**53)), "-9007199254740992"),
        (Decimal("1" * 40 + ".5"), "1" * 40 + ".5"),
        (Decimal("Infinity"), math.inf),
        (datetime.date(990, 1, 5), Day("0990-01-05")),
        (datetime.datetime(2024, 7, 1, 12), Day("2024-07-01T12:00:00")),
        (datetime.datetime(2024, 7, 1, 12, tzinfo=PLUS_TWO), Day("2024-07-01T12:00:00+02:00")),
        (datetime.time(1, 2), Day("01:02:00")),
        (UUID(int=255), "00000000-0000-0000-0000-0000000000ff"),
        (["a", None, Decimal(1)], ["a", None, 1]),
        (("a",), ["a"]),
        (Pair(1, datetime.date(2020, 1, 1)), [1, "2020-01-01"]),
        ({"a": None, "b": Decimal(2)}, {"a": None, "b": 2}),
        (Level.HIGH, 3),
        (Country.DE, "DE"),
    ],
)
def test_values(value: Any, cell: Any) -> None:
    found = plain(value)
    assert found == cell
    assert type(found) is type(cell)


@given(
    st.builds(
        lambda digits, exponent: Decimal(digits).scaleb(exponent, Context(prec=60)),
        st.integers(-(10**20), 10**20),
        st.integers(-25, 10),
    )
)
def test_a_decimal_keeps_each_of_its_digits(value: Decimal) -> None:
    cell = plain(value)
    assert Decimal(str(cell)) == value
    if value == value.to_integral_value() and abs(value) < 2**53:
        assert type(cell) is int


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("sNaN"), math.nan])
def test_not_a_number_stays_one_and_is_no_empty_cell(value: Any) -> None:
    assert math.isnan(plain(value))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (b"secret", "bytes"),
        (memoryview(b"secret"), "memoryview"),
        (datetime.timedelta(1), "timedelta"),
        ({1: 2}, "dict"),
        ([b"secret"], "bytes"),
        (object(), "object"),
    ],
)
def test_what_has_no_cell(value: Any, kind: str) -> None:
    with pytest.raises(NoCell) as caught:
        plain(value)
    assert str(caught.value) == kind


def test_such_a_value_is_a_cell_that_keeps_its_type_and_no_value() -> None:
    good, bad = plain_rows([(1, None), (2, b"secret")])
    assert good == [1, ""]
    assert not isinstance(bad, RowFault)
    assert (bad[0], type(bad[1]), str(bad[1])) == (2, Strange, "<bytes>")
    assert vars(bad[1]) == {"kind": "bytes"}


@given(
    st.lists(
        st.tuples(
            st.none() | st.text(),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.floats(allow_nan=False),
            st.none() | st.booleans(),
            st.none() | st.dates(),
            st.none() | st.datetimes(),
            st.none() | st.times(),
            st.none()
            | st.decimals(
                allow_nan=False, allow_infinity=False, places=4, min_value=-(10**18), max_value=10**18
            ),
            st.none() | st.lists(st.none() | st.text(max_size=3), max_size=3),
        ),
        max_size=20,
    )
)
def test_a_frame_gives_the_cells_of_its_values(values: list[tuple[Any, ...]]) -> None:
    schema: dict[str, Any] = {
        "text": pl.String,
        "whole": pl.Int64,
        "number": pl.Float64,
        "truth": pl.Boolean,
        "day": pl.Date,
        "moment": pl.Datetime("us"),
        "time": pl.Time,
        "decimal": pl.Decimal(38, 4),
        "list": pl.List(pl.String),
    }
    frame = pl.DataFrame(values, schema=schema, orient="row")
    found: Any = frame_rows(frame)
    expected: Any = plain_rows(values)
    assert found == expected
    assert [list(map(type, row)) for row in found] == [list(map(type, row)) for row in expected]
