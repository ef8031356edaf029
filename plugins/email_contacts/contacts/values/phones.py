"""Phone numbers: digits with their country code, as the platform stores them (api-contract §3).

Knows the cells of SMS. What a number can be is ``phonenumbers``' business, asked through
``is_possible_number``'s test of lengths: whether a range of numbers is in use changes every week, and the
platform decides that. What may be written is decided here, before the library guesses: digits, blanks and
``-./()`` with ``+`` in front or nothing. Letters, extensions and anything else are refused.

The library takes some 30 µs for a number, so it makes one regular expression of its own data by which most
international numbers are known to be fine; ``plain_pattern`` says which.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from email_contacts.contacts.values.normalising import text

_WRITTEN = re.compile(r"\(?\+?[0-9 \u00a0\u202f./()-]{1,40}").fullmatch
_PUNCTUATION = str.maketrans("", "", " \u00a0\u202f./()-")
_PLAIN_DIGITS = re.compile(r"[0-9]+(?:\|[0-9]+)*").fullmatch
_MOST_DIGITS, _FEWEST_DIGITS = 15, 6  # of E.164, and of the schema
_WORLD = "001"


def sms(cell: Any, region: str | None = None) -> Any:
    """Bring a phone number to its digits with the country code.

    A number is international after ``+`` or ``00``, and without a region always; else it is one of the region
    as it is dialled there.

    :param cell: text, or a whole number of JSON. Whatever is no phone number stays, marked lest it passes.
    :param region: two letters of ISO 3166, such as ``"DE"``.
    """
    cell = text(cell)
    if type(cell) is not str or not cell:
        return cell
    if _plain()(cell):
        return cell[1:]
    return (_digits_of(cell, region) if _WRITTEN(cell) else None) or f"?{cell}"


def is_region(region: str) -> bool:
    """Say whether numbers of a country are known: two letters of ISO 3166 in upper case."""
    import phonenumbers

    return region in phonenumbers.SUPPORTED_REGIONS


@cache
def plain_pattern() -> str:
    r"""Give the pattern of numbers that the library would accept, and return as they are.

    ``^\+…$`` in the syntax that Python's and Rust's regular expressions share, for a trimmed cell; what it
    matches is sent without the ``+``. It has the calling codes whose national prefix is plain digits or none,
    for numbers of a possible length that begin neither with 0 nor with the first digit of such a prefix. All
    other numbers are the library's.
    """
    codes: defaultdict[str, list[int]] = defaultdict(list)
    for code, prefixes, lengths in _calling_codes():
        if not _PLAIN_DIGITS(prefixes or "0"):
            continue
        first = "".join(sorted({*"123456789"} - {prefix[0] for prefix in (prefixes or "0").split("|")}))
        most, fewest = _MOST_DIGITS - len(str(code)), _FEWEST_DIGITS - len(str(code))
        rest = "|".join(f"[0-9]{{{length - 1}}}" for length in lengths if fewest <= length <= most)
        if rest:
            codes[f"[{first}](?:{rest})"].append(code)
    numbers = "|".join(f"(?:{'|'.join(map(str, some))}){number}" for number, some in codes.items())
    return rf"^\+(?:{numbers})$"


@cache
def _plain() -> Callable[[str], object]:
    return re.compile(plain_pattern()).fullmatch


def _calling_codes() -> Iterator[tuple[int, str | None, tuple[int, ...]]]:
    """Walk the countries' calling codes with the pattern of national prefixes and the possible lengths."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    for code, (region, *_) in COUNTRY_CODE_TO_REGION_CODE.items():
        if region == _WORLD:
            continue
        known = PhoneMetadata.metadata_for_region(region)
        if known is not None and known.general_desc is not None:
            yield code, known.national_prefix_for_parsing, tuple(known.general_desc.possible_length)


def _digits_of(cell: str, region: str | None) -> str | None:
    """Ask the library; None when it is no number that can be called from everywhere."""
    import phonenumbers

    digits = cell.translate(_PUNCTUATION)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif region is None and not digits.startswith("+"):
        digits = f"+{digits}"
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    # A local number, which lacks its area code, is "possible" to the library as well.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"
