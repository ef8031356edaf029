"""The differential check can fail: it finds each of the ways in which the quick way could take too much."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest

from email_contacts.contacts.batches import escaping
from email_contacts.contacts.checks import (
    fast_path_phones,
    fast_path_rejects,
    fast_path_rows,
    fast_path_values,
    fast_path_written,
)
from email_contacts.contacts.checks.cell_memory import CellMemory
from email_contacts.contacts.checks.cell_text import text_of
from email_contacts.contacts.checks.fast_path_values import Cells, Plain
from email_contacts.contacts.mapping.binding import BoundColumn
from email_contacts.contacts.values import numerals, phone_patterns
from tests.contacts.checks.agreement import Agreement
from tests.contacts.checks.generated_rows import CASES, ROWS_IN_A_FRAME

Loosened = Callable[[pytest.MonkeyPatch], None]
ROWS_AT_FIRST = 500  # which find most of them
ALL = tuple(CASES.values())


def _pattern(name: str, pattern: str) -> Loosened:
    return lambda patch: patch.setattr(fast_path_values, name, pattern)


def _rule(kind: str, rule: fast_path_values.PlainRule) -> Loosened:
    return lambda patch: patch.setitem(fast_path_values.RULES, kind, rule)


def _rejecting(name: str, value: object) -> Loosened:
    return lambda patch: patch.setattr(fast_path_rejects, name, value)


def _last_fault(verdicts: pl.DataFrame, *_: object, places: Sequence[int]) -> Any:
    bad = verdicts.filter(~pl.all_horizontal(pl.all())).to_numpy()
    return np.array(places)[bad.shape[1] - 1 - np.argmin(bad[:, ::-1], axis=1)]


def _anything(cells: Cells) -> Plain:
    return Plain(cells.cell, pl.lit(True))


def _folded(memory: CellMemory, cell: str) -> str | None:
    return _DECIDED(memory, unicodedata.normalize("NFKC", cell))


def _short_cells(column: BoundColumn) -> bool:
    return column.kind in ("boolean", "multiple_choice")


def _digits_only() -> str:
    return r"^\+[1-9][0-9]{5,14}$"


def _with_any_prefix() -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phone_patterns, "beginnings", lambda *_: frozenset("0"))
        return _PLAIN_PATTERN()


def _without_codes(region: str) -> phone_patterns.NationalNumbers | None:
    known = _NATIONAL(region)
    return None if known is None else replace(known, after_code=())


_DECIDED = CellMemory._decided
_TEXT_OF = text_of
_NATIONAL = phone_patterns.national_numbers
_PLAIN_PATTERN: Callable[[], str] = cast("Any", phone_patterns.plain_pattern).__wrapped__
_SENT_FOR = fast_path_phones._sent_for
_UNMARKED = fast_path_phones._unmarked
# What the quick way would be if somebody made it take more, or write otherwise.
LOOSENED: dict[str, Loosened] = {
    "e-mail: two dots": _pattern(
        "EMAIL", r"^[A-Za-z0-9_.+-]+@(?:[A-Za-z0-9](?:-?[A-Za-z0-9])*\.)+[A-Za-z]{2,63}$"
    ),
    "e-mail: letters outside ASCII": _pattern("EMAIL", r"^\w+(?:\.\w+)*@(?:\w(?:-?\w)*\.)+[A-Za-z]{2,63}$"),
    "e-mail: digits at the end": _pattern(
        "EMAIL", fast_path_values.EMAIL.replace("[A-Za-z]{2,63}", "[A-Za-z0-9]{2,63}")
    ),
    "e-mail: any length": lambda patch: patch.setattr(fast_path_values, "LONGEST_EMAIL", 10_000),
    "date: no calendar": _pattern("DATE", r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$"),
    "date: 30 February": _pattern("DATE", fast_path_values.DATE.replace("0[13-9]", "0[1-9]")),
    "date: 24 o'clock": _pattern("DATE_TIME", fast_path_values.DATE_TIME.replace("2[0-3]", "2[0-4]")),
    "number: 1_000": _pattern("NUMBER", r"^-?[1-9][0-9_]{0,14}$"),
    "number: -0": _pattern("NUMBER", r"^-?(?:0|[1-9][0-9]{0,14})$"),
    "number: 007": _pattern("NUMBER", r"^-?[1-9]?[0-9]{1,14}$"),
    "number: 0.00001": _pattern("NUMBER", r"^-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,9}$"),
    "number: twenty digits": _pattern("NUMBER", r"^-?[1-9][0-9]{0,19}$"),
    "number: noughts at the end": _pattern("NOUGHTS", r"never"),
    "text: nothing is special": _rule("text", _anything),
    "value: nothing is special": _rule("value", _anything),
    "text: quotes are not escaped": lambda patch: patch.setattr(escaping, "in_json", lambda texts: texts),
    "text: an escape of another kind": lambda patch: patch.setitem(escaping._ESCAPES, "\x1c", "\\u001C"),
    "text: a CSV without quotes": lambda patch: patch.setattr(escaping, "in_quotes", lambda texts: texts),
    "text: a null byte": _pattern("NULL_BYTE", "never"),
    "text: a formula that is a text": _pattern("FORMULA", "never"),
    "category: any length": lambda patch: patch.setattr(fast_path_values, "LONGEST_CATEGORY", 10_000),
    "category: labels in other letters": lambda patch: patch.setattr(CellMemory, "_decided", _folded),
    "category: labels not looked up": lambda patch: patch.setattr(
        fast_path_rows, "_has_few_cells", _short_cells
    ),
    "phones: any length": lambda patch: patch.setattr(phone_patterns, "plain_pattern", _digits_only),
    "phones: a country where none is named": lambda patch: patch.setattr(
        fast_path_phones, "_sent_for", lambda written, region: _SENT_FOR(written, region or "US")
    ),
    "phones: a decimal of a data frame": lambda patch: patch.setattr(
        fast_path_phones, "_has_points", lambda written: False
    ),
    "phones: the end of a second number": lambda patch: patch.setattr(
        fast_path_phones, "_has_strokes", lambda written: False
    ),
    "phones: with the country code or without": lambda patch: patch.setattr(
        fast_path_phones, "national_numbers", _without_codes
    ),
    "phones: a marked word for nothing": lambda patch: patch.setattr(
        fast_path_phones, "_unmarked", lambda cells, _: _UNMARKED(cells, ())
    ),
    "phones: any mark": lambda patch: patch.setattr(fast_path_phones, "_MARKED", "^'"),
    "phones: a national prefix that is no prefix": lambda patch: patch.setattr(
        phone_patterns, "plain_pattern", cache(_with_any_prefix)
    ),
    "ext_id: NULL is somebody": _pattern("NO_EXT_ID", r"^never$"),
    "ext_id: any float": _pattern("WHOLE_FLOAT", r"^[0-9]+[.]0$"),
    "text: an apostrophe before a number": _pattern("APOSTROPHE", "never"),
    "date: slashes of two kinds": _pattern("YEAR_FIRST", r"^[0-9]{4}/[0-9]{1,2}.[0-9]{1,2}$"),
    "date: the first days of Excel": lambda patch: patch.setattr(fast_path_written, "_FIRST_SERIAL", 1),
    "number: any grouping": lambda patch: patch.setattr(
        fast_path_written,
        "numerals",
        SimpleNamespace(POINT=".", alike=numerals.alike, grammar=lambda *_: r"[-+0-9., ]+"),
    ),
    "rejects: an address with an apostrophe": _rejecting(
        "pattern_of", lambda _: fast_path_values.EMAIL.lower()
    ),
    "rejects: phone numbers of any length": _rejecting("impossible_pattern", lambda: r"^\+[0-9]+$"),
    "rejects: words for nothing": _rejecting("NO_IDENTIFIERS", ()),
    "rejects: the address of a link": _rejecting("LINK", "never:"),
    "rejects: marks of a spreadsheet": _rejecting("_MARKS", ("?",)),
    "rejects: what is shown": _rejecting("masked", lambda texts: texts),
    "rejects: any fault of a row": lambda patch: patch.setattr(fast_path_rows, "_first", _last_fault),
    "nulls are values": lambda patch: patch.setattr(
        fast_path_rows, "text_of", lambda cell, dtype, kind, **told: _TEXT_OF(cell, dtype, kind)
    ),
    "blanks are left": lambda patch: patch.setattr(
        fast_path_rows, "text_of", lambda cell, dtype, kind, **_: _TEXT_OF(cell, dtype, kind, is_trimmed=True)
    ),
}


@pytest.mark.parametrize("loosened", LOOSENED)
def test_a_quick_way_that_takes_more_is_found(monkeypatch: pytest.MonkeyPatch, loosened: str) -> None:
    LOOSENED[loosened](monkeypatch)
    with pytest.raises(AssertionError):  # noqa: PT012  # whichever case finds it
        for rows, cases in ((ROWS_AT_FIRST, ALL), (ROWS_IN_A_FRAME, (ALL[-1], *ALL))):
            for case in cases:
                agreement = Agreement(case.binding)
                for frame in case.frames(rows, seed=1):
                    agreement.check(frame)
