"""Masks."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts.masking import LONGEST, mask, masked


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("jane..doe@example.com", "***..***@***.***"),
        ("+44 7700 900123", "+## #### ######"),
        ("1990-1-5", "####-#-#"),
        ("12,5", "##,#"),
        ("no", "**"),
        ("  a b ", "* * "),  # of a quoted cell, csv does not keep the blanks before it
        ("Zoë\n\0", "***??"),
        (True, "***"),
        (["a", 1], "['*', #]"),
        ({"city": "Paris"}, "{…}"),
        ([{"id": 1}, None], "[…]"),
        ([["a"]], "[…]"),
        ("", ""),
    ],
)
def test_shapes(value: Any, shape: str) -> None:
    assert mask(value) == shape


@given(value=st.text() | st.emails() | st.integers() | st.floats() | st.lists(st.text()))
def test_no_letter_and_no_digit_survives(value: Any) -> None:
    shown = mask(value)
    assert not any(character.isalnum() for character in shown)
    assert re.search(r"\w@\w", shown) is None
    assert len(shown) <= LONGEST + 1
    assert mask(value) == shown


def test_a_huge_value_is_cut() -> None:
    assert mask("x" * 10_000_000) == "***…"


def test_many_texts_are_masked_as_each_is() -> None:
    random = Random(1)
    alphabet = [chr(code) for code in range(128)]
    texts = [
        "",
        "  a",
        "   ",
        "a" * 40,
        "a1" * 20,
        "a1" * 21,
        "-" * 40,
        "-" * 41,
        "ab" * 160,
        "aaaa1aaa2aaaaa",
    ]
    texts += ["".join(random.choices(alphabet, k=random.randrange(60))) for _ in range(2_000)]
    column = pl.Series("cell", texts)
    assert masked(column).to_list() == [mask(text) for text in texts]
    assert masked(column[9:11]).to_list() == [mask(text) for text in texts[9:11]]
    assert masked(column[:0]).to_list() == []
