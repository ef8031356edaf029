"""The cells of one sheet of a workbook, row by row.

Knows a sheet's XML and the styles of its workbook; not what rows are for. ``openpyxl`` parses a row; the walk
over rows is done here, because its own leaves out rows and cells that are not in their order, and warns of a
number that is no day by showing it, which may be somebody's phone number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from email_contacts.contacts.sources.number_formats import as_shown
from email_contacts.contacts.sources.workbook_tables import totals_of

# What a spreadsheet has where a formula failed.
FAILED = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA"}
    | {"#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#UNKNOWN!", "#BUSY!", "#EXTERNAL!"}
    | {"#PYTHON!", "#TIMEOUT!"}
)
_ANY_FAILURE = "#VALUE!"
_NO_LEAP_DAY, _FIRST_OF_1904 = 60, 1904
_LAST_ROW = 1_048_576  # of a sheet, whatever a file says


class TotalsRow(list[Any]):
    """The cells of a row that is the last one of a table, with its totals."""


def rows_of(sheet: Any) -> Iterator[Sequence[Any]]:
    """Walk the rows of a sheet: the cells up to the last one of each, and no cells where a row is left out.

    :param sheet: of a workbook that ``openpyxl`` opened with ``read_only``.
    :raises ValueError: when rows, or the cells of a row, are not in their order, or a cell cannot be read.
    :raises LookupError: when a cell has a text or a style that the workbook has not.
    """
    from openpyxl.worksheet._reader import DATA_TAG, ROW_TAG, WorkSheetParser
    from openpyxl.xml.functions import iterparse

    numbers = _Numbers(sheet)
    totals = totals_of(sheet.parent._archive, sheet._worksheet_path)
    last, is_below = 0, False
    with sheet._get_source() as xml:
        # It is not told of formats of days: a number is read here.
        parser = WorkSheetParser(xml, sheet._shared_strings, data_only=True)
        for _, element in iterparse(xml):
            if element.tag == ROW_TAG:
                number, cells = parser.parse_row(element)
                if not last < number <= _LAST_ROW:
                    raise ValueError("rows are not in their order")
                for _ in range(last + 1, number):
                    yield ()
                last = number
                row = _row(cells, numbers)
                yield TotalsRow(row) if _is_within(row, totals.get(number)) else row
                element.clear()
            is_below = is_below or element.tag == DATA_TAG
            if is_below:
                element.clear()


def _row(cells: Sequence[dict[str, Any]], numbers: _Numbers) -> Sequence[Any]:
    row: list[Any] = [None] * (cells[-1]["column"] if cells else 0)
    before = 0
    for cell in cells:
        column, value, kind = cell["column"], cell["value"], cell["data_type"]
        if column <= before:
            raise ValueError("cells are not in their order")
        before = column
        if value is None:
            continue
        if kind == "n":
            read = numbers[cell["style_id"]]
            row[column - 1] = value if read is None else read(value)
        else:
            row[column - 1] = _ANY_FAILURE if kind == "e" and value not in FAILED else value
    return row


def _is_within(row: Sequence[Any], columns: range | None) -> bool:
    """Say whether nothing of a row is beside a table: there it would be somebody's."""
    if columns is None:
        return False
    filled = [place for place, value in enumerate(row, start=1) if value is not None]
    return bool(filled) and all(place in columns for place in filled)


class _Numbers(dict[int, "Callable[[Any], Any] | None"]):
    """How numbers are read, by their style; None where they are what they are.

    :param sheet: whose workbook has the styles.
    """

    def __init__(self, sheet: Any) -> None:
        super().__init__()
        self._sheet = sheet

    def __missing__(self, style: int) -> Callable[[Any], Any] | None:
        from openpyxl.cell.read_only import ReadOnlyCell

        number_format = ReadOnlyCell(self._sheet, None, None, None, style_id=style).number_format
        book = self._sheet.parent
        if style in book._date_formats:
            self[style] = _days(book.epoch, is_duration=style in book._timedelta_formats)
        else:
            self[style] = _codes(number_format) if {"0", "#"} & set(number_format) else None
        return self[style]


def _days(epoch: Any, *, is_duration: bool) -> Callable[[Any], Any]:
    from openpyxl.utils.datetime import from_excel

    def day_of(number: Any) -> Any:
        # Excel shows no day for numbers below zero, and 29 February 1900, which was none, for 60.
        if not is_duration and (number < 0 or (epoch.year < _FIRST_OF_1904 and int(number) == _NO_LEAP_DAY)):
            return number
        try:
            return from_excel(number, epoch, timedelta=is_duration)
        except (OverflowError, ValueError):
            return number  # no day, whatever its format says

    return day_of


def _codes(number_format: str) -> Callable[[Any], Any]:
    return lambda number: as_shown(number, number_format)
