"""Where the rows of a CSV end, for many at once.

Knows bytes: quotes, delimiters and the ends of lines. Rows of which it is not certain where they end are left
alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from email_contacts.contacts.sources.byte_positions import Positions, positions

QUOTE, NEWLINE, RETURN = b'"\n\r'
BLANK = ord(" ")


@dataclass(frozen=True)
class WholeRows:
    """The rows at the start of some bytes that are certain.

    :param data: the bytes of these rows.
    :param ends: where each line outside quotes ends in them, behind its newline.
    :param quotes: where quotes are in them.
    :param controls: where control characters are in them, other than the ends of lines.
    :param is_stuck: whether the row that follows breaks a rule, so that reading on does not help.
    """

    data: bytes
    ends: Positions
    quotes: Positions
    controls: Positions
    is_stuck: bool

    @property
    def lines(self) -> int:
        """Count the lines; within quotes, too, one may end with a carriage return alone."""
        text = np.frombuffer(self.data, np.uint8)
        kinds = text[self.controls]
        returns = self.controls[kinds == RETURN]
        lone = np.count_nonzero(text[returns + 1] != NEWLINE)
        return len(self.ends) + int(np.count_nonzero(kinds == NEWLINE) + lone)


def whole_rows(data: bytes, *, delimiter: str, longest: int) -> WholeRows:
    """Find the rows at the start of bytes that begin with a row.

    Quotes keep the rules when they open after a delimiter or a newline and close before one, or are doubled.
    As they then open and close in turn, a newline ends a row exactly when the quotes before it are even.

    :param longest: bytes that a row may have; a longer one is left alone.
    """
    text = np.frombuffer(data, np.uint8)
    # In one go: quotes, newlines, control characters, and "!".
    marks = positions(text, lambda some: (some <= QUOTE) & (some != BLANK))
    kinds = text[marks]
    is_quote = kinds == QUOTE
    is_inside = np.bitwise_xor.accumulate(is_quote)
    quotes = marks[is_quote]
    returns = np.flatnonzero(kinds == RETURN)
    returns = returns[~is_inside[returns]]
    newlines = np.flatnonzero(kinds == NEWLINE)
    newlines = newlines[~is_inside[newlines]]
    bad = min(_first_bad_quote(text, quotes, ord(delimiter)), _first_lone(text, marks[returns]))
    ends = marks[newlines]
    ends = ends[: np.searchsorted(ends, bad)] + 1
    lengths = np.diff(ends, prepend=0)
    if len(lengths) and lengths.max() > longest:
        ends = ends[: int(np.argmax(lengths > longest))]
    end = int(ends[-1]) if len(ends) else 0
    is_stuck = bad < len(data) or len(ends) < len(lengths) or len(data) - end > longest
    is_control = kinds < BLANK
    is_control[newlines] = is_control[returns] = False
    if ord(delimiter) < BLANK:  # a tab outside quotes is in no cell
        is_control &= (kinds != ord(delimiter)) | is_inside
    return WholeRows(data[:end], ends, _before(quotes, end), _before(marks[is_control], end), is_stuck)


def _first_bad_quote(text: Any, quotes: Positions, delimiter: int) -> int:
    """Find the first quote that neither opens nor closes a cell nor is doubled; ``len(text)`` if none is.

    Of a quote at the very end it is not known yet.
    """
    quotes = _before(quotes, len(text) - 1)
    opening, closing = quotes[0::2], quotes[1::2]
    before, after = text[opening - 1], text[closing + 1]
    opens = (before == delimiter) | (before == NEWLINE) | (before == QUOTE) | (opening == 0)
    closes = (after == delimiter) | (after == NEWLINE) | (after == RETURN) | (after == QUOTE)
    bad = [positions[~fine] for positions, fine in ((opening, opens), (closing, closes)) if not fine.all()]
    return min((int(positions[0]) for positions in bad), default=len(text))


def _first_lone(text: Any, returns: Positions) -> int:
    """Find the first carriage return that no newline follows, not looking at the very end."""
    returns = _before(returns, len(text) - 1)
    lone = returns[text[returns + 1] != NEWLINE]
    return int(lone[0]) if len(lone) else len(text)


def _before(positions: Positions, end: int) -> Positions:
    return positions[: np.searchsorted(positions, end)]
