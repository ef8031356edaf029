"""Dates, numbers, booleans and choices as spreadsheets, databases and people write them.

Each is a small CSV, prepared as any source is; near misses stand beside what is understood.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from email_contacts.contacts import AccountAttribute, Mapping
from tests.contacts.cells import ACCOUNT, column, of, values
from tests.contacts.prepared import prepared


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("2024-01-11 12:00:00.123+00", "2024-01-11"),
        ("2024-01-11 12:00:00 UTC", "2024-01-11"),
        ("2024-01-11 12:00:00.000 -0800", "2024-01-11"),
        ("2024-01-11T12:00:00.123456789Z", "2024-01-11"),
        ("2024-01-11 23:59:59.0000000 +00:00", "2024-01-11"),
        ("2024/01/11", "2024-01-11"),
        ("20240111", "2024-01-11"),
        ("01/11/2024", "!date"),
        ("2024/13/11", "!date"),
        ("20241301", "!date"),
        ("2024/01-11", "!date"),
        ("2024-01-11 25:00", "!date"),
        ("45302", "!date"),
    ],
)
def test_days_that_can_mean_one_day_only(tmp_path: Path, cell: str, sent: str) -> None:
    assert column(tmp_path, "BIRTHDAY", [cell]) == [sent]


@pytest.mark.parametrize(
    ("formats", "cells", "sent"),
    [
        (
            "%m/%d/%Y",
            ["1/5/1990", "12/31/1985", "7/24/1985 3:04 PM", "31/12/1985"],
            ["1990-01-05", "1985-12-31", "1985-07-24", "!date"],
        ),
        ("%d/%m/%Y", ["31/12/1985", "12/31/1985", "30/02/1985"], ["1985-12-31", "!date", "!date"]),
        (
            ["%d.%m.%Y", "iso"],
            ["31.12.1985", "1985-12-31", "5.1.1990"],
            ["1985-12-31", "1985-12-31", "1990-01-05"],
        ),
        (
            "excel",
            ["45302", "45302.75", "61", "60", "2024-01-11"],
            ["2024-01-11", "2024-01-11", "1900-03-01", "!date", "!date"],
        ),
        (
            ["%d %b %Y", "%B %d, %Y"],
            ["11 Jan 2024", "january 11, 2024", "11 Foo 2024"],
            ["2024-01-11", "2024-01-11", "!date"],
        ),
        (
            "%d.%m.%Y %H:%M",
            ["31.12.1985 10:00", "31.12.1985 10:00:05", "31.12.1985 25:00"],
            ["1985-12-31", "1985-12-31", "!date"],
        ),
        ("%H:%M %d.%m.%Y", ["10:00 31.12.1985", "31.12.1985"], ["1985-12-31", "!date"]),
    ],
)
def test_days_in_formats_of_the_mapping(
    tmp_path: Path, formats: Any, cells: list[str], sent: list[str]
) -> None:
    assert column(tmp_path, "BIRTHDAY", cells, {"type": "date", "format": formats}) == sent


@pytest.mark.parametrize(
    ("rule", "cells", "sent"),
    [
        ({}, ["+5", "1.234", "12,50", "1 234", "12 %", "€ 12"], [5, 1.234, *["!number"] * 4]),
        ({"decimal": ","}, ["12,5", "1.234", "-0,25", "1.234,50"], [12.5, "!number", -0.25, "!number"]),
        (
            {"decimal": ",", "thousands": "."},
            ["1.234", "1.234,50", "1.23", "1234,5", "1.2345"],
            [1234, 1234.5, "!number", 1234.5, "!number"],
        ),
        (
            {"thousands": ","},
            ["1,234.50", "1,234", "12,34", "+1,000,000"],
            [1234.5, 1234, "!number", 1000000],
        ),
        ({"thousands": " "}, ["1 234", "1\u00a0234\u202f567", "12 34"], [1234, 1234567, "!number"]),
        ({"thousands": "'"}, ["1'234.5", "1’234"], [1234.5, 1234]),
    ],
)
def test_numbers_as_people_write_them(
    tmp_path: Path, rule: dict[str, str], cells: list[str], sent: list[Any]
) -> None:
    assert column(tmp_path, "POINTS", cells, {"type": "number", **rule}) == sent


@pytest.mark.parametrize(
    ("cell", "says"),
    [("12 %", "Percent signs"), ("€ 12", "Currencies"), ("12,5", '"decimal" and "thousands"')],
)
def test_a_number_that_is_refused_says_why(tmp_path: Path, cell: str, says: str) -> None:
    found = of(tmp_path, f'email,POINTS\na@example.com,"{cell}"\n')
    assert says in found.rejects[0]["message"]


def test_booleans_of_databases(tmp_path: Path) -> None:
    cells = ["t", "F", "on", "OFF", "y", "N", "1.0", "tt", "ja"]
    sent = [True, False, True, False, True, False, True, "!boolean", "!boolean"]
    assert column(tmp_path, "NEWSLETTER", cells) == sent
    assert column(tmp_path, "PLAN", ["t", "f", "true"]) == ["t", "f", "!category"]


def test_codes_of_the_account_s_categories(tmp_path: Path) -> None:
    cells = ["1", "2.0", "yes", "3", "0"]
    assert column(tmp_path, "DOUBLE_OPT-IN", cells) == ["Yes", "No", "Yes", "!category", "!category"]


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ('["books","music"]', ["books", "music"]),
        ("{books,music}", ["books", "music"]),
        ('{"books", MUSIC}', ["books", "music"]),
        ("{}", None),
        ("[]", None),
        ("books|music", ["books", "music"]),
        ("{books", "!multiple_choice"),
        ('["books"', "!multiple_choice"),
        ("{books,NULL}", "!multiple_choice"),
        ("{books,{music}}", "!multiple_choice"),
        ("books;music", "!multiple_choice"),
    ],
)
def test_arrays_in_cells(tmp_path: Path, cell: str, sent: Any) -> None:
    assert column(tmp_path, "INTERESTS", [cell]) == [sent]
    unknown = (AccountAttribute("INTERESTS", "multiple_choice"),)
    of_any_option = column(tmp_path, "INTERESTS", [cell], account_attributes=unknown)[0]
    assert (of_any_option == "!multiple_choice") is (cell[:1] in ("{", "[") and sent == "!multiple_choice")


def test_separators_are_for_text_and_no_typed_number_is_read_anew(tmp_path: Path) -> None:
    source = tmp_path / "a.ndjson"
    cells: list[object] = [1.234, 12, "1.234", "1.234,5"]
    lines = ({"email": f"p{place}@example.com", "POINTS": cell} for place, cell in enumerate(cells))
    source.write_text("\n".join(map(json.dumps, lines)))
    rule = {"attribute": "POINTS", "type": "number", "decimal": ",", "thousands": "."}
    mapping = Mapping.from_json({"columns": {"email": "EMAIL", "POINTS": rule}})
    found = prepared(source, mapping=mapping)
    assert values(found, "POINTS") == [1.234, 12, 1234, 1234.5]


def test_columns_of_a_database_are_what_the_same_text_is(tmp_path: Path) -> None:
    berlin = pl.Datetime("us", "Europe/Berlin")
    frame = pl.DataFrame(
        {
            "email": ["a@example.com", "b@example.com"],
            "EXT_ID": pl.Series([1001.0, None], dtype=pl.Float64),
            "SMS": pl.Series([4915123456789.0, None], dtype=pl.Float64),
            "POINTS": pl.Series([370.123456789, 0.1 + 0.2], dtype=pl.Float64),
            "SCORE": pl.Series([Decimal("1.50"), Decimal("200.00")], dtype=pl.Decimal(10, 2)),
            "BIRTHDAY": pl.Series([datetime(2024, 1, 11, 23, 30), None], dtype=pl.Datetime("ns")),
            "SEEN": pl.Series([datetime(2024, 1, 11, 23, 30), None]).dt.replace_time_zone("UTC").cast(berlin),
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    account = (*ACCOUNT, AccountAttribute("SCORE", "number"), AccountAttribute("SEEN", "date"))
    first, second = prepared(tmp_path / "a.parquet", account_attributes=account).contacts
    assert first["attributes"] == {
        "EXT_ID": "1001",
        "SMS": "4915123456789",
        "POINTS": 370.123456789,
        "SCORE": 1.5,
        "BIRTHDAY": "2024-01-11",
        "SEEN": "2024-01-12",
    }
    assert second["attributes"] == {"POINTS": 0.1 + 0.2, "SCORE": 200}
