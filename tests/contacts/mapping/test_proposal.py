"""A mapping proposed from a header and first rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import AccountAttribute, Mapping
from email_contacts.contacts.errors import HeaderError, NoIdentifierColumn
from email_contacts.contacts.mapping.binding import Binding, bind
from email_contacts.contacts.mapping.proposal import propose
from email_contacts.contacts.mapping.writing import as_yaml, quoted

PEOPLE = [f"p{number}@example.com" for number in range(40)]


def proposed(columns: dict[str, Sequence[Any]], **options: Any) -> str:
    """The proposal for columns of 40 rows, whose cells come again and again."""
    rows = [[cells[number % len(cells)] for cells in columns.values()] for number in range(40)]
    return as_yaml(
        propose(tuple(columns), rows, source="people.csv", **options), source="people.csv", rows=40
    )


def read_back(text: str, folder: Path, columns: Sequence[str], **options: Any) -> Binding:
    path = folder / "proposed.yaml"
    path.write_text(text, encoding="utf-8")
    mapping = Mapping.read(path)
    policy = mapping.unknown_columns
    return bind(columns, source="people.csv", mapping=mapping, unknown_columns=policy, **options)


def test_the_proposal_in_full(tmp_path: Path) -> None:
    columns: dict[str, Sequence[Any]] = {
        "E-Mail": PEOPLE,
        "Kundennr.": [f"K-{number}" for number in range(40)],
        "Handy": ["0151 23456789", "+49 1512 3456789", ""],
        "Name": ["Müller", "Weiß"],
        "Vorname": ["Jörg"],
        "PLZ": ["10115", "80331"],
        "Geboren": ["31.12.1985", "01.02.1990"],
        "Tarif": ["free", "pro"],
        "Umsatz": ["12.5", "7"],
        "Größe: cm": ["180", "x", *["170"] * 20],
        "Kunde": ["ja", "nein", "Ja"],
        "Land": ["no", "DE"],
        "Notiz": ["ruft gern an"],
    }
    text = proposed(columns, region="DE")
    assert text == (
        '# Proposed from the header and the first 40 rows of "people.csv". Read it through\n'
        "# before you use it; docs/sources-and-mapping.md explains it.\n"
        "columns:\n"
        "  E-Mail: EMAIL\n"
        '  "Kundennr.": EXT_ID\n'
        "  Handy:\n"
        "    attribute: SMS\n"
        "    region: DE\n"
        "  Name: LASTNAME\n"
        "  Vorname: FIRSTNAME\n"
        "  PLZ: POSTAL_CODE\n"
        "  Geboren:\n"
        "    attribute: BIRTHDAY\n"
        "    type: date\n"
        '    format: "%d.%m.%Y"\n'
        "  Tarif:\n"
        "    attribute: TARIF\n"
        "    type: category\n"
        "    categories: [free, pro]\n"
        "  Umsatz:\n"
        "    attribute: UMSATZ\n"
        "    type: number\n"
        '  "Größe: cm":  # number; 2 of 40 cells would be rejected\n'
        "    attribute: GROSSE_CM\n"
        "    type: number\n"
        "  Kunde:\n"
        "    attribute: KUNDE\n"
        "    type: boolean\n"
        "    booleans: {true: [ja], false: [nein]}\n"
        "  Land:\n"
        "    attribute: COUNTRY\n"
        "    type: category\n"
        '    categories: [DE, "no"]\n'
        "  # These columns are not sent. To send one, write or keep its attribute and remove the #.\n"
        "  # Notiz: ATTRIBUTE  # looks personal, like notes or a second identifier; send it only on purpose\n"
        "unknown_columns: drop\n"
    )
    binding = read_back(text, tmp_path, list(columns))
    assert binding.dropped == ("Notiz",)
    contact = binding.reader(text_only=True)([cells[0] for cells in columns.values()])
    assert contact["attributes"]["SMS"] == "4915123456789"
    assert contact["attributes"]["KUNDE"] is True


FRENCH = (
    AccountAttribute("NOM"),
    AccountAttribute("PRENOM"),
    AccountAttribute("PAYS", "category", ("FR", "DE")),
    AccountAttribute("CLIENT_DEPUIS", "date"),
    AccountAttribute("OPTIN", "boolean"),
    AccountAttribute("THEMES", "multiple_choice", ("a", "b")),
)


def test_the_account_s_names_and_types(tmp_path: Path) -> None:
    columns: dict[str, Sequence[Any]] = {
        "Courriel": PEOPLE,
        "First Name": ["Zoë"],
        "surname": ["Roi"],
        "country": ["fr", "xx"],
        "Client depuis": ["31/12/2020", "01/02/2020"],
        "opt-in": ["oui", "non"],
        "Thèmes": ["a;b", "b"],
        "prénom": ["Zoë"],
        "shoe": ["42"],
    }
    text = proposed(columns, account_attributes=FRENCH)
    assert text.split("columns:\n")[1] == (
        "  Courriel: EMAIL\n"
        "  First Name: PRENOM  # text\n"
        "  surname: NOM  # text\n"
        "  country: PAYS  # category; 20 of 40 cells would be rejected\n"
        "  Client depuis:  # date\n"
        "    attribute: CLIENT_DEPUIS\n"
        "    type: date\n"
        '    format: "%d/%m/%Y"\n'
        "  opt-in:  # boolean; if it is consent, name it as consent_column\n"
        "    attribute: OPTIN\n"
        "    type: boolean\n"
        "    booleans: {true: [oui], false: [non]}\n"
        "  Thèmes:  # multiple_choice\n"
        "    attribute: THEMES\n"
        "    type: multiple_choice\n"
        '    separator: ";"\n'
        "  # These columns are not sent. To send one, write or keep its attribute and remove the #.\n"
        "  # prénom: ATTRIBUTE  # 'First Name' fills PRENOM already\n"
        "  # shoe: ATTRIBUTE  # the account has no attribute with this name\n"
        "unknown_columns: drop\n"
    )
    binding = read_back(text, tmp_path, list(columns), account_attributes=FRENCH)
    assert binding.dropped == ("prénom", "shoe")


def test_an_address_is_found_by_its_look() -> None:
    assert "  who: EMAIL\n" in proposed({"mail": ["yes", "no"], "who": PEOPLE})


def test_a_second_address_leads_nowhere() -> None:
    text = proposed({"mail": PEOPLE, "other": PEOPLE})
    assert "  # other: ATTRIBUTE  # looks personal" in text


@pytest.mark.parametrize(
    ("column", "cells", "region", "said"),
    [
        ("phone", ["+44 7700 900123"], None, "  phone: SMS\n"),
        ("mobile", ["07700 900123"], "GB", "    attribute: SMS\n    region: GB\n"),
        (
            "mobile",
            ["07700 900123"],
            None,
            "  # mobile: ATTRIBUTE  # most numbers have no country code",
        ),
        ("id", [str(number) for number in range(40)], None, "  id: EXT_ID\n"),
        ("id", ["1", "2"], None, "  id: ID\n"),
    ],
)
def test_other_identifiers(column: str, cells: list[str], region: str | None, said: str) -> None:
    assert said in proposed({"mail": PEOPLE, column: cells}, region=region)


def test_the_better_name_wins() -> None:
    numbers = ["+44 7700 900123"]
    text = proposed({"phone": numbers, "mobile": numbers, "id": PEOPLE, "customer-id": PEOPLE})
    assert "  mobile: SMS\n" in text
    assert "  customer-id: EXT_ID\n" in text
    assert "  # phone: ATTRIBUTE" in text


def test_nobody_says_who_it_is() -> None:
    with pytest.raises(
        NoIdentifierColumn, match=r"No column of people\.csv looks as if it said who"
    ) as caught:
        proposed({"colour": ["red"], "mobile": ["0151 23456789"]})
    assert "0151" not in str(caught.value)
    with pytest.raises(HeaderError, match="has no name"):
        proposed({"mail": PEOPLE, " ": ["x"]})


@pytest.mark.parametrize(
    "columns",
    [
        {"Nachname": ["Secretus", "Secreta"]},
        {"Berater": ["Secretus", "Secreta"]},
        {"Trainer": ["Secretus", "Secreta"]},
        {"Arzt": ["secretus", "secreta"]},
        {"Kürzel": ["secretus", "secreta"]},
        {"gast": ["Secretus", "Secreta", "McSecret", "VIP"]},
        {"gast": ["Secretus", "Anna Secreta", "vip"]},
        {"gäste": ["Secretus|Secreta", "Secreta|Secretissima", "Secretus"]},
        {"who": ["Anna Secretus", "Otto Secretus"]},
        {"line": ["0151 2345678", "0151 2345679"]},
        {"text": ["Secret, really"]},
        {"seldom": ["Secretus", *[f"Secret{number}" for number in range(39)]]},
        {"handle": ["secretus@x", "secreta@x"]},
    ],
)
def test_what_could_tell_of_a_person_is_not_shown(columns: dict[str, list[str]]) -> None:
    text = proposed({"mail": PEOPLE, **columns})
    assert "secret" not in text.lower()
    assert "0151" not in text
    assert "example.com" not in text


@pytest.mark.parametrize(
    ("column", "labels"),
    [
        ("Kundenstatus", ["Aktiv", "Ruhend"]),
        ("customerTier", ["Gold", "Silver"]),
        ("LIFECYCLE_STAGE", ["Lead", "Customer"]),
        ("Sprache", ["Deutsch", "Englisch"]),
        ("city", ["Berlin", "Bonn"]),
        ("abc", ["free", "pro"]),
        ("abc", ["VIP", "B2B"]),
        ("abc", ["Free", "pro", "VIP"]),
    ],
)
def test_labels_that_are_not_people_are_shown(column: str, labels: list[str]) -> None:
    assert f"categories: [{', '.join(sorted(labels))}]" in proposed({"mail": PEOPLE, column: labels})


def test_twenty_labels_are_few_and_more_are_many() -> None:
    def with_labels(many: int) -> str:
        rows = [[f"p{number}@example.com", f"kind {number % many}"] for number in range(420)]
        return as_yaml(propose(("mail", "kind"), rows, source="s"), source="s", rows=420)

    assert "categories: [" in with_labels(20)
    assert "  kind: KIND\n" in with_labels(21)


def test_cells_of_json() -> None:
    text = proposed(
        {"mail": PEOPLE, "a": [True, False], "b": [1, 2.5], "c": [["x"]], "d": [None, ""], "e": [7, "x", {}]}
    )
    assert "    attribute: A\n    type: boolean\n" in text
    assert "    attribute: B\n    type: number\n" in text
    assert "  c: C\n  d: D\n  e: E\nunknown_columns: fail\n" in text


def test_cells_that_json_does_not_have_are_taken_as_text() -> None:
    day, moment, price = dt.date(2020, 1, 2), dt.datetime(2020, 1, 2, 10), Decimal("1.50")
    text = proposed({"mail": PEOPLE, "a": [day], "b": [moment, None], "c": [price], "d": [b"x"]})
    for name, kind in (("A", "date"), ("B", "date"), ("C", "number")):
        assert f"    attribute: {name}\n    type: {kind}\n" in text


def test_a_header_alone_is_enough(tmp_path: Path) -> None:
    columns = ("Mail", "Handy", "Kundennummer", "Vorname", "Stufe")
    text = as_yaml(propose(columns, [], source="people.csv"), source="people.csv", rows=0)
    assert "first 0 rows" in text
    binding = read_back(text, tmp_path, columns)
    assert [column.attribute for column in binding.columns] == [
        "EMAIL",
        "SMS",
        "EXT_ID",
        "FIRSTNAME",
        "STUFE",
    ]


def test_a_customer_may_come_twice(tmp_path: Path) -> None:
    text = proposed({"ext id": ["1", "2"], "customer id": ["3", "4"]})
    assert "  ext id: EXT_ID\n" in text
    assert "  # customer id: ATTRIBUTE  #" in text
    assert read_back(text, tmp_path, ["ext id", "customer id"]).dropped == ("customer id",)


@pytest.mark.parametrize(
    "name", ["a", "E-Mail", "no", "true", "1", "a: b", "#", "ü\n", "\x85", "'", '"', " x", "- a"]
)
def test_names_are_read_back_as_they_are(name: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        f"columns:\n  {quoted(name)}: {{attribute: A, type: category, categories: [{quoted(name)}]}}\n"
    )
    if name.strip():
        (rule,) = Mapping.read(path).rules
        assert (rule.column, rule.labels) == (name, (name,))
