"""Which phone numbers the library takes, as regular expressions made of its own data.

Knows the metadata of ``phonenumbers``. The library takes some 30 µs for a number; most numbers are known to
be fine by a pattern. A pattern matches less than the library takes, never more; what none matches is asked
there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from email_contacts.contacts.values.beginnings import NotUnderstood, beginnings

_PLAIN_DIGITS = re.compile(r"[0-9]+(?:\|[0-9]+)*").fullmatch
_GROUP = re.compile(r"\\([0-9])")
_USUAL_PREFIX_ABROAD = "00"
_MOST_DIGITS, _FEWEST_DIGITS = 15, 6  # of E.164, and of the schema
_WORLD = "001"
_LOOKED_AT = 2


@cache
def plain_pattern() -> str:
    r"""Give the pattern of numbers that the library would accept, and return as they are.

    ``^\+…$`` in the syntax that Python's and Rust's regular expressions share, for a trimmed cell; what it
    matches is sent without the ``+``. It has numbers of a possible length that begin neither with 0 nor as
    the national prefix of their calling code may. All other numbers are the library's.
    """
    codes: defaultdict[str, list[int]] = defaultdict(list)
    for code, prefixes, lengths in _calling_codes():
        most, fewest = _MOST_DIGITS - len(str(code)), max(_FEWEST_DIGITS - len(str(code)), _LOOKED_AT)
        certain = sorted({*lengths} - local_lengths(code))
        rest = "|".join(f"[0-9]{{{length - _LOOKED_AT}}}" for length in certain if fewest <= length <= most)
        first = _beginning_otherwise(prefixes or "0")
        if rest and first:
            codes[f"(?:{first})(?:{rest})"].append(code)
    numbers = "|".join(f"(?:{'|'.join(map(str, some))}){number}" for number, some in codes.items())
    return rf"^\+(?:{numbers})$"


def _beginning_otherwise(prefixes: str) -> str:
    """Give the pattern of two digits with which no national prefix begins; empty where there are none."""
    try:
        found = beginnings(prefixes, _LOOKED_AT) - {""}  # nothing at all changes nothing
    except NotUnderstood:
        return ""
    seconds: defaultdict[str, list[str]] = defaultdict(list)
    for first in "123456789":
        certain = [second for second in "0123456789" if not (first + second).startswith((*found,))]
        if certain:
            seconds["".join(certain)].append(first)
    return "|".join(f"[{''.join(some)}][{certain}]" for certain, some in seconds.items())


def is_plain(cell: str) -> bool:
    """Return whether a cell matches ``plain_pattern``."""
    return _plain()(cell) is not None


@cache
def impossible_pattern() -> str:
    r"""Give the pattern of cells that are no phone number, whatever the region.

    ``^…$`` for a trimmed cell: words without a digit, and ``+`` with digits of which there are too few or too
    many for their calling code. Taking a national prefix off makes a number shorter only: where the library
    may put other digits in its place, a pattern does not know.
    """
    numbers = []
    for code, prefixes, lengths in _calling_codes():
        if not _PLAIN_DIGITS(prefixes or "0") or _is_transformed(code) or not lengths:
            continue
        size = len(str(code))
        fewest = max(min(lengths), _FEWEST_DIGITS - size)
        most = min(max(lengths), _MOST_DIGITS - size) + max(map(len, (prefixes or "").split("|")))
        numbers.append(f"{code}(?:[0-9]{{0,{fewest - 1}}}|[0-9]{{{most + 1},}})")
    return rf"^(?:[A-Za-z][A-Za-z ._-]*|\+(?:{'|'.join(numbers)}))$"


@cache
def local_lengths(code: int) -> frozenset[int]:
    """Return how long numbers without area code are, but not those with it, in the countries of a code.

    Numbers of a free call, or of a service, may have such a length.
    """
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    known = PhoneMetadata.metadata_for_region(COUNTRY_CODE_TO_REGION_CODE[code][0])
    kinds = [kind for kind in (known and known.fixed_line, known and known.mobile) if kind]
    local = {length for kind in kinds for length in kind.possible_length_local_only}
    return frozenset(local - {length for kind in kinds for length in kind.possible_length})


@dataclass(frozen=True)
class NationalNumbers:
    """How numbers are dialled within a country, in digits only.

    A number is good as ``prefix`` and a national number; as a national number that does not begin as a prefix
    does; or as the calling code and such a one, where the whole is not a national number.

    :param code: the country's calling code.
    :param prefix: what is dialled before a national number; empty where nothing is.
    :param prefixes: the pattern of all that the library takes off the beginning, or puts other digits in the
        place of; empty where that is nothing.
    :param put_in_place: what that is where the last group is there, with ``${1}`` for the first one; empty
        where all is taken off.
    :param pattern: of national numbers, without anchors, in the syntax that Python and Rust share.
    :param lengths: digits that a national number may have, so that it may be called from everywhere.
    :param after_code: digits that may follow the calling code, in any of its countries: a number that begins
        as the calling code does, and has so many more, may be either.
    :param abroad: the pattern of what is dialled before a calling code, where that is not ``00``.
    """

    code: str
    prefix: str
    prefixes: str
    put_in_place: str
    pattern: str
    lengths: tuple[int, ...]
    after_code: tuple[int, ...]
    abroad: str


@cache
def national_numbers(region: str) -> NationalNumbers | None:
    """Return how numbers are dialled within a country; None where the library has to be asked for each.

    So it has where a prefix may be taken for the calling code.

    :param region: two letters of ISO 3166.
    """
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    own = PhoneMetadata.metadata_for_region(region)
    if own is None or own.country_code is None:
        return None
    pattern = own.general_desc and own.general_desc.national_number_pattern
    code = str(own.country_code)
    prefixes = own.national_prefix_for_parsing or ""
    prefix = prefixes.split("|")[0] if _PLAIN_DIGITS(prefixes) else own.national_prefix or ""
    if prefix != code and prefix[:1] == code[0]:
        return None
    # What is possible is judged by the country that stands for the calling code.
    main = PhoneMetadata.metadata_for_region(COUNTRY_CODE_TO_REGION_CODE[own.country_code][0])
    if own.general_desc is None or not pattern or main is None or main.general_desc is None:
        return None
    lengths = {*own.general_desc.possible_length} & {*main.general_desc.possible_length}
    lengths -= local_lengths(own.country_code)
    most, fewest = _MOST_DIGITS - len(code), _FEWEST_DIGITS - len(code)
    abroad = own.international_prefix or _USUAL_PREFIX_ABROAD
    return NationalNumbers(
        code=code,
        prefix=prefix,
        prefixes=_ascii(prefixes),
        put_in_place=_GROUP.sub(r"${\1}", own.national_prefix_transform_rule or ""),
        pattern=_ascii(pattern),
        lengths=tuple(sorted(length for length in lengths if fewest <= length <= most)),
        after_code=_after(own.country_code),
        abroad="" if abroad == _USUAL_PREFIX_ABROAD else _ascii(abroad),
    )


def _after(code: int) -> tuple[int, ...]:
    """Return how many digits may follow a calling code: a national number, and what is dialled before it."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    found: set[int] = set()
    for region in COUNTRY_CODE_TO_REGION_CODE[code]:
        known = PhoneMetadata.metadata_for_region(region)
        prefixes = (known and known.national_prefix_for_parsing) or ""
        before = (
            {0, *map(len, prefixes.split("|"))} if _PLAIN_DIGITS(prefixes or "0") else range(_MOST_DIGITS)
        )
        lengths = known.general_desc.possible_length if known and known.general_desc else ()
        found.update(length + more for length in lengths for more in before)
    return tuple(sorted(found))


def _ascii(pattern: str) -> str:
    return pattern.replace(r"\d", "[0-9]")


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


def _is_transformed(code: int) -> bool:
    """Say whether the library may put other digits in the place of a national prefix."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    known = PhoneMetadata.metadata_for_region(COUNTRY_CODE_TO_REGION_CODE[code][0])
    return known is None or bool(known.national_prefix_transform_rule)
