"""How a source is read: what its user says about it, each option once.

Knows options and their rules; the readers know what they do with them.
"""

from __future__ import annotations

from dataclasses import dataclass

from email_contacts.contacts.choices import AUTO, OPTED_OUT, REJECT, SOURCE_FORMATS, check_choice
from email_contacts.contacts.errors import InvalidOption


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """How a source is read.

    :param source_format: ``"csv"``, ``"ndjson"``, ``"json"``, ``"parquet"`` or ``"xlsx"``; ``"auto"``: by
        each file's name, else by its first bytes.
    :param delimiter: of a CSV, one character; None: by the header.
    :param encoding: of files of text; None: by the byte order mark, else UTF-8.
    :param header_row: of a CSV or a workbook: the line with the columns' names, counted from 1; None: the
        first line that is not blank.
    :param skip_rows: of a CSV or a workbook: lines above the header, as another way to say it.
    :param sheet: of a workbook: the sheet's name; None: the first one.
    :param opted_out: rows that say ``emailBlacklisted``, ``smsBlacklisted`` or ``whatsappBlacklisted``:
        ``"reject"`` or ``"import"``.
    :raises InvalidOption: when one is of a kind that no source could satisfy.
    """

    source_format: str = AUTO
    delimiter: str | None = None
    encoding: str | None = None
    header_row: int | None = None
    skip_rows: int | None = None
    sheet: str | None = None
    opted_out: str = REJECT

    def __post_init__(self) -> None:
        check_choice("opted_out", self.opted_out, OPTED_OUT)
        if self.header_row is not None and self.header_row < 1:
            raise InvalidOption(f"header_row={self.header_row} is less than 1. Lines are counted from 1.")
        if self.skip_rows is not None and self.skip_rows < 0:
            raise InvalidOption(f"skip_rows={self.skip_rows} is less than 0.")
        if self.header_row is not None and self.skip_rows not in (None, self.header_row - 1):
            raise InvalidOption(
                f"header_row={self.header_row} and skip_rows={self.skip_rows} do not agree. Give one of them."
            )
        check_choice("source_format", self.source_format, SOURCE_FORMATS)

    @property
    def lines_above(self) -> int:
        """Lines above the header."""
        return self.header_row - 1 if self.header_row is not None else self.skip_rows or 0
