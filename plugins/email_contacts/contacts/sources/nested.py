"""Objects within objects as columns that are named by their path: ``address.city``.

Knows objects and their keys. What is under ``attributes`` keeps its own names: so the platform writes a
contact, and so an export reads.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

ATTRIBUTES = "attributes"


class TwoValues(Exception):
    """Two values have the same path, as ``{"a.b": 1, "a": {"b": 2}}`` has them; ``str()`` is the path."""


def flat(record: Mapping[str, Any], *, whole: Container[str] = ()) -> dict[str, Any]:
    """Return an object without objects within.

    :param record: an object; lists stay as they are, regardless of what is in them.
    :param whole: keys whose values stay as they are, regardless of what they are.
    :raises TwoValues: when a path leads to two values.
    """
    found: dict[str, Any] = {}
    for key, value in record.items():
        if not isinstance(value, dict) or key in whole:
            if key in found:
                raise TwoValues(key)
            found[key] = value
            continue
        for inner, cell in flat(value).items():
            path = path_of(key, inner, taken=record)
            if path in found:
                raise TwoValues(path)
            found[path] = cell
    return found


def path_of(outer: str, inner: str, *, taken: Container[str]) -> str:
    """Name a column that is within another one.

    :param taken: names of columns next to the outer one.
    """
    return inner if outer == ATTRIBUTES and inner not in taken else f"{outer}.{inner}"
