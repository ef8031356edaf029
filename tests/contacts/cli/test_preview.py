"""``preview``: what each column becomes, and what is suspicious, without a cell of a person."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.cli.command_line import main
from tests.contacts.conftest import WriteSource

MAPPING = """
columns:
  Mail: EMAIL
  Born: {attribute: BIRTHDAY, type: date, format: "%d.%m.%Y"}
  Points: {attribute: POINTS, type: number, decimal: ","}
  Phone: {attribute: SMS, region: DE}
unknown_columns: drop
"""
ROWS = """Mail;Born;Points;Phone;Notes
ada@example.com;31.12.1985;12,5;01512 3456789;likes tea
bob@example.com;;12.5;;
cy@example.com;1.2.1990;;;
dee@example.com;;;;
"""


@pytest.fixture(autouse=True)
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 100 columns, and a folder of its own for what is kept."""
    (tmp_path / "t").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def shown(write: WriteSource, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Preview some content in a wide terminal, so that a warning is one line."""

    def preview(content: str, mapping: str | None = None, *options: str) -> str:
        monkeypatch.setenv("COLUMNS", "400")
        if mapping is not None:
            options = (*options, "--mapping", str(write(mapping, "mapping.yaml")))
        assert main(["preview", str(write(content)), *options]) == 0
        return capsys.readouterr().out

    return preview


def warnings_in(said: str) -> list[str]:
    return [line.removeprefix("  ! ") for line in said.splitlines() if line.startswith("  ! ")]


def test_a_table_shows_what_each_column_becomes(
    write: WriteSource, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = write(MAPPING, "mapping.yaml")
    assert main(["preview", str(write(ROWS)), "--mapping", str(mapping)]) == 0
    said = capsys.readouterr().out
    table = """
what the columns become, from the first 4 rows; bad is a share of the cells that are not empty
  column  attribute   type                   first cells              empty   bad
  Mail    EMAIL       email                  ***@***.***  **@***.***    0 %   0 %
  Born    BIRTHDAY    date, format %d.%m.%Y  ##.##.####  #.#.####      50 %   0 %
  Points  POINTS      number, decimal ","    ##,#  ##.#                50 %  50 %
  Phone   SMS         phone, region DE       ##### #######             75 %   0 %
  Notes   (left out)                         *** ***                   75 %

"""
    assert table in said
    assert "tea" not in said


def test_the_document_has_the_columns(write: WriteSource, capsys: pytest.CaptureFixture[str]) -> None:
    mapping = write(MAPPING, "mapping.yaml")
    assert main(["preview", str(write(ROWS)), "--mapping", str(mapping), "--json"]) == 0
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert columns[2] == {
        "column": "Points",
        "attribute": "POINTS",
        "type": "number",
        "settings": ['decimal ","'],
        "cells": ["##,#", "##.#"],
        "rows": 4,
        "empty": 2,
        "bad": 1,
        "warnings": ["50 % of its cells (1 of 2) are not valid as numbers."],
    }
    assert (columns[4]["attribute"], columns[4]["type"], columns[4]["bad"]) == (None, None, 0)


def test_markup_and_control_characters_in_names_are_shown_as_text(shown: Any) -> None:
    said = shown("email,[bold]x,\x1b[31my\na@example.com,1,2\n")
    assert "[bold]x" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(("bad", "warns"), [(2, False), (3, True)])
def test_a_column_of_which_more_than_a_fifth_are_bad(shown: Any, bad: int, warns: bool) -> None:
    mapping = "columns: {email: EMAIL, n: {attribute: POINTS, type: number}}"
    cells = ["x"] * bad + ["1"] * (10 - bad)
    said = shown("email,n\n" + "".join(f"p{at}@example.com,{n}\n" for at, n in enumerate(cells)), mapping)
    assert warnings_in(said) == ["n: 30 % of its cells (3 of 10) are not valid as numbers."] * warns


def test_a_text_column_full_of_null_values(shown: Any) -> None:
    said = shown("email,city\na@example.com,NULL\nb@example.com,NULL\nc@example.com,Bonn\n")
    assert warnings_in(said) == [
        "city: 2 cells look like null values (NULL) and would be sent as text. "
        "To leave them out, list them as nulls."
    ]


def test_a_surname_that_is_a_word_for_nothing_is_counted_and_not_shown(shown: Any) -> None:
    (warning,) = warnings_in(shown("email,lastname\na@example.com,Null\nb@example.com,Doe\n"))
    assert warning.startswith("lastname: 1 cell looks like a null value and would be sent as text.")


def test_named_nulls_are_empty_cells(shown: Any) -> None:
    said = shown("email,city\na@example.com,NULL\n", "columns: {email: EMAIL, city: CITY}\nnulls: [NULL]")
    assert warnings_in(said) == []
    assert "100 %" in said


def test_phone_numbers_without_a_country_code(shown: Any) -> None:
    rows = "email,sms\na@example.com,(202) 555-0101\nb@example.com,+447700900123\n"
    assert warnings_in(shown(rows)) == [
        "sms: 50 % of its cells (1 of 2) are not valid as phone numbers.",
        "sms: 1 number has no country code. If they are of one country, name it as region.",
    ]
    assert warnings_in(shown(rows, "columns: {email: EMAIL, sms: {attribute: SMS, region: US}}")) == []


def test_phone_numbers_of_digits_only_are_taken_as_international(shown: Any) -> None:
    (warning,) = warnings_in(shown("email,sms\na@example.com,4915123456789\nb@example.com,\n"))
    assert warning.startswith(
        "sms: 1 number has digits only, and the first of them are taken for the country"
    )


@pytest.mark.parametrize("cell", ["+4915123456789", "004915123456789", ""])
def test_international_phone_numbers_are_not_suspicious(shown: Any, cell: str) -> None:
    assert warnings_in(shown(f"email,sms\na@example.com,{cell}\n")) == []


DATES = "email,born\na@example.com,01/02/1990\nb@example.com,03/04/1985\n"


def test_dates_that_could_be_day_or_month_first(shown: Any) -> None:
    assert warnings_in(shown(DATES)) == [
        "born: Its cells look like dates, day first or month first. They would be sent as text. "
        'Give type: date and format: "%d/%m/%Y" or "%m/%d/%Y" in a mapping.'
    ]
    typed = "columns: {email: EMAIL, born: {attribute: BORN, type: date}}"
    assert warnings_in(shown(DATES, typed))[1:] == [
        "born: Its cells look like dates, day first or month first. "
        'Give type: date and format: "%d/%m/%Y" or "%m/%d/%Y" in a mapping.'
    ]


def test_a_format_that_fits_with_day_and_month_exchanged(shown: Any) -> None:
    mapping = 'columns: {email: EMAIL, born: {attribute: BORN, type: date, format: "%d/%m/%Y"}}'
    assert warnings_in(shown(DATES, mapping)) == [
        "born: Every date is read as %d/%m/%Y, and would fit with day and month exchanged as well. "
        "Make sure that this is right."
    ]
    assert warnings_in(shown(DATES + "c@example.com,31/12/1999\n", mapping)) == []


def test_dates_with_the_year_first_are_not_suspicious(shown: Any) -> None:
    assert warnings_in(shown("email,born\na@example.com,1990-02-01\n")) == []


@pytest.mark.parametrize("width", [60, 80, 100])
def test_it_fits_the_terminal(
    width: int, write: WriteSource, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    names = ["email", *(f"a column with a long name {number}" for number in range(6))]
    cells = ["somebody.with.a.long.name@example.com", *("NULL" for _ in names[1:])]
    source = write("\n".join(",".join(line) for line in (names, cells, cells, ["bad", *cells[1:]])))
    assert main(["preview", str(source)]) == 0
    for line in capsys.readouterr().out.splitlines():
        assert len(line) <= width or "/" in line, line  # paths are not broken, so that they can be copied


def test_a_source_without_rows_has_columns_without_shares(shown: Any) -> None:
    said = shown("email,city\n")
    assert "what the columns become\n" in said
    assert "%" not in said


def test_a_query_is_previewed_like_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = sqlite3.connect(tmp_path / "crm.db")
    crm.execute("CREATE TABLE people (mail TEXT, points REAL)")
    crm.execute("INSERT INTO people VALUES ('ada@example.com', 12.5), ('bob@example.com', NULL)")
    crm.commit()
    crm.close()
    query = "SELECT mail AS email, points FROM people"
    assert main(["preview", f"sqlite:///{tmp_path / 'crm.db'}", "--sql", query, "--json"]) == 0
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert [(one["column"], one["empty"], one["bad"], one["cells"]) for one in columns] == [
        ("email", 0, 0, ["***@***.***"]),
        ("points", 1, 0, ["##.#"]),
    ]
