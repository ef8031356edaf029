"""Cells made uniform: trimmed, typed, in the one form that is sent.

Knows single cells. Nothing is refused here: what cannot be made uniform stays as it is, and the schema of
``validation`` then refuses it. None stands for an empty cell, which leaves the attribute out.

Cells come as text from CSV, and as anything that JSON has from NDJSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from math import isfinite
from typing import Any

Normaliser = Callable[[Any], Any]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
_INTEGER = re.compile(r"-?[0-9]{1,18}").fullmatch
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
    r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
).fullmatch
_PHONE_PUNCTUATION = str.maketrans("", "", " -./()\u00a0")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_DATES_REMEMBERED = 1 << 14  # people of one source share some ten thousand birthdays


def text(cell: Any) -> Any:
    """Trim; whole numbers of JSON become their digits."""
    if type(cell) is str:
        return cell.strip() or None
    return str(cell) if type(cell) is int else cell


def email(cell: Any) -> Any:
    """Trim and lower-case. Not outside ASCII: there some letters have an ASCII lower case (K for Kelvin)."""
    if type(cell) is not str:
        return cell
    cell = cell.strip()
    return (cell.lower() if cell.isascii() else cell) or None


def sms(cell: Any) -> Any:
    """Bring a phone number to digits with its country code, as the platform stores it (api-contract §3).

    Blanks, dashes, dots, slashes and parentheses go, and ``+`` or ``00`` in front. A number with ``(0)``
    stays as it is: whether the nought belongs to it is the country's choice.
    """
    cell = text(cell)
    if type(cell) is not str or "(0)" in cell:
        return cell
    digits = cell.translate(_PHONE_PUNCTUATION)
    return digits[1:] if digits.startswith("+") else digits.removeprefix("00")


def number(cell: Any) -> Any:
    """Read a number by the grammar of JSON: neither ``1_000`` nor ``NaN``, which ``float`` would take."""
    if type(cell) is not str:
        return cell
    cell = cell.strip()
    if not cell:
        return None
    if _INTEGER(cell) and _NUMBER(cell):
        return int(cell)
    if not _NUMBER(cell):
        return cell
    value = float(cell)
    return value if isfinite(value) else cell


def boolean(cell: Any) -> Any:
    """Read true, yes, 1 and false, no, 0 in any case."""
    if type(cell) is int:
        cell = str(cell)
    if type(cell) is not str:
        return cell
    cell = cell.strip()
    return _BOOLEANS.get(cell.lower(), cell) if cell else None


def date(cell: Any) -> Any:
    """Cut the time off an ISO date-time; the day stays the one that is written, whatever the offset."""
    if type(cell) is not str:
        return cell
    cell = cell.strip()
    if len(cell) <= 10:
        return cell or None
    date_time = _DATE_TIME(cell)
    return date_time[1] if date_time else cell


def date_in(date_format: str) -> Normaliser:
    """Make a normaliser for dates in a format of their own.

    What is read must be written the same again: strptime alone takes 5/1/1990 for ``%d/%m/%Y``.

    :param date_format: strptime's directives, such as ``%d.%m.%Y``.
    """

    @lru_cache(maxsize=_DATES_REMEMBERED)
    def read(cell: str) -> str:
        try:
            day = datetime.strptime(cell, date_format)  # no time zone: the day as it is written
        except ValueError:
            return _not_a_date(cell)
        return f"{day:%Y-%m-%d}" if day.strftime(date_format) == cell else _not_a_date(cell)

    def date_of(cell: Any) -> Any:
        if type(cell) is not str:
            return cell
        cell = cell.strip()
        return read(cell) if cell else None

    return date_of


def category(labels: Sequence[str]) -> Normaliser:
    """Make a normaliser for one of the labels: any case is taken, the account's spelling is sent.

    :param labels: none when they are not known; then the cell is only trimmed.
    """
    spelling = {label.casefold(): label for label in labels}

    def label_of(cell: Any) -> Any:
        cell = text(cell)
        return spelling.get(cell.casefold(), cell) if type(cell) is str else cell

    return label_of


def multiple_choice(labels: Sequence[str], separator: str) -> Normaliser:
    """Make a normaliser for several of the labels: each one once, in the order of the cell.

    :param labels: none when they are not known.
    :param separator: between the choices in a cell of text; JSON brings arrays.
    """
    label_of = category(labels)

    def labels_of(cell: Any) -> Any:
        if type(cell) is str:
            cell = cell.split(separator)
        if type(cell) is not list:
            return cell
        choices = [choice for choice in map(label_of, cell) if choice is not None]
        try:
            return list(dict.fromkeys(choices)) or None
        except TypeError:  # an array or object inside the array: the schema refuses it
            return choices

    return labels_of


def _not_a_date(cell: str) -> str:
    """Mark a cell that is not in the format, lest it passes for an ISO date by chance."""
    return f"?{cell}"
