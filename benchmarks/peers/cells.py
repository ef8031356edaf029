"""Cells read and checked by hand, as a careful engineer does who knows the traps.

``float`` takes ``1_000`` and ``NaN``, and readers of dates take ``1990-1-5``: patterns come first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from benchmarks.contacts_file import CHOICES, COUNTRIES

NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
ADDRESS = (
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{0,58}[a-z0-9])"
)
BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
LARGEST = 2**53 - 1

_is_number = re.compile(NUMBER).fullmatch
_is_address = re.compile(ADDRESS).fullmatch
_is_date = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_countries, _choices = frozenset(COUNTRIES), frozenset(CHOICES)


def contact_of(row: Mapping[str, str]) -> dict[str, Any]:
    """Make a contact of a row; what cannot be read stays text, for the checks to refuse. Empty cells go."""
    attributes: dict[str, Any] = {}
    for column, attribute, read in _READERS:
        cell = row[column].strip()
        if cell:
            attributes[attribute] = read(cell)
    contact: dict[str, Any] = {"attributes": attributes}
    email = row["email"].strip().lower()
    if email:
        contact["email"] = email
    return contact


def wrong_column(contact: Mapping[str, Any]) -> str | None:
    """Find the first column with a fault, without a schema.

    :return: None when the contact is good.
    """
    email = contact.get("email")
    attributes = contact["attributes"]
    if email is None:
        if "EXT_ID" not in attributes:
            return ""
    elif len(email) > 254 or email.find("@") > 64 or not _is_address(email):
        return "email"
    for column, attribute, is_good in _CHECKS:
        value = attributes.get(attribute)
        if value is not None and not is_good(value):
            return column
    return None


def _number(cell: str) -> float | str:
    return float(cell) if _is_number(cell) else cell


def _boolean(cell: str) -> bool | str:
    return BOOLEANS.get(cell.lower(), cell)


def _several(cell: str) -> list[str]:
    return list(dict.fromkeys(filter(None, map(str.strip, cell.split("|")))))


def _is_text(value: str) -> bool:
    return "\0" not in value


def _is_day(value: str) -> bool:
    if not _is_date(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_points(value: Any) -> bool:
    return type(value) is float and -LARGEST <= value <= LARGEST


_READERS: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    ("ext_id", "EXT_ID", str),
    ("firstname", "FIRSTNAME", str),
    ("lastname", "LASTNAME", str),
    ("country", "COUNTRY", str),
    ("birthday", "BIRTHDAY", str),
    ("points", "POINTS", _number),
    ("newsletter", "NEWSLETTER", _boolean),
    ("interests", "INTERESTS", _several),
)
_CHECKS: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    ("ext_id", "EXT_ID", _is_text),
    ("firstname", "FIRSTNAME", _is_text),
    ("lastname", "LASTNAME", _is_text),
    ("country", "COUNTRY", _countries.__contains__),
    ("birthday", "BIRTHDAY", _is_day),
    ("points", "POINTS", _is_points),
    ("newsletter", "NEWSLETTER", lambda value: type(value) is bool),
    ("interests", "INTERESTS", _choices.issuperset),
)
COLUMN_OF = {attribute: column for column, attribute, _ in _READERS}
