"""What the cells of a column look like.

Knows the first cells of one column. How well they fit is found out by what prepares and judges every row, so
a proposal and a preparation cannot disagree.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from email_contacts.contacts.checks import schema
from email_contacts.contacts.mapping.bound_column import BoundColumn
from email_contacts.contacts.mapping.rules import ColumnRule
from email_contacts.contacts.sources.rows import EMPTY
from email_contacts.contacts.values.normalising import BOOLEAN_WORDS

ENOUGH = 0.95  # share of the cells that must fit; sources have faults
MOST_LABELS = 20
_CELLS_FOR_LABELS, _CELLS_OF_A_LABEL = 10, 2
# The year first needs no format, and neither does a time of day after the day.
DATE_FORMATS = (
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%d %B %Y",
)
_WORDS = {
    True: (
        "ja",
        "j",
        "oui",
        "o",
        "si",
        "s",
        "sì",
        "sí",
        "y",
        "wahr",
        "vrai",
        "verdadero",
        "vero",
        "waar",
        "on",
        "x",
    ),
    False: ("nein", "n", "non", "falsch", "faux", "falso", "nee", "onwaar", "off"),
}
_MEANING = {word: means for means, words in _WORDS.items() for word in words}
_OF_JSON = (str, bool, int, float, list, dict)  # days and decimals of a database are taken as text
_USUAL = BOOLEAN_WORDS
_PERSON = re.compile(r"[^\W\d_][\w.'’-]* [^\W\d_][\w.'’-]*").fullmatch
_LABEL = re.compile(r"[\w +&/.()-]{1,40}").fullmatch
_NUMBERED = re.compile(r"[0-9][0-9 ./-]{5,}").search


class ColumnProfile:
    """The cells of a column.

    :param column: its name.
    :param cells: its first cells.
    """

    def __init__(self, column: str, cells: Iterable[Any]) -> None:
        self.column = column
        of_json = (cell if type(cell) in _OF_JSON else str(cell) for cell in cells if cell is not None)
        trimmed = (cell.strip() if type(cell) is str else cell for cell in of_json)
        self._cells = [cell for cell in trimmed if cell != EMPTY]
        self._kinds = {type(cell) for cell in self._cells}

    @property
    def count(self) -> int:
        """Cells that are not empty."""
        return len(self._cells)

    def misfits(
        self, rule: ColumnRule, kind: str, labels: Sequence[str] = (), *, most: int | None = None
    ) -> int:
        """Count the cells that would be rejected.

        :param most: cells to look at; None for all.
        """
        normalise = BoundColumn(0, rule, kind, tuple(labels)).normaliser(text_only=False, remembered=0)
        is_valid = schema.judge(kind, labels)
        return sum(not is_valid(normalise(cell)) for cell in islice(self._cells, most))

    def fit(self, rule: ColumnRule, kind: str, labels: Sequence[str] = ()) -> bool:
        """Say whether enough cells would pass; none do where there are none."""
        return self.count > 0 and self.misfits(rule, kind, labels) <= (1 - ENOUGH) * self.count

    def are_different(self) -> bool:
        """Say whether hardly any cell comes twice, as it is with identifiers."""
        return self.count > 0 and len(set(map(str, self._cells))) >= ENOUGH * self.count

    def date_formats(self) -> tuple[tuple[str, ...], ...]:
        """Give the formats in which the cells are dates: none for the year first; several where all fit."""
        if self._kinds != {str}:
            return ()
        formats: tuple[tuple[str, ...], ...] = ((), *((said,) for said in DATE_FORMATS))
        few = min(self.count, 20)
        rules = {said: ColumnRule(self.column, "A", "date", said) for said in formats}
        likely = {said: rule for said, rule in rules.items() if self.misfits(rule, "date", most=few) < few}
        return tuple(said for said, rule in likely.items() if self.fit(rule, "date"))

    def booleans(self) -> tuple[tuple[str, bool], ...] | None:
        """Give the words for true and false that are not the usual ones, or None when it is no boolean."""
        if self._kinds == {bool}:
            return ()
        if not self._kinds <= {str, int}:
            return None
        words = Counter(str(cell).casefold() for cell in self._cells)
        known = {word: count for word, count in words.items() if word in _USUAL or word in _MEANING}
        if len(known) < 2 or sum(known.values()) < ENOUGH * self.count:
            return None
        usual = sum(count for word, count in known.items() if word in _USUAL)
        if usual >= ENOUGH * self.count:  # the others are faults
            return ()
        return tuple((word, _MEANING[word]) for word in sorted(known.keys() - _USUAL))

    def are_numbers(self) -> bool:
        """Say whether the cells are numbers to reckon with."""
        return not self._kinds & {bool, list, dict} and self.fit(ColumnRule(self.column, "A"), "number")

    def labels(self) -> tuple[str, ...]:
        """Give the few values that come again and again; none when they could tell of a person."""
        if self._kinds != {str}:
            return ()
        counts = Counter(self._cells)
        often = [label for label, count in counts.items() if count >= _CELLS_OF_A_LABEL]
        seldom = len(counts) - len(often)
        if not often or len(often) > min(MOST_LABELS, self.count / _CELLS_FOR_LABELS):
            return ()
        if seldom > (1 - ENOUGH) * self.count or not all(map(_LABEL, often)):
            return ()
        like_people = sum(bool(_PERSON(label) or _NUMBERED(label)) for label in often)
        return () if like_people * 2 > len(often) else tuple(sorted(often))
