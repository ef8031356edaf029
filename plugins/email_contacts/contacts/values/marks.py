"""What stands around a value and is no part of it: blanks, invisible characters, marks of spreadsheets.

Knows single cells of text. Spreadsheets keep a cell as text by an apostrophe before it or by writing it as
``="…"``; data frames write whole numbers as ``1001.0`` where a column has gaps. What is certain to be such a
mark is removed; what is not certain stays, for the rules of its kind to refuse.
"""

from __future__ import annotations

import re
import unicodedata

# Soft hyphen, zero-width space, word joiner, byte order mark, marks of writing direction.
INVISIBLE = "\u00ad\u180e\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001)))) + INVISIBLE
# Control characters are no part of a value either: MS-DOS ends a file by Ctrl-Z, right behind its last cell.
AROUND = BLANKS + "".join(character for character in map(chr, range(1, 0x20)) if not character.isspace())
# A formula that is a text; and an apostrophe before what a spreadsheet would take for a number or a formula.
_FORMULA = re.compile(r'="([^"]*)"').fullmatch
_MARKED = re.compile(r"'(?:[=+@-].*|[0-9][0-9 .,:/()-]*)", re.DOTALL).fullmatch
_FIRST_OF_MARKS = frozenset("='")
_WHOLE_FLOAT = re.compile(r"(-?(?:0|[1-9][0-9]{0,14}))\.0+").fullmatch
# As spreadsheets and data frames write it, with a sign, and as Java does, with a decimal point: a code such
# as 12E4 has neither.
_SCIENTIFIC = re.compile(
    r"[+-]?[0-9](?:(?:[.,][0-9]+)?[eE]\+[0-9]{2,3}|[.,][0-9]+[eE]-[0-9]{1,3}|\.[0-9]+[eE][0-9]{1,3})"
).fullmatch
_EXACT_BELOW = 1 << 53


def bare(cell: str) -> str:
    """Remove blanks, invisible characters and a spreadsheet's text mark from around a value."""
    cell = cell.strip(AROUND)
    if cell[:1] not in _FIRST_OF_MARKS or len(cell) < 2:
        return cell
    if formula := _FORMULA(cell):
        return formula[1].strip(AROUND)
    return cell[1:].strip(AROUND) if _MARKED(cell) else cell


def alike(text: str) -> str:
    """Return the form in which words are compared: without case, a letter and its accent as one character."""
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).casefold()


def is_scientific(cell: str) -> bool:
    """Return whether a cell is a number in scientific notation, such as ``3.36123E+10`` or ``1.0E7``."""
    return _SCIENTIFIC(cell) is not None


def whole(cell: str) -> str | None:
    """Return the digits of a whole number that a data frame wrote as a float: ``1001`` of ``1001.0``.

    :return: None when it is none, or has more digits than a float keeps.
    """
    found = _WHOLE_FLOAT(cell)
    return found[1] if found else None


def digits_of(number: float) -> str | None:
    """Return the digits of a float that is a whole number and exact; None when it is not."""
    return str(int(number)) if number.is_integer() and abs(number) < _EXACT_BELOW else None


def invisible_in(cell: str) -> str | None:
    """Return the first invisible character in a text, such as ``U+200B``; None when there is none."""
    if cell.isascii():
        return None
    found = next((character for character in cell if character in INVISIBLE), None)
    return None if found is None else f"U+{ord(found):04X}"
