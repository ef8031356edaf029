"""Phone numbers: digits with their country code, as the platform stores them (api-contract §3).

Knows single cells. What a number can be is ``phonenumbers``' business, asked through
``is_possible_number``'s test of lengths: whether a range of numbers is in use changes every week, and the
platform decides that. What may be written is decided here, before the library guesses: digits, blanks and
``-./()`` with ``+`` in front or nothing. Letters, extensions and anything else are refused.

A number without ``+`` or ``00`` is one of the region that is named. Without a region only plain digits are
taken for a number with its country code: ``(202) 555-0101`` is written as within one country, and would be
somebody's number in another. ``phone_patterns`` knows which cells are fine without asking the library.
"""

from __future__ import annotations

import re
from typing import Any

from email_contacts.contacts.values.marks import digits_of, is_scientific, whole
from email_contacts.contacts.values.normalising import text
from email_contacts.contacts.values.phone_patterns import is_plain

# What may stand between digits; blanks and hyphens that do not break the line among it, and dashes.
PUNCTUATION = " \u00a0\u202f./()-\u2010\u2011\u2012\u2013\u2014\u2212"
LONGEST = 41
_WRITTEN = re.compile(rf"\(?\+?[0-9{re.escape(PUNCTUATION)}]{{1,{LONGEST - 1}}}").fullmatch
# What stands before a number in a link, and in the leads of advertisements.
_PREFIX = re.compile(r"(?:tel|p): ?(?=[(+])", re.IGNORECASE).match
_WITHOUT_PUNCTUATION = str.maketrans("", "", PUNCTUATION)
# A decimal behind so many digits is a data frame's; without the point it would be another number.
LIKE_A_FLOAT = r"[0-9]{6,}\.(?:[0-9]{1,2}|0+)$"
_LIKE_A_FLOAT = re.compile(LIKE_A_FLOAT).search


def phone(cell: Any, region: str | None = None) -> Any:
    """Bring a phone number to its digits with the country code.

    A number is international after ``+`` or ``00``, and without a region where it is plain digits; else it is
    one of the region as it is dialled there. ``4915123456789.0`` of a data frame is ``4915123456789``.

    :param cell: text, or a whole number of JSON. Any other cell stays, marked so that it cannot pass.
    :param region: two letters of ISO 3166, such as ``"DE"``.
    """
    if type(cell) is float:
        return phone(digits, region) if (digits := digits_of(cell)) else cell
    cell = text(cell)
    if type(cell) is not str or not cell:
        return cell
    if is_plain(cell):
        return cell[1:]
    if _LIKE_A_FLOAT(cell):
        digits = whole(cell)
        return phone(digits, region) if digits else f"?{cell}"
    written = cell[prefix.end() :] if (prefix := _PREFIX(cell)) else cell
    return (_digits_of(written, region) if _WRITTEN(written) else None) or f"?{cell}"


def is_region(region: str) -> bool:
    """Return whether numbers of a country are known: two letters of ISO 3166 in upper case."""
    import phonenumbers

    return region in phonenumbers.SUPPORTED_REGIONS


def fault_in(cell: str, region: str | None) -> str | None:
    """Return why a cell is not a phone number where that is certain, as a sentence; None where it is not."""
    if is_scientific(cell) or re.fullmatch(r"[0-9](?:[.,][0-9]+)?[eE][0-9]{1,3}", cell):
        return (
            "It is in scientific notation: the spreadsheet has destroyed the number. "
            "Export the column as text."
        )
    if region is None and _WRITTEN(cell) and not cell.lstrip("(").startswith(("+", "00")):
        return 'It has no "+" and is written as within one country: name that as "region" in the mapping.'
    return None


def _digits_of(cell: str, region: str | None) -> str | None:
    """Ask the library; None when it is not a number that can be called from everywhere."""
    import phonenumbers

    digits = cell.translate(_WITHOUT_PUNCTUATION)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif region is None and not digits.startswith("+"):
        if digits != cell:
            return None
        digits = f"+{digits}"
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    # A local number, which lacks its area code, is "possible" to the library as well.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"
