"""Fields of a decoded JSON document, read strictly.

Knows JSON types only. An error names field and rule, never the value: that may be personal data.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from email_contacts.api import timestamps

REQUIRED: Any = object()


class NotAsDocumented(ValueError):
    """A document that does not hold what api-contract says; names field and rule."""


def field(document: Any, name: str, *, default: Any = REQUIRED) -> Any:
    """Take a value; absent and null are the same."""
    if not isinstance(document, dict):
        raise NotAsDocumented("not a JSON object")
    value = document.get(name)
    if value is None:
        if default is REQUIRED:
            raise NotAsDocumented(f"{name!r} is missing")
        return default
    return value


def integer(document: Any, name: str, *, default: Any = REQUIRED) -> int:
    """Take a whole number that is not negative."""
    value = field(document, name, default=default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise NotAsDocumented(f"{name!r} is not a whole number")
    return value


def integer_or_none(document: Any, name: str) -> int | None:
    """Take a whole number where there may be none."""
    return None if field(document, name, default=None) is None else integer(document, name)


def text(document: Any, name: str) -> str:
    """Take a string."""
    value = field(document, name)
    if not isinstance(value, str):
        raise NotAsDocumented(f"{name!r} is not a string")
    return value


def array(document: Any, name: str, *, required: bool = False) -> list[Any]:
    """Take an array; an absent one is empty unless it is required."""
    value = field(document, name, default=REQUIRED if required else [])
    if not isinstance(value, list):
        raise NotAsDocumented(f"{name!r} is not an array")
    return value


def instant(document: Any, name: str) -> datetime:
    """Take an RFC 3339 date-time."""
    try:
        return timestamps.parse(text(document, name))
    except ValueError as error:
        raise NotAsDocumented(f"{name!r} is {error}") from None
