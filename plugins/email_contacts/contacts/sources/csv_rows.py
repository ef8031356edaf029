"""Rows of a CSV.

Knows lines, quotes and cells; not what the columns mean.

Most rows are cut many at once (``csv_blocks``). Those of which it is not certain there go, one by one, to the
standard library's ``csv`` in its strict mode. Its ``field_size_limit`` is one setting for the whole process,
so it is left alone: a cell longer than that (131,072 characters unless somebody changed it) is refused as an
unclosed quote is, and the length of a row is watched here.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from email_contacts.contacts.errors import RowTooLong
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.sources.csv_blocks import framed
from email_contacts.contacts.sources.csv_header import (
    cut_somehow,
    has_quote_behind_a_blank,
    likely_header,
    may_begin_with_a_quote,
    read_head,
)
from email_contacts.contacts.sources.csv_lines import whole_rows
from email_contacts.contacts.sources.encoding import undecodable_bytes_named
from email_contacts.contacts.sources.line_feed import LineFeed
from email_contacts.contacts.sources.rows import Block, Row, RowFault, in_blocks
from email_contacts.contacts.sources.sheet_blocks import SheetBlocks

_BEHIND_A_BLANK = RowFault(
    "quoting",
    "A quote stands behind a tab, a no-break space or an invisible character: remove that, or double the "
    "quotes that belong to the text.",
)
_UNCLOSED = "This is usually an unclosed quote"
# After a row that breaks a rule some of the next ones are read one by one too, and more where there are many
# such rows: each new look at a block costs as much as reading some hundred rows.
_FEWEST_AFTER_A_FAULT, _MOST_AFTER_A_FAULT = 8, 1_000
_FAR_APART = 400
# Where files with a byte order mark were joined, it stands before the first cell of a row.
_MARK_BEFORE_QUOTE = '\ufeff"'
# Each column costs some time for each frame, however few rows it has: where there are many columns, more of
# the file is cut at once.
_COLUMNS_OF_A_BLOCK, _MOST_BLOCKS = 16, 4


class CsvRows:
    """An opened CSV, read in blocks.

    :param source: the file.
    :param delimiter: one character; None to find it in the header.
    :param encoding: a codec's name; None for what the byte order mark says, else UTF-8.
    :param longest_row: characters that a row may have.
    :param skip_rows: lines above the header.
    :raises SourceEmpty: when there is not even a header.
    :raises PreparationError: as ``encoding_of`` and ``delimiter_of`` do.
    """

    text_only = True
    reads_ahead = True
    late_columns: tuple[str, ...] = ()
    narrow_columns: frozenset[str] = frozenset()

    def __init__(
        self,
        source: AnyPath,
        *,
        delimiter: str | None,
        encoding: str | None,
        longest_row: int,
        skip_rows: int = 0,
    ) -> None:
        self._source = source
        self._longest_row = longest_row
        self._row_length = 0
        self._row_lines: list[str] = []
        self._null_seen = False
        self._feed = LineFeed(source, encoding=encoding)
        try:
            with undecodable_bytes_named(source, self._feed.encoding):
                first_lines = self._feed.peek_lines()
                head = read_head(self._lines(), delimiter=delimiter, skip=skip_rows, name=source.name)
        except BaseException:
            self.close()
            raise
        self._null_seen = False
        self.delimiter = head.delimiter
        self._sheet = SheetBlocks(head.names, source=source.name)
        self._width = len(head.names)
        self.columns = self._sheet.columns
        self.notes = (*self._encoding_note(), *head.notes, *self._sheet.notes)
        self.likely_header = likely_header(list(map(cut_somehow, first_lines)), head.names)

    def close(self) -> None:
        """Close the file."""
        self._feed.close()

    def place(self, row: int) -> str:
        """Return an empty text: in a single file the row's number is enough."""
        return ""

    def blocks(self) -> Iterator[Block]:
        """Walk the rows in blocks, once.

        :raises RowTooLong: when a row or a cell is too long, or a quote is never closed.
        :raises SourceUndecodable: when bytes are not in the encoding.
        :raises HeaderError: when a column without a name holds something.
        """
        with undecodable_bytes_named(self._source, self._feed.encoding):
            yield from filter(len, map(self._sheet.finished, self._raw_blocks()))

    def _raw_blocks(self) -> Iterator[Block]:
        """Cut the rows into cells, those of columns without a name among them."""
        if not self.delimiter.isascii():  # the bytes of which it is made may be parts of other characters
            yield from in_blocks(self._one_by_one())
            return
        blocks = min(self._width // _COLUMNS_OF_A_BLOCK + 1, _MOST_BLOCKS)
        most = _FEWEST_AFTER_A_FAULT
        while self._feed.fill(blocks):
            rows = whole_rows(self._feed.pending, delimiter=self.delimiter, longest=self._longest_row)
            if len(rows.ends) > _FAR_APART:
                most = _FEWEST_AFTER_A_FAULT
            if rows.data:
                frame = framed(rows, delimiter=self.delimiter, width=self._width, least=self._sheet.least)
                if frame is None:
                    yield from in_blocks(self._one_by_one(until=self._feed.offset + len(rows.data)))
                    continue
                self._feed.skip(len(rows.data), lines=rows.lines)
                yield frame
            elif not rows.is_stuck and self._feed.grow():
                continue
            if rows.is_stuck or not rows.data:
                yield from in_blocks(self._one_by_one(most=most))
                most = min(2 * most, _MOST_AFTER_A_FAULT)

    def _one_by_one(self, *, until: int | None = None, most: int | None = None) -> Iterator[Row | RowFault]:
        """Ask ``csv`` for rows: those that begin before an offset, or a number of them."""
        # A quote after a blank opens a cell as well: cells are trimmed, so the blank says nothing.
        reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True, skipinitialspace=True)
        count = 0
        while (until is None or self._feed.offset < until) and (most is None or count < most):
            first_line = self._feed.line + 1
            self._row_length = 0
            self._row_lines.clear()
            try:
                cells = next(reader, None)
            except csv.Error as error:
                count += 1
                yield self._fault(str(error), first_line)
                continue
            if cells is None:
                return
            if self._null_seen:
                self._null_seen = False
                count += 1
                yield RowFault("null_byte", "The row holds a null byte.")
            elif cells:
                count += 1
                yield _BEHIND_A_BLANK if self._has_quote_behind_a_blank(cells) else self._sheet.fitted(cells)

    def _has_quote_behind_a_blank(self, cells: Row) -> bool:
        return any(map(may_begin_with_a_quote, cells)) and has_quote_behind_a_blank(
            "".join(self._row_lines), self.delimiter
        )

    def _fault(self, message: str, first_line: int) -> RowFault:
        """Distinguish a row with malformed quotes, which costs that row, from one that swallowed the rest."""
        if self._null_seen:  # Python 3.10 refuses null bytes by itself, later versions let them pass
            self._null_seen = False
            return RowFault("null_byte", "The row holds a null byte.")
        if "field larger" in message:
            raise RowTooLong(
                f"{self._source.name}, line {first_line}: a cell of the row that begins here is longer than "
                f"{csv.field_size_limit():,} characters. {_UNCLOSED}: look for one there."
            )
        if "unexpected end" in message:
            raise RowTooLong(
                f"{self._source.name}, line {first_line}: a quote that is opened in the row that begins here "
                "is never closed. Close it, or double the quotes that belong to the text."
            )
        last_line = self._feed.line
        lines = f"line {first_line}" if first_line == last_line else f"lines {first_line} to {last_line}"
        return RowFault("quoting", f"Malformed quotes in {lines}: double the quotes that belong to the text.")

    def _lines(self) -> Iterator[str]:
        """Feed the parser, with an eye on null bytes and on rows that do not end."""
        limit = self._longest_row
        while line := self._feed.read_line(limit + 1):
            if not self._row_length and line.startswith(_MARK_BEFORE_QUOTE):
                line = line[1:]
            self._row_length += len(line)
            self._row_lines.append(line)
            if self._row_length > limit:
                raise RowTooLong(
                    f"{self._source.name}: the row that reaches line {self._feed.line} is longer than "
                    f"{limit:,} characters, more than fits in one request (api-contract §2.1). {_UNCLOSED} "
                    "in it or above."
                )
            if "\0" in line:
                self._null_seen = True
            yield line

    def _encoding_note(self) -> tuple[str, ...]:
        codec = self._feed.encoding
        return () if codec == "utf-8" else (f"encoding: {codec.removesuffix('-sig')}",)
