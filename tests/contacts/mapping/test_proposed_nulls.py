"""Which words a proposal takes for null values: those that are nothing else, in any column that has them."""

from __future__ import annotations

import pytest

from email_contacts.contacts import AccountAttribute
from email_contacts.contacts.mapping.proposal import propose
from tests.contacts.mapping.test_proposed_settings import proposed

CATEGORY = [AccountAttribute("x", "category", ("n/a", "gold"))]


@pytest.mark.parametrize("kind", ["number", "date", "boolean", None])
@pytest.mark.parametrize("word", ["NULL", "N/A", "None", "-", "n.a.", "k. A.", "unbekannt", "?", "NaN"])
def test_words_where_a_type_is_meant(word: str, kind: str | None) -> None:
    good = {"date": "1985-12-31", "boolean": "yes"}.get(kind or "", "12.5")
    said = proposed(good, good, "3" if good == "12.5" else good, word, kind=kind)
    assert "rejected" not in said
    assert "# cells that say this are empty" in said
    assert word in said.partition("nulls: [")[2]


@pytest.mark.parametrize("day", ["0000-00-00", "0000-00-00 00:00:00", "00.00.0000"])
def test_days_that_are_none(day: str) -> None:
    assert day in proposed("1985-12-31", day, kind="date").partition("nulls: [")[2]
    assert "nulls" not in proposed("1985-12-31", "0000-00-01", kind="date")


@pytest.mark.parametrize("word", ["NULL", "N/A", "-", "(null)", "<NULL>", "undefined"])
def test_words_in_text(word: str) -> None:
    said = proposed("Bonn", "Ulm", word, column="city")
    assert f'nulls: ["{word}"]' in said or f"nulls: [{word}]" in said


@pytest.mark.parametrize("word", ["None", "nil", "unknown", "?", "n.a.", "leer", "."])
def test_words_in_text_that_may_be_answers(word: str) -> None:
    assert "nulls:" not in proposed("peanuts", "milk", word, column="allergy")


def test_labels_of_the_account_are_none() -> None:
    rows = [[f"p{n}@example.com", ("gold", "n/a")[n % 2]] for n in range(40)]
    assert propose(("mail", "x"), rows, source="s", account_attributes=CATEGORY).nulls == ()


def test_a_surname_is_asked_and_not_shown() -> None:
    said = proposed("Null", *["Doe"] * 39, column="lastname")
    assert "lastname: LASTNAME # 1 cell is a null value or a name? If null values, list them as nulls" in said
    assert "nulls:" not in said
    assert "Null" not in said


def test_a_surname_that_comes_often_is_asked_too() -> None:
    said = proposed("NULL", "Doe", column="lastname")
    assert "# 20 cells are null values (NULL) or a name?" in said
    assert "nulls:" not in said


def test_what_a_source_writes_elsewhere_is_a_null_value_in_names_too() -> None:
    said = proposed("NULL", "Doe", column="lastname", points=["12", "NULL"])
    assert 'nulls: ["NULL"] # cells' in said
    assert "a name?" not in said


def test_a_single_surname_keeps_its_word_from_being_a_null_value_of_all() -> None:
    said = proposed("NULL", *["Doe"] * 39, column="lastname", points=["12", "NULL"])
    assert 'attribute: POINTS type: number nulls: ["NULL"]' in said
    assert "nulls: [" not in said.replace('number nulls: ["NULL"]', "")
    assert "1 cell is a null value or a name?" in said


def test_words_of_several_columns_are_said_once() -> None:
    said = proposed("NULL", "Bonn", column="city", points=["12", "NULL"], since=["1985-12-31", "-"])
    assert 'nulls: ["-", "NULL"] # cells that say this are empty' in said
    assert said.count("nulls") == 1


def test_words_of_a_type_stay_in_a_column_of_text_that_has_them() -> None:
    said = proposed("unknown", "gold", column="tier", points=["12", "unknown"])
    assert "categories: [gold, unknown]" in said
    assert "attribute: POINTS type: number nulls: [unknown]" in said


def test_an_identifier_that_many_share_is_nobody_s() -> None:
    ids = [str(1000 + number) for number in range(39)]
    assert "nulls: [leer]" in proposed(*ids, "leer", column="customer id")
    assert "nulls" not in proposed(*ids, "NULL", column="customer id")  # is read as empty anyway


def test_what_is_always_read_as_empty_is_no_cell() -> None:
    assert "city: CITY unknown_columns: fail" in proposed("\\N", column="city")
    assert "type: number" in proposed("\\N", "12.5", "7")


def test_null_values_do_not_hide_who_somebody_is() -> None:
    said = proposed("+44 7700 900123", "-", "NULL", column="mobile")
    assert "mobile: SMS nulls:" in said
