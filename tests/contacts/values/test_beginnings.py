"""How what matches an expression may begin, held against what matches it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from email_contacts.contacts.values.beginnings import NotUnderstood, beginnings

OF_COUNTRIES = sorted(
    {
        known.national_prefix_for_parsing
        for regions in COUNTRY_CODE_TO_REGION_CODE.values()
        for region in regions
        if (known := PhoneMetadata.metadata_for_region(region)) and known.national_prefix_for_parsing
    }
)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("0", {"0"}),
        ("0|90", {"0", "90"}),
        ("01", {"01"}),
        ("012", {"01"}),
        ("80?", {"8", "80"}),
        ("0?", {"", "0"}),
        ("(1[12])|0", {"11", "12", "0"}),
        ("(?:1|2)[3-5]$", {"13", "14", "15", "23", "24", "25"}),
        (r"1\d", {f"1{digit}" for digit in range(10)}),
        ("1{2}3", {"11"}),
        ("(?:12){0,1}3", {"12", "3"}),
        ("1{1,}", {"1", "11"}),
        ("0(15)?6", {"01", "06"}),
    ],
)
def test_texts_that_match_begin_so(pattern: str, found: set[str]) -> None:
    assert beginnings(pattern, 2) == found


@pytest.mark.parametrize("pattern", ["a", "1+", "1*", ".", "^1", "(1", "1)", "[^1]", "1{x}"])
def test_what_is_not_known_is_not_understood(pattern: str) -> None:
    with pytest.raises(NotUnderstood):
        beginnings(pattern, 2)


def test_there_are_many_of_countries() -> None:
    assert len(OF_COUNTRIES) > 30


@given(data=st.data())
def test_what_matches_a_prefix_of_a_country_begins_so(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(OF_COUNTRIES))
    text = data.draw(st.from_regex(re.compile(f"(?:{pattern})", re.ASCII), fullmatch=True))
    assert text.startswith(tuple(beginnings(pattern, 2)))
