"""Masks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts.masking import LONGEST, mask


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("jane..doe@example.com", "***..***@***.***"),
        ("+44 7700 900123", "+## #### ######"),
        ("1990-1-5", "####-#-#"),
        ("12,5", "##,#"),
        ("no", "**"),
        ("Zoë\n\0", "***??"),
        (True, "***"),
        (["a", 1], "['*', #]"),
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
