"""Phone numbers many at once: what is taken is what the library makes of it, in every country."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import phonenumbers
import polars as pl
import pytest

from email_contacts.contacts.checks import fast_path_phones
from email_contacts.contacts.checks.fast_path_values import Cells
from email_contacts.contacts.checks.schema import judge
from email_contacts.contacts.values import phones
from email_contacts.contacts.values.beginnings import beginnings
from email_contacts.contacts.values.phone_patterns import impossible_pattern, national_numbers
from tests.amount import amount

REGIONS = [None, *sorted(phonenumbers.SUPPORTED_REGIONS)]
ALL_NUMBERS_OF_A_REGION = 120
NUMBERS_OF_A_REGION = amount(ALL_NUMBERS_OF_A_REGION, quick=24)


def numbers(region: str | None, random: Random) -> Iterator[str]:
    """Generate numbers as they are written in a country, and as they could be mistaken for such."""
    own = None if region is None else phonenumbers.PhoneMetadata.metadata_for_region(region)
    code = "44" if own is None else str(own.country_code)
    prefix = "0" if own is None else own.national_prefix or "0"
    abroad = "011" if own is None else (own.international_prefix or "00").partition("|")[0][:4]
    taken_off = sorted(beginnings(own.national_prefix_for_parsing or "0", 3)) if own else ["0"]
    kinds = range(5)
    examples = [
        phonenumbers.national_significant_number(example)
        for kind in kinds
        if region and (example := phonenumbers.example_number_for_type(region, kind)) is not None
    ] or ["12345678"]
    for _ in range(NUMBERS_OF_A_REGION):
        chosen = random.choice(examples)
        if own is not None and random.random() < 0.2:
            ending = "".join(random.choices("0123456789", k=3))
            number = phonenumbers.PhoneNumber(own.country_code, int(chosen[:-3] + ending))
            yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
            continue
        digits = chosen[: random.randrange(3, len(chosen) + 1)]
        digits += "".join(random.choices("0123456789", k=random.randrange(5)))
        before = random.choice(["", "", prefix, code, f"00{code}", f"+{code}", "0", "1", "8", "00", abroad])
        if random.random() < 0.2:
            before = random.choice(taken_off)
        written = before + digits
        if random.random() < 0.4:
            at = random.randrange(1, len(written) + 1)
            written = written[:at] + random.choice(" -.()/") + written[at:]
        yield written.strip()


def compared(region: str | None) -> tuple[int, int]:
    """Hold all at once against one by one; gives how many are good, and how many of these were taken."""
    cells = pl.Series("0", list(numbers(region, Random(region))))
    plain = fast_path_phones.phone(Cells(cells, False, False, ""), region)
    sent, is_good = cells.to_frame().select(plain.text.alias("sent"), plain.good.alias("good"))
    is_valid = judge("phone")
    expected = [phones.phone(cell, region) for cell in cells]
    for cell, text, good, wanted in zip(cells, sent, is_good, expected, strict=True):
        if good:
            assert text == wanted, (region, cell)
            assert is_valid(wanted), (region, cell)
    return sum(map(is_valid, expected)), int(is_good.sum())


def test_every_country() -> None:
    assert len(REGIONS) * ALL_NUMBERS_OF_A_REGION >= 20_000
    good, taken = map(sum, zip(*map(compared, REGIONS), strict=True))
    assert taken > 0.3 * good > amount(1_000, quick=200)


@pytest.mark.parametrize(
    "region",
    [
        *("DE", "FR", "GB", "US", "ES", "IT", "NL", "BE", "CH", "AT", "PL", "IN"),
        *("AR", "AU", "BR", "BY", "CN", "CO", "JP", "KR", "LT", "MX"),
    ],
)
def test_numbers_as_they_are_dialled_are_taken(region: str) -> None:
    mobile = phonenumbers.PhoneNumberType.MOBILE
    example = phonenumbers.example_number_for_type(region, mobile)
    assert example is not None
    forms = phonenumbers.PhoneNumberFormat
    written = [phonenumbers.format_number(example, form) for form in (forms.NATIONAL, forms.INTERNATIONAL)]
    cells = pl.Series("0", [*written, phonenumbers.format_number(example, forms.E164)[1:]])
    plain = fast_path_phones.phone(Cells(cells, False, False, ""), region)
    assert cells.to_frame().select(plain.good.alias("good")).to_series().to_list()[:2] == [True, True]


def test_a_looser_way_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_path_phones, "_INTERNATIONAL", "99")
    with pytest.raises(AssertionError):  # noqa: PT012  # whichever country finds it
        for region in REGIONS:
            compared(region)


@pytest.mark.parametrize(
    ("region", "loosened"),
    [
        ("MG", {"put_in_place": "32${1}"}),
        ("CO", {"prefixes": "0"}),
        ("BR", {"after_code": ()}),
        ("BR", {"lengths": tuple(range(20))}),
    ],
)
def test_looser_prefixes_are_found(
    monkeypatch: pytest.MonkeyPatch, region: str, loosened: dict[str, Any]
) -> None:
    known = national_numbers(region)
    assert known is not None
    monkeypatch.setattr(fast_path_phones, "national_numbers", lambda _: replace(known, **loosened))
    monkeypatch.setattr(f"{__name__}.NUMBERS_OF_A_REGION", 2_000)
    with pytest.raises(AssertionError, match=region):
        compared(region)


def test_what_is_certainly_no_number_is_none_in_any_region() -> None:
    """Too few and too many digits for each calling code, and what is at the edge."""
    random, is_valid = Random(1), judge("phone")
    impossible = re.compile(impossible_pattern()).fullmatch
    found = 0
    for code in map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE):
        for size in range(19):
            for first in ("", "0", "1", "8", "9", "15", "02"):
                cell = f"+{code}{first}" + "".join(random.choices("0123456789", k=max(size - len(first), 0)))
                if impossible(cell):
                    found += 1
                    assert not is_valid(phones.phone(cell, "DE")), cell
    assert found > 5_000


@pytest.mark.parametrize("cell", ["+33612345678", "+44 20 7946 0958", "15", "+", "", "a1", "Zoë", "+3361x"])
def test_what_is_looked_at_one_by_one(cell: str) -> None:
    assert re.fullmatch(impossible_pattern(), cell) is None


@pytest.mark.parametrize("cell", ["unknown", "n.a.", "+336", "+3361234567890", "+44" + "1" * 20])
def test_what_is_rejected_at_once(cell: str) -> None:
    assert re.fullmatch(impossible_pattern(), cell)
