"""Rows that say that somebody has opted out, in whatever source."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from email_contacts.contacts import AccountAttribute, Mapping, Options, prepare
from email_contacts.contacts.sources.consent_column import ConsentColumn
from tests.contacts.conftest import WriteSource
from tests.contacts.prepared import Prepared

ROWS = [
    ("a@example.com", True, False, "4915123456789"),
    ("b@example.com", False, True, "4915123456780"),
    ("c@example.com", False, True, None),
    ("d@example.com", False, False, "4915123456781"),
]
NAMES = ("email", "emailBlacklisted", "smsBlacklisted", "SMS")
OUT = [(1, "", "opted_out"), (2, "", "opted_out")]


def csv(folder: Path) -> Path:
    path = folder / "people.csv"
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in (NAMES, *ROWS)]
    path.write_text("\n".join(lines))
    return path


def parquet(folder: Path) -> Path:
    path = folder / "people.parquet"
    columns = zip(*ROWS, strict=True)
    pq.write_table(pa.table(dict(zip(NAMES, map(list, columns), strict=True))), path)
    return path


@pytest.mark.parametrize("write_source", [csv, parquet])
def test_they_are_rejected_unless_they_are_asked_for(tmp_path: Path, write_source: object) -> None:
    source = write_source(tmp_path)  # type: ignore[operator]
    found = Prepared(prepare(source, tmp_path / "stage"))
    assert found.rules == OUT
    assert [one["email"] for one in found.contacts] == ["c@example.com", "d@example.com"]
    assert set(found.contacts[1]["attributes"]) == {"SMS"}
    everybody = Prepared(prepare(source, tmp_path / "all", Options(opted_out="import")))
    assert everybody.manifest.rows.accepted == 4


def test_a_column_that_a_mapping_names_stays(tmp_path: Path) -> None:
    mapping = Mapping.from_json(
        {"columns": {"email": "EMAIL", "emailBlacklisted": "BLOCKED"}, "unknown_columns": "drop"}
    )
    found = Prepared(prepare(csv(tmp_path), tmp_path / "stage", Options(mapping=mapping)))
    assert found.rules == OUT
    assert found.contacts[0]["attributes"] == {"BLOCKED": "False"}


def test_a_key_that_comes_late_is_never_overlooked(write: WriteSource, tmp_path: Path) -> None:
    lines = ['{"email": "p@example.com"}'] * 1_001
    source = write("\n".join([*lines, '{"email": "z@example.com", "emailBlacklisted": true}']), "x.ndjson")
    with pytest.raises(ValueError, match='"emailBlacklisted" is a key that none of the first'):
        prepare(source, tmp_path / "stage", Options(unknown_columns="drop"))


UNCLEAR = ["perhaps", "TRUE?", "opted out", "2", "-1", "null", "true false", "{}"]
CLEAR = {"": False, " no ": False, "F": False, "0": False, "0.0": False, "Y": True, "'1": True, "TRUE": True}


def people(path: Path, flag: str, cells: Sequence[str]) -> Path:
    """Write a file with one person for each cell, in the notation of its name."""
    rows = [
        {
            "email": f"p{number}@example.com",
            flag: cell,
            "SMS": f"+49151234567{number:02}",
            "WHATSAPP": f"+49151234566{number:02}",
        }
        for number, cell in enumerate(cells)
    ]
    if path.suffix == ".csv":
        lines = [",".join(f'"{cell}"' for cell in row.values()) for row in rows]
        path.write_text("\n".join([",".join(rows[0]), *lines]))
    elif path.suffix == ".ndjson":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("source", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize("flag", ["emailBlacklisted", "smsBlacklisted", "whatsappBlacklisted"])
def test_what_is_not_clearly_no_is_rejected(flag: str, source: str, tmp_path: Path) -> None:
    cells = [*UNCLEAR, *CLEAR]
    found = Prepared(prepare(people(tmp_path / f"people.{source}", flag, cells), tmp_path / "stage"))
    rules = ["opted_out_unclear" if cell in UNCLEAR else "opted_out" if CLEAR[cell] else "" for cell in cells]
    assert found.rules == [(row, "", rule) for row, rule in enumerate(rules, start=1) if rule]
    assert len(found.contacts) == rules.count("")


def test_a_flag_about_a_number_matters_where_there_is_one(write: WriteSource, tmp_path: Path) -> None:
    source = write(
        "email,WHATSAPP,whatsappBlacklisted\na@example.com,,true\nb@example.com,4915123456789,true\n"
    )
    found = Prepared(prepare(source, tmp_path / "stage"))
    assert [one["email"] for one in found.contacts] == ["a@example.com"]
    assert found.rules == [(2, "", "opted_out")]


SPELLINGS = [
    "EMAIL_BLACKLISTED",
    "email_blacklisted",
    "Email Blacklisted",
    "EMAILBLACKLISTED",
    "Email blocklisted",
]


@pytest.mark.parametrize("flag", SPELLINGS)
@pytest.mark.parametrize("name", ["people.csv", "people.ndjson"])
def test_a_flag_is_known_however_its_words_are_joined(
    write: WriteSource, tmp_path: Path, flag: str, name: str
) -> None:
    rows = [("a@example.com", "Yes"), ("b@example.com", "No"), ("c@example.com", "sometimes")]
    csv_text = "\n".join([f"email,{flag}", *(",".join(row) for row in rows)])
    json_text = "\n".join(json.dumps(dict(zip(("email", flag), row, strict=True))) for row in rows)
    source = write(csv_text if name.endswith("csv") else json_text, name)
    found = Prepared(prepare(source, tmp_path / "stage"))
    assert found.rules == [(1, "", "opted_out"), (3, "", "opted_out_unclear")]
    assert found.contacts == [{"email": "b@example.com", "attributes": {}}]


def test_two_spellings_of_a_flag_both_count(write: WriteSource, tmp_path: Path) -> None:
    rows = "a@example.com,true,false\nb@example.com,false,true\nc@example.com,false,false\n"
    source = write(f"email,emailBlacklisted,email_blacklisted\n{rows}")
    assert Prepared(prepare(source, tmp_path / "stage")).rules == OUT


@pytest.mark.parametrize("flag", ["emailBlacklisted", "email_blacklisted"])
def test_a_flag_that_is_named_as_consent_column_decides_with_its_own_words(
    write: WriteSource, tmp_path: Path, flag: str
) -> None:
    source = write(f"email,{flag}\na@example.com,out\nb@example.com,in\n")
    consent = ConsentColumn(flag, yes=("in",), no=("out",))
    found = Prepared(prepare(source, tmp_path / "stage", Options(consent_column=consent)))
    assert found.manifest.rows.held_back == {"no_consent": 1}
    assert [one["email"] for one in found.contacts] == ["b@example.com"]


def test_an_attribute_of_the_account_with_the_name_of_a_flag_is_sent(
    write: WriteSource, tmp_path: Path
) -> None:
    source = write("email,EMAIL_BLACKLISTED\na@example.com,yes\nb@example.com,no\n")
    options = Options(account_attributes=(AccountAttribute("EMAIL_BLACKLISTED"),))
    found = Prepared(prepare(source, tmp_path / "stage", options))
    assert found.rules == [(1, "", "opted_out")]
    assert found.contacts[0]["attributes"] == {"EMAIL_BLACKLISTED": "no"}


def test_a_late_key_in_another_spelling_is_not_overlooked(write: WriteSource, tmp_path: Path) -> None:
    lines = ['{"email": "p@example.com"}'] * 1_001
    source = write("\n".join([*lines, '{"email": "z@example.com", "email_blacklisted": true}']), "x.ndjson")
    with pytest.raises(ValueError, match="is a key that none of the first"):
        prepare(source, tmp_path / "stage", Options(unknown_columns="drop"))


TO_SMS = {"email": "EMAIL", "Handy": "SMS", "N": "WHATSAPP"}


def flagged(path: Path, column: str, flag: str, cells: Sequence[object]) -> Path:
    """Write a file of people who have all opted out, with one cell each in a column."""
    rows = [
        {"email": f"p{at}@example.com", column: cell, "N": "", flag: "true"} for at, cell in enumerate(cells)
    ]
    if path.suffix == ".csv":
        lines = [",".join("" if cell is None else str(cell) for cell in row.values()) for row in rows]
        path.write_text("\n".join([",".join(rows[0]), *lines]) + "\n")
    elif path.suffix == ".ndjson":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_the_number_is_in_the_column_that_a_mapping_says(kind: str, tmp_path: Path) -> None:
    mapping = Mapping.from_json({"columns": TO_SMS})
    source = flagged(tmp_path / f"people.{kind}", "Handy", "smsBlacklisted", ["+447700900123", "", " "])
    found = Prepared(prepare(source, tmp_path / "stage", Options(mapping=mapping)))
    assert found.rules == [(1, "", "opted_out")]
    about_whatsapp = flagged(tmp_path / f"people.{kind}", "Handy", "whatsappBlacklisted", ["+447700900123"])
    assert Prepared(prepare(about_whatsapp, tmp_path / "stage", Options(mapping=mapping))).rules == []


def test_the_log_says_what_a_flag_without_numbers_does(write: WriteSource, tmp_path: Path) -> None:
    source = write("email,emailBlacklisted,smsBlacklisted\na@example.com,false,true\n")
    found = Prepared(prepare(source, tmp_path / "stage"))
    assert found.rules == []
    assert found.manifest.notes[-2:] == (
        "rows that say emailBlacklisted are rejected as opted_out",
        "smsBlacklisted rejects no row, for no column becomes SMS",
    )


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
@pytest.mark.parametrize(
    ("column", "flag"),
    [("Mobile phone", "smsBlacklisted"), ("Handy", "smsBlacklisted"), ("sms", "smsBlacklisted"),
     ("WhatsApp number", "whatsappBlacklisted")],
)  # fmt: skip
def test_or_in_the_one_that_its_name_says(column: str, flag: str, kind: str, tmp_path: Path) -> None:
    source = flagged(tmp_path / f"people.{kind}", column, flag, ["+447700900123", None])
    options = Options(unknown_columns="drop")
    assert Prepared(prepare(source, tmp_path / "stage", options)).rules == [(1, "", "opted_out")]
    known = Options(unknown_columns="drop", account_attributes=(AccountAttribute("FIRSTNAME"),))
    assert Prepared(prepare(source, tmp_path / "stage", known)).rules == [(1, "", "opted_out")]


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_a_word_for_nothing_is_no_number(kind: str, tmp_path: Path) -> None:
    cells = ["\\N", "none", " none ", "+447700900123", "NONE"]
    path = tmp_path / f"people.{kind}"
    mapping = Mapping.from_json({"columns": TO_SMS, "nulls": ["none"]})
    found = Prepared(
        prepare(flagged(path, "Handy", "smsBlacklisted", cells), tmp_path / "stage", Options(mapping=mapping))
    )
    assert found.rules == [(4, "", "opted_out"), (5, "", "opted_out")]
    named = Prepared(prepare(flagged(path, "SMS", "smsBlacklisted", cells[:1]), tmp_path / "stage"))
    assert [one["attributes"] for one in named.contacts] == [{}]


@pytest.mark.parametrize("times", [1, 3_000])
def test_a_number_that_is_none_is_more_than_nothing(times: int, tmp_path: Path) -> None:
    lists = flagged(tmp_path / "people.ndjson", "SMS", "smsBlacklisted", [["447700900123"]] * times)
    found = Prepared(prepare(lists, tmp_path / "stage", Options(unknown_columns="drop")))
    assert found.manifest.reject_reasons == {"opted_out": times}
    parquet_lists = flagged(tmp_path / "people.parquet", "SMS", "smsBlacklisted", [["447700900123"]] * times)
    found = Prepared(prepare(parquet_lists, tmp_path / "stage", Options(unknown_columns="drop")))
    assert found.manifest.reject_reasons == {"opted_out": times}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("people.ndjson", '{"contact": {"email": "a@example.com", "emailBlacklisted": true}}\n'),
        ("people.csv", "contact.email,contact.EMAIL_BLACKLISTED\na@example.com,true\n"),
    ],
)
def test_a_flag_within_an_object_counts(write: WriteSource, tmp_path: Path, name: str, text: str) -> None:
    found = Prepared(prepare(write(text, name), tmp_path / "stage"))
    assert found.rules == [(1, "", "opted_out")]
