"""Phone numbers: digits with their country code, as the platform stores them (api-contract §3).

Knows single cells. What a number can be is ``phonenumbers``' business, asked through
``is_possible_number``'s test of lengths: whether a range of numbers is in use changes every week, and the
platform decides that. What may be written is decided here, before the library guesses: digits, blanks and
``-./()`` with ``+`` in front or nothing. Letters, extensions and anything else are refused.

A number without ``+`` or ``00`` is one of the region that is named. Without a region only plain digits are
taken for a number with its country code: ``(202) 555-0101`` is written as within one country, and would be
somebody's number in another. With a region, digits such as Germany's ``4915123456789`` may be a number with
its country code, or one whose area code begins as that does: they are refused. ``phone_patterns`` knows which
cells are fine without asking the library.
"""

from __future__ import annotations

import re
from typing import Any

from email_contacts.contacts.values.marks import digits_of, is_scientific, whole
from email_contacts.contacts.values.normalising import text
from email_contacts.contacts.values.phone_patterns import is_plain, local_lengths

# What may stand between digits; blanks and hyphens that do not break the line among it, and dashes.
PUNCTUATION = " \u00a0\u202f./()-\u2010\u2011\u2012\u2013\u2014\u2212"
LONGEST = 41
_WRITTEN = re.compile(rf"\(?\+?[0-9{re.escape(PUNCTUATION)}]{{1,{LONGEST - 1}}}").fullmatch
# What stands before a number in a link, and in the leads of advertisements.
_PREFIX = re.compile(r"(?:tel|p): ?(?=[(+])", re.IGNORECASE).match
_WITHOUT_PUNCTUATION = str.maketrans("", "", PUNCTUATION)
# A decimal behind so many digits is a data frame's; without the point it would be another number.
LIKE_A_FLOAT = r"[0-9]{6,}\.(?:[0-9]{1,2}|0+)$"
# One or two digits behind a stroke are the end of a second number where those before them are a whole one.
# They are not where strokes stand between pairs of digits.
SECOND = r"(?:^(?:[^0-9/]*[0-9]){8,}|/(?:[^0-9/]*[0-9]){5,})[^0-9/]*/[^0-9/]*[0-9]{1,2}[^0-9/]*$"
# A day of this century or the last, with the year first or last; of a birthday, say, in the next column.
DAY = "^(?:{})$".format(
    "|".join(
        rf"(?:19|20)[0-9]{{2}}{sign}[01]?[0-9]{sign}[0-3]?[0-9]|[0-3]?[0-9]{sign}[0-3]?[0-9]{sign}(?:19|20)[0-9]{{2}}"
        for sign in ("-", "/", r"\.")
    )
)
_SECOND = re.compile(SECOND).search
_DAY = re.compile(DAY).search
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
    return (_digits_of(written, region) if _is_written(written) else None) or f"?{cell}"


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
    if "/" in cell and _WRITTEN(cell) and _SECOND(cell):
        return "There are two numbers in it: give one."
    if _DAY(cell):
        return "It looks like a date."
    if _WRITTEN(cell) and (digits := _dialled(cell, region)) and (number := _parsed(digits, region)):
        if _lacks_area_code(number):
            return "It lacks its area code."
        if _is_ambiguous(digits, number):
            return 'It can be read with its country code or without: write "+" or "00" before that.'
    if region is None and _WRITTEN(cell) and not cell.lstrip("(").startswith(("+", "00")):
        return 'It has no "+" and is written as within one country: name that as "region" in the mapping.'
    return None


def _is_written(cell: str) -> bool:
    return _WRITTEN(cell) is not None and not ("/" in cell and _SECOND(cell)) and not _DAY(cell)


def _digits_of(cell: str, region: str | None) -> str | None:
    """Ask the library; None when it is not a number that can be called from everywhere."""
    import phonenumbers

    digits = _dialled(cell, region)
    number = None if digits is None else _parsed(digits, region)
    if digits is None or number is None or _lacks_area_code(number) or _is_ambiguous(digits, number):
        return None
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"


def _dialled(cell: str, region: str | None) -> str | None:
    """Return the digits, with ``+`` where they are international; None where that is not certain."""
    digits = cell.translate(_WITHOUT_PUNCTUATION)
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if region is None and not digits.startswith("+"):
        return f"+{digits}" if digits == cell else None
    return digits


def _parsed(digits: str, region: str | None) -> Any:
    import phonenumbers

    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    # A local number, which lacks its area code, is "possible" to the library as well.
    is_possible = phonenumbers.ValidationResult.IS_POSSIBLE
    return number if phonenumbers.is_possible_number_with_reason(number) == is_possible else None


def _lacks_area_code(number: Any) -> bool:
    """Say whether a number is as long as one without area code; such a length may be that of a free call."""
    import phonenumbers

    length = len(phonenumbers.national_significant_number(number))
    return length in local_lengths(number.country_code) and not phonenumbers.is_valid_number(number)


def _is_ambiguous(digits: str, number: Any) -> bool:
    """Say whether digits that were read as within the country are a number with its country code, too."""
    import phonenumbers

    if phonenumbers.national_significant_number(number) != digits:
        return False  # it has a country code, or what is dialled within the country
    if not digits.startswith(str(number.country_code)):
        return False
    other = _parsed(f"+{digits}", None)
    return other is not None and phonenumbers.is_valid_number(other)
