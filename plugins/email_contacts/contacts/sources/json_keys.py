"""Keys that an object of JSON has twice: which of the two values is meant is not certain.

Knows JSON texts and the values that they hold. Parsers keep the last value and say nothing; so the colons of
a text are counted, of which there is one for each key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from email_contacts.contacts.header_names import is_known, shown_name
from email_contacts.contacts.sources.json_value import parse
from email_contacts.contacts.sources.rows import RowFault

_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_QUOTE, _COLON = b'":'
_COLON_AS_CODE = b"\\u003"  # with an A behind it
# Longer texts are looked at as a whole, which then takes less.
_LONG = 4096


@dataclass(frozen=True)
class RepeatedKey(RowFault):
    """A row with a key that comes twice."""


def parsed(text: bytes) -> Any:
    """Parse a JSON text as ``parse`` does; the fault of its row where a key of it comes twice.

    :raises orjson.JSONDecodeError: as ``parse`` does.
    """
    value = parse(text)
    return repeated(key_in(text)) if has_repeated_key(text, value) else value


def has_repeated_key(text: bytes, value: Any) -> bool:
    """Say whether an object in a text has a key twice.

    :param text: JSON, or values of JSON with anything but keys between them.
    :param value: what was made of it.
    """
    return not _are_colons_kept(text, value) and _keys_written(text) != _keys_kept(value)


def repeated(key: str | None) -> RepeatedKey:
    """Give the fault of a row with a key that comes twice.

    :param key: its name, which is said only where it is no content of the source; None where it is not known.
    """
    named = f'The key "{shown_name(key)}"' if key is not None and is_known(key) else "A key"
    return RepeatedKey(
        "json", f"{named} comes twice, so that it is not certain what is meant. Write it once."
    )


def _are_colons_kept(text: bytes, value: Any) -> bool:
    """Say whether each colon of a text is in its value, those within texts too: that is seen quickly."""
    try:
        return _COLON_AS_CODE not in text and text.count(b":") == orjson.dumps(value).count(b":")
    except orjson.JSONEncodeError:  # more levels than it writes
        return False


def _keys_kept(value: Any) -> int:
    count, within = 0, [value] if type(value) in (dict, list) else []
    while within:
        one = within.pop()
        if type(one) is dict:
            count += len(one)
            one = one.values()
        within += [inner for inner in one if type(inner) in (dict, list)]
    return count


def _keys_written(text: bytes) -> int:
    """Count the colons outside texts."""
    if len(text) < _LONG:
        return _TEXT.sub(b"", text).count(b":")
    data = np.frombuffer(_ESCAPE.sub(b"__", text) if b"\\" in text else text, np.uint8)
    quotes, colons = np.flatnonzero(data == _QUOTE), np.flatnonzero(data == _COLON)
    return int(np.count_nonzero(np.searchsorted(quotes, colons) % 2 == 0))


def key_in(text: bytes) -> str | None:
    """Return the first key that comes twice in a text; None where Python's own parser does not get there."""
    found: list[str] = []

    def keep(pairs: Iterable[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            found.extend([key] if key in seen else [])
            seen.add(key)

    try:
        json.loads(text, object_pairs_hook=keep)
    except (ValueError, RecursionError):
        return None
    return next(iter(found), None)
