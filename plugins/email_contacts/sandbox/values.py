"""Attribute values: which ones each attribute type takes, from JSON and from the cells of a CSV.

The platform's rule is leniency: a value of the wrong type is ignored, never an error (api-contract §1.3, §3);
only a date that is not YYYY-MM-DD is refused, and only when a single contact is created or updated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

IGNORED = object()
"""What a reader returns for a value that the platform drops."""

Reader = Callable[[Any], Any]

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_IMPORT_DATES = {
    _ISO_DATE: (slice(8, 10), slice(5, 7), slice(0, 4)),
    re.compile(r"\d\d[-/]\d\d[-/]\d{4}"): (slice(0, 2), slice(3, 5), slice(6, 10)),
}
"""YYYY-MM-DD, DD-MM-YYYY and DD/MM/YYYY, and where in them the day, month and year stand."""
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@(?:[^\s@<>,;:\"()\[\]\\.]+\.)+[^\s@<>,;:\"()\[\]\\.]{2,}")
_PHONE = re.compile(r"\d{6,15}", re.ASCII)
_EXACT = 2**53


class BadDate(ValueError):
    """A date that is not YYYY-MM-DD where the platform insists on it."""


@dataclass(frozen=True, kw_only=True)
class AttributeRule:
    """One attribute of the account.

    :param name: upper-case name.
    :param category: ``normal``, ``category``, ``transactional``, ``calculated`` or ``global``.
    :param type: ``text``, ``date``, ``float``, ``boolean``, ``multiple-choice``, …; None for a category.
    :param enumeration: for a category, its values and labels.
    :param options: for multiple-choice, its options.
    """

    name: str
    category: str
    type: str | None = None
    enumeration: tuple[tuple[Any, str], ...] = ()
    options: tuple[str, ...] = ()

    @property
    def holds_values(self) -> bool:
        """Whether contacts can carry it: calculated and global attributes belong to the account."""
        return self.category in ("normal", "category", "transactional")

    def json_reader(self, *, strict_dates: bool = False) -> Reader:
        """Return what reads a JSON value.

        :param strict_dates: raise :class:`BadDate` unless a date is YYYY-MM-DD; otherwise the formats of an
            import are understood and others ignored.
        """
        if self.category == "category":
            labels = {str(value): label for value, label in self.enumeration}
            labels.update({label: label for _, label in self.enumeration})
            return lambda value: labels.get(str(value), IGNORED) if _is_word(value) else IGNORED
        if self.type == "date":
            return _exact_date if strict_dates else _lenient_date
        if self.type == "multiple-choice":
            return lambda value: _chosen(value, self.options)
        return _JSON_READERS.get(self.type or "text", _text)

    def cell_reader(self) -> Reader:
        """Return what reads the text of a CSV cell, in an import."""
        if self.type == "float" and self.category != "category":
            return _float_cell
        if self.type == "boolean" and self.category != "category":
            return lambda cell: _WORDS.get(cell.strip().lower(), IGNORED)
        if self.type == "multiple-choice":
            return lambda cell: _chosen(re.split(r"\s*[|,]\s*", cell.strip().strip("[]")), self.options)
        return self.json_reader()


def email(value: Any) -> str | None:
    """Return an e-mail address in lower case, None when it is not one."""
    if not isinstance(value, str):
        return None
    address = value.strip().lower()
    return address if len(address) <= 254 and _EMAIL.fullmatch(address) and is_writable(address) else None


def phone(value: Any) -> str | None:
    """Return the digits of a number with country code (``+91…``, ``0091…``, ``91…``), None if it is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    digits = re.sub(r"[\s().-]", "", str(value)).removeprefix("+").removeprefix("00")
    return digits if _PHONE.fullmatch(digits) else None


def name(value: Any) -> str | None:
    """Return an own id (``ext_id``) as text, None when it is empty or of another type."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip()
    return text if text and is_writable(text) else None


def is_empty(value: Any) -> bool:
    """Return whether a field of an import is empty: such a one erases or leaves, but never sets."""
    return value is None or (isinstance(value, str) and (not value or value.isspace()))


def read_attributes(given: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Return what the account keeps of the given attributes: unknown names and wrong values fall away.

    Empty values stay, as None, for the caller to erase or to leave.

    :raises BadDate: from a strict date reader.
    """
    kept: dict[str, Any] = {}
    for key, value in given.items():
        reader = readers.get(key)
        if reader is None:
            continue
        if is_empty(value):
            kept[key] = None
        elif (read := reader(value)) is not IGNORED:
            kept[key] = read
    return kept


def dumps(attributes: Mapping[str, Any]) -> str:
    """Serialise stored attributes."""
    return orjson.dumps(attributes).decode()


def _text(value: Any) -> Any:
    return value if isinstance(value, str) and is_writable(value) else IGNORED


def is_writable(text: str) -> bool:
    """Return whether a text can be stored: JSON can contain half a surrogate pair, UTF-8 cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _float(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return IGNORED
    if isinstance(value, int) and abs(value) <= _EXACT:
        return value
    try:
        number = float(value)
    except OverflowError:
        return IGNORED
    return number if math.isfinite(number) else IGNORED


def _float_cell(cell: str) -> Any:
    try:
        number = float(cell)
    except ValueError:
        return IGNORED
    return int(number) if number.is_integer() and abs(number) <= _EXACT else _float(number)


def _boolean(value: Any) -> Any:
    return value if isinstance(value, bool) else IGNORED


def _exact_date(value: Any) -> Any:
    if not isinstance(value, str) or not _ISO_DATE.fullmatch(value):
        raise BadDate("a date is written YYYY-MM-DD")
    try:
        date.fromisoformat(value)
    except ValueError as error:
        raise BadDate("a date is written YYYY-MM-DD and exists in the calendar") from error
    return value


def _lenient_date(value: Any) -> Any:
    if not isinstance(value, str):
        return IGNORED
    for style, parts in _IMPORT_DATES.items():
        if style.fullmatch(value.strip()):
            day, month, year = (int(value.strip()[part]) for part in parts)
            return _in_calendar(year, month, day)
    return IGNORED


def _in_calendar(year: int, month: int, day: int) -> Any:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return IGNORED


def _chosen(value: Any, options: Iterable[str]) -> Any:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return IGNORED
    chosen = [option for option in options if option in value]
    return chosen or IGNORED


def _is_word(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_JSON_READERS: Mapping[str, Reader] = {"text": _text, "float": _float, "boolean": _boolean}
