"""Lines of JSON with a value of another kind than the other lines have in its place.

Knows bytes: the first one of a value tells its kind. Lines that are found need not be all there are, nor
truly odd: whoever asks reads the others with their types, and sees.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from email_contacts.contacts.sources.byte_positions import Positions, positions

_QUOTE, _COLON, _BLANK = b'": '
# Of more lines than this share, one by one is as quick.
_MOST = 0.05
_NULL, _OTHER = 0, 6
_KINDS = np.full(256, _OTHER, np.uint8)
for _kind, _first_bytes in enumerate((b"n", b"-0123456789", b'"', b"tf", b"[", b"{")):
    _KINDS[list(_first_bytes)] = _kind


def odd_lines(text: bytes, ends: Positions) -> Positions | None:
    """Return the numbers of the odd lines, from 0.

    :param text: whole lines.
    :param ends: where their newlines are.
    :return: None where there are none, or too many.
    """
    data = np.frombuffer(text, np.uint8)
    colons = positions(data, lambda some: some == _COLON)
    colons = colons[data[colons - 1] == _QUOTE]
    kinds = _KINDS[data[colons + 1 + (data[colons + 1] == _BLANK)]]
    lines = np.searchsorted(ends, colons)
    counts = np.bincount(lines, minlength=len(ends))
    # Of lines with more keys or fewer it is not seen which value is in which one's place.
    width = int(np.bincount(counts).argmax())
    alike = counts == width
    places = kinds[alike[lines]].reshape(-1, width) if width else kinds[:0]
    is_odd = np.zeros(len(places), bool)
    for of_place in places.T:
        found = np.bincount(of_place, minlength=_OTHER + 1)
        found[_NULL] = 0
        is_odd |= (of_place != found.argmax()) & (of_place != _NULL)
    odd: Any = np.flatnonzero(alike)[is_odd]
    return odd if 0 < len(odd) <= _MOST * len(ends) else None
