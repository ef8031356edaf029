"""Rows about the same contact, and rows that would make the platform merge two people.

Knows digests and row numbers. Duplicates are rows known by the same identifier: one of them counts.
Conflicts are rows that count, are known by different identifiers, and share one all the same: the platform
would merge the two people, or refuse one (api-contract §3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from email_contacts.contacts.errors import InvalidOption
from email_contacts.contacts.identity import IdentityFiles, Records

LAST, FIRST, FAIL = "last", "first", "fail"
DUPLICATES = (LAST, FIRST, FAIL)
FLAG, REJECT = "flag", "reject"
CONFLICTS = (FLAG, REJECT, FAIL)
Numbers = Any  # numpy.ndarray of uint32


def check_policies(duplicates: str, conflicts: str) -> None:
    """See that both policies are known.

    :raises InvalidOption: when one is not.
    """
    for name, said, choices in (("duplicates", duplicates, DUPLICATES), ("conflicts", conflicts, CONFLICTS)):
        if said not in choices:
            raise InvalidOption(f'{name}="{said}" is not one of {", ".join(choices)}.')


@dataclass(frozen=True)
class Pairs:
    """Rows with the row that each has to do with.

    :param rows: sorted.
    :param others: which other row each is about.
    :param attributes: for conflicts, the identifier that they share.
    """

    rows: Numbers
    others: Numbers
    attributes: Sequence[str] = ()

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    def marked(self, rows: int) -> Any:
        """Give a mark for each row of a source, one byte each, which says whether it is among these.

        :param rows: how many rows there are; they are numbered from 1.
        """
        marks = np.zeros(rows + 1, bool)
        marks[self.rows] = True
        return marks


def find_duplicates(identities: Iterable[IdentityFiles], *, policy: str) -> Pairs:
    """Find the rows in whose place another one counts.

    :param policy: ``"first"``: the first row about a contact counts; else the last.
    """
    rows, others = [], []
    for files in identities:
        for records in files.buckets():
            group, number = _repeated(records[records["is_primary"] == 1])
            # Sorted by row within a group, so the one that counts is at its end, or its start.
            counting = _starts(group) if policy == FIRST else _ends(group)
            sizes = _ends(group) - _starts(group) + 1
            winners = np.repeat(number[counting], sizes)
            losing = number != winners
            rows.append(number[losing])
            others.append(winners[losing])
    return _sorted(rows, others, [])


def find_conflicts(identities: Sequence[IdentityFiles], is_duplicate: Any) -> Pairs:
    """Find the rows that count and share an identifier; nothing where contacts have one identifier only.

    :param is_duplicate: ``Pairs.marked`` of the duplicates.
    """
    rows, others, attributes = [], [], []
    for files in identities if len(identities) > 1 else ():
        for records in files.buckets():
            group, number = _repeated(records[~is_duplicate[records["row"]]])
            starts, ends = _starts(group), _ends(group)
            # Each row is told of the first other one.
            first = np.repeat(number[starts], ends - starts + 1)
            second = np.repeat(number[starts + 1] if len(starts) else starts, ends - starts + 1)
            rows.append(number)
            others.append(np.where(number == first, second, first))
            attributes += [files.attribute] * len(number)
    return _sorted(rows, others, attributes)


def _repeated(records: Records) -> tuple[Any, Numbers]:
    """Keep the records whose digest comes more than once: their group, and their rows; sorted by both."""
    order = np.argsort(records["high"])
    high = records["high"][order]
    is_shared = np.zeros(len(order) + 1, bool)
    is_shared[1:-1] = high[1:] == high[:-1]
    some = records[order[is_shared[1:] | is_shared[:-1]]]
    some = some[np.lexsort((some["row"], some["low"], some["high"]))]
    is_new = np.ones(len(some), bool)
    is_new[1:] = (some["high"][1:] != some["high"][:-1]) | (some["low"][1:] != some["low"][:-1])
    group = np.cumsum(is_new) - 1
    is_shared = np.bincount(group)[group] > 1 if len(group) else is_new
    return group[is_shared], some["row"][is_shared]


def _starts(group: Any) -> Any:
    return np.flatnonzero(np.diff(group, prepend=-1)) if len(group) else group


def _ends(group: Any) -> Any:
    return np.append(_starts(group)[1:] - 1, len(group) - 1) if len(group) else group


def _sorted(rows: list[Numbers], others: list[Numbers], attributes: list[str]) -> Pairs:
    if not rows:
        return Pairs(np.empty(0, np.uint32), np.empty(0, np.uint32))
    number, other = np.concatenate(rows), np.concatenate(others)
    order = np.argsort(number, kind="stable")
    return Pairs(number[order], other[order], [attributes[place] for place in order] if attributes else ())
