"""Phone numbers, and that the quick way takes only what the library takes."""

from __future__ import annotations

import random
import re
from typing import Any

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.contacts.checks.schema import is_valid
from email_contacts.contacts.values import phones
from email_contacts.contacts.values.phone_patterns import plain_pattern
from tests.amount import amount

PLAIN = re.compile(plain_pattern()).fullmatch


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("+44 (7700) 900-123", "447700900123"),
        ("0044.7700/900123", "447700900123"),
        (447700900123, "447700900123"),
        ("447700900123", "447700900123"),
        (" +49\u00a01512\u202f3456789 ", "4915123456789"),
        ("(+49) 1512 3456789", "4915123456789"),
        ("+49\u20111512\u20133456789", "4915123456789"),
        ("tel:+4915123456789", "4915123456789"),
        ("p:+4915123456789", "4915123456789"),
        ("TEL: (+49) 1512 3456789", "4915123456789"),
        # Whether the nought belongs to the number is the country's choice.
        ("+49 (0)1512 3456789", "4915123456789"),
        ("+39 (0)6 1234 5678", "390612345678"),
        ("+39 06 1234 5678", "390612345678"),
    ],
)
def test_international_numbers(cell: Any, sent: str) -> None:
    assert phones.phone(cell) == sent
    assert is_valid(sent, "phone")


@pytest.mark.parametrize(
    ("cell", "region", "sent"),
    [
        ("0151 23456789", "DE", "4915123456789"),
        ("15123456789", "DE", "4915123456789"),
        ("+33 6 39 98 00 00", "DE", "33639980000"),
        ("0033639980000", "DE", "33639980000"),
        ("011 44 7700 900123", "US", "447700900123"),
        ("(200) 555-0100", "US", "12005550100"),
        ("06 39 98 00 00", "FR", "33639980000"),
        ("06 1234 5678", "IT", "390612345678"),
        ("06/12/34/56/78", "FR", "33612345678"),
        ("0471/12.34.56", "BE", "32471123456"),
        ("030 1234567-0", "DE", "493012345670"),
        ("49 30 12345678", "DE", "493012345678"),
        ("3912345678", "IT", "393912345678"),
        ("7012345678", "KZ", "77012345678"),
        ("9123456789", "IN", "919123456789"),
        ("55 98765-4321", "BR", "5555987654321"),
        ("0800 123 456", "BR", "55800123456"),
    ],
)
def test_numbers_of_a_region(cell: str, region: str, sent: str) -> None:
    assert phones.phone(cell, region) == sent


@pytest.mark.parametrize("region", [None, "DE", "US"])
@pytest.mark.parametrize(
    "cell",
    [
        "+49 1",
        "+1 555 0100",  # lacks the area code
        "+999 123456789",
        "+0 151 23456789",
        "+44 7700 900123 x12",
        "+44 7700 900123;ext=12",
        "1-800-FLOWERS",
        "+44 7700 900123, 900124",
        "+44 7700 900123 +44 7700 900124",
        "tel:447700900123",
        "p:447700900123",
        "tel:tel:+447700900123",
        "fax:+447700900123",
        "+44\n7700900123",
        "++447700900123",
        "+",
        "()",
        "٠١٥١٢٣٤٥٦٧٨٩",
        "０１５１２３４５６７８９",
        "none",
        "0" * 41,
        "+49 123456789012345",  # possible, but longer than E.164 allows
    ],
)
def test_what_is_no_number_cannot_pass(cell: str, region: str | None) -> None:
    assert not is_valid(phones.phone(cell, region), "phone")


