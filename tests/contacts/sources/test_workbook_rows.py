"""Reading an Excel workbook."""

from __future__ import annotations

import math
import sys
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts import Options, prepare
from email_contacts.contacts.errors import (
    HeaderError,
    InvalidOption,
    NoIdentifierColumn,
    SourceEmpty,
    SourceUnreadable,
)
from email_contacts.contacts.sources.opening import open_rows
from email_contacts.contacts.sources.reading_options import ReadingOptions
from email_contacts.contacts.sources.rows import RowFault, Rows
from email_contacts.contacts.sources.workbook_rows import _NOT_COMPUTED
from tests.contacts.prepared import read_csv
from tests.contacts.sources.reading import rows_of

openpyxl = pytest.importorskip("openpyxl")


def saved(tmp_path: Path, *rows: list[Any], more: dict[str, list[list[Any]]] | None = None) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, others in (more or {}).items():
        sheet = book.create_sheet(name)
        for row in others:
            sheet.append(row)
    path = tmp_path / "people.xlsx"
    book.save(path)
    return path


def opened(source: Path, **options: Any) -> Rows:
    return open_rows(source, ReadingOptions(**options), longest_row=1_000_000)


def test_cells_keep_their_types(tmp_path: Path) -> None:
    source = saved(
        tmp_path,
        ["email", "points", "born", "seen", "vip", "id"],
        ["a@example.com", 1.5, date(1990, 1, 5), datetime(2024, 1, 11, 12, 30), True, 1001],
        [None, None, None, None, False, None],
    )
    rows = opened(source)
    assert rows.columns == ("email", "points", "born", "seen", "vip", "id")
    assert rows_of(rows) == [
        ["a@example.com", 1.5, "1990-01-05", "2024-01-11T12:30:00", True, 1001],
        ["", "", "", "", False, ""],
    ]


def test_blank_rows_and_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    source = saved(tmp_path, ["email", None, "name"], ["a", None, "A"], [None, " ", None], ["b", "", "B"])
    assert rows_of(opened(source)) == [["a", "A"], ["b", "B"]]


def test_a_sheet_that_holds_no_contacts_says_which_others_there_are(tmp_path: Path) -> None:
    source = saved(tmp_path, ["Read me first"], more={"Customers": [["email"], ["a@example.com"]]})
    with pytest.raises(
        NoIdentifierColumn, match=r'sheet "Sheet"; not read: "Customers"\. Name the one to read'
    ):
        prepare(source, tmp_path / "stage")
    assert prepare(source, tmp_path / "stage", Options(sheet="Customers")).rows.accepted == 1


def test_a_formula_that_failed_costs_its_row_and_says_why(tmp_path: Path) -> None:
    source = saved(tmp_path, ["email", "points"], ["a@example.com", "#DIV/0!"], ["b@example.com", 1])
    prepare(source, tmp_path / "stage")
    (line,) = read_csv(tmp_path / "stage" / "rejects.csv")
    assert "a formula that failed" in line["message"]


def test_formulas_that_were_never_computed_are_told(tmp_path: Path) -> None:
    source = saved(tmp_path, ["email", "points"], ["a@example.com", "=1+1"])
    rows = opened(source)
    assert sum("formulas have no stored result" in note for note in rows.notes) == 1
    assert rows_of(rows) == [["a@example.com", ""]]
    with_results = saved(tmp_path, ["email", "points"], ["a@example.com", 2])
    assert [note for note in opened(with_results).notes if "formulas" in note] == []


@pytest.mark.parametrize(
    ("cell", "is_told"),
    [
        (b'<c r="B2"><f>1+1</f><v></v></c>', True),
        (b'<c r="B2" s="1"><f t="shared" si="0"/></c>', True),
        (b'<c r="B2"><f>1+1</f><v>2</v></c>', False),
        (b'<c r="B2" t="str"><f>""</f><v></v></c>', False),
        (b'<c r="B2"><v>2</v></c>', False),
    ],
)
def test_a_formula_has_a_result_or_none(cell: bytes, is_told: bool) -> None:
    assert bool(_NOT_COMPUTED.search(b'<row r="2">' + cell + b"</row>")) is is_told


def test_a_column_without_a_name_that_holds_something(tmp_path: Path) -> None:
    with pytest.raises(HeaderError, match=r"Column 2 of people\.xlsx has no name, but its row 2 holds"):
        rows_of(opened(saved(tmp_path, ["email", None, "name"], ["a", None, "A"], ["b", "x", "B"])))


def test_a_row_with_more_cells_than_the_header_costs_that_row(tmp_path: Path) -> None:
    first, second = rows_of(opened(saved(tmp_path, ["email"], ["a", "more"], ["b"])))
    assert isinstance(first, RowFault)
    assert (first.rule, second) == ("columns", ["b"])


def test_lines_above_the_header(tmp_path: Path) -> None:
    source = saved(tmp_path, ["Customers of May"], [None], ["email", "name"], ["a", "A"])
    assert opened(source).likely_header == 3
    for options in ({"header_row": 3}, {"skip_rows": 2}):
        rows = opened(source, **options)
        assert (rows.columns, rows_of(rows)) == (("email", "name"), [["a", "A"]])


