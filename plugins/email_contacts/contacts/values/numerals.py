"""Numbers, as files write them.

Knows single cells, and the separators of a mapping. Without separators a number is written as JSON writes it;
a cell that is not such a number stays as it is, for the schema to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any

from email_contacts.contacts.values.marks import bare

POINT = "."
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})").fullmatch
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch
# A blank between thousands may be one that does not break the line.
_BLANKS_OF_NUMBERS = " \u00a0\u202f\u2009"
_APOSTROPHES = "'\u2019"
_MINUS = "\u2212"  # as people and Nordic spreadsheets write it


def number(cell: Any) -> Any:
    """Read a number by the grammar of JSON, with ``+`` before it or not; ``.5``, as Oracle writes it, is 0.5.

    Neither ``1_000`` nor ``NaN``, which ``float`` would take.
    """
    if type(cell) is not str:
        return cell
    cell = bare(cell)
    return _of_json(cell, cell)


def number_in(decimal: str, thousands: str | None) -> Callable[[Any], Any]:
    """Make a reader of numbers with separators of their own.

    :param decimal: what stands before the decimals, such as ``,``.
    :param thousands: what stands between groups of three digits where they are grouped; None: nothing.
    :return: gives numbers; text that is not such a number is marked, so that it does not pass for another.
    """
    is_written = re.compile(grammar(decimal, thousands)).fullmatch
    grouping = str.maketrans("", "", _alike(thousands))

    def number_of(cell: Any) -> Any:
        if type(cell) is not str or not (cell := bare(cell)):
            return cell
        if not is_written(cell):
            return f"?{cell}"
        return _of_json(cell.translate(grouping).replace(decimal, POINT), f"?{cell}")

    return number_of


@cache
def grammar(decimal: str, thousands: str | None) -> str:
    """Return the pattern of numbers with separators, in the syntax of both Python and Rust, without anchors.

    :param thousands: groups have three digits, but for the first; a number may be without groups.
    """
    groups = rf"|[0-9]{{1,3}}(?:[{re.escape(_alike(thousands))}][0-9]{{3}})+" if thousands else ""
    decimals = rf"{re.escape(decimal)}[0-9]+"
    return rf"[+{_MINUS}-]?(?:(?:[0-9]+{groups})(?:{decimals})?|{decimals})"


def alike(separator: str | None) -> str:
    """Return all characters that count as a separator of thousands."""
    return _alike(separator)


def _alike(separator: str | None) -> str:
    for family in (_BLANKS_OF_NUMBERS, _APOSTROPHES):
        if separator and separator in family:
            return family
    return separator or ""


def _of_json(written: str, otherwise: str) -> int | float | str:
    sign, digits = written[:1], written[1:]
    if sign == "+" and (digits[:1].isdigit() or digits[:1] == POINT):
        written = digits
    elif sign == _MINUS:
        written = f"-{digits}"
    if written.startswith((POINT, f"-{POINT}")):
        written = written.replace(POINT, f"0{POINT}", 1)
    if _INTEGER(written):
        return int(written)
    if _NUMBER(written) and isfinite(decimal := float(written)):
        return decimal
    return otherwise
