"""Rows of an Excel workbook (.xlsx).

Knows one sheet and its cells; not what the columns mean. ``openpyxl`` reads it row by row: memory holds the
workbook's table of texts and one block, however many rows there are.

A number, a day or a boolean comes as such; a number in the format of a code (``00000``) comes as it is
shown. A day without a time of day is a date. A cell in which a formula failed (``#N/A``) is a value that no
attribute takes, so its row is rejected where the column is sent.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, time
from itertools import islice
from typing import Any

from email_contacts.contacts.errors import InvalidOption, SourceEmpty, SourceUnreadable
from email_contacts.contacts.header_names import (
    check_header,
    is_known,
    looks_like_contact,
    shown_column,
    shown_name,
)
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.sources.compression import open_raw
from email_contacts.contacts.sources.csv_header import LINES_LOOKED_AT, likely_header
from email_contacts.contacts.sources.encoding import HEAD_BYTES
from email_contacts.contacts.sources.other_kinds import WORKBOOK, other_kind_of
from email_contacts.contacts.sources.rows import Block, Row, RowFault, in_blocks
from email_contacts.contacts.sources.serial_days import NONE, SerialColumns, SerialDays
from email_contacts.contacts.sources.sheet_blocks import SheetBlocks
from email_contacts.contacts.sources.typed import plain_rows
from email_contacts.contacts.sources.workbook_cells import FAILED, TotalsRow, rows_of
from email_contacts.contacts.sources.workbook_tables import TOTALS

EXTRA = "airflow-provider-email-contacts[excel]"
_ROWS_AT_ONCE = 1_024
_BYTES_LOOKED_AT = 1 << 20
_WORKBOOK = "xl/workbook.xml"
_STRICT = b"http://purl.oclc.org/ooxml/"  # ISO/IEC 29500-1, without what part 4 allows for older programs
# What openpyxl raises where a workbook is not as it expects, be it the fault of the program that wrote it.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, SyntaxError),  # of archives, and of XML
    *(LookupError, ValueError, TypeError, AttributeError),
)
# A formula whose result was not stored. One whose result is an empty text says t="str".
_NOT_COMPUTED = re.compile(
    rb'<c (?:(?! t="str")[^>])*>\s*<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>'
)
# ST_Xstring of ISO/IEC 29500-1, 22.9.2.19; half a character of UTF-16 stays as it is.
_ESCAPED = re.compile("_x((?![Dd][89A-Fa-f])[0-9A-Fa-f]{4})_")


class WorkbookRows:
    """An opened sheet, read in blocks.

    :param source: the file.
    :param sheet: the sheet's name; None for the first one that is not hidden.
    :param skip_rows: rows above the header.
    :param serial_columns: those that a mapping says to hold serial days.
    :raises SourceEmpty: when there is not even a header.
    :raises SourceUnreadable: when it is no workbook, or ``openpyxl`` is not installed.
    :raises InvalidOption: when it has no such sheet.
    """

    text_only = False
    reads_ahead = False  # Python itself reads
    late_columns: tuple[str, ...] = ()
    narrow_columns: frozenset[str] = frozenset()
    _of_formulas: tuple[str, ...] = ()

    def __init__(
        self, source: AnyPath, *, sheet: str | None, skip_rows: int = 0, serial_columns: SerialColumns = NONE
    ) -> None:
        self._source = source
        self._file = open_raw(source)
        try:
            self._book = self._opened()
            with suppress(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
                # Damage is told where rows are read.
                self._of_formulas = tuple(self._formulas())
            self._rows: Iterator[Sequence[Any]] = self._sheet_rows(sheet)
            first = list(islice(self._rows, LINES_LOOKED_AT))
            header, below = self._header(first, skip_rows)
            self._first = below
        except BaseException:
            self.close()
            raise
        names = tuple(_written(_text(cell)).strip() for cell in header)
        while names and not names[-1]:
            names = names[:-1]
        if looks_like_contact(names):
            check_header(
                names, source=source.name, what="The first line" if not skip_rows else "The header line"
            )
        self._sheet = SheetBlocks(names, source=source.name)
        self.columns = self._sheet.columns
        self._days = SerialDays(self.columns, serial_columns if self._book.epoch.year == 1904 else NONE)
        self._width = len(names)
        self.likely_header = likely_header([list(map(_text, row)) for row in first], names)

    @property
    def notes(self) -> tuple[str, ...]:
        """Say which sheet is read, where there are several."""
        return (self._which, *self._sheet.notes, *self._of_formulas)

    @property
    def _which(self) -> str:
        sheets = self._book.sheetnames
        others = ", ".join(shown_column(name, sheets) for name in sheets if name != self._name)
        more = f"; not read: {others}" if others else ""
        return f"sheet {shown_column(self._name, sheets)}{more}"

    def blocks(self) -> Iterator[Block]:
        """Walk the rows in blocks, once.

        :raises HeaderError: when a column without a name holds something.
        :raises SourceUnreadable: when the workbook is damaged.
        """
        yield from map(self._days.read, filter(len, map(self._sheet.finished, in_blocks(self._cells()))))

    def place(self, row: int) -> str:
        """Say nothing: a file of its own needs no more than the row's number."""
        return ""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _formulas(self) -> Iterator[str]:
        """Tell of formulas without a result, as programs write them that do not compute."""
        with zipfile.ZipFile(self._file) as archive:
            for name in archive.namelist():
                if not name.startswith("xl/worksheets/") or not name.endswith(".xml"):
                    continue
                with archive.open(name) as sheet:
                    if _NOT_COMPUTED.search(sheet.read(_BYTES_LOOKED_AT)):
                        yield (
                            "formulas have no stored result, and their cells are empty: open the workbook in "
                            "a spreadsheet and save it"
                        )
                        return

    def _cells(self) -> Iterator[Row | RowFault]:
        rows, self._first = self._first, []
        while rows:
            padded = [[_value(cell) for cell in row] + [None] * (self._width - len(row)) for row in rows]
            widest = max(map(len, padded))
            for row in padded:
                row += [None] * (widest - len(row))
            yield from map(self._fitted, rows, plain_rows(padded))
            rows = list(islice(self._rows, _ROWS_AT_ONCE))

    def _fitted(self, row: Sequence[Any], cells: Row | RowFault) -> Row | RowFault:
        if isinstance(row, TotalsRow):
            return TOTALS
        return cells if isinstance(cells, RowFault) else self._sheet.fitted(cells)

    def _header(
        self, first: list[Sequence[Any]], skip_rows: int
    ) -> tuple[Sequence[Any], list[Sequence[Any]]]:
        """Find the first row that is not blank, below those that are passed over."""
        read = first if skip_rows < len(first) else [*first, *islice(self._rows, skip_rows + LINES_LOOKED_AT)]
        for place, row in enumerate(read[skip_rows:], start=skip_rows):
            if any(_text(cell) for cell in row):
                return row, read[place + 1 :]
        which = f" It is the {self._which}. Name the one to read as sheet." if len(self._sheets) > 1 else ""
        raise SourceEmpty(
            f"{self._source.name} is empty. A sheet needs a header row and rows below it.{which}"
        )

    def _opened(self) -> Any:
        head = self._file.read(HEAD_BYTES)
        kind = other_kind_of(head)
        if kind is not None and kind.name != WORKBOOK and not head.startswith(b"PK"):
            raise SourceUnreadable(
                f"{self._source.name} is {kind.name}, not an .xlsx workbook. {kind.advice}"
            )
        self._file.seek(0)
        try:
            from openpyxl import load_workbook
        except ImportError:
            raise SourceUnreadable(
                f"{self._source.name} is an Excel workbook, which needs openpyxl: pip install '{EXTRA}'. "
                "Or save it as CSV (UTF-8)."
            ) from None
        # Some of its warnings show what the workbook holds. To catch them would catch those of other threads.
        warnings.filterwarnings("ignore", module=r"openpyxl\.")
        try:
            return load_workbook(self._file, read_only=True, data_only=True, keep_links=False)
        except _DAMAGE:
            raise self._damaged() from None

    def _sheet_rows(self, wanted: str | None) -> Iterator[Sequence[Any]]:
        sheets = self._sheets = {sheet.title: sheet for sheet in self._book.worksheets}
        if not sheets and self._is_strict():
            raise SourceUnreadable(
                f"{self._source.name} is saved as Strict Open XML, which openpyxl does not read: save it as "
                "Excel Workbook (.xlsx)."
            )
        if not sheets:
            raise SourceEmpty(f"{self._source.name} has no sheet of cells.")
        if wanted is not None and wanted not in sheets:
            # A workbook has no two sheets whose names differ in nothing but case.
            wanted = next((name for name in sheets if name.casefold() == wanted.casefold()), wanted)
        if wanted is not None and wanted not in sheets:
            names = ", ".join(f'"{shown_name(name)}"' for name in sheets if is_known(name))
            raise InvalidOption(
                f'{self._source.name} has no sheet "{wanted}". It has {names or f"{len(sheets)} others"}.'
            )
        visible = (name for name, sheet in sheets.items() if sheet.sheet_state == "visible")
        self._name = next(visible, next(iter(sheets))) if wanted is None else wanted
        return self._undamaged(rows_of(sheets[self._name]))

    def _is_strict(self) -> bool:
        with zipfile.ZipFile(self._file) as archive:
            return _WORKBOOK in archive.namelist() and _STRICT in archive.read(_WORKBOOK)

    def _undamaged(self, rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        try:
            yield from rows
        except _DAMAGE:
            raise self._damaged() from None

    def _damaged(self) -> SourceUnreadable:
        return SourceUnreadable(
            f"{self._source.name} cannot be read as a workbook: it is another kind of file, or damaged. "
            "Open and save it in Excel, or copy it again."
        )


def _value(cell: Any) -> Any:
    if isinstance(cell, str):
        return float("nan") if cell in FAILED else _written(cell)
    if isinstance(cell, datetime) and cell.time() == time.min:
        return cell.date()
    return cell


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _written(text: str) -> str:
    """Give a text as the spreadsheet shows it: what XML cannot hold is ``_x000D_`` in the file."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
