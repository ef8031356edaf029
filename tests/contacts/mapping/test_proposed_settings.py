"""What a proposal says of how cells are written: only what is certain; the rest it asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from email_contacts.contacts import AccountAttribute, Mapping
from email_contacts.contacts.mapping.located_yaml import parse
from email_contacts.contacts.mapping.proposal import propose
from email_contacts.contacts.mapping.writing import as_yaml

PEOPLE = [f"p{number}@example.com" for number in range(40)]


def proposed(*cells: Any, column: str = "x", kind: str | None = None, **others: Sequence[Any]) -> str:
    """What is proposed for a column of 40 rows whose cells come again and again, as one line."""
    columns = {"mail": PEOPLE, column: cells, **others}
    rows = [[some[number % len(some)] for some in columns.values()] for number in range(40)]
    account = kind and [AccountAttribute(column.upper(), kind), *map(AccountAttribute, others)]
    text = as_yaml(
        propose(tuple(columns), rows, source="s.csv", account_attributes=account or None),
        source="s.csv",
        rows=40,
    )
    answers = [f"  {line[4:]}" for line in text.splitlines() if line.startswith("  # x: {")]
    for answer in ("", *answers):  # what is written is a mapping, and so is each answer to a question
        Mapping.from_json(parse(text.replace("columns:\n", f"columns:\n{answer}\n", 1))[0])
    return " ".join(text.partition("  mail: EMAIL")[2].split())


@pytest.mark.parametrize("kind", [None, "number"])
@pytest.mark.parametrize(
    ("cells", "settings"),
    [
        (["12,50", "3"], 'decimal: ","'),
        (["1.234,50", "7"], 'decimal: "," thousands: "."'),
        (["1,234.50", "7"], 'thousands: ","'),
        (["1 234", "7"], 'thousands: " "'),
        (["1\u00a0234,5", "7"], 'decimal: "," thousands: " "'),
        (["1'234.5", "7"], 'thousands: "\'"'),
        (["1.234.567", "7"], 'thousands: "."'),
        (["1.234", "12,5"], 'decimal: "," thousands: "."'),
    ],
)
def test_signs_between_digits(kind: str | None, cells: list[str], settings: str) -> None:
    said = proposed(*cells, kind=kind)
    decimal = 'decimal: "," ' if settings == 'thousands: "."' else ""
    assert f"attribute: X type: number {decimal}{settings}" in said


@pytest.mark.parametrize("cells", [["12.5", "3"], ["0.125", "1.250"], ["+5", "-3"], ["1.234", "12.5"]])
def test_numbers_as_json_has_them_need_no_setting(cells: list[str]) -> None:
    said = proposed(*cells)
    assert "type: number unknown_columns: fail" in said


@pytest.mark.parametrize("kind", [None, "number"])
@pytest.mark.parametrize(
    ("cells", "lines"),
    [
        (["1.234", "2.500"], ["type: number}", 'type: number, decimal: ",", thousands: "."}']),
        (["1,234", "7"], ['type: number, decimal: ","}', 'type: number, thousands: ","}']),
    ],
)
def test_a_point_or_a_group_is_asked(kind: str | None, cells: list[str], lines: list[str]) -> None:
    said = proposed(*cells, kind=kind)
    sign = cells[0][1]
    assert f"# Is 1{sign}234 more than a thousand, or less than two?" in said
    for line in lines:
        assert f"# x: {{attribute: X, {line}" in said
    assert "columns: x" not in said


@pytest.mark.parametrize("cells", [["€ 12", "€ 13,50"], ["12 %", "13 %"], ["1.2.3", "4.5.6"]])
def test_what_is_no_number_is_none(cells: list[str]) -> None:
    assert "number" not in proposed(*cells)


@pytest.mark.parametrize("kind", [None, "date"])
@pytest.mark.parametrize(
    ("cells", "said_format"),
    [
        (["31.12.1985", "31.12.1986", "1985-12-31"], '["%d.%m.%Y", iso]'),
        (["31.12.1985", "1985-12-31", "1990-01-02"], '[iso, "%d.%m.%Y"]'),
        (["31/12/1985", "31.12.1985"], '["%d.%m.%Y", "%d/%m/%Y"]'),
        (["12/31/1985", "1985-12-31", "19851231"], '[iso, "%m/%d/%Y"]'),
        (["31-DEC-1985", "02-JAN-1990"], '"%d-%b-%Y"'),
        (["31 December 1985", "2 May 1990"], '"%d %B %Y"'),
    ],
)
def test_formats_of_a_mixed_column(kind: str | None, cells: list[str], said_format: str) -> None:
    assert f"attribute: X type: date format: {said_format}" in proposed(*cells, kind=kind)


def test_days_and_months_of_a_mixed_column_are_asked_alike() -> None:
    said = proposed("01/02/1985", "03-04-1990", "1990-01-02", kind="date")
    assert 'format: ["%d/%m/%Y", iso, "%d-%m-%Y"]' in said
    assert 'format: ["%m/%d/%Y", iso, "%m-%d-%Y"]' in said
    assert said.count("# x: {") == 2


@pytest.mark.parametrize("cells", [["13/05/1985", "05/13/1985"], ["31/12/1985"] * 9 + ["12/31/1985"]])
def test_both_orders_in_one_column_are_never_proposed_together(cells: list[str]) -> None:
    said = proposed(*cells, kind="date")
    assert not ("%d/%m" in said and "%m/%d" in said)
    assert "rejected" in said


def test_few_cells_do_not_decide_between_day_and_month() -> None:
    said = proposed(*["1985-12-31"] * 39, "31/12/1985", kind="date")
    assert "x: X # date; 1 of 40 cells would be rejected" in said


@pytest.mark.parametrize("cells", [["31412", "29221.5"], [31412, 29221]])
def test_serial_days_of_excel_where_dates_are_meant(cells: list[Any]) -> None:
    assert "type: date format: excel" in proposed(*cells, kind="date")
    assert "type: date format: excel" in proposed(*cells, column="birthday")
    assert "date" not in proposed(*cells, column="shoes")


@pytest.mark.parametrize("cells", [["1985", "1990"], ["314", "7"], ["3141592", "2718281"]])
def test_other_numbers_are_no_days(cells: list[str]) -> None:
    assert "excel" not in proposed(*cells, kind="date")


def test_serial_days_beside_text_are_asked() -> None:
    said = proposed("31412", "31/12/1985", kind="date")
    assert "# Some days are serial numbers of Excel and others are text" in said
    assert "# x: {attribute: X, type: date, format: [" in said


def test_years_of_two_digits_are_told() -> None:
    assert "years of two digits do not say the century" in proposed("31.12.85", "01.02.90", kind="date")


@pytest.mark.parametrize("kind", [None, "boolean"])
@pytest.mark.parametrize(
    ("cells", "said_words"),
    [
        (["WAHR", "FALSCH"], "{true: [wahr], false: [falsch]}"),
        (["Oui", "non"], "{true: [oui], false: [non]}"),
        (["sí", "no"], "{true: [sí]}"),
        (["tak", "nie"], "{true: [tak], false: [nie]}"),
        (["sim", "não"], "{true: [sim], false: [não]}"),
        (["ja", "nej"], "{true: [ja], false: [nej]}"),
        (["да", "нет"], "{true: [да], false: [нет]}"),
        (["PRAWDA", "FAŁSZ"], "{true: [prawda], false: [fałsz]}"),
    ],
)
def test_yes_and_no_of_other_languages(kind: str | None, cells: list[str], said_words: str) -> None:
    assert f"attribute: X type: boolean booleans: {said_words}" in proposed(*cells, kind=kind)


def test_an_account_s_boolean_that_is_always_yes() -> None:
    assert "booleans: {true: [ja]}" in proposed("ja", kind="boolean")
    assert "boolean" not in proposed("ja")


@pytest.mark.parametrize(
    ("cells", "question"),
    [
        (["0", "1"], "Are 0 and 1 no and yes, or numbers?"),
        (["s", "n"], "Do the letters say yes and no?"),
        (["o", "n"], "Do the letters say yes and no?"),
    ],
)
def test_what_may_be_a_code_is_asked(cells: list[str], question: str) -> None:
    said = proposed(*cells)
    assert f"# {question} # x: {{attribute: X, type: boolean" in said
    assert "type: boolean" in proposed(*cells, column="accepts newsletter").partition("# These")[0]


@pytest.mark.parametrize("cells", [["m", "f"], ["x", "o"], ["ja", "oui"]])
def test_codes_that_are_not_yes_and_no(cells: list[str]) -> None:
    assert "boolean" not in proposed(*cells)


@pytest.mark.parametrize("sign", [";", "|"])
def test_signs_between_choices(sign: str) -> None:
    said = proposed(f"books{sign}music", "books", f"music{sign} sports", "sports")
    separator = f' separator: "{sign}"' if sign != "|" else ""
    assert f"type: multiple_choice options: [books, music, sports]{separator}" in said


@pytest.mark.parametrize("cells", [['["books","music"]', '["books"]'], ["{books,music}", "{books}", "{}"]])
def test_arrays_in_cells(cells: list[str]) -> None:
    assert "type: multiple_choice options: [books, music] unknown" in proposed(*cells)


def test_a_comma_between_choices_is_asked() -> None:
    said = proposed("books, music", "books", "music, sports")
    assert "# Are these several choices, or one text?" in said
    assert (
        '# x: {attribute: X, type: multiple_choice, options: [books, music, sports], separator: ","}' in said
    )
    assert "# x: {attribute: X, type: text}" in said


@pytest.mark.parametrize(
    "cells", [["a;b"], ["Rot; weiß", "Blau"], [f"free text {n}; and more" for n in range(40)]]
)
def test_a_sign_alone_does_not_make_choices(cells: list[str]) -> None:
    assert "multiple_choice" not in proposed(*cells)


def test_an_account_s_choices_of_unknown_labels() -> None:
    assert 'separator: ";"' in proposed("books;music", "tea", kind="multiple_choice")


@pytest.mark.parametrize("cells", [[{"city": "Bonn"}], ['{"city": "Bonn"}', '{"zip": "53111"}']])
def test_json_objects_are_told_and_not_shown(cells: list[Any]) -> None:
    said = proposed(*cells)
    assert "# x: ATTRIBUTE # JSON objects; of a query, name their fields as columns: x.FIELD" in said
    assert "Bonn" not in said
