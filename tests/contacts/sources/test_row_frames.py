"""Rows made columns say what the rows say."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from email_contacts.contacts.batches.forms import form_of
from email_contacts.contacts.checks.fast_path_rows import BODY, FastPathRows
from email_contacts.contacts.checks.validation import ContactValidator
from email_contacts.contacts.choices import BODIES
from email_contacts.contacts.mapping.binding import bind
from email_contacts.contacts.sources.row_frames import LISTS, NUMERALS, frame_of
from email_contacts.contacts.sources.rows import Day, Row, RowFault, Strange
from tests.amount import amount
from tests.contacts.prepared import ACCOUNT

COLUMNS = ["email", "ext_id", "sms", "firstname", "country", "birthday", "points", "newsletter", "interests"]
TEXTS = ["", " x ", "Zoë", 'a "b"', "a\x1fb", "line\nline", "x;y", "\x1fbooks", "DE", "books", "1", "true"]
ANYTHING = [
    *TEXTS,
    0,
    7,
    -1,
    2**53,
    2**70,
    1.5,
    1.0,
    float("nan"),
    True,
    False,
    [],
    ["books"],
    ["a\x1fb"],
    [1],
    {},
    Strange("bytes"),
    Day("1990-01-05"),
    Day("1990-01-05T10:00:00+02:00"),
]
LIKELY: Mapping[str, list[Any]] = {
    "email": ["a@example.com", "B@Example.com", "c.d@example.org"],
    "ext_id": ["C-1", 17, "x y"],
    "sms": ["+447700900123", 447700900123, ""],
    "firstname": ["Ada", "Jürgen", "O'Neill"],
    "country": ["DE", "fr", ""],
    "birthday": [
        "1990-01-05",
        "1990-01-05T10:00:00Z",
        "",
        Day("1990-02-01"),
        Day("2024-02-29T10:00:00"),
        Day("1990-02-03"),
    ],
    "points": [1, 2.5, 0, "3.50", ""],
    "newsletter": [True, False, "yes", 0, ""],
    "interests": [["books"], ["music", "books", "music"], [], "books|music", ""],
}


def generated(chance: random.Random, rows: int) -> list[Row | RowFault]:
    """Rows of which most are good; each block has columns of one type, and of several."""
    choices = {name: chance.sample(likely, chance.randint(1, len(likely))) for name, likely in LIKELY.items()}
    block: list[Row | RowFault] = []
    for _ in range(rows):
        row = [
            chance.choice(ANYTHING) if chance.random() < 0.03 else chance.choice(choices[name])
            for name in COLUMNS
        ]
        block.append(RowFault("json", "not JSON") if chance.random() < 0.02 else row)
    return block


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("account", [ACCOUNT, None], ids=["typed", "untyped"])
def test_what_is_judged_good_is_what_the_row_is(body: str, account: Any) -> None:
    binding = bind(COLUMNS, source="generated", account_attributes=account)
    form, validator = form_of(body, binding), ContactValidator(binding)
    contact_of, plain = binding.reader(text_only=False), FastPathRows(binding, form)
    good = 0
    for seed in range(amount(60, quick=20)):
        rows = generated(random.Random(seed), 50)
        frame = frame_of(rows, len(COLUMNS))
        judged = plain.judge(frame)
        assert set(frame.faults) == {place for place, row in enumerate(rows) if isinstance(row, RowFault)}
        for place in judged.is_good.nonzero()[0].tolist():
            row = rows[place]
            assert not isinstance(row, RowFault)
            contact = contact_of(row)
            assert validator.is_valid(contact), row
            assert judged.rows.get_column(BODY)[place].encode() == form.row(contact), row
            good += 1
    assert good > amount(50, quick=10)


@pytest.mark.parametrize(
    ("cells", "dtype", "odd"),
    [
        (["a", "", "b"], pl.String(), []),
        ([1, "", 2], pl.Int64(), []),
        ([1.5, "", 2.0], pl.Float64(), []),
        ([True, "", False], pl.Boolean(), []),
        ([1, "", 2.5], NUMERALS, []),
        ([["a", "b"], "", []], LISTS, []),
        (["a", 1, "b"], pl.String(), [1]),
        ([1, "x", 2], pl.Int64(), [1]),
        ([1, True, 2], pl.Int64(), [1]),
        ([["a"], ["a\x1fb"], [1]], LISTS, [1, 2]),
        ([2**70, 1, 2], pl.String(), [0, 1, 2]),
        ([{}, "", {}], pl.String(), [0, 2]),
        (["", "", ""], pl.String(), []),
    ],
)
def test_a_column_takes_the_type_of_most_of_its_cells(
    cells: list[Any], dtype: pl.DataType, odd: list[int]
) -> None:
    frame = frame_of([[cell] for cell in cells], 1)
    assert frame.cells.dtypes == [dtype]
    assert frame.is_odd.nonzero()[0].tolist() == odd
