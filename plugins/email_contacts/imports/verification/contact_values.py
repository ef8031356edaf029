"""Comparing the values that were sent with those that the platform shows (api-contract §3).

The platform writes values in its own way: phone numbers as digits, cells of a CSV by the attribute's type,
options in its own order. Only a difference that no such rule explains counts. Keeps and shows no value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PHONES = frozenset({"SMS", "WHATSAPP", "LANDLINE_NUMBER"})
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def differing(sent: Mapping[str, Any], shown: Mapping[str, Any]) -> frozenset[str]:
    """Name the attributes whose value is not the one that was sent.

    :param sent: attribute → value; an empty one says nothing, for the platform keeps what it has.
    :param shown: attribute → value, as the platform shows the contact.
    """
    return frozenset(
        name
        for name, value in sent.items()
        if not _is_empty(value) and not _is_same(name, value, shown.get(name))
    )


def comparable(attribute: str, text: str) -> str:
    """The form in which identifiers are compared; ``+49…``, ``0049…`` and ``49…`` are one phone number.

    :param attribute: what kind of identifier it is; empty where any may be meant.
    """
    if attribute in _PHONES:
        return re.sub(r"\D", "", text).lstrip("0")
    return text if attribute == "EXT_ID" else text.casefold()


def _is_same(name: str, sent: Any, shown: Any) -> bool:
    if shown is None:
        return False
    if name in _PHONES:
        return comparable(name, str(sent)) == comparable(name, str(shown))
    if isinstance(sent, list) or isinstance(shown, list):
        return _options(sent) == _options(shown)
    if isinstance(sent, bool) or isinstance(shown, bool):
        return _flag(sent) == _flag(shown)
    one, other = str(sent).strip(), str(shown).strip()
    return one == other or _is_same_number(one, other) or _is_label(one, other) or _is_same_day(one, other)


def _is_empty(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _options(value: Any) -> list[str]:
    if not isinstance(value, list):
        value = re.split("[,|]", str(value))
    return sorted(str(one).strip() for one in value)


def _flag(value: Any) -> Any:
    return _FLAGS.get(str(value).strip().lower(), value)


def _is_same_number(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _is_label(sent: str, shown: str) -> bool:
    """A category is sent by its number and shown by its label; which belong together is not known here."""
    return sent.isascii() and sent.isdigit() and not any(letter.isdigit() for letter in shown)


def _is_same_day(sent: str, shown: str) -> bool:
    """A date may be shown with a time."""
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", sent)) and shown.startswith(f"{sent}T")