@pytest.mark.parametrize(
    ("cell", "region", "says"),
    [
        ("4915123456789", "DE", "with its country code or without"),
        (4915123456789, "DE", "with its country code or without"),
        ("030 12345678/79", "DE", "two numbers"),
        ("+49 30/12345678 / 9", None, "two numbers"),
        ("987654321", "BR", "lacks its area code"),
        ("+55 98765-4321", None, "lacks its area code"),
        ("+44 1234567", "GB", "lacks its area code"),
    ],
)
def test_what_may_be_somebody_else_s_number_is_refused(cell: Any, region: str | None, says: str) -> None:
    assert not is_valid(phones.phone(cell, region), "phone")
    assert says in str(phones.fault_in(str(cell), region))


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_numbers_of_every_country_are_read(region: str) -> None:
    for kind in range(5):
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        sent = library_s(f"+{example.country_code}{digits_of(example)}")
        if not sent or not is_digits_of_the_schema(sent[1:]):
            continue
        national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
        found = [
            phones.phone(sent),
            phones.phone(f"00{sent[1:]}", region),
            phones.phone(digits_of(example), region),
        ]
        assert found == [sent[1:]] * 3
        assert phones.phone(national, region) == sent[1:]


def digits_of(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.national_significant_number(number)


@pytest.mark.parametrize("cell", ["0151 23456789", "12345", "555-0100"])
def test_without_a_region_a_national_number_is_refused(cell: str) -> None:
    assert phones.phone(cell) == f"?{cell}"


@pytest.mark.parametrize("cell", [True, 1.5, None, ["+447700900123"], {}])
def test_what_is_no_text_stays(cell: Any) -> None:
    assert phones.phone(cell) is cell


@pytest.mark.parametrize("region", [None, "DE"])
def test_blank_cells_are_empty(region: str | None) -> None:
    assert phones.phone("", region) == phones.phone(" \t", region) == ""


def test_regions() -> None:
    assert [region for region in ("DE", "GB", "UK", "de", "001", "") if phones.is_region(region)] == [
        "DE",
        "GB",
    ]


def library_s(number: str) -> str | None:
    """What the library itself makes of an international number, or None where it refuses it."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    possible = (
        phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.IS_POSSIBLE
    )
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) if possible else None


def test_the_quick_way_takes_only_what_the_library_takes_and_leaves_as_it_is() -> None:
    """All calling codes, all lengths, all first digits; and beginnings that look like national prefixes."""
    chance = random.Random(4)
    beginnings = ["", *"0123456789", "00", "180020", "15", "10", "1001", "06", "90", "11", "88", "0549"]
    taken = tried = 0
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        for length in range(1, 19):
            for beginning in beginnings:
                rest = "".join(chance.choice("0123456789") for _ in range(length))
                number = f"+{code}{(beginning + rest)[:length]}"
                tried += 1
                if PLAIN(number):
                    taken += 1
                    assert library_s(number) == number
                    assert is_digits_of_the_schema(number[1:])
    assert tried > 80_000
    assert taken > 5_000


def is_digits_of_the_schema(digits: str) -> bool:
    return re.fullmatch("[1-9][0-9]{5,14}", digits) is not None


@settings(max_examples=amount(2_000, quick=100), deadline=None)
@given(number=st.from_regex(plain_pattern(), fullmatch=True))
def test_whatever_the_pattern_matches_the_library_takes(number: str) -> None:
    if PLAIN(number):  # $ lets a line break pass when a number is made from the pattern
        assert library_s(number) == number
        assert phones.phone(number) == phones.phone(number, "DE") == number[1:]


@pytest.mark.parametrize(
    "region",
    [
        *("DE", "GB", "FR", "US", "IN", "ES", "IT", "NL", "PL", "BE", "CH", "AT"),
        *("BR", "CN", "JP", "KR", "AU", "CO", "MX", "TR", "ID", "NG", "ZA", "LT", "BY"),
    ],
)
def test_the_quick_way_takes_the_usual_mobile_numbers(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    assert example is not None
    assert PLAIN(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164))


def test_the_pattern_means_the_same_to_polars() -> None:
    numbers = ["+4915123456789", "+491", "+490151", "+447700900123", "+441", "+12005550100", "+11"]
    numbers += ["4915123456789", "+4915123456789\n", " +4915123456789", "+٤٩15123456789", ""]
    found = pl.Series(numbers).str.contains(plain_pattern()).to_list()
    assert found == [PLAIN(number) is not None for number in numbers]
    assert any(found)
    assert not all(found)
