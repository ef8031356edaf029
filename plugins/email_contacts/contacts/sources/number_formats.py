"""Whole numbers as a spreadsheet shows them, where their number format is that of a code.

Knows number formats (ECMA-376, part 1, 18.8.31). One of four zeros or more, such as ``00000`` for a postal
code, says that the digits are a code and not a quantity: the file has 1234 where everybody reads 01234. With
fewer, as for an hour, it may be either.
"""

from __future__ import annotations

import re
from typing import Any

_FEWEST_ZEROS = 4
_SEPARATOR = r"(?:\\[-. ]|[- ])"
_CODE = re.compile(rf"0+(?:{_SEPARATOR}0+)*").fullmatch
_PARTS = re.compile(rf"0+|{_SEPARATOR}").findall
_IN_STYLES = re.compile(rf'formatCode="00+(?:{_SEPARATOR}0+)*"|formatCode="0{_SEPARATOR}0'.encode())


def have_codes(styles: bytes) -> bool:
    """Return whether a workbook's ``styles.xml`` has a format of codes."""
    return _IN_STYLES.search(styles) is not None


def as_shown(value: Any, number_format: str | None) -> Any:
    """Give a whole number as its format shows it, where that adds something; anything else as it is."""
    if type(value) is not int or value < 0 or not number_format or not _CODE(number_format):
        return value
    parts = _PARTS(number_format)
    zeros = sum(len(part) for part in parts if part[0] == "0")
    if zeros < _FEWEST_ZEROS:
        return value
    digits = str(value).zfill(zeros)
    shown = ""
    for part in reversed(parts[1:]):
        is_group = part[0] == "0"
        shown = (digits[-len(part) :] if is_group else part[-1]) + shown
        digits = digits[: -len(part)] if is_group else digits
    shown = digits + shown
    return value if shown == str(value) else shown
