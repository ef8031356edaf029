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
INTEGER = r"^(?:0|-?[1-9][0-9]{0,14})$"
DECIMAL = r"^-?(?:0\.[0-9]{1,4}|[1-9][0-9]{0,8}\.[0-9]{1,6})$"
DATE_TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
    r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?$"
)
LONGEST_CATEGORY = 200


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


PlainRule = Callable[[pl.Expr, str], Plain]


def email(cell: pl.Expr, _special: str) -> Plain:
    """Accept usual addresses, in lower case: the pattern has no letter outside ASCII."""
    good = cell.str.contains(EMAIL) & (cell.str.len_bytes() <= LONGEST_EMAIL)
    return Plain(cell.str.to_lowercase(), good | (cell == ""))


def text(cell: pl.Expr, special: str) -> Plain:
    """Accept text of which nothing has to be escaped.

    :param special: the form's pattern of what has to be.
    """
    return Plain(cell, ~cell.str.contains(special))


def category(cell: pl.Expr, special: str) -> Plain:
    """Accept text of a category whose labels are not known."""
    return Plain(cell, ~cell.str.contains(special) & (cell.str.len_chars() <= LONGEST_CATEGORY))


def sms(cell: pl.Expr, _special: str) -> Plain:
    """Accept international numbers that are digits after ``+``."""
    return Plain(cell.str.strip_prefix("+"), cell.str.contains(phones.plain_pattern()) | (cell == ""))


def number(cell: pl.Expr, _special: str) -> Plain:
    """Accept numbers of few digits; noughts at the end of a decimal go, but for one."""
    is_decimal = cell.str.contains(DECIMAL)
    short = cell.str.strip_chars_end("0")
    shortened = pl.when(short.str.ends_with(".")).then(short + "0").otherwise(short)
    has_noughts = is_decimal & cell.str.ends_with("0")
    written = pl.when(has_noughts).then(shortened).otherwise(cell)
    return Plain(written, is_decimal | cell.str.contains(INTEGER) | (cell == ""), is_literal=True)


def date(cell: pl.Expr, _special: str) -> Plain:
    """Accept days of the calendar, by the schema's own pattern; a time of day goes."""
    day = pl.when(cell.str.contains(DATE_TIME)).then(cell.str.slice(0, 10)).otherwise(cell)
    good = (day.str.len_bytes() == 10) & day.str.contains(pattern_of("date")) & ~day.str.starts_with("0000")
    return Plain(day, good | (cell == ""))


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
