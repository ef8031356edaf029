"""Which values are plainly good, column by column: the quick way past the validator.

Knows kinds of values, as Polars expressions over a column of trimmed text. What is accepted here is sent as
it is written here, so each rule accepts less than the schema, never more, and writes what the row by row way
would; whatever it does not accept is decided there. ``tests/contacts/checks/test_differential.py`` holds the
two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from email_contacts.contacts.checks import phones
from email_contacts.contacts.checks.schema import pattern_of

# No address of 64 characters has a local part or a label that is too long.
EMAIL = r"^[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@(?:[A-Za-z0-9](?:-?[A-Za-z0-9])*\.)+[A-Za-z]{2,63}$"
LONGEST_EMAIL = 64
# At most fifteen digits: such a number is written by every library as it was read. No "-0", no "0.00001".
NUMBER = r"^(?:0|-?[1-9][0-9]{0,14}|-?(?:0\.[0-9]{1,4}|[1-9][0-9]{0,8}\.[0-9]{1,6}))$"
NOUGHTS = r"\.[0-9]*0$"
DATE_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
    r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?$"
)
LONGEST_CATEGORY = 200
LENGTH_OF_A_DAY = 10


@dataclass(frozen=True)
class Plain:
    """A column as it is sent where it is plainly good.

    :param text: what is sent; empty where nothing is.
    :param is_good: whether the value may be sent so; true for an empty cell.
    :param is_literal: whether the text is a value of JSON as it stands.
    """

    text: pl.Expr
    is_good: pl.Expr
    is_literal: bool = False


PlainRule = Callable[[pl.Series, str], Plain]


def email(cells: pl.Series, _special: str) -> Plain:
    """Accept usual addresses, in lower case: the pattern has no letter outside ASCII."""
    cell = pl.col(cells.name)
    good = cell.str.contains(EMAIL) & (cell.str.len_bytes() <= LONGEST_EMAIL)
    return Plain(cell.str.to_lowercase(), _or_empty(good, cells))


def text(cells: pl.Series, special: str) -> Plain:
    """Accept text of which nothing has to be escaped.

    :param special: the form's pattern of what has to be.
    """
    cell = pl.col(cells.name)
    return Plain(cell, ~cell.str.contains(special))


def category(cells: pl.Series, special: str) -> Plain:
    """Accept text of a category whose labels are not known."""
    cell = pl.col(cells.name)
    return Plain(cell, ~cell.str.contains(special) & (cell.str.len_chars() <= LONGEST_CATEGORY))


def sms(cells: pl.Series, _special: str) -> Plain:
    """Accept international numbers that are digits after ``+``."""
    cell = pl.col(cells.name)
    return Plain(cell.str.strip_prefix("+"), _or_empty(cell.str.contains(phones.plain_pattern()), cells))


def number(cells: pl.Series, _special: str) -> Plain:
    """Accept numbers of few digits; noughts at the end of a decimal go, but for one."""
    cell = pl.col(cells.name)
    good = _or_empty(cell.str.contains(NUMBER), cells)
    if not cells.str.ends_with("0").any():
        return Plain(cell, good, is_literal=True)
    short = cell.str.strip_chars_end("0")
    shortened = pl.when(short.str.ends_with(".")).then(short + "0").otherwise(short)
    written = pl.when(cell.str.contains(NOUGHTS)).then(shortened).otherwise(cell)
    return Plain(written, good, is_literal=True)


def date(cells: pl.Series, _special: str) -> Plain:
    """Accept days of the calendar, by the schema's own pattern; a time of day goes."""
    day = pl.col(cells.name)
    if (cells.str.len_bytes() > LENGTH_OF_A_DAY).any():
        day = pl.when(day.str.contains(DATE_TIME)).then(day.str.slice(0, LENGTH_OF_A_DAY)).otherwise(day)
    good = day.str.contains(pattern_of("date")) & ~day.str.starts_with("0000")
    return Plain(day, _or_empty(good & (day.str.len_bytes() == LENGTH_OF_A_DAY), cells))


def _or_empty(good: pl.Expr, cells: pl.Series) -> pl.Expr:
    """An empty cell is good too; where there is none it is not looked for."""
    return good | (pl.col(cells.name) == "") if (cells == "").any() else good


RULES: dict[str, PlainRule] = {
    "email": email,
    "ext_id": text,
    "sms": sms,
    "text": text,
    "value": text,
    "number": number,
    "date": date,
    "category": category,
}