def test_a_sheet_by_its_name(tmp_path: Path) -> None:
    source = saved(tmp_path, ["email"], ["a"], more={"Old": [["email"], ["b"]]})
    (note,) = opened(source).notes
    assert note.startswith('sheet "Sheet"; not read: "')
    assert rows_of(opened(source, sheet="Old")) == [["b"]]
    assert rows_of(opened(source, sheet="OLD")) == [["b"]]
    with pytest.raises(InvalidOption, match=r'no sheet "New"\. It has "Sheet", "Old"'):
        opened(source, sheet="New")


def test_a_hidden_sheet_is_read_by_its_name_only(tmp_path: Path) -> None:
    source = saved(tmp_path, ["email"], ["old@example.com"], more={"new": [["email"], ["new@example.com"]]})
    book = openpyxl.load_workbook(source)
    hidden = book.worksheets[0]
    hidden.sheet_state = "hidden"
    book.active = 1
    book.save(source)
    assert rows_of(opened(source)) == [["new@example.com"]]
    assert rows_of(opened(source, sheet=hidden.title)) == [["old@example.com"]]


def test_a_first_sheet_that_is_empty_says_which_others_there_are(tmp_path: Path) -> None:
    with pytest.raises(SourceEmpty, match=r'not read: "people of 2024"\. Name the one to read'):
        opened(saved(tmp_path, more={"people of 2024": [["email"], ["a@example.com"]]}))


def test_characters_that_xml_cannot_hold_are_read_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    cells = ["Ada_x000D_\nLovelace", "_x005F_x000D_", "half_xD83D_", "snake_x_case"]
    source = saved(tmp_path, ["email", "First_x0020_Name"], *(["a@example.com", cell] for cell in cells))
    rows = opened(source)
    assert rows.columns == ("email", "First Name")
    texts = ["Ada\r\nLovelace", "_x000D_", "half_xD83D_", "snake_x_case"]
    assert rows_of(rows) == [["a@example.com", text] for text in texts]


def test_a_failed_formula_is_a_value_that_no_attribute_takes(tmp_path: Path) -> None:
    (row,) = rows_of(opened(saved(tmp_path, ["email"], ["#N/A"])))
    assert isinstance(row, list)
    assert math.isnan(row[0])


def test_a_contact_is_no_header(tmp_path: Path) -> None:
    with pytest.raises(HeaderError, match=r"The first line of people\.xlsx looks like a contact"):
        opened(saved(tmp_path, ["a@example.com", "Ada"], ["b@example.com", "Bob"]))


def test_an_empty_sheet(tmp_path: Path) -> None:
    with pytest.raises(SourceEmpty, match="A sheet needs a header row"):
        opened(saved(tmp_path))


@pytest.mark.parametrize("content", [b"PK\x03\x04 and no more", b"email\na@example.com\n", b""])
def test_what_is_no_workbook(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "people.xlsx"
    source.write_bytes(content)
    with pytest.raises(SourceUnreadable, match="cannot be read as a workbook"):
        opened(source)


def test_without_openpyxl_the_message_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = saved(tmp_path, ["email"], ["a"])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(SourceUnreadable, match=r"pip install 'airflow-provider-email-contacts\[excel\]'"):
        opened(source)


def test_a_strict_workbook_is_told_from_one_without_sheets(tmp_path: Path) -> None:
    source, strict = saved(tmp_path, ["email"], ["a@example.com"]), tmp_path / "strict.xlsx"
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(strict, "w") as copy:
        for name in whole.namelist():
            content = whole.read(name)
            for old, new in (
                (
                    b"schemas.openxmlformats.org/spreadsheetml/2006/main",
                    b"purl.oclc.org/ooxml/spreadsheetml/main",
                ),
                (b"schemas.openxmlformats.org/officeDocument/2006", b"purl.oclc.org/ooxml/officeDocument"),
            ):
                content = content.replace(old, new)
            copy.writestr(name, content)
    with pytest.raises(SourceUnreadable, match=r"saved as Strict Open XML.*: save it as Excel Workbook"):
        opened(strict)


@pytest.mark.parametrize(
    ("part", "there", "instead"),
    [
        ("xl/styles.xml", b"</fills>", b"<fill/></fills>"),  # TypeError of openpyxl
        ("xl/worksheets/sheet1.xml", b"<v>1</v>", b"<v>one</v>"),
    ],
)
def test_what_openpyxl_stumbles_over_is_told_as_damage(
    tmp_path: Path, part: str, there: bytes, instead: bytes
) -> None:
    source, damaged = saved(tmp_path, ["email", "n"], ["ada@example.com", 1]), tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(damaged, "w") as copy:
        for name in whole.namelist():
            content = whole.read(name)
            if name == part:
                assert there in content
                content = content.replace(there, instead)
            copy.writestr(name, content)
    with pytest.raises(SourceUnreadable, match="Open and save it in Excel"):
        rows_of(opened(damaged))


def test_a_chart_that_is_empty_is_told_as_damage(tmp_path: Path) -> None:
    source = saved(tmp_path, ["email"], ["ada@example.com"])
    book = openpyxl.load_workbook(source)
    book.create_chartsheet("Chart")
    book.save(source)
    with pytest.raises(SourceUnreadable, match="Open and save it in Excel"):
        rows_of(opened(source))
