"""How texts that match a regular expression may begin.

Knows the few things that the library's expressions for national prefixes are made of: digits, classes and
groups of them, alternatives, repetitions and the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PART = re.compile(r"\(\?:|\\d|\[[0-9-]+\]|\{[0-9]+(?:,[0-9]*)?\}|[0-9()|?$]")
_RANGE = re.compile("([0-9])-([0-9])")
_DIGITS = frozenset("0123456789")
Texts = frozenset[str]
_NOTHING: Texts = frozenset({""})


class NotUnderstood(ValueError):
    """An expression has something else in it."""


def beginnings(pattern: str, size: int) -> Texts:
    """Return how what a pattern matches may begin, whatever follows it.

    :param pattern: an expression about digits.
    :param size: characters to look at.
    :return: texts of so many digits, or of fewer where a match may end behind them.
    :raises NotUnderstood: when something in it is not known here.
    """
    parts = _PART.findall(pattern)
    if "".join(parts) != pattern:
        raise NotUnderstood(pattern)
    left = iter([*parts, ")"])
    found = _alternatives(left, size)
    if next(left, None) is not None:
        raise NotUnderstood(pattern)
    return found


def _alternatives(parts: Iterator[str], size: int) -> Texts:
    """Read up to the bracket that closes."""
    found: set[str] = set()
    one, last = _NOTHING, _NOTHING  # an alternative so far without its last part, and that
    for part in parts:
        if part[0] in "?{":
            last = _repeated(last, part, size)
            continue
        one, last = _joined(one, last, size), _NOTHING
        if part in ("|", ")"):
            found |= one
            one = _NOTHING
        if part == ")":
            return frozenset(found)
        if part in ("(", "(?:"):
            last = _alternatives(parts, size)
        elif part not in ("|", "$"):
            last = _digits_of(part)
    raise NotUnderstood


def _repeated(texts: Texts, part: str, size: int) -> Texts:
    if part == "?":
        return texts | _NOTHING
    least, _, most = part[1:-1].partition(",")
    found = _NOTHING
    for _ in range(min(int(least), size)):
        found = _joined(found, texts, size)
    more = found
    for _ in range(size if "," in part and not most else 0 if "," not in part else min(int(most), size)):
        more = _joined(more, texts, size)
        found |= more
    return found


def _joined(before: Texts, after: Texts, size: int) -> Texts:
    return frozenset((one + other)[:size] for one in before for other in after)


def _digits_of(part: str) -> Texts:
    if part == r"\d":
        return _DIGITS
    if part[0] != "[":
        return frozenset(part)
    spelled = _RANGE.sub(lambda ends: "".join(map(str, range(int(ends[1]), int(ends[2]) + 1))), part[1:-1])
    return frozenset(spelled)
