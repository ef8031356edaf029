"""JSON with the line of each part.

Knows JSON only. The standard library reads it and says what is wrong; a second walk over what it took finds
the lines.
"""

from __future__ import annotations

import json
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from email_contacts.contacts.mapping.reading import Place, Unreadable, whole

_BLANKS = " \t\r\n"
_DECODER = json.JSONDecoder()


def parse(text: str) -> tuple[Any, dict[Place, int]]:
    """Read a document.

    :return: its content, and the lines by place.
    :raises Unreadable: when it is not JSON, or an object has a key twice.
    """
    try:
        content = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise Unreadable(error.lineno, f"it is not JSON at column {error.colno}: {error.msg}") from error
    except ValueError as error:  # a constant, or a number of thousands of digits
        raise Unreadable(1, f"it is not JSON: {error}") from error
    lines: dict[Place, int] = {}
    _walk(text, 0, (), lines)
    return content, lines


def _walk(text: str, at: int, place: Place, lines: dict[Place, int]) -> int:
    """Note the lines of a value and of what is in it; gives where it ends."""
    at = _behind_blanks(text, at)
    lines.setdefault(place, _line(text, at))
    if text[at] not in "{[":
        value, end = _DECODER.raw_decode(text, at)
        if isinstance(value, str):
            whole(value, lines[place])
        return end
    closing, number = "}" if text[at] == "{" else "]", 0
    at = _behind_blanks(text, at + 1)
    while text[at] != closing:
        inner: Place = (*place, number)
        if closing == "}":
            line = _line(text, at)
            key, at = scanstring(text, at + 1)
            inner = (*place, whole(key, line))
            if inner in lines:
                raise Unreadable(line, "a key appears twice. Keep one")
            lines[inner] = line
            at = _behind_blanks(text, at) + 1  # the colon
        at = _behind_blanks(text, _walk(text, at, inner, lines))
        if text[at] == ",":
            at = _behind_blanks(text, at + 1)
        number += 1
    return at + 1


def _behind_blanks(text: str, at: int) -> int:
    while text[at] in _BLANKS:
        at += 1
    return at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")
