"""Cells made uniform: trimmed, typed, in the one form that is sent.

Knows single cells: text from CSV, anything that JSON has from NDJSON. Nothing is refused here: what cannot be
made uniform stays as it is, or is marked, and the schema of ``validation`` then refuses it. An empty cell
stays ``""``. Dates, numbers, choices and phone numbers are rooms of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from math import isnan
from typing import Any

from email_contacts.contacts.sources.rows import EMPTY, Day
from email_contacts.contacts.values.choices import chosen, is_list_of_text
from email_contacts.contacts.values.marks import alike, bare, digits_of, is_scientific, whole

Normaliser = Callable[[Any], Any]

# What PostgreSQL's COPY writes for NULL, and no person is called.
NULLS = ("\\N",)
# What spreadsheets write where a formula failed, in English, German, French, Spanish, Italian and Dutch.
_FAILED_FORMULAS = (
    "#n/a #ref! #value! #div/0! #name? #null! #num! #error! #spill! #calc! #field! #getting_data "
    "#nv #bezug! #wert! #zahl! #n/d #valeur! #nom? #nombre! #nul! #¡ref! #¡valor! #¿nombre? #¡num! #¡div/0! "
    "#¡nulo! #rif! #valore! #nome? #n/b #verw! #waarde! #naam? #getal! #leeg!"
)
# Words that databases and data frames write where nothing is, in any case.
NOTHING = frozenset(
    {"null", "(null)", "<null>", "[null]", "none", "nil", "nan", "<na>", "n/a", "undefined", "(blank)"}
    | {"-", "--"}
    | set(_FAILED_FORMULAS.split())
)
# Nobody's identifier: beside those, what may be something in a text, as NA is a country.
NO_IDENTIFIERS = NOTHING | {
    *(
        "na",
        "n.a.",
        "n.a",
        "k.a.",
        "k. a.",
        "n/d",
        "n.d.",
        "s/d",
        "n.v.t.",
        "unknown",
        "unbekannt",
        "inconnu",
    ),
    *("desconocido", "sconosciuto", "onbekend", "missing", "not set", "(not set)", "not available"),
    *("empty", ".", "..", "...", "?", "??", "???", "---", "00000000-0000-0000-0000-000000000000"),
}
NO_DAY_OF_PANDAS = "NaT"  # in this spelling only: NAT may be a code
LINK = "mailto:"  # what stands before the address of a link; a colon is in no address
_MARK = "'"
_BOOLEANS = {"true": True, "yes": True, "y": True, "t": True, "on": True, "1": True, "1.0": True} | {
    "false": False,
    "no": False,
    "n": False,
    "f": False,
    "off": False,
    "0": False,
    "0.0": False,
}
BOOLEAN_WORDS = frozenset(_BOOLEANS)
_TRUE_OR_FALSE = ("true", "false")  # the words of a boolean that is typed
_LONGEST_REMEMBERED = 64
# Of no more digits than a float keeps, so that a number of any type has them or has not.
_NUMBER = re.compile(r"(?=(?:[^0-9]*[0-9]){1,15}\Z)-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?").fullmatch
# No text may hold a null byte, so that what is marked with one is refused.
_REFUSED = "\0"


class Remembered(dict[str, Any]):
    """A normaliser that looks up the cells it has seen: people share birthdays, countries and answers.

    For text only: JSON's ``1`` and ``true`` are one key.

    :param normalise: what it remembers.
    :param most: cells that it remembers; long ones never.
    """

    def __init__(self, normalise: Normaliser, *, most: int) -> None:
        super().__init__()
        self._normalise = normalise
        self._most = most

    def __missing__(self, cell: str) -> Any:
        value = self._normalise(cell)
        if len(self) < self._most and len(cell) <= _LONGEST_REMEMBERED:
            self[cell] = value
        return value


def without(
    nulls: Collection[str], normalise: Normaliser, *, of_days: Normaliser | None = None
) -> Normaliser:
    """Make a normaliser to which some words are empty cells.

    :param nulls: the words, exactly as they are written. Where cells have types, ``-999`` is the number, too,
        and ``false`` the boolean.
    :param normalise: what makes the other cells uniform.
    :param of_days: the same for the text of cells that came as days; None: ``normalise``.
    """
    words = frozenset(nulls)
    numbers = frozenset(numbers_in(nulls))
    is_nan_null = includes_nan(nulls)
    # What is typed is looked at only where a word may be meant.
    may_be_typed = is_nan_null or bool(numbers) or not words.isdisjoint(_TRUE_OR_FALSE)

    def value_of(cell: Any) -> Any:
        if type(cell) is str:
            return EMPTY if bare(cell) in words else normalise(cell)
        if type(cell) is Day:
            return EMPTY if cell in words else (of_days or normalise)(str(cell))
        return EMPTY if may_be_typed and is_typed_null(cell) else normalise(cell)

    def is_typed_null(cell: Any) -> bool:
        if type(cell) is bool:  # before numbers, among which True is 1
            return str(cell).lower() in words
        if type(cell) is float and isnan(cell):
            return is_nan_null
        return type(cell) in (int, float) and cell in numbers

    return value_of


def numbers_in(nulls: Collection[str]) -> list[float]:
    """Give the numbers among the words for nothing, such as ``-999``; those whose digits a float keeps."""
    return [float(word) for word in nulls if _NUMBER(word)]


def includes_nan(nulls: Collection[str]) -> bool:
    """Say whether a float that is no number is one of the words for nothing."""
    return any(word.casefold() == "nan" for word in nulls)


def text(cell: Any) -> Any:
    """Trim; whole numbers of JSON become their digits."""
    if type(cell) is str:
        return bare(cell)
    return str(cell) if type(cell) is int else cell


def ext_id(cell: Any) -> Any:
    """Read an identifier: ``1001.0`` of a data frame is ``1001``, and ``NULL`` is nobody.

    Scientific notation is refused, for the digits that it lacks may tell two people apart; so is a float of
    more digits than a float keeps.
    """
    if type(cell) is float:
        return EMPTY if isnan(cell) else digits_of(cell) or cell
    cell = text(cell)
    if type(cell) is not str:
        return cell
    # A number that was too wide for its column is nothing but # where the sheet was saved as it looked.
    if cell.casefold() in NO_IDENTIFIERS or cell == NO_DAY_OF_PANDAS or not cell.strip("#"):
        return EMPTY
    if cell.endswith("0") and "." in cell:
        if digits := whole(cell):
            return digits
        before, _, after = cell.rpartition(".")
        if before.isdigit() and before[0] != "0" and not after.strip("0"):
            return _REFUSED + cell
    return _REFUSED + cell if is_scientific(cell) else cell


def refused(cell: str) -> str:
    """Mark a text so that it cannot pass."""
    return _REFUSED + cell


def value(cell: Any) -> Any:
    """Trim what has no known type: text, or what JSON says it is."""
    if type(cell) is str:
        return bare(cell)
    return chosen(cell) if is_list_of_text(cell) else cell


def email(cell: Any) -> Any:
    """Trim and lower-case, and take the address of a link: ``mailto:jane@example.com``.

    Not outside ASCII: there some letters have an ASCII lower case (Kelvin's sign). An apostrophe before an
    address is a spreadsheet's text mark: nobody's address begins with one.
    """
    if type(cell) is not str:
        return cell
    cell = bare(cell)
    if not cell.isascii():
        return cell
    address = cell.lower().lstrip(_MARK).lstrip().removeprefix(LINK).lstrip(_MARK)
    return address or cell


def boolean(cell: Any) -> Any:
    """Read true, yes, y, t, on, 1 and false, no, n, f, off, 0 in any case."""
    if type(cell) is bool or type(cell) not in (str, int, float):
        return cell
    return _BOOLEANS.get(bare(str(cell)).lower(), text(cell))


def boolean_in(words: Mapping[str, bool]) -> Normaliser:
    """Make a normaliser for yes and no in other words, in addition to those that ``boolean`` reads.

    :param words: what a cell says in any case -> what it means; ``true`` and ``1`` are words of typed cells.
    """
    meaning = {alike(word): means for word, means in words.items()}

    def boolean_of(cell: Any) -> Any:
        if type(cell) not in (str, int, float, bool):
            return cell
        said = alike(bare(str(cell)))
        found = meaning.get(said)
        if found is None:  # a data frame writes the code 1 as 1.0
            found = meaning.get(whole(said) or EMPTY)
        return boolean(cell) if found is None else found

    return boolean_of
