"""Where the rows are in a JSON text: one object per line, in an array, under a key, one after another.

Knows the first bytes of a text only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import orjson

from email_contacts.contacts.header_names import says_who
from email_contacts.contacts.mapping.synonyms import ID, group_of
from email_contacts.contacts.sources.nested import ATTRIBUTES

BLANKS = b" \t\r\n"
_LINES_LOOKED_AT = 20
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]:,]', re.DOTALL)


@dataclass(frozen=True)
class Shape:
    """Where the rows are in a JSON text.

    :param depth: brackets that are open around them: 0 for values one after another, 1 in an array, 2 in an
        array under a key.
    :param start: the byte behind the bracket that opens the rows.
    :param key: the key that they are under.
    """

    depth: int
    start: int = 0
    key: str = ""


def shape_of(head: bytes, *, is_whole: bool) -> Shape | None:
    """Return where the rows are, or None where each line is an object.

    An object whose keys say who somebody is, is a row; one without, that has an array of objects under a key,
    is about rows.

    :param head: the first bytes of the text.
    :param is_whole: whether these are all.
    """
    start = len(head) - len(head.lstrip(BLANKS))
    if head[start : start + 1] == b"[":
        return Shape(1, start + 1)
    if head[start : start + 1] != b"{":
        return None
    first, *others = head[start:].split(b"\n", _LINES_LOOKED_AT)
    if any(line.startswith(b"{") and _is_json(line) for line in (first, *others)) and any(
        line.strip() for line in others
    ):
        return None
    keyed = _under_a_key(head, start)
    if keyed is not None:
        return keyed
    return None if _is_json(first) or not (others or is_whole) else Shape(0, start)


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _under_a_key(head: bytes, start: int) -> Shape | None:
    """Look for the first key of an object that has an array of objects."""
    depth, key, before = 0, b"", b""
    for token in _TOKEN.finditer(head, start):
        text = token[0]
        if text in (b"{", b"["):
            depth += 1
            if depth == 2 and text == b"[" and head[token.end() :].lstrip(BLANKS)[:1] in (b"{", b"]"):
                return Shape(2, token.end(), key.strip(b'"').decode("utf-8", "replace"))
        elif text in (b"}", b"]"):
            depth -= 1
            if depth <= 0:
                return None
        elif text == b":" and depth == 1:
            key = before
            name = key.strip(b'"').decode("utf-8", "replace")
            if (says_who(name) and group_of(name) != ID) or name == ATTRIBUTES:
                return None
        before = text
    return None
