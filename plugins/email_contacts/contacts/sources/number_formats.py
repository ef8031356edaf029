"""Whole numbers as a spreadsheet shows them, where their number format is that of a code.

Knows number formats (ECMA-376, part 1, 18.8.31). One of four zeros or more, such as ``00000`` for a postal
code, says that the digits are a code and not a quantity: the file has 1234 where everybody reads 01234. With
fewer, as for an hour, it may be either; so it may be where something stands behind the zeros (``0000" km"``),
or where numbers below zero have a section with a minus of their own.

So does one of seven digits or more in groups that are none of thousands: ``(###) ###-####`` is a number
within one country, of which the digits alone could be somebody's in another. And so does one that writes what
is dialled first: ``"+49 "0``, ``"0"0``, or a plus alone before digits of a phone number.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any

from email_contacts.contacts.values.marks import digits_of

_FEWEST_ZEROS, _FEWEST_DIGITS = 4, 7
_OF_THOUSANDS = 3
_FORMATS_REMEMBERED = 256
_TOKEN = re.compile(
    r"""
      (?P<digits> 0+\#* | \#+ )
    | (?: \\(?P<escaped> . ) | "(?P<quoted> [^"]* )" | (?P<bare> [-() +] ) )
    | (?P<end> ; )
    | \[ (?P<compared> <=|>=|<>|<|>|= ) (?P<limit> [0-9]+ ) \]
    # The language, and the colour.
    | \[ (?: \$-[^\]]* | black | blue | cyan | green | magenta | red | white | yellow | colou?r\ ?[0-9]+ ) \]
    | (?P<other> . )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
# A plus, a country code, or the nought before a national number.
_DIALLED_FIRST = re.compile(r"[-+0-9()/. ]*[+0-9][-+0-9()/. ]*")
_COMPARED = {
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


class _Section:
    """A section of a format: literal texts and runs of zeros, in their order."""

    def __init__(self) -> None:
        self.parts: list[str | int] = []
        self._digits = ""
        self.condition: tuple[str, int] | None = None
        self.is_text = False
        self._is_code = True

    def add(self, token: re.Match[str]) -> None:
        if token["compared"]:
            self.condition = (token["compared"], int(token["limit"]))
        elif token["digits"]:
            self.parts.append(len(token["digits"]))
            self._digits += token["digits"]
        elif token["other"]:
            self._is_code = False
            self.is_text = self.is_text or token["other"] == "@"
        elif literal := token["escaped"] or token["quoted"] or token["bare"]:
            self.parts.append(literal)

    @property
    def is_telling(self) -> bool:
        """Whether it says by itself that the digits are a code."""
        if not self.is_code:
            return False
        if _DIALLED_FIRST.fullmatch(self._before):
            return True
        return len(self._digits) >= _FEWEST_ZEROS if self._digits[0] == "0" else self._is_in_groups

    @property
    def is_code(self) -> bool:
        """Whether it may be that of a code: no zero behind a ``#``, and nothing behind the digits."""
        return self._is_code and "#0" not in self._digits and isinstance((self.parts or [""])[-1], int)

    @property
    def _before(self) -> str:
        """What stands before the digits."""
        return "".join(takewhile(lambda part: isinstance(part, str), self.parts))  # type: ignore[arg-type]

    @property
    def _is_in_groups(self) -> bool:
        """Whether something stands between digits that does not stand between thousands."""
        first = next(place for place, part in enumerate(self.parts) if isinstance(part, int))
        within = self.parts[first:]
        between = "".join(part for part in within if isinstance(part, str))
        later = [part for part in within[1:] if isinstance(part, int)]
        if len(self._digits) < _FEWEST_DIGITS or not between or not set(between) <= set("-/(). "):
            return False
        return not set(between) <= set(". ") or any(part != _OF_THOUSANDS for part in later)

    @property
    def has_minus(self) -> bool:
        return bool(self.parts) and self.parts[0] in ("-", "(")

    def shown(self, number: int) -> str | None:
        """Give a number as it is shown; None where that is not certain."""
        digits, shown = str(number), ""
        if len(digits) < _FEWEST_DIGITS and self._before.strip() == "+":
            return None  # the sign of a quantity
        if self._digits[0] == "0":
            if len(digits) < self._digits.count("#"):
                return None
            digits = digits.zfill(len(self._digits))
        elif not number:
            return None
        for part in reversed(self.parts):
            shown = (digits[-part:] if isinstance(part, int) else part) + shown
            digits = digits[:-part] if isinstance(part, int) else digits
        before = len(self._before)
        # What has no zero of its own stands before the first of them.
        return shown[:before] + digits + shown[before:]


def as_shown(value: Any, number_format: str | None) -> Any:
    """Give a whole number as its format shows it, where that adds something; anything else as it is."""
    if type(value) is float:
        number = int(digits) if value >= 0 and (digits := digits_of(value)) else None
    else:
        number = value if type(value) is int and value >= 0 else None
    if number is None or not number_format:
        return value
    section = _section_for(number, _codes_in(number_format))
    if section is None or not section.is_code:
        return value
    shown = section.shown(number)
    return value if shown is None or shown == str(number) else shown


@lru_cache(maxsize=_FORMATS_REMEMBERED)
def _codes_in(number_format: str) -> Sequence[_Section]:
    """Return the sections for numbers; none where the format is not that of a code."""
    sections = [_Section()]
    for token in _TOKEN.finditer(number_format):
        if token["end"]:
            sections.append(_Section())
        else:
            sections[-1].add(token)
    if len(sections) > 1 and sections[-1].is_text:
        sections.pop()
    is_quantity = len(sections) > 1 and not sections[0].condition and sections[1].has_minus
    return () if is_quantity or not any(section.is_telling for section in sections) else sections


def _section_for(number: int, sections: Sequence[_Section]) -> _Section | None:
    """Return the section of a number that is not below zero; None where it is not certain."""
    if not sections:
        return None
    if not any(section.condition for section in sections):
        return sections[2] if number == 0 and len(sections) > 2 else sections[0]
    for place, section in enumerate(sections, start=1):
        if section.condition is None:
            return section if place == len(sections) else None
        compared, limit = section.condition
        if _COMPARED[compared](number, limit):
            return section
    return None
