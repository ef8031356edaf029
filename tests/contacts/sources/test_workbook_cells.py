"""The cells of a workbook's sheet, as its XML has them."""

from __future__ import annotations

import math
import warnings
import zipfile
from pathlib import Path

import pytest

from email_contacts.contacts.errors import SourceUnreadable
from email_contacts.contacts.sources.rows import Row, RowFault
from tests.contacts.sources.reading import opened, rows_of

openpyxl = pytest.importorskip("openpyxl")
PHONE = 447700900123


def text(reference: str, value: str, kind: str = "str") -> str:
    return f'<c r="{reference}" t="{kind}"><v>{value}</v></c>'


def workbook(folder: Path, *rows: str) -> Path:
    """A workbook whose sheet has these rows of XML; style 1 is that of a day, 2 that of a duration."""
    book = openpyxl.Workbook()
    for place, number_format in enumerate(("yyyy-mm-dd", "[h]:mm"), start=1):
        book.active.cell(1, place).number_format = number_format
    plain, path = folder / "plain.xlsx", folder / "people.xlsx"
    book.save(plain)
    with zipfile.ZipFile(plain) as whole, zipfile.ZipFile(path, "w") as copy:
        for name in whole.namelist():
            content = whole.read(name)
            if name.startswith("xl/worksheets/"):
                head, _, rest = content.partition(b"<sheetData>")
                content = head + f"<sheetData>{''.join(rows)}".encode() + rest[rest.index(b"</sheetData>") :]
            copy.writestr(name, content)
    return path


def cells_in(folder: Path, *rows: str) -> list[Row | RowFault]:
    return rows_of(opened(workbook(folder, f'<row r="1">{text("A1", "ext_id")}</row>', *rows)))


@pytest.mark.parametrize("style", [1, 2])
def test_a_number_that_is_no_day_is_shown_to_nobody_and_stays_what_it_is(tmp_path: Path, style: int) -> None:
    number = PHONE if style == 1 else PHONE * 1_000_000
    row = f'<row r="2"><c r="A2" s="{style}"><v>{number}</v></c></row>'
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert cells_in(tmp_path, row) == [[number]]
    assert told == []


@pytest.mark.parametrize("number", [-1, 60, 60.5])
def test_a_number_for_which_a_spreadsheet_shows_no_day_stays_what_it_is(
    tmp_path: Path, number: float
) -> None:
    assert cells_in(tmp_path, f'<row r="2"><c r="A2" s="1"><v>{number}</v></c></row>') == [[number]]


def test_what_openpyxl_warns_of_is_shown_to_nobody(tmp_path: Path) -> None:
    source = workbook(tmp_path, f'<row r="1">{text("A1", "ext_id")}</row>')
    book = openpyxl.load_workbook(source)
    book.active.print_area = "A1:B2"
    book.save(source)
    with zipfile.ZipFile(source) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    assert b"$A$1:$B$2" in parts["xl/workbook.xml"]
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b"'Sheet'!$A$1:$B$2", b"Ada_Lovelace")
    with zipfile.ZipFile(source, "w") as copy:
        for name, content in parts.items():
            copy.writestr(name, content)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert rows_of(opened(source)) == []
    assert told == []


@pytest.mark.parametrize(
    "rows",
    [
        [f'<row r="4">{text("A4", "d")}</row>', f'<row r="3">{text("A3", "c")}</row>'],
        [f'<row r="2">{text("A2", "b")}</row>', f'<row r="2">{text("A2", "c")}</row>'],
        [f'<row r="2">{text("B2", "b")}{text("A2", "c")}</row>'],
        [f'<row r="2">{text("A2", "b")}{text("A2", "c")}</row>'],
        [f'<row r="99999999999">{text("A2", "b")}</row>'],
    ],
)
def test_rows_or_cells_that_are_not_in_their_order_are_damage(tmp_path: Path, rows: list[str]) -> None:
    with pytest.raises(SourceUnreadable, match=r"damaged\. Open and save it in Excel"):
        cells_in(tmp_path, *rows)


def test_rows_and_cells_may_be_left_out_or_have_no_number(tmp_path: Path) -> None:
    rows = [
        f'<row r="3">{text("A3", "a")}</row>',
        '<row><c t="str"><v>b</v></c></row>',
        '<row r="7"/>',
        f'<row r="9">{text("A9", "c")}</row>',
    ]
    assert cells_in(tmp_path, *rows) == [["a"], ["b"], ["c"]]


@pytest.mark.parametrize(
    "cell", [text("A2", name, "e") for name in ("#SPILL!", "#CALC!", "#BLOCKED!", "#N/A", "#NEW!")]
)
def test_a_formula_that_failed_in_any_way_is_no_value(tmp_path: Path, cell: str) -> None:
    (row,) = cells_in(tmp_path, f'<row r="2">{cell}</row>')
    assert isinstance(row, list)
    assert math.isnan(row[0])
