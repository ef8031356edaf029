"""Many rows of a CSV cut into cells at once.

Knows bytes: where rows end, whether quotes keep the rules, and how many cells each row has. What it gives is
what the standard library's ``csv`` would give in its strict mode; bytes of which that is not certain are left
to it: quotes out of place, null bytes, carriage returns that end a row by themselves.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from email_contacts.contacts.sources.byte_positions import Positions, is_beside, positions
from email_contacts.contacts.sources.csv_lines import BLANK, NEWLINE, QUOTE, RETURN, WholeRows
from email_contacts.contacts.sources.rows import Frame
from email_contacts.contacts.sources.sheet_blocks import BLANKS, wrong_width

_BACKSLASH, _N = b"\\N"
# Empty cells that a row may have behind its last column: what a spreadsheet leaves there.
_EMPTY_CELLS = 256
# Up to this share of rows with something to escape in them, it is quicker not to look at all cells for it.
_ODD_ROWS = 0.01
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# How the blanks and invisible characters outside ASCII begin in UTF-8: no-break space, next line, soft
# hyphen, those from U+1680 to U+3000, and the byte order mark.
_FAR_BLANKS = (
    *(b"\xc2\xa0", b"\xc2\x85", b"\xc2\xad", b"\xe1\x9a\x80", b"\xe1\xa0\x8e", b"\xe2\x80", b"\xe2\x81"),
    *(b"\xe3\x80\x80", b"\xef\xbb\xbf"),
)


def framed(rows: WholeRows, *, delimiter: str, width: int, least: int | None = None) -> Frame | None:
    """Cut whole rows into cells.

    :param width: cells that a row should have. A row with more is a fault of its own unless they are empty.
    :param least: cells that a row must have; None for as many.
    :return: None where ``csv`` has to be asked.
    """
    if b"\0" in rows.data or rows.data.startswith(_BYTE_ORDER_MARK):
        return None
    starts = np.concatenate(([0], rows.ends[:-1]))
    lengths = rows.ends - starts
    if lengths.max() > csv.field_size_limit():
        return None
    text = np.frombuffer(rows.data, np.uint8)
    is_blank = (lengths == 1) | ((lengths == 2) & (text[starts] == RETURN))
    is_trimmed = _is_trimmed(rows, text, ord(delimiter))
    if not is_blank.any():
        # Polars refuses rows with too many cells, and fills up those with too few.
        cells = _read(rows.data, delimiter, width, height=len(lengths), is_quoted=len(rows.quotes) > 0)
        if cells is not None and not _is_filled_up(cells, rows, text, ord(delimiter)):
            return _known(
                Frame(cells, is_trimmed=is_trimmed), _odd_lines(rows, text, ord(delimiter)), rows.data
            )
    least = width if least is None else least
    return _framed_line_by_line(rows, starts, is_blank, delimiter, width, least=least, is_trimmed=is_trimmed)


def _framed_line_by_line(
    rows: WholeRows,
    starts: Positions,
    is_blank: Any,
    delimiter: str,
    width: int,
    *,
    least: int,
    is_trimmed: bool,
) -> Frame | None:
    """Cut rows some of which have too many cells or too few, or are blank lines."""
    delimiters = np.flatnonzero(np.frombuffer(rows.data, np.uint8) == ord(delimiter))
    delimiters = delimiters[_is_outside(rows.quotes, delimiters)]
    found = np.diff(np.searchsorted(delimiters, rows.ends), prepend=0) + 1
    is_short = np.flatnonzero(~is_blank & (found < least))
    is_blank[
        [line for line in is_short if _is_empty(rows.data[starts[line] : rows.ends[line]], delimiter)]
    ] = True
    # Cells that are too many are read as well, as far as they may be delimiters at the ends of lines.
    widest = int(found[found <= width + _EMPTY_CELLS].max(initial=width))
    is_wrong = ~is_blank & ((found < least) | (found > widest))
    data = _with_lines_replaced(rows.data, starts, rows.ends, is_wrong, is_blank, delimiter * (widest - 1))
    # Polars takes the number of columns from the first line, so one that has them all comes first.
    model = b'""' + delimiter.encode() * (widest - 1) + b"\n"
    cells = _read(model + data, delimiter, widest, height=int((~is_blank).sum()) + 1, is_quoted=True)
    if cells is None:
        return None
    cells = cells[1:]
    if widest > width:
        is_filled = cells[:, width:].select(
            pl.any_horizontal((pl.all().str.strip_chars(BLANKS) != "").fill_null(value=False))
        )
        is_wrong[np.flatnonzero(~is_blank)[is_filled.to_series().to_numpy()]] = True
        cells = cells[:, :width]
    if least < width:
        cells = cells.with_columns(pl.all().fill_null(""))
    # Places count without the blank lines, as rows do.
    places = np.cumsum(~is_blank) - 1
    faults = {int(places[line]): wrong_width(int(found[line]), width) for line in np.flatnonzero(is_wrong)}
    is_odd = _odd_lines(rows, np.frombuffer(rows.data, np.uint8), ord(delimiter))[~is_blank]
    return _known(Frame(cells, faults, is_trimmed=is_trimmed), is_odd, rows.data)


def _is_empty(line: bytes, delimiter: str) -> bool:
    """Say whether a line has nothing but delimiters, blanks and quotes around them."""
    lines = csv.reader([line.decode(errors="replace")], delimiter=delimiter, skipinitialspace=True)
    return not any(cell.strip(BLANKS) for cells in lines for cell in cells)


def _known(frame: Frame, is_odd: Any, data: bytes) -> Frame:
    """Say of a frame what its bytes tell; few odd rows are decided by themselves, which spares the others."""
    lacks = "".join(character for character in ";\\'" if character.encode() not in data)
    is_rare = int(np.count_nonzero(is_odd)) <= _ODD_ROWS * len(is_odd)
    return replace(frame, is_odd=is_odd if is_rare else None, is_unescaped=is_rare, lacks=lacks)


def _read(data: bytes, delimiter: str, width: int, *, height: int, is_quoted: bool) -> pl.DataFrame | None:
    schema = {str(place): pl.String for place in range(width)}
    quote = '"' if is_quoted else None  # where there is none, it is quicker not to look for any
    if not height:
        return pl.DataFrame(schema=schema)
    try:
        cells = pl.read_csv(
            data,
            has_header=False,
            schema=schema,
            separator=delimiter,
            quote_char=quote,
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError:
        # A row with too many cells; or bytes that are not UTF-8, of which csv finds the place and the words.
        return None
    return cells if cells.height == height else None


def _is_outside(quotes: Positions, positions: Positions) -> Any:
    """Say for each position whether it lies outside quotes."""
    if not len(quotes):
        return np.ones(len(positions), bool)
    return (np.searchsorted(quotes, positions) & 1) == 0


def _is_filled_up(cells: pl.DataFrame, rows: WholeRows, text: Any, delimiter: int) -> bool:
    """Say whether a row had too few cells; none has too many.

    A row may lack some only when its last cell is empty, and lacks none when the cell before that is not
    empty and the line ends with a delimiter. Delimiters are counted only where a row is of neither kind.
    """
    if cells.width == 1:
        return False
    before_last, last = (cells.to_series(place) == "" for place in (-2, -1))
    is_doubtful = last.to_numpy()
    if not is_doubtful.any():
        return False
    at = rows.ends[is_doubtful] - 2
    at -= text[at] == RETURN
    if (text[at] == delimiter).all() and not before_last.to_numpy()[is_doubtful].any():
        return False
    return _delimiters_outside(rows, text, delimiter) != cells.height * (cells.width - 1)


def _delimiters_outside(rows: WholeRows, text: Any, delimiter: int) -> int:
    """Count the delimiters outside quotes."""
    is_delimiter = text == delimiter
    if not len(rows.quotes):
        return int(np.count_nonzero(is_delimiter))
    delimiters = np.flatnonzero(is_delimiter)
    before: Positions = np.searchsorted(delimiters, rows.quotes)
    return len(delimiters) - int(before[1::2].sum() - before[0::2].sum())


def _is_trimmed(rows: WholeRows, text: Any, delimiter: int) -> bool:
    """Say whether certainly no cell begins or ends with a blank."""
    blanks = rows.controls
    is_blank = _among(BLANK, NEWLINE, RETURN)
    if not is_blank[text[blanks]].all():
        return False  # a control character may stand next to a blank
    if text[0] == BLANK or is_beside(text, BLANK, (delimiter, NEWLINE, RETURN)):
        blanks = np.concatenate((blanks, positions(text, lambda some: some == BLANK)))
    before, after = text[blanks - 1], text[np.minimum(blanks + 1, len(text) - 1)]
    is_edge = _among(delimiter, NEWLINE, RETURN)
    at_edges = blanks[is_edge[before] | is_edge[after]]
    if _is_outside(rows.quotes, at_edges).any():
        return False
    # Within quotes a cell begins behind one that opens, and ends before one that closes; not at doubled ones.
    opening, closing = rows.quotes[0::2], rows.quotes[1::2]
    first = opening[text[opening - 1] != QUOTE] + 1
    last = closing[text[closing + 1] != QUOTE] - 1
    if is_blank[text[first]].any() or is_blank[text[last]].any():
        return False
    data = rows.data
    # One byte is looked for much more quickly than several.
    return data.isascii() or not any(blank[:1] in data and blank in data for blank in _FAR_BLANKS)


def _odd_lines(rows: WholeRows, text: Any, delimiter: int) -> Any:
    r"""Mark the lines with a doubled quote, a backslash or a control character within.

    A cell that is ``\N`` and no more does not count: it is PostgreSQL's NULL.
    """
    closing = rows.quotes[1::2]
    odd = [closing[text[closing + 1] == QUOTE], rows.controls]
    if b"\\" in rows.data:
        odd.append(_backslashes(text, delimiter))
    is_odd = np.zeros(len(rows.ends), bool)
    is_odd[np.searchsorted(rows.ends, np.concatenate(odd), side="right")] = True
    return is_odd


def _backslashes(text: Any, delimiter: int) -> Positions:
    r"""Find the backslashes, but for those of cells that are ``\N``."""
    found = np.flatnonzero(text == _BACKSLASH)
    is_edge = _among(delimiter, NEWLINE, RETURN)
    last = len(text) - 1
    begins = is_edge[text[found - 1]] | (found == 0)
    is_null = begins & (text[np.minimum(found + 1, last)] == _N) & is_edge[text[np.minimum(found + 2, last)]]
    return found[~is_null]


def _among(*characters: int) -> Any:
    """Give a table that says of each byte whether it is one of some."""
    table = np.zeros(256, bool)
    table[list(characters)] = True
    return table


def _with_lines_replaced(
    data: bytes, starts: Positions, ends: Positions, is_wrong: Any, is_blank: Any, empty_row: str
) -> bytes:
    """Put an empty row in the place of each wrong one, and nothing in the place of a blank line."""
    kept, at = [], 0
    for line in np.flatnonzero(is_wrong | is_blank):
        kept.append(data[at : starts[line]])
        # Quoted, for an empty line would not count as a row where there is one column only.
        kept.append(b"" if is_blank[line] else b'""' + empty_row.encode() + b"\n")
        at = int(ends[line])
    return b"".join([*kept, data[at:]])
