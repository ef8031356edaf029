"""Rows of a sheet that are no contacts: the header again, lines of dashes, marks of the end, counts."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from email_contacts.contacts.errors import SourceChanged
from email_contacts.contacts.sources.rows import RowFault
from email_contacts.contacts.sources.stray_rows import (
    COUNT,
    DASHES,
    END,
    FOOTER,
    HEADER,
    TOTAL,
    StrayRows,
)
from tests.contacts.cells import of, values
from tests.contacts.conftest import WriteSource
from tests.contacts.sources.reading import opened, rows_of

# A carriage return that ends a row by itself sends the rows to the standard library's csv, one by one.
ENDS = ["\n", "\r\n", "\r"]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    ("header", "row", "fault"),
    [
        ("ext_id,Name", "ext_id,Name", HEADER),
        ("ext_id,Name", " ext_id , Name ", HEADER),
        ("ext_id,Name", "\ufeffext_id,Name", HEADER),
        ("ext_id,Name", '\ufeff"ext_id","Name"', HEADER),
        ("ext_id", "ext_id", HEADER),
        ("ext_id,Name", "------,----", DASHES),
        ("ext_id,Name", "------,", DASHES),
        ("ext_id", "-------------", DASHES),
        ("ext_id", "\\.", END),
        ("ext_id", "\x1a", END),
        ("ext_id", "(1 row)", COUNT),
        ('"ext_id"', '"(12,345 rows affected)"', COUNT),
        ("ext_id,Name", "EXT-ID,name", HEADER),
        ("ext_id,Name", "Ext_id,Name", HEADER),
        ("ext_id,Zoë", "ext id,ZOE\u0308", HEADER),
        ("Zoë,ext_id", "ZOE\u0308,EXT_ID", HEADER),
        ("ext_id", "12 rows selected.", COUNT),
        ("ext_id", "no rows selected", COUNT),
        ("ext_id", "(2 Zeilen)", COUNT),
        ("ext_id", "(1 fila)", COUNT),
        ("ext_id", "(1.234 lignes)", COUNT),
        ("ext_id", "(2 行记录)", COUNT),
        ("ext_id", "2 Row(s) produced. Time Elapsed: 0.123s", COUNT),
        ("ext_id", "2 rows selected (0.12 seconds)", COUNT),
        ("ext_id", "3 record(s) selected.", COUNT),
        ("ext_id", "Completion time: 2024-05-01T12:00:00.1234567+02:00", FOOTER),
        ("ext_id", "Grand Totals (1 records)", FOOTER),
        ("ext_id", '"Copyright (c) 2000-2024 salesforce.com, inc. All rights reserved."', FOOTER),
        ("ext_id,Name", "Grand Totals (1 records),", FOOTER),
        ("ext_id,Name", "Page 1 of 2,", FOOTER),
        ("ext_id", "Seite 1/2", FOOTER),
        ("ext_id,Name", "*** END OF REPORT ***,", FOOTER),
        ("ext_id", "Ende der Liste", FOOTER),
        ("ext_id,Name", "(1 row), ", COUNT),
        ("ext_id,Points", "Total,3", TOTAL),
        ("ext_id,Points", "TOTAL:,", TOTAL),
        ("ext_id,Points", "Gesamt,1.234", TOTAL),
        ("ext_id,Points", "Grand Total,-12.50", TOTAL),
    ],
)
def test_a_row_that_is_no_contact_is_rejected(
    write: WriteSource, header: str, row: str, fault: RowFault, end: str
) -> None:
    person = ",".join(["C-1", "Ada"][: header.count(",") + 1])
    found = rows_of(opened(write(end.join([header, person, row, person, ""]))))
    assert found == [person.split(","), fault, person.split(",")]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("ext_id,Name", "ext_id,Ada"),
        ("ext_id,Name", "--,Ada"),
        ("ext_id,Name", "-,-"),
        ("ext_id,Name", "\\.,Ada"),
        ("ext_id,Name", "(1 row),Ada"),
        ("ext_id", "(1 rowing club)"),
        ("ext_id", "--1"),
        ("ext_id", "12 rows"),
        ("ext_id", "Row 12 selected"),
        ("ext_id", "Grand Totals 12"),
        ("ext_id", "Copyright (c)"),
        ("ext_id,Name", "Grand Totals (1 records),Ada"),
        ("ext_id,Name", "Name,Ada"),
        ("ext_id,Name", "ext_id,"),
        ("ext_id", "\\.."),
        ("ext_id,Name", "Total,Ada"),
        ("ext_id,SMS", "Total,447700900123"),
        ("ext_id,Points", "Total 2024,3"),
        ("ext_id,Points", "Totalus,3"),
        ("ext_id,Points", "Sum,3"),
    ],
)
def test_a_row_that_is_almost_like_that_is_kept(write: WriteSource, header: str, row: str, end: str) -> None:
    assert rows_of(opened(write(end.join([header, row, ""])))) == [row.split(",")]


@pytest.mark.parametrize("end", ENDS)
def test_a_header_in_another_order_stops(write: WriteSource, end: str) -> None:
    lines = ["ext_id,FIRSTNAME,Points", *["1,Ada,2"] * 3, "firstname,ext_id,POINTS", "Bob,2,3", ""]
    with pytest.raises(SourceChanged, match=r"Row 4 of .* with its columns in another order"):
        rows_of(opened(write(end.join(lines))))


@pytest.mark.parametrize("amount", [float("inf"), float("nan"), 1e300, 1 << 200])
def test_a_number_that_is_no_amount_is_looked_at_and_no_more(amount: float) -> None:
    assert StrayRows(["ext_id", "Points"]).fault_of(["Total", amount]) is None


def test_many_columns(write: WriteSource) -> None:
    names = ["ext_id", *(f"Column {number}" for number in range(1_500))]
    rows = [names, ["C-1"] * len(names), [name.upper() for name in names]]
    found = rows_of(opened(write("\n".join(",".join(row) for row in rows) + "\n")))
    assert found == [rows[1], HEADER]


def test_the_header_again_is_nobody(tmp_path: Path) -> None:
    found = of(tmp_path, "ext_id,FIRSTNAME\nC-1,Ada\next_id,FIRSTNAME\nC-2,Bob\n")
    assert [contact["attributes"]["EXT_ID"] for contact in found.contacts] == ["C-1", "C-2"]
    assert found.rules == [(2, "", "columns")]


@pytest.mark.parametrize("name", ["Zoë", "Zoë, B", 'Zoë ""Z""', "Zoë\r\nB"])
def test_quotes_behind_a_byte_order_mark_are_no_part_of_the_cell(tmp_path: Path, name: str) -> None:
    joined = f'\ufeff"FIRSTNAME","email"\r\n"Ada","a@example.com"\r\n\ufeff"{name}","b@example.com"\r\n'
    found = of(tmp_path, joined)
    assert values(found, "FIRSTNAME") == ["Ada", name.replace('""', '"')]


def test_a_byte_order_mark_within_quotes_is_part_of_the_cell(write: WriteSource) -> None:
    assert rows_of(opened(write('a,b\n"1\n\ufeff""2""",3\n'))) == [['1\n\ufeff"2"', "3"]]


def test_a_workbook_s_header_again(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (
        ["ext_id", "Points"],
        ["C-1", 1],
        ["ext_id", "Points"],
        ["ext_id", 2],
        ["Total", 3.5],
        ["Total", None],
    ):
        book.active.append(row)
    written = io.BytesIO()
    book.save(written)
    source = tmp_path / "joined.xlsx"
    source.write_bytes(written.getvalue())
    assert rows_of(opened(source)) == [["C-1", 1], HEADER, ["ext_id", 2], TOTAL, TOTAL]
