"""Single cells."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.contacts.values import choices, dates, normalising, numerals


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("12", 12),
        (" -3 ", -3),
        ("4.50", 4.5),
        ("1e3", 1000.0),
        ("0", 0),
        ("007", "007"),
        ("+1", 1),
        (".5", 0.5),
        ("-.5", -0.5),
        ("+.25", 0.25),
        ("\u22125", -5),
        ("\u2212.5", -0.5),
        ("5.", "5."),
        (".", "."),
        ("-.", "-."),
        ("\u2212", "\u2212"),
        ("+-5", "+-5"),
        ("\u2212-5", "\u2212-5"),
        ("1_000", "1_000"),
        ("1,5", "1,5"),
        ("NaN", "NaN"),
        ("inf", "inf"),
        ("1e999", "1e999"),
        ("١٢", "١٢"),
        (True, True),
        (2.5, 2.5),
    ],
)
def test_number(cell: Any, sent: Any) -> None:
    found = numerals.number(cell)
    assert (found, type(found)) == (sent, type(sent))


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("TRUE", True),
        ("yes ", True),
        ("1", True),
        (1, True),
        ("No", False),
        ("0", False),
        (0, False),
        ("on", True),
        ("F", False),
        ("y", True),
        (2, "2"),
    ],
)
def test_boolean(cell: Any, sent: Any) -> None:
    assert normalising.boolean(cell) is sent or normalising.boolean(cell) == sent == str(cell)


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("1990-01-05", "1990-01-05"),
        (" 1990-01-05T23:59:00.000+02:00", "1990-01-05"),
        ("1990-01-05 10:00", "1990-01-05"),
        ("1990-01-05T25:00", "1990-01-05T25:00"),
        ("1990-01-05x", "1990-01-05x"),
        ("1990/1/5", "1990-01-05"),
        ("1990-1-5", "1990-01-05"),
        ("1990.1.15", "1990-01-15"),
        ("1990/1-5", "1990/1-5"),
        ("1990/1/5 3:04 PM", "1990-01-05"),
        ("199015", "199015"),
        ("19900105T120000Z", "1990-01-05"),
        ("19900105T1200+0100", "1990-01-05"),
        ("19900105T12", "19900105T12"),
        ("19900105T2400", "19900105T2400"),
        ("19900105T1260", "19900105T1260"),
        ("19900105T120099Z", "19900105T120099Z"),
        ("1990-01-05 12:00:00.000 America/New_York", "1990-01-05"),
        ("1990-01-05T12:00:00Z[Etc/UTC]", "1990-01-05"),
        ("1990-01-05 12:00:00 CEST", "1990-01-05"),
        ("1990-01-05 12:00:00+00 BC", "1990-01-05 12:00:00+00 BC"),
        ("1990-01-05 BC", "1990-01-05 BC"),
        ("5/1/1990", "5/1/1990"),
    ],
)
def test_date(cell: str, sent: str) -> None:
    assert dates.date(cell) == sent


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("05/01/1990", "1990-01-05"),
        ("", ""),
        ("5/1/1990", "1990-01-05"),
        ("30/02/1990", "?30/02/1990"),
        ("1990-01-05", "?1990-01-05"),
    ],
)
def test_date_in_a_format(cell: str, sent: str) -> None:
    assert dates.date_in(["%d/%m/%Y"])(cell) == sent


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("mailto:Jane@example.com", "jane@example.com"),
        (" MAILTO:jane@example.com", "jane@example.com"),
        ("mailto:mailto:jane@example.com", "mailto:jane@example.com"),
        ("mailto: jane@example.com", " jane@example.com"),
    ],
)
def test_the_address_of_a_link(cell: str, sent: str) -> None:
    assert normalising.email(cell) == sent


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("'Ada@example.com", "ada@example.com"),
        ("' ada@example.com", "ada@example.com"),
        ("''ada@example.com", "ada@example.com"),
        ("'mailto:ada@example.com", "ada@example.com"),
        ("mailto:'ada@example.com", "ada@example.com"),
        ("'ada@example.com'", "ada@example.com'"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("'", "'"),
        ("'\u00e4da@example.com", "'\u00e4da@example.com"),
    ],
)
def test_a_text_mark_is_no_part_of_an_address(cell: str, sent: str) -> None:
    assert normalising.email(cell) == sent


def test_email_is_lowered_in_ascii_only() -> None:
    assert normalising.email(" Jane@Example.COM ") == "jane@example.com"
    assert normalising.email("jac\N{KELVIN SIGN}@example.com") == "jac\N{KELVIN SIGN}@example.com"


def test_category_takes_any_case_and_sends_the_account_s() -> None:
    label_of = choices.category(["DE", "Pro Plan", "pro plan"])
    assert [label_of(cell) for cell in ["de", " PRO PLAN", "pro plan", "x"]] == [
        "DE",
        "pro plan",
        "pro plan",
        "x",
    ]


def test_cells_of_a_category_in_words_of_their_own() -> None:
    label_of = choices.category(["free", "pro"], {"1": "free", "B": "pro", "Pro": "free"})
    cells = ["1", 1, "b", "FREE", "Pro", "pro", "2"]
    assert [label_of(cell) for cell in cells] == ["free", "free", "pro", "free", "free", "pro", "2"]


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("JA ", True),
        ("oui", True),
        ("Nein", False),
        ("yes", True),
        ("0", False),
        (1, True),
        (2, "2"),
        (None, None),
    ],
)
def test_booleans_in_words_of_their_own(cell: Any, sent: Any) -> None:
    assert normalising.boolean_in({"ja": True, "Oui": True, "nein": False})(cell) == sent


def test_words_of_one_s_own_go_first() -> None:
    assert normalising.boolean_in({"0": True})("0") is True
    assert normalising.boolean_in({"0": True})(0) is True


def test_multiple_choice_keeps_each_once() -> None:
    labels_of = choices.multiple_choice(["books", "music"], ",")
    assert labels_of("Music, books,,music") == ["music", "books"]
    assert labels_of(" , ") == ""
    assert labels_of(["BOOKS "]) == ["books"]


@given(cell=st.text())
def test_what_is_remembered_is_what_was_made(cell: str) -> None:
    remembered = normalising.Remembered(numerals.number, most=100)
    assert remembered[cell] == remembered[cell] == numerals.number(cell)


def test_memory_of_cells_is_bounded() -> None:
    remembered = normalising.Remembered(normalising.text, most=3)
    long = "x" * 65
    assert remembered[long] == long
    assert [remembered[str(number)] for number in range(10)] == list("0123456789")
    assert list(remembered) == ["0", "1", "2"]


@pytest.mark.parametrize(
    "normalise",
    [
        normalising.text,
        normalising.value,
        normalising.email,
        numerals.number,
        normalising.boolean,
        normalising.boolean_in({"ja": True}),
        dates.date,
        dates.date_in(["%d.%m.%Y"]),
        choices.category(["a"]),
        choices.multiple_choice(["a"], "|"),
    ],
)
def test_blank_cells_are_empty_whatever_the_type(normalise: normalising.Normaliser) -> None:
    assert normalise("") == normalise(" \t") == ""


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\u3000"])
def test_an_address_is_in_lower_case_whatever_blanks_were_around_it(blank: str) -> None:
    assert normalising.email(f"{blank}Anna@Example.COM{blank}") == "anna@example.com"
