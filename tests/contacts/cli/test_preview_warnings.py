"""``preview`` names the setting that would read cells that are not valid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.cli.command_line import main
from tests.contacts.conftest import WriteSource

ATTRIBUTES = {
    "attributes": [
        {"name": "POINTS", "category": "normal", "type": "float"},
        {"name": "BORN", "category": "normal", "type": "date"},
        {"name": "VIP", "category": "normal", "type": "boolean"},
        {"name": "NAME", "category": "normal", "type": "text"},
        {"name": "TAGS", "category": "normal", "type": "multiple-choice", "multiCategoryOptions": ["a", "b"]},
    ]
}


@pytest.fixture
def warnings_of(
    write: WriteSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def preview(column: str, *cells: str, source: str = "contacts.csv") -> list[str]:
        rows = [f"p{at}@example.com;{cell}" for at, cell in enumerate(cells)]
        path = write("\n".join([f"email;{column}", *rows]), source)
        account = write(json.dumps(ATTRIBUTES), "attributes.json")
        assert (
            main(["preview", str(path), "--attributes", str(account), "--json", "--unknown-columns", "drop"])
            == 0
        )
        (_, seen) = json.loads(capsys.readouterr().out)["columns"]
        return [warning for warning in seen["warnings"] if "not valid" not in warning]

    return preview


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["12,50", "3"], 'decimal: ","'),
        (["1.234,50", "12"], 'decimal: "," and thousands: "."'),
        (["1 234", "12"], 'thousands: " "'),
        (["1,234", "12"], 'decimal: "," or with thousands: ","'),
    ],
)
def test_signs_of_numbers(warnings_of: Any, cells: list[str], said: str) -> None:
    assert warnings_of("points", *cells) == [f"Its numbers are written with {said}: say so in a mapping."]


@pytest.mark.parametrize("cells", [["1.234", "12.345", "7"], ["1.200"]])
def test_points_that_could_be_thousands(warnings_of: Any, cells: list[str]) -> None:
    (said,) = warnings_of("points", *cells)
    assert said.endswith('give decimal: "," and thousands: "." in a mapping.')


@pytest.mark.parametrize("cells", [["1.234", "1.5"], ["0.125"], ["1234.567"], ["1", "2"]])
def test_points_that_are_those_of_decimals(warnings_of: Any, cells: list[str]) -> None:
    assert warnings_of("points", *cells) == []


def test_failed_formulas_and_days_of_data_frames(warnings_of: Any) -> None:
    assert warnings_of("born", "NaT", "1985-12-31") == [
        '1 cell looks like a null value: list as nulls "NaT".'
    ]
    (said,) = warnings_of("name", "#REF!", "#REF!", "Ada")
    assert said.startswith("2 cells look like null values (#REF!) and would be sent as text.")


@pytest.mark.parametrize("cells", [["12.5", "€ 3"], ["12.5", "12,5"], ["1.5", "2"]])
def test_numbers_that_no_setting_reads(warnings_of: Any, cells: list[str]) -> None:
    assert warnings_of("points", *cells) == []


def test_words_for_yes_and_no(warnings_of: Any) -> None:
    said = 'Its cells say "ja", "nein": list them as booleans in a mapping.'
    assert warnings_of("vip", "ja", "Nein", "true") == [said]
    assert warnings_of("vip", "maybe", "true") == []


@pytest.mark.parametrize("sign", [";;", ",", "/"])
def test_the_separator_of_choices(warnings_of: Any, sign: str) -> None:
    cell = f'"a{sign[0]}b"'
    (said,) = warnings_of("tags", cell, "a")
    assert said == f'Between its choices is "{sign[0]}": name it as separator in a mapping.'
    assert warnings_of("tags", "a|b", "c") == []


def test_null_values_of_a_type(warnings_of: Any) -> None:
    assert warnings_of("points", "NULL", "12", "n.a.", "NULL") == [
        '3 cells look like null values: list as nulls "NULL", "n.a.".'
    ]
    assert warnings_of("born", "0000-00-00", "1985-12-31") == [
        '1 cell looks like a null value: list as nulls "0000-00-00".'
    ]


def test_formats_of_a_mixed_column(warnings_of: Any) -> None:
    assert warnings_of("born", "1985-12-31", "31.12.1985", "31.12.85") == [
        'Its cells look like dates. Give type: date and format: ["iso", "%d.%m.%Y"] in a mapping.'
    ]


def test_attributes_of_the_account_that_no_row_has_are_no_columns(
    write: WriteSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    account = write(json.dumps(ATTRIBUTES), "attributes.json")
    rows = write('{"email": "a@example.com", "POINTS": 7}\n', "people.ndjson")
    assert main(["preview", str(rows), "--attributes", str(account), "--json"]) == 0
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert [one["column"] for one in columns] == ["email", "POINTS"]


def test_a_reason_is_said_once(
    write: WriteSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["preview", str(write("email\nbad\nworse\na@example.com\n"))]) == 0
    said = capsys.readouterr().out
    assert said.count("Give an e-mail address") == 1
    assert "\n  2    email  ***\n" in said


@pytest.mark.parametrize(("is_terminal", "lines"), [(True, 5), (False, 1)])
def test_an_error_is_broken_at_words_for_a_terminal(
    is_terminal: bool, lines: int, write: WriteSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    said: list[str] = []

    class Terminal:
        def write(self, text: str) -> int:
            said.append(text)
            return len(text)

        def flush(self) -> None: ...

        def isatty(self) -> bool:
            return is_terminal

    monkeypatch.setattr("sys.stderr", Terminal())
    assert main(["propose", str(write("name,city\nx,y\n"))]) == 2
    text = "".join(said)
    assert text.count("\n") == lines
    assert max(map(len, text.splitlines())) <= (60 if is_terminal else len(text))


@pytest.mark.parametrize("column", ["BORN_IN", "NAME"], ids=["not sent", "sent"])
@pytest.mark.parametrize("word", ["Unsubscribed", "cleaned", "NEVER_SUBSCRIBED", "Hard bounce", "abgemeldet"])
def test_cells_that_say_who_opted_out(warnings_of: Any, column: str, word: str) -> None:
    said = warnings_of(column, "Active", word, word)
    assert [one for one in said if one.startswith("2 cells say that somebody opted out")]
    assert not warnings_of(column, "Active", "Unsubscribed people", "Bounces")


def test_a_column_whose_name_says_so_is_told_once(warnings_of: Any) -> None:
    assert not [one for one in warnings_of("Status", "unsubscribed") if "opted out" in one]
