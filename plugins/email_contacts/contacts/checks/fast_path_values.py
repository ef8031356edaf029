"""Which values are plainly good, column by column: the quick way past the validator.

Knows kinds of values, as Polars expressions over a column of trimmed text. What is accepted here is sent as
it is written here, so each rule accepts less than the schema, never more, and writes what the row by row way
would; what it does not accept is decided there. ``tests/contacts/checks/test_differential.py`` holds the
two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl
import pyarrow.compute as pc

from email_contacts.contacts.values.dates import TIME_OF_DAY
from email_contacts.contacts.values.normalising import NO_DAY_OF_PANDAS, NO_IDENTIFIERS

# No address of 64 characters has a local part or a label that is too long.
EMAIL = r"^[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[A-Za-z0-9](?:-?[A-Za-z0-9])*\.)+[A-Za-z]{2,63}$"
LONGEST_EMAIL = 64
# At most fifteen digits: such a number is written by every library as it was read. No "-0", no "0.00001".
NUMBER = r"^(?:0|-?[1-9][0-9]{0,14}|-?(?:0\.[0-9]{1,4}|[1-9][0-9]{0,8}\.[0-9]{1,6}))$"
# As every library writes a float of that size: with the fewest digits that make the same one.
FLOAT = r"^(?:0|0\.0|-?(?:0\.0{0,2}[1-9][0-9]*|[1-9][0-9]{0,14}(?:\.[0-9]+)?))$"
NOUGHTS = r"\.[0-9]*0$"
# As the schema's, but for years before 1000 and 29 February of full centuries, which row by row decides.
DATE = (
    r"^(?:[1-9][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|"
    r"(?:0[13578]|1[02])-31)|[1-9][0-9](?:0[48]|[2468][048]|[13579][26])-02-29)$"
)
DATE_TIME = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{TIME_OF_DAY}$"
YEAR_FIRST, COMPACT = "^[0-9]{4}(?:/[0-9]{1,2}/|-[0-9]{1,2}-)[0-9]{1,2}$", "^[0-9]{8}$"
# What row by row takes for nobody or for damaged, or writes otherwise.
NO_EXT_ID = (
    rf"(?i)^(?:{'|'.join(map(re.escape, sorted({*NO_IDENTIFIERS, NO_DAY_OF_PANDAS})))}|#+)$|[.]0+$|"
    r"^[+-]?[0-9](?:(?:[.,][0-9]+)?e[+]|[.,][0-9]+e-?[0-9])"
)
FLOAT_ENDING = ".0"
WHOLE_FLOAT = r"^(?:0|[1-9][0-9]{0,14})[.]0$"
APOSTROPHE, FORMULA = "'", '="'
NULL_BYTE = "\0"
LONGEST_CATEGORY = 200
LENGTH_OF_A_DAY = 10


@dataclass(frozen=True)
class Plain:
    """A column as it is sent where it is plainly good.

    :param text: what is sent; empty where nothing is.
    :param is_good: whether the value may be sent so; true for an empty cell. None where all may.
    :param is_literal: whether the text is a value of JSON as it stands.
    """

    text: pl.Expr
    is_good: pl.Expr | None = None
    is_literal: bool = False

    @property
    def good(self) -> pl.Expr:
        """Which values may be sent so, as an expression."""
        return pl.lit(value=True) if self.is_good is None else self.is_good

    def where(self, is_good: pl.Expr) -> Plain:
        """Accept less: only where that is true as well."""
        return replace(self, is_good=is_good if self.is_good is None else self.is_good & is_good)


@dataclass(frozen=True)
class Cells:
    """A column of trimmed text, and what is known of it.

    :param texts: the column.
    :param may_be_empty: whether any cell is.
    :param may_change: whether any cell is one of those that ``CHANGING`` knows for the kind.
    :param special: a pattern of what a plain text cannot hold; empty where no row that may be good holds any.
    :param may_be_marked: whether any cell may begin with an apostrophe.
    :param escape: writes a text that may hold what is special, but for null bytes.
    """

    texts: pl.Series
    may_be_empty: bool
    may_change: bool
    special: str
    may_be_marked: bool = True
    escape: Callable[[pl.Expr], pl.Expr] | None = None

    @property
    def cell(self) -> pl.Expr:
        """The column as an expression."""
        return pl.col(self.texts.name)

    def or_empty(self, good: pl.Expr) -> pl.Expr:
        """An empty cell is good too; where there is none it is not looked for."""
        return good | (self.cell == "") if self.may_be_empty else good


PlainRule = Callable[[Cells], Plain]


def email(cells: Cells) -> Plain:
    """Accept usual addresses, in lower case: the pattern has no letter outside ASCII."""
    good = cells.cell.str.contains(EMAIL) & (cells.cell.str.len_bytes() <= LONGEST_EMAIL)
    # To Arrow a column is one run of bytes, lowered at once; letters outside ASCII are not good anyway.
    lower = pl.from_arrow(pc.ascii_lower(cells.texts.to_arrow(compat_level=pl.CompatLevel.oldest())))
    return Plain(pl.lit(lower), cells.or_empty(good))


def text(cells: Cells) -> Plain:
    """Accept text that has no mark of a spreadsheet before it; what is special is escaped."""
    cell = cells.cell
    plain = Plain(cell)
    if cells.special and cells.escape is not None:
        is_kept = ~cell.str.contains(NULL_BYTE, literal=True) & ~cell.str.starts_with(FORMULA)
        plain = Plain(cells.escape(cell), is_kept)
    elif cells.special:
        plain = Plain(cell, ~cell.str.contains(cells.special, literal=len(cells.special) == 1))
    return plain.where(~cell.str.starts_with(APOSTROPHE)) if cells.may_be_marked else plain


def ext_id(cells: Cells) -> Plain:
    """Accept text that is an identifier, of which nothing has to be escaped; ``1001.0`` is ``1001``."""
    sent = cells.cell
    if cells.may_change:
        is_whole = sent.str.contains(WHOLE_FLOAT)
        sent = pl.when(is_whole).then(sent.str.strip_suffix(FLOAT_ENDING)).otherwise(sent)
    plain = replace(text(replace(cells, escape=None)), text=sent)
    return plain.where(~sent.str.contains(NO_EXT_ID))


def category(cells: Cells) -> Plain:
    """Accept text of a category whose labels are not known."""
    return text(cells).where(cells.cell.str.len_chars() <= LONGEST_CATEGORY)


def number(cells: Cells) -> Plain:
    """Accept numbers of few digits; noughts at the end of a decimal go, but for one."""
    cell = cells.cell
    good = cells.or_empty(cell.str.contains(NUMBER))
    if not cells.may_change:
        return Plain(cell, good, is_literal=True)
    short = cell.str.strip_chars_end("0")
    shortened = pl.when(short.str.ends_with(".")).then(short + "0").otherwise(short)
    written = pl.when(cell.str.contains(NOUGHTS)).then(shortened).otherwise(cell)
    return Plain(written, good, is_literal=True)


def float_(cells: Cells) -> Plain:
    """Accept floats that are neither tiny nor huge, as they are written."""
    return Plain(cells.cell, cells.or_empty(cells.cell.str.contains(FLOAT)), is_literal=True)


def date(cells: Cells) -> Plain:
    """Accept days of the calendar, the year first; a time of day goes."""
    cell = day = cells.cell
    if cells.may_change:
        parts = [cell.str.slice(first, length) for first, length in ((0, 4), (4, 2), (6, 2))]
        day = (
            pl.when(cell.str.contains(DATE_TIME))
            .then(cell.str.slice(0, LENGTH_OF_A_DAY))
            .when(cell.str.contains(COMPACT))
            .then(pl.concat_str(parts, separator="-"))
            .when(cell.str.contains(YEAR_FIRST))
            .then(cell.str.replace_many({"/": "-"}).str.to_date("%Y-%m-%d", strict=False).cast(pl.String))
            .otherwise(cell)
        )
    return Plain(day, cells.or_empty(day.str.contains(DATE)))


RULES: dict[str, PlainRule] = {
    "email": email,
    "ext_id": ext_id,
    "text": text,
    "value": text,
    "number": number,
    "float": float_,
    "date": date,
    "category": category,
}
# Which cells may have to be written otherwise than they stand: in most blocks there are none.
CHANGING: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "number": lambda cell: cell.str.contains(NOUGHTS),
    "ext_id": lambda cell: cell.str.ends_with(FLOAT_ENDING),
    "date": lambda cell: (
        ((cell.str.len_bytes() != LENGTH_OF_A_DAY) & (cell != "")) | cell.str.contains("/", literal=True)
    ),
}
