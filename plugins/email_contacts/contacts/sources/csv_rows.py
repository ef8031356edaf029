"""Rows of a CSV.

Knows lines, quotes and cells; not what the columns mean.

Cells are cut by the standard library's ``csv`` in its strict mode. Its ``field_size_limit`` is one setting
for the whole process, so it is left alone: a cell longer than that (131,072 characters unless somebody
changed it) is refused as an unclosed quote is, and the length of a row is watched here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import BinaryIO

from email_contacts.contacts.errors import HeaderError, RowTooLong, SourceEmpty
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.sources.delimiter import delimiter_of
from email_contacts.contacts.sources.encoding import (
    HEAD_BYTES,
    encoding_of,
    open_bytes,
    undecodable_bytes_named,
)
from email_contacts.contacts.sources.rows import Block, Row, RowFault, in_blocks

_UNCLOSED = "This is usually an unclosed quote"


class CsvRows:
    """An opened CSV, read in blocks.

    :param source: the file.
    :param delimiter: one character; None to find it in the header.
    :param encoding: a codec's name; None for what the byte order mark says, else UTF-8.
    :param longest_row: characters that a row may have.
    :raises SourceEmpty: when there is not even a header.
    :raises PreparationError: as ``encoding_of`` and ``delimiter_of`` do.
    """

    text_only = True
    late_columns: tuple[str, ...] = ()

    def __init__(
        self, source: AnyPath, *, delimiter: str | None, encoding: str | None, longest_row: int
    ) -> None:
        self._source = source
        self._longest_row = longest_row
        self._row_length = 0
        self._null_seen = False
        self._bytes = io.BufferedReader(_Blocks(open_bytes(source)), HEAD_BYTES)
        try:
            self._encoding = encoding_of(self._bytes.peek(HEAD_BYTES), given=encoding, name=source.name)
            # newline="" leaves line ends inside quotes as they are.
            self._text = io.TextIOWrapper(self._bytes, encoding=self._encoding, newline="")
            lines = self._lines()
            with undecodable_bytes_named(source, self._encoding):
                head = _header_lines(lines)
            if not head:
                raise SourceEmpty(f"{source.name} is empty. A source needs a header line and rows below it.")
            self.delimiter = delimiter_of("".join(head), given=delimiter, name=source.name)
            self._reader = csv.reader(chain(head, lines), delimiter=self.delimiter, strict=True)
            self.columns = self._header()
        except BaseException:
            self.close()
            raise

    def blocks(self) -> Iterator[Block]:
        """Walk the rows in blocks, once."""
        return in_blocks(self)

    def place(self, row: int) -> str:
        """Say nothing: a file of its own needs no more than the row's number."""
        return ""

    def close(self) -> None:
        """Close the file."""
        self._bytes.close()

    def __iter__(self) -> Iterator[Row | RowFault]:
        """Walk the rows, once.

        :raises RowTooLong: when a row or a cell is too long, or a quote is never closed.
        :raises SourceUndecodable: when bytes are not in the encoding.
        """
        width = len(self.columns)
        with undecodable_bytes_named(self._source, self._encoding):
            while True:
                first_line = self._reader.line_num + 1
                try:
                    for cells in self._reader:
                        if self._null_seen:
                            self._null_seen = False
                            yield RowFault("null_byte", "The row holds a null byte.")
                        elif len(cells) == width:
                            yield cells
                        elif cells:
                            yield RowFault(
                                "columns", f"The row has {len(cells)} cells, the header has {width}."
                            )
                        self._row_length = 0
                        first_line = self._reader.line_num + 1
                    return
                except csv.Error as error:
                    yield self._fault(str(error), first_line)
                    self._row_length = 0

    def _fault(self, message: str, first_line: int) -> RowFault:
        """Tell a row with malformed quotes, which costs that row, from one that swallowed the rest."""
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
        last_line = self._reader.line_num
        lines = f"line {first_line}" if first_line == last_line else f"lines {first_line} to {last_line}"
        return RowFault("quoting", f"Malformed quotes in {lines}: double the quotes that belong to the text.")

    def _lines(self) -> Iterator[str]:
        """Feed the parser, with an eye on null bytes and on rows that do not end."""
        limit = self._longest_row
        for number, line in enumerate(iter(partial(self._text.readline, limit + 1), ""), start=1):
            self._row_length += len(line)
            if self._row_length > limit:
                raise RowTooLong(
                    f"{self._source.name}: the row that reaches line {number} is longer than {limit:,} "
                    f"characters, more than one request may carry (api-contract §2.1). {_UNCLOSED} "
                    "in it or above."
                )
            if "\0" in line:
                self._null_seen = True
            yield line

    def _header(self) -> tuple[str, ...]:
        try:
            header = next(cells for cells in self._reader if cells)
        except csv.Error as error:
            if not self._null_seen:  # Python 3.10 refuses null bytes by itself
                raise HeaderError(
                    f"The header of {self._source.name} has malformed quotes ({error}). Mend the first line."
                ) from None
        if self._null_seen:
            raise HeaderError(
                f"The header of {self._source.name} holds null bytes. If the file is UTF-16 without a byte "
                'order mark, give encoding="utf-16-le".'
            )
        self._row_length = 0
        return tuple(name.strip() for name in header)


def _header_lines(lines: Iterator[str]) -> list[str]:
    """Take lines until the first that is not blank is complete: a quoted name may span several."""
    head: list[str] = []
    quotes = 0
    for line in lines:
        if line.strip() or head:
            head.append(line)
            quotes += line.count('"')
            if quotes % 2 == 0:
                break
    return head


class _Blocks(io.RawIOBase):
    """Any file object as a raw stream: object stores' files are not all of ``io``'s classes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        block = self._file.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
