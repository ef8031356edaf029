"""Days of the calendar, as files write them.

Knows single cells, and the formats of a mapping. Without a format only what can mean one day is read: the
year first, in four digits. A time of day after the day is cut off, and the day stays the one that is written,
regardless of the offset; a cell that is not such a day stays as it is, for the schema to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date as day_of
from datetime import timedelta
from functools import cache, cached_property
from typing import Any

from email_contacts.contacts.values.marks import bare, digits_of

ISO, EXCEL = "iso", "excel"
NAMED_FORMATS = (ISO, EXCEL)
# What may follow a day, in the syntax that Python's and Rust's regular expressions share.
TIME_OF_DAY = (
    r"(?:T| +|, *)(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?(?: ?[AaPp]\.?[Mm]\.?)?"
    r"(?: ?(?:[Zz]|[A-Z]{3,5}|[+-][0-9]{2}(?::?[0-9]{2})?))?"
    r"(?:\[[A-Za-z_/+-]+\]| [A-Z][A-Za-z_]+/[A-Za-z_/+-]+)?"
)
_TIME_AT_END = re.compile(rf"{TIME_OF_DAY}\Z").search
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})").fullmatch
_COMPACT = re.compile(
    r"([0-9]{4})()([0-9]{2})([0-9]{2})"
    r"(?:T(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:[.,][0-9]+)?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
).fullmatch
_SERIAL = re.compile(r"([1-9][0-9]{1,6})(?:\.[0-9]+)?").fullmatch
_EPOCH_OF_EXCEL = day_of(1899, 12, 30)
_DAYS_BEFORE_1904 = (day_of(1904, 1, 1) - _EPOCH_OF_EXCEL).days
# From 1 March 1900: before that Excel counts a 29 February that was none. To the end of the year 9999.
_SERIALS = range(61, 2_958_466)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
    *("november", "december"),
)
_WEEKDAYS = "(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_DIRECTIVE = re.compile(r"%(-?.)")
_TIME_IN_FORMAT = re.compile(r"[T ,]*%-?[HI](?:[T :.,]|%-?[HIMSfpzZ])*\Z")
_PATTERNS = {
    "Y": "(?P<year>[0-9]{4})",
    "m": "(?P<month>[0-9]{1,2})",
    "d": "(?P<day>[0-9]{1,2})",
    "b": f"(?P<name>{'|'.join(_MONTHS)})",
    "B": f"(?P<name>{'|'.join(_MONTH_NAMES)})",
    "a": _WEEKDAYS,
    "A": _WEEKDAYS,
    "H": "(?:[01]?[0-9]|2[0-3])",
    "I": "(?:0?[1-9]|1[0-2])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
    "f": "[0-9]{1,9}",
    "p": r"[ap]\.?m\.?",
    "z": "(?:Z|[+-][0-9]{2}:?[0-9]{2})",
    "Z": "(?:Z|[A-Z]{3,5})",
    "%": "%",
}


def date(cell: Any) -> Any:
    """Read what can mean one day only: ``2024-01-11``, ``2024/1/11``, ``20240111``, with a time or not.

    :param cell: text, or a whole number of eight digits, as warehouses keep days.
    :return: ``YYYY-MM-DD``, or the cell as it is where it is not such a day.
    """
    if type(cell) is int:
        cell = str(cell)
    if type(cell) is not str:
        return cell
    cell = bare(cell)
    return _iso(cell) or cell


def date_in(formats: Sequence[str]) -> Callable[[Any], Any]:
    """Make a reader of days in formats of their own; they are tried in order.

    :param formats: directives of strptime, ``iso`` for what ``date`` reads, ``excel`` for serial days.
    :return: gives ``YYYY-MM-DD``; a cell in no format is marked, so that it cannot pass by chance.
    """
    readers = [_reader(said) for said in formats]

    def date_of(cell: Any) -> Any:
        if type(cell) is float:
            cell = digits_of(cell) or str(cell)
        if type(cell) is int:
            cell = str(cell)
        if type(cell) is not str or not (cell := bare(cell)):
            return cell
        return next(filter(None, (read(cell) for read in readers)), f"?{cell}")

    return date_of


def faults_of(date_format: str) -> str | None:
    """Return what is wrong with a format, without a full stop; None when nothing is."""
    if date_format in NAMED_FORMATS:
        return None
    directives = [said.lstrip("-") for said in _DIRECTIVE.findall(date_format)]
    if "y" in directives:
        return "%y is not supported, because two digits do not say the century"
    strange = [f"%{said}" for said in directives if said not in _PATTERNS]
    if strange or date_format.replace("%%", "").endswith("%"):
        return f"{', '.join(strange) or '%'} is not supported"
    several = [f"%{said}" for said in dict.fromkeys(directives) if directives.count(said) > 1 and said != "%"]
    if several:
        return f"{', '.join(several)} is there twice"
    missing = [f"%{said}" for said in "Yd" if said not in directives]
    months = sum(said in directives for said in "mbB")
    if missing or not months:
        return f"{', '.join([*missing, *([] if months else ['%m'])])} is missing"
    return "the month is there twice" if months > 1 else None


@cache
def without_time(date_format: str) -> str:
    """Return a format without the time of day at its end."""
    return _TIME_IN_FORMAT.sub("", date_format)


@dataclass(frozen=True)
class DayFormat:
    """A format.

    :param said: directives of strptime.
    """

    said: str

    @cached_property
    def pattern(self) -> str:
        """A regular expression of a cell, with names for the parts of the day."""
        written, at = [], 0
        for found in _DIRECTIVE.finditer(self.said):
            written += [_literal(self.said[at : found.start()]), self._pattern_of(found)]
            at = found.end()
        return "".join([*written, _literal(self.said[at:])])

    @cached_property
    def plain_directives(self) -> str | None:
        """The format as ``strptime`` of Polars takes it; None where it has more than digits of a day."""
        plain = self.said.replace("%-", "%")
        return plain if sorted(_DIRECTIVE.findall(plain)) == ["Y", "d", "m"] else None

    def read(self, cell: str) -> str | None:
        """Read a cell that is wholly in the format."""
        found = self._match(cell)
        if found is None:
            return None
        parts = found.groupdict()
        name = parts.get("name")
        month = _MONTHS.index(name[:3].lower()) + 1 if name else int(parts["month"])
        return _day(int(parts["year"]), month, int(parts["day"]))

    def _pattern_of(self, found: re.Match[str]) -> str:
        directive = found[1].lstrip("-")
        pattern = _PATTERNS[directive]
        before, after = self.said[: found.start()], self.said[found.end() :]
        if directive in "md" and (re.search(r"%-?[YmdHIMSf]\Z", before) or after.startswith("%")):
            return pattern.replace("{1,2}", "{2}")  # between digits, only two can be told apart
        return pattern

    @cached_property
    def _match(self) -> Callable[[str], re.Match[str] | None]:
        return re.compile(self.pattern, re.IGNORECASE | re.ASCII).fullmatch


def _reader(said: str) -> Callable[[str], str | None]:
    if said == ISO:
        return _iso
    if said == EXCEL:
        return _of_serial
    whole, day = DayFormat(said), DayFormat(without_time(said))
    return lambda cell: whole.read(cell) or next(filter(None, map(day.read, _days(cell))), None)


def _iso(cell: str) -> str | None:
    for day in _days(cell):
        if found := _YEAR_FIRST(day) or _COMPACT(day):
            return f"{found[1]}-{found[3]:0>2}-{found[4]:0>2}"
    return None


def _days(cell: str) -> Iterator[str]:
    """Yield a cell as it is, then without the time of day at its end."""
    yield cell
    if ":" in cell and (found := _TIME_AT_END(cell)):
        yield cell[: found.start()]


def _of_serial(cell: str) -> str | None:
    found = _SERIAL(cell)
    if found is None or int(found[1]) not in _SERIALS:
        return None
    return (_EPOCH_OF_EXCEL + timedelta(days=int(found[1]))).isoformat()


def day_since_1904(cell: Any) -> str | None:
    """Return the day that a workbook means by a number where it counts from 1904.

    :return: the number itself where it ends behind the calendar; None for what is no serial day.
    """
    if type(cell) not in (int, float, str):
        return None
    found = _SERIAL(bare(str(cell)))
    return None if found is None else _of_serial(str(int(found[1]) + _DAYS_BEFORE_1904)) or found[1]


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return day_of(year, month, day).isoformat()
    except ValueError:
        return None


def _literal(text: str) -> str:
    return re.sub(r"(?:\\ )+", " +", re.escape(text))
