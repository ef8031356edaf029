"""Objects of a JSON text with a value of another kind than the others have in its place.

Knows bytes: the first one of a value tells its kind. Objects that are found need not be all there are, nor
truly odd: whoever asks reads the others with their types, and sees.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from email_contacts.contacts.sources.byte_positions import Positions, positions

_QUOTE, _COLON, _BLANK = b'": '
_OPENING, _CLOSING, _COMMA = b"{},"
_IS_BLANK = np.zeros(256, bool)
_IS_BLANK[list(b" \t\r\n")] = True
# Between two objects so many are looked over for all at once; it takes a pass for each.
_MOST_BLANKS = 32
_EMPTY = b"{}"
_BETWEEN = re.compile(rb"\}([ \t\r\n]*,[ \t\r\n]*)\{")
# Of more objects than this share, one by one is as quick.
_MOST = 0.05
_NULL, _OTHER = 0, 6
_KINDS = np.full(256, _OTHER, np.uint8)
for _kind, _first_bytes in enumerate((b"n", b"-0123456789", b'"', b"tf", b"[", b"{")):
    _KINDS[list(_first_bytes)] = _kind


class SetApart(NamedTuple):
    """A text without its odd objects.

    :param text: with an empty object in the place of each.
    :param places: of the odd ones among all, from 0.
    :param texts: the odd ones.
    """

    text: bytes
    places: list[int]
    texts: list[bytes]


def set_apart(text: bytes, starts: Positions, ends: Positions) -> SetApart | None:
    """Set the odd objects of a text apart.

    :param starts: where each object begins.
    :param ends: where each ends.
    :return: None where none is odd, or too many are.
    """
    places = odd_places(text, ends)
    if places is None:
        return None
    kept, texts, at = [], [], 0
    for start, end in zip(starts[places].tolist(), ends[places].tolist(), strict=True):
        kept += [text[at:start], _EMPTY]
        texts.append(text[start:end])
        at = end
    return SetApart(b"".join([*kept, text[at:]]), places.tolist(), texts)


def odd_places(text: bytes, ends: Positions) -> Positions | None:
    """Return which objects of a text are odd, from 0.

    :param ends: where each object ends.
    :return: None where none is, or too many are.
    """
    data = np.frombuffer(text, np.uint8)
    colons = positions(data, lambda some: some == _COLON)
    colons = colons[data[colons - 1] == _QUOTE]
    behind = np.minimum(colons + 1, len(data) - 1)
    behind = np.minimum(behind + (data[behind] == _BLANK), len(data) - 1)
    kinds = _KINDS[data[behind]]
    objects = np.searchsorted(ends, colons)
    counts = np.bincount(objects, minlength=len(ends))
    # Of objects with more keys or fewer it is not seen which value is in which one's place.
    width = int(np.bincount(counts).argmax())
    alike = counts == width
    of_objects = kinds[alike[objects]].reshape(-1, width) if width else kinds[:0]
    is_odd = np.zeros(len(of_objects), bool)
    for of_place in of_objects.T:
        found = np.bincount(of_place, minlength=_OTHER + 1)
        found[_NULL] = 0
        is_odd |= (of_place != found.argmax()) & (of_place != _NULL)
    odd: Any = np.flatnonzero(alike)[is_odd] if width else np.empty(0, np.int64)
    return odd if 0 < len(odd) <= _MOST * len(ends) else None


def elements(text: bytes) -> tuple[Positions, Positions]:
    """Return where the objects of an array begin and end, as far as brackets tell.

    :param text: what stands between the brackets of the array.
    """
    starts, ends = _between(text) or _between_far_apart(text)
    return np.append(0, starts), np.append(ends, len(text))


def _between(text: bytes) -> tuple[Positions, Positions] | None:
    """Return where objects begin behind others, and where these end; None where they are far apart."""
    data = np.frombuffer(text, np.uint8)
    starts = positions(data, lambda some: some == _OPENING)
    commas = _back_over_blanks(data, starts[starts > 0])
    if commas is None:
        return None
    starts, commas = starts[starts > 0], commas - 1
    is_comma = (commas > 0) & (data[commas] == _COMMA)
    starts = starts[is_comma]
    ends = _back_over_blanks(data, commas[is_comma])
    if ends is None:
        return None
    is_end = (ends > 0) & (data[ends - 1] == _CLOSING)
    return starts[is_end], ends[is_end]


def _back_over_blanks(data: Any, places: Positions) -> Positions | None:
    """Return the places behind the last byte before each that is no blank; None where there are many."""
    for _ in range(_MOST_BLANKS):
        is_blank = (places > 0) & _IS_BLANK[data[places - 1]]
        if not is_blank.any():
            return places
        places = places - is_blank
    return None


def _between_far_apart(text: bytes) -> tuple[Positions, Positions]:
    """Return the same for any blanks."""
    spans = [found.span(1) for found in _BETWEEN.finditer(text)]
    ends, starts = np.array(spans, np.int64).reshape(-1, 2).T
    return starts, ends
