"""What the cells of a column look like.

Knows the first cells of one column. How well they fit is found out by what prepares and judges every row, so
a proposal and a preparation cannot disagree.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from email_contacts.contacts.checks import schema
from email_contacts.contacts.mapping.bound_column import BoundColumn
from email_contacts.contacts.mapping.rules import ColumnRule
from email_contacts.contacts.sources.rows import EMPTY
from email_contacts.contacts.values.marks import bare
from email_contacts.contacts.values.normalising import NULLS

ENOUGH = 0.95  # share of the cells that must fit; sources have faults
MOST_LABELS = 20
_CELLS_FOR_LABELS, _CELLS_OF_A_LABEL = 10, 2
_OF_JSON = (str, bool, int, float, list, dict)  # days and decimals of a database are taken as text
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
        trimmed = (bare(cell) if type(cell) is str else cell for cell in of_json)
        self.cells = [cell for cell in trimmed if cell not in (EMPTY, *NULLS)]
        self.kinds = {type(cell) for cell in self.cells}

    @property
    def count(self) -> int:
        """Cells that are not empty."""
        return len(self.cells)

    def words(self, is_one: Callable[[str], bool]) -> Counter[str]:
        """Count the cells that are words of some kind, as they are written.

        :param is_one: says so of a cell in lower case.
        """
        return Counter(cell for cell in self.cells if type(cell) is str and is_one(cell.casefold()))

    def without(self, words: Iterable[str]) -> ColumnProfile:
        """Give the column as if some words were empty cells."""
        words = frozenset(words)
        if not words:
            return self
        return ColumnProfile(
            self.column, [cell for cell in self.cells if type(cell) is not str or cell not in words]
        )

    def values(self, rule: ColumnRule, kind: str, labels: Sequence[str] = ()) -> list[Any]:
        """Give what the cells become: ``""`` where that is nothing, None where they would be rejected."""
        normalise = BoundColumn(0, rule, kind, tuple(labels)).normaliser(text_only=False, remembered=0)
        is_valid = schema.judge(kind, labels)
        return [value if value == EMPTY or is_valid(value) else None for value in map(normalise, self.cells)]

    def misfits(self, rule: ColumnRule, kind: str, labels: Sequence[str] = ()) -> int:
        """Count the cells that would be rejected."""
        return self.values(rule, kind, labels).count(None)

    def are_enough(self, count: int) -> bool:
        """Say whether so many of the cells are enough to tell what the column is."""
        return self.count > 0 and count >= ENOUGH * self.count

    def fit(self, rule: ColumnRule, kind: str, labels: Sequence[str] = ()) -> bool:
        """Say whether enough cells would pass; none do where there are none."""
        return self.are_enough(self.count - self.misfits(rule, kind, labels))

    def are_different(self) -> bool:
        """Say whether hardly any cell comes twice, as it is with identifiers."""
        return self.are_enough(len(set(map(str, self.cells))))

    def are_objects(self) -> bool:
        """Say whether the cells are JSON objects, or texts of them."""
        return self.are_enough(sum(map(_is_object, self.cells)))

    def labels(self) -> tuple[str, ...]:
        """Give the few values that come again and again; none when they could tell of a person."""
        if self.kinds != {str}:
            return ()
        counts = Counter(self.cells)
        often = [label for label, count in counts.items() if count >= _CELLS_OF_A_LABEL]
        seldom = len(counts) - len(often)
        if not often or len(often) > min(MOST_LABELS, self.count / _CELLS_FOR_LABELS):
            return ()
        if seldom > (1 - ENOUGH) * self.count or not all(map(_LABEL, often)):
            return ()
        like_people = sum(bool(_PERSON(label) or _NUMBERED(label)) for label in often)
        return () if like_people * 2 > len(often) else tuple(sorted(often))


def could_be_people(labels: Sequence[str]) -> bool:
    """Say whether most of the labels are written as names are: ``Anna``, ``Anna Stone``."""
    return 2 * sum(bool(_PERSON(label)) or _is_like_a_name(label) for label in labels) > len(labels)


def _is_like_a_name(label: str) -> bool:
    letters = re.sub("['’.-]", "", label)
    # VIP is none; letters of other scripts have no capitals.
    return len(letters) > 1 and letters.isalpha() and not label[0].islower() and not letters.isupper()


def _is_object(cell: Any) -> bool:
    if type(cell) is not str:
        return type(cell) is dict
    try:
        return cell.startswith("{") and type(orjson.loads(cell)) is dict
    except orjson.JSONDecodeError:
        return False
