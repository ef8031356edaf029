"""The head of a CSV: lines above the header, Excel's line that names the delimiter, and the header.

Knows lines of text; not what the columns mean.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count, islice

from email_contacts.contacts.errors import HeaderError, SourceEmpty
from email_contacts.contacts.header_names import (
    check_header,
    looks_like_contact,
    looks_like_header,
    says_who,
    usual_names,
)
from email_contacts.contacts.sources.delimiter import CANDIDATES, delimiter_of, shown_delimiter
from email_contacts.contacts.values.marks import BLANKS

LINES_LOOKED_AT = 20
# A new line is within quotes.
_OTHER_BLANKS = frozenset(BLANKS) - set(" \r\n")
# Pairs of quotes that stay in the cells of a CSV.
OTHER_QUOTES = ("''", "``", "“”", "„“", "‘’", "«»")
# Excel's own mark, which names the delimiter: https://support.microsoft.com (Import or export text files).
_SEP = re.compile(r'"?sep=([^"])"?[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True)
class CsvHead:
    """What stands above the rows.

    :param names: one for each column, as it is written but trimmed; an empty one for a column without.
    :param delimiter: one character.
    :param notes: what was found out, for the log.
    """

    names: tuple[str, ...]
    delimiter: str
    notes: tuple[str, ...] = ()

    @property
    def named(self) -> list[int]:
        """The places of the columns that have a name."""
        return [place for place, name in enumerate(self.names) if name]


def read_head(lines: Iterator[str], *, delimiter: str | None, skip: int, name: str) -> CsvHead:
    """Take the head off the lines of a file.

    :param lines: all of them; the rows are left.
    :param delimiter: what the caller says, or None.
    :param skip: lines to pass over.
    :param name: the file's name, for messages.
    :raises SourceEmpty: when there is no header.
    :raises HeaderError: when it cannot be one.
    """
    lines_read = count()
    lines = (line for line, _ in zip(lines, lines_read, strict=False))
    skipped = sum(1 for _ in islice(lines, skip))
    head = _header_lines(lines)
    notes = [f"{skipped} lines above the header are skipped"] if skipped else []
    said = _SEP.fullmatch("".join(head))
    if said:
        notes.append(f"the line sep= names the delimiter: {shown_delimiter(said[1])}")
        delimiter = delimiter or said[1]
        head = _header_lines(lines)
    if not head:
        raise SourceEmpty(f"{name} is empty. A source needs a header line and rows below it.")
    cut_by = delimiter_of("".join(head), given=delimiter, name=name)
    if not said and delimiter is None:
        notes.append(f"delimiter: {shown_delimiter(cut_by)}, by the header")
    names = tuple(cell.strip() for cell in _parsed(chain(head, lines), cut_by, name))
    _check_quotes(names, name)
    if looks_like_contact(names):
        with _header_below_named(lines, after=next(lines_read), cut_by=cut_by):
            check_header(names, source=name, what="The first line" if not skipped else "The header line")
    return CsvHead(names, cut_by, tuple(notes))


def _check_quotes(names: Sequence[str], source: str) -> None:
    """See that no quotes stay around the names, for they would around the cells, too.

    :raises HeaderError: when they do around each.
    """
    if all(len(name) > len("''") and name[0] + name[-1] in OTHER_QUOTES for name in names):
        raise HeaderError(
            f"The names of the columns of {source} stand in quotes that are not those of a CSV. Export it "
            'with " around the cells, or without quotes.'
        )


def likely_header(first: Sequence[Sequence[str]], names: Sequence[str]) -> int | None:
    """Find a row among the first ones that looks like the header where the one that was taken does not.

    :param first: the cells of the first rows of a file.
    :param names: the header that was taken.
    :return: its number, from 1, or None.
    """
    if any(map(says_who, names)):
        return None
    # A title such as "Notes" is a usual name, too, and so may be a cell of a row.
    usual = len(usual_names(names))
    for number, cells in enumerate(first[:LINES_LOOKED_AT], start=1):
        if looks_like_header(cells) and any(map(says_who, cells)) and len(usual_names(cells)) > usual:
            return number
    return None


@contextmanager
def _header_below_named(lines: Iterator[str], *, after: int, cut_by: str) -> Iterator[None]:
    """Add to a refusal of the header which of the next lines looks like it, where one does.

    :param after: lines that are read already.
    """
    try:
        yield
    except HeaderError as error:
        below = [_cells(line, cut_by) for line in islice(lines, LINES_LOOKED_AT)]
        if number := likely_header(below, ()):
            line = after + number
            raise HeaderError(
                f"{str(error).partition('. ')[0]}. Line {line} looks like the header: give header_row={line}."
            ) from None
        raise


def may_begin_with_a_quote(cell: str) -> bool:
    """Say whether a cell, as ``csv`` reads it, has a blank other than a space and a quote before its text."""
    return cell[:1] in _OTHER_BLANKS and cell.lstrip(BLANKS)[:1] == '"'


def has_quote_behind_a_blank(text: str, delimiter: str) -> bool:
    """Say whether a cell of a row has a quote before its text that would be sent with it.

    A quote behind a space opens the cell; behind another blank it is a letter to ``csv``. Within quotes both
    are content.

    :param text: the row, as it is written.
    """
    is_inside = is_closed = False
    before: str | None = ""  # what stands before the text of a cell; None once that has begun
    for character in text:
        if is_inside:
            is_inside = character != '"'
            is_closed = not is_inside
        elif character == '"' and (is_closed or before is not None):
            if before is not None and before.strip(" "):
                return True
            is_inside, before = True, None
        elif character in (delimiter, "\n", "\r"):
            before = ""
        elif before is not None:
            before = before + character if character in BLANKS else None
        is_closed = is_closed and not is_inside and character == '"'
    return False


def cut_somehow(line: str) -> list[str]:
    """Cut a line by the delimiter that makes most of it."""
    return max((_cells(line, delimiter) for delimiter in CANDIDATES), key=len)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _parsed(lines: Iterator[str], delimiter: str, name: str) -> list[str]:
    seen_null, order = False, "le"

    def watched() -> Iterator[str]:
        nonlocal seen_null, order
        for line in lines:
            order = "be" if not seen_null and line.startswith("\0") else order
            seen_null = seen_null or "\0" in line
            yield line

    header: list[str] = []
    try:
        reader = csv.reader(watched(), delimiter=delimiter, strict=True, skipinitialspace=True)
        header = next(cells for cells in reader if cells)
    except csv.Error as error:
        if not seen_null:  # Python 3.10 refuses null bytes by itself
            raise HeaderError(
                f"The header of {name} has malformed quotes ({error}). Fix the first line."
            ) from None
    if seen_null:
        raise HeaderError(
            f"The header of {name} holds null bytes. If the file is UTF-16 without a byte "
            f'order mark, give encoding="utf-16-{order}".'
        )
    if any(map(may_begin_with_a_quote, header)):
        raise HeaderError(
            f"The header of {name} has a quote behind a tab, a no-break space or an invisible character. "
            "Remove what stands before it."
        )
    return header


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
