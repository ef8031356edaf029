"""Fields of a decoded JSON document, read strictly.

Knows JSON types only. An error names field and rule, never the value: that may be personal data.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeGuard, TypeVar

from email_contacts.api import timestamps

T = TypeVar("T")

REQUIRED: Any = object()

_TOO_BIG = 2**63


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


def integer(document: Any, name: str) -> int:
    """Take a whole number that is not negative, and that a database could hold."""
    return _checked(field(document, name), name, is_count, "a whole number from 0 to 2^63 - 1")


def identifier(document: Any, name: str) -> int:
    """Take an id: a whole number from 1 on."""
    return _checked(field(document, name), name, _is_id, "an id from 1 to 2^63 - 1")


def text(document: Any, name: str) -> str:
    """Take a string."""
    return _checked(field(document, name), name, _is_text, "a string")


def array(document: Any, name: str, *, required: bool = False) -> list[Any]:
    """Take an array; an absent one is empty unless it is required."""
    value = field(document, name, default=REQUIRED if required else [])
    return _checked(value, name, _is_array, "an array")


def integer_or(document: Any, name: str, default: T) -> int | T:
    """Take a whole number that nothing depends on; one that is absent or unreadable is the default."""
    value = field(document, name, default=None)
    return value if is_count(value) else default


def identifier_or_none(document: Any, name: str) -> int | None:
    """Take an id that nothing depends on; one that is absent or unreadable is ``None``."""
    value = field(document, name, default=None)
    return value if _is_id(value) else None


def text_or_none(document: Any, name: str) -> str | None:
    """Take a string that nothing depends on; one that is absent or unreadable is ``None``."""
    value = field(document, name, default=None)
    return value if isinstance(value, str) else None


def term(document: Any, name: str) -> str:
    """Take a string, or a number as one; one that is absent or unreadable is empty."""
    value = field(document, name, default="")
    return str(value) if is_scalar(value) else ""


def instant_or_none(document: Any, name: str) -> datetime | None:
    """Take an RFC 3339 date-time that nothing depends on.

    :return: ``None`` when it is absent or unreadable; without a time zone it names no instant.
    """
    try:
        return timestamps.parse(text_or_none(document, name) or "")
    except ValueError:
        return None


def is_scalar(value: Any) -> bool:
    """Return whether a value is a string or a number."""
    return isinstance(value, (str, int, float))


def is_count(value: Any) -> TypeGuard[int]:
    """Return whether a value is a whole number that is not negative, and that a database could hold."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _TOO_BIG


def _checked(value: Any, name: str, is_right: Callable[[Any], TypeGuard[T]], rule: str) -> T:
    if not is_right(value):
        raise NotAsDocumented(f"{name!r} is not {rule}")
    return value


def _is_id(value: Any) -> TypeGuard[int]:
    return is_count(value) and value > 0


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str)


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
