"""Rows of totals below the tables of a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from email_contacts.contacts.sources.rows import RowFault
from email_contacts.contacts.sources.workbook_tables import TOTALS
from tests.contacts.sources.reading import opened, rows_of

openpyxl = pytest.importorskip("openpyxl")
HEADER = ["ext_id", "email", "points"]
PEOPLE = [["C-1", "a@example.com", 4], ["C-2", "b@example.com", 7]]
SUMS = ["Total", None, 11]


def workbook(folder: Path, *rows: list[Any], table: str, totals: int | None) -> Path:
    from openpyxl.worksheet.table import Table

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.active.add_table(Table(displayName="people", ref=table, totalsRowCount=totals))
    path = folder / "people.xlsx"
    book.save(path)
    return path


def read(folder: Path, *rows: list[Any], table: str, totals: int | None) -> list[Any]:
    return rows_of(opened(workbook(folder, *rows, table=table, totals=totals)))


@pytest.mark.parametrize("below", [[], [[None, None, None], ["C-3", "c@example.com", 1]]])
def test_the_row_of_totals_is_nobody(tmp_path: Path, below: list[list[Any]]) -> None:
    found = read(tmp_path, HEADER, *PEOPLE, SUMS, *below, table="A1:C4", totals=1)
    assert found == [*PEOPLE, TOTALS, *below[1:]]


def test_a_row_that_is_almost_like_that_is_kept(tmp_path: Path) -> None:
    most = ["Total", "b@example.com", 11]
    # The table has no such row; it is beside the people, in columns of its own; it has a row with nothing.
    assert read(tmp_path, HEADER, *PEOPLE, most, table="A1:C4", totals=None) == [*PEOPLE, most]
    rows: list[list[Any]] = [HEADER, *PEOPLE, most]
    beside = [[*row, place] for place, row in enumerate(rows)]
    beside[0][3] = "visits"
    kept = read(tmp_path, *beside, table="D1:D4", totals=1)
    assert [row for row in kept if isinstance(row, RowFault)] == []
    assert read(tmp_path, HEADER, *PEOPLE, [None] * 3, table="A1:C4", totals=1) == PEOPLE


def test_a_long_table(tmp_path: Path) -> None:
    people = [[f"C-{number}", f"p{number}@example.com", number] for number in range(3_000)]
    found = read(tmp_path, HEADER, *people, SUMS, table="A1:C3002", totals=1)
    assert found == [*people, TOTALS]
