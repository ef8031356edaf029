"""Why a cell was refused, where its shape tells: what is wrong and which setting of the mapping reads it.

Knows kinds of values and shapes of cells. A sentence names characters and settings, and nothing of the value.
"""

from __future__ import annotations

import re
from math import isinf, isnan
from typing import Any

from email_contacts.contacts.sources.rows import Day
from email_contacts.contacts.values import phones
from email_contacts.contacts.values.marks import bare, digits_of, invisible_in, is_scientific
from email_contacts.contacts.values.normalising import NO_IDENTIFIERS

_LIKE_NULL = 'It looks like a null value: list it under "nulls" in the mapping if it is.'
_LOST_DIGITS = "It has more digits than a float keeps: export the column as text."
_IS_A_DAY = (
    "It is a date or a time, not text, as a spreadsheet makes of codes such as 3-1: convert it in the source."
)
_DAY_AND_MONTH = re.compile(r"[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{4}\b").match
_TWO_DIGIT_YEAR = re.compile(r"[0-9]{1,2}([-/. ])(?:[0-9]{1,2}|[A-Za-z]{3,9})\1[0-9]{2}(?: |$)").match
_MONTH_IN_WORDS = re.compile(r"(?=.*\b[0-9]{4}\b)(?=.*\b[^\W\d_]{3,})[^:]{8,40}$").match
# Seconds and milliseconds since 1970; days such as 20240111 have eight digits.
_UNIX_TIME = re.compile(r"(?:[0-9]{9,10}|[0-9]{12,13})(?:\.[0-9]+)?").fullmatch
# As MySQL writes that there is no date.
_NO_DAY = re.compile(r"0{4}-00-00(?: [0:.]+)?").fullmatch
_SERIAL = re.compile(r"[1-9][0-9]{4}(?:\.[0-9]+)?").fullmatch
_CURRENCY = re.compile(r"[$€£¥₹₽₩₺₴฿]|\b(?:EUR|USD|GBP|CHF)\b|\bkr\b")
_GROUPED = re.compile(
    r"[+-]?[0-9]{1,3}([.,\s'\u2019])[0-9]{3}(?:[.,\s'\u2019][0-9]{3})*(?:([.,])[0-9]+)?"
).fullmatch
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+").fullmatch


def reason(kind: str, cell: Any, *, region: str | None = None, separator: str = "") -> str | None:
    """Say in a sentence why a cell is not valid, where its shape tells; None where it does not.

    :param kind: of the value, as in ``contact.schema.json``.
    :param region: of a phone number, as the mapping says.
    :param separator: of a multiple choice, as the mapping says.
    """
    if type(cell) is float and isnan(cell):
        return (
            "It is not a number (NaN), or a formula that failed: correct it, leave the cell empty, or list "
            'NaN under "nulls" in the mapping.'
        )
    if type(cell) is float and isinf(cell):
        return "It is infinite: correct it, or leave the cell empty."
    if kind == "ext_id" and isinstance(cell, Day):
        return _IS_A_DAY
    if not isinstance(cell, str):
        return _of_type(kind, cell)
    cell = bare(cell)
    if cell.casefold() in NO_IDENTIFIERS:
        return _LIKE_NULL
    if (invisible := invisible_in(cell)) is not None:
        return f"There is an invisible character, {invisible}, within it: remove that."
    if kind == "phone":
        return phones.fault_in(cell, region)
    if kind == "email":
        return _of_email(cell)
    if kind == "ext_id":
        return _of_ext_id(cell)
    if kind == "number":
        return _of_number(cell)
    if kind == "date":
        return _of_date(cell)
    if kind == "multiple_choice":
        other = next((one for one in (";", ",", "/", "|") if one in cell and one != separator), None)
        return None if other is None else f'If "{other}" is between the choices, name it as "separator".'
    return 'List other words for true and false under "booleans".' if kind == "boolean" else None


def _of_type(kind: str, cell: Any) -> str | None:
    """Say what JSON or a database gives that a value of the kind is not."""
    if isinstance(cell, dict):
        return "It is an object: map the column of one of its fields, named by the path (column.field)."
    if isinstance(cell, list):
        return None if kind == "multiple_choice" else "It is a list: give one value."
    if kind == "date" and type(cell) in (int, float):
        return _of_date(str(cell).removesuffix(".0"))
    if kind in ("ext_id", "phone") and type(cell) is float and cell.is_integer() and digits_of(cell) is None:
        return _LOST_DIGITS
    if kind in ("text", "ext_id"):
        what = {bool: "true or false", float: "a number with a decimal point"}.get(type(cell))
        return None if what is None else f"It is {what}, not text: convert it in the source."
    return None


def _of_email(cell: str) -> str | None:
    if cell.count("@") > 1:
        return "There are several addresses in it, or several @: give one address."
    return "Give the address alone, without the name and < > around it." if "<" in cell else None


def _of_ext_id(cell: str) -> str | None:
    if is_scientific(cell):
        return (
            "It is in scientific notation: the spreadsheet has destroyed the number. "
            "Export the column as text."
        )
    return _LOST_DIGITS if "." in cell else None


def _of_number(cell: str) -> str | None:
    if "%" in cell:
        return "Percent signs are not accepted: export the plain number."
    if _CURRENCY.search(cell):
        return "Currencies are not accepted: export the plain number."
    if _DECIMAL_COMMA(cell) or ((found := _GROUPED(cell)) and (found[2] or found[1] != ".")):
        return 'Name the separators as "decimal" and "thousands" in the mapping.'
    return None


def _of_date(cell: str) -> str | None:
    if _NO_DAY(cell):
        return _LIKE_NULL
    if _DAY_AND_MONTH(cell):
        return 'The mapping must say whether the day or the month comes first: "format".'
    if _TWO_DIGIT_YEAR(cell):
        return "Two digits of a year do not say the century: export four."
    if _UNIX_TIME(cell):
        return "It looks like a Unix time, counted from 1970: export a date."
    if _MONTH_IN_WORDS(cell):
        return 'A month in words needs a "format" in the mapping, such as "%d %b %Y" or "%B %d, %Y".'
    return 'A serial day of Excel is read with "format: excel".' if _SERIAL(cell) else None
