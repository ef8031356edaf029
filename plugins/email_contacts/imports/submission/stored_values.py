"""How the platform stores the values of a contact, so that what was sent can be held against what it shows.

Knows the platform's leniency (api-contract §3): phones become digits, dates ISO 8601, a category its label; a
value of the wrong type and an unknown attribute are silently dropped. Must not import Airflow, and
keeps, logs and shows no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email_contacts.api.answers import Attribute

PHONES = ("SMS", "WHATSAPP", "LANDLINE_NUMBER")
# Categories whose values belong to the account, not to a contact.
_NOT_OF_A_CONTACT = ("calculated", "global")
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_DAY_FIRST = re.compile(r"(\d\d)[-/](\d\d)[-/](\d{4})", re.ASCII)

# What cannot be read as the attribute's type; the platform drops it, so it says nothing.
DROPPED = object()


class StoredValues:
    """The attributes of one account, as far as they are known.

    :param attributes: of ``GET /contacts/attributes``; None where the platform does not show them: then every
        attribute is taken for a text that the account has.
    """

    def __init__(self, attributes: Iterable[Attribute] | None) -> None:
        self._known = None if attributes is None else {one.name.upper(): one for one in attributes}

    def differs(self, name: str, sent: Any, shown: Mapping[str, Any], *, is_cell: bool, erases: bool) -> bool:
        """Return whether a contact shows another value than the import of ``sent`` would have left.

        :param name: the attribute, in upper case.
        :param shown: the attributes that the contact shows, by their names in upper case.
        :param is_cell: whether ``sent`` is the text of a CSV cell, which the platform reads by type.
        :param erases: whether an empty value erases (``emptyContactsAttributes``).
        """
        now = shown.get(name)
        if is_empty(sent):
            return erases and not is_empty(now)
        read = self._reader(name, is_cell=is_cell)
        wanted = DROPPED if read is None else read(sent)
        if wanted is DROPPED:
            return False
        if wanted is False and now is True:
            return False  # from JSON the platform does not put false over true (api-contract §3)
        if is_empty(now):
            return True
        reread = self._reader(name, is_cell=False)
        return reread is not None and reread(now) != wanted

    def _reader(self, name: str, *, is_cell: bool) -> Callable[[Any], Any] | None:
        """What reads a value of an attribute; None for one that no contact of the account has."""
        if name in PHONES:
            return digits
        if self._known is None:
            return _plain_text
        attribute = self._known.get(name)
        if attribute is None or attribute.category in _NOT_OF_A_CONTACT:
            return None
        if attribute.category == "category":
            labels = {**dict(zip(attribute.values, attribute.enumeration, strict=False))}
            labels |= {label: label for label in attribute.enumeration}
            return lambda value: labels.get(str(value).strip(), DROPPED)
        if attribute.type == "multiple-choice":
            return lambda value: _chosen(value, attribute.options, is_cell=is_cell)
        readers: dict[str, Callable[[Any], Any]] = {
            "date": _date,
            "float": _cell_float if is_cell else _float,
            "boolean": _cell_boolean if is_cell else _boolean,
        }
        reader: Callable[[Any], Any] = readers.get(attribute.type or "text", _text)
        return reader


def is_empty(value: Any) -> bool:
    """Whether a value sets nothing: such a one erases or leaves."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def digits(value: Any) -> Any:
    """A phone number as the platform stores it: its digits, without the leading ``+`` or ``00``."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return DROPPED
    return re.sub(r"[\s().-]", "", str(value)).removeprefix("+").removeprefix("00")


def _text(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else DROPPED


def _plain_text(value: Any) -> Any:
    return ",".join(sorted(map(str, value))) if isinstance(value, list) else str(value).strip().lower()


def _date(value: Any) -> Any:
    if not isinstance(value, str):
        return DROPPED
    text = value.strip()
    if turned := _DAY_FIRST.fullmatch(text):
        text = f"{turned[3]}-{turned[2]}-{turned[1]}"
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return DROPPED


def _float(value: Any) -> Any:
    return DROPPED if isinstance(value, bool) or not isinstance(value, (int, float)) else _cell_float(value)


def _cell_float(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return DROPPED


def _boolean(value: Any) -> Any:
    return value if isinstance(value, bool) else DROPPED


def _cell_boolean(value: Any) -> Any:
    return _WORDS.get(str(value).strip().lower(), DROPPED)


def _chosen(value: Any, options: Iterable[str], *, is_cell: bool) -> Any:
    if is_cell and isinstance(value, str):
        value = re.split(r"[|,]", value.strip().strip("[]"))
    if not isinstance(value, list):
        return DROPPED
    given = {str(one).strip() for one in value}
    return frozenset(option for option in options if option.strip() in given) or DROPPED
