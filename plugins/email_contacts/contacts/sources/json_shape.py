"""Where the rows are in a JSON text: one object per line, in an array, under a key, one after another.

Knows the first bytes of a text only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from email_contacts.contacts.header_names import says_who
from email_contacts.contacts.mapping.synonyms import ID, group_of
from email_contacts.contacts.sources.json_value import parse
from email_contacts.contacts.sources.nested import ATTRIBUTES

BLANKS = b" \t\r\n"
_LINES_LOOKED_AT = 20
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]:,]', re.DOTALL)


@dataclass(frozen=True)
class Shape:
    """Where the rows are in a JSON text.

    :param depth: brackets that are open around them: 0 for values one after another, 1 in an array, 2 in an
        array under a key, more where that is within further objects.
    :param start: the byte behind the bracket that opens the rows.
    :param key: the key that they are under, or the path to them: ``data.contacts``.
    """

    depth: int
    start: int = 0
    key: str = ""


def shape_of(head: bytes, *, is_whole: bool) -> Shape | None:
    """Return where the rows are, or None where each line is an object.

    An object whose keys say who somebody is, is a row; one without, that has an array of objects under a key,
    is about rows. Where no key of its own has one, keys of the objects within it may. Objects with commas
    between them may follow one another without any bracket around them.

    :param head: the first bytes of the text.
    :param is_whole: whether these are all.
    """
    start = len(head) - len(head.lstrip(BLANKS))
    if head[start : start + 1] == b"[":
        return Shape(1, start + 1)
    if head[start : start + 1] != b"{":
        return None
    first, *others = head[start:].split(b"\n", _LINES_LOOKED_AT)
    if first.rstrip(BLANKS).endswith(b",") and _is_json(first.rstrip(BLANKS)[:-1]):
        return Shape(0, start)
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
        parse(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _under_a_key(head: bytes, start: int) -> Shape | None:
    """Look for the first array of objects under a key of an object that is no row.

    Those within fewer objects come first; one without anything in it counts only where there is no other.
    """
    found: list[tuple[bool, Shape]] = []
    for is_empty, shape in _arrays_under_keys(head, start):
        found.append((is_empty, shape))
        if not is_empty and shape.depth == 2:
            break
    return min(found, key=lambda one: (one[0], one[1].depth), default=(True, None))[1]


def _arrays_under_keys(head: bytes, start: int) -> Iterator[tuple[bool, Shape]]:
    """Give the arrays of objects that are within objects only, and of each whether nothing is in it."""
    brackets, before = b"", b""
    keys: list[str] = []
    are_rows: list[bool] = []  # of the objects that are open
    for token in _TOKEN.finditer(head, start):
        text = token[0]
        if text in (b"{", b"["):
            within = head[token.end() :].lstrip(BLANKS)[:1]
            if text == b"[" and b"[" not in brackets and within in (b"{", b"]") and not any(are_rows):
                yield within == b"]", Shape(len(brackets) + 1, token.end(), ".".join(keys))
            brackets += text
            keys.append("")
            are_rows.append(False)
        elif text in (b"}", b"]"):
            brackets = brackets[:-1]
            keys.pop()
            are_rows.pop()
        elif text == b":" and b"[" not in brackets:
            keys[-1] = name = before.strip(b'"').decode("utf-8", "replace")
            are_rows[-1] |= (says_who(name) and group_of(name) != ID) or name == ATTRIBUTES
        if not brackets or are_rows[0]:
            return
        before = text
