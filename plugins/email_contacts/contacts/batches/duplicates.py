"""Rows about the same contact, and rows that would make the platform merge two contacts.

Knows digests and row numbers. Duplicates are rows known by the same identifier: one of them counts.
Conflicts are rows that count, are known by different identifiers, and still share one: the platform
would merge the two contacts, or refuse one (api-contract §3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from email_contacts.contacts.batches.identity import IdentityFiles, Records, are_primary, in_order_of_digests
from email_contacts.contacts.choices import FIRST

Numbers = Any  # numpy.ndarray of uint32


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
        """Return a mark for each row of a source, one byte each, which says whether it is among these.

        :param rows: how many rows there are; they are numbered from 1.
        """
        marks = np.zeros(rows + 1, bool)
        marks[self.rows] = True
        return marks


@dataclass(frozen=True)
class Repeated:
    """The records of one identifier whose digest comes more than once, those with the same one together.

    :param attribute: an identifier.
    :param group: which records belong together; sorted.
    :param rows: their rows, sorted within each group.
    :param is_primary: whether the row's contact is known by the identifier.
    """

    attribute: str
    group: Numbers
    rows: Numbers
    is_primary: Any

    def only(self, kept: Any) -> Repeated:
        """Keep some records, as far as they are still more than one together.

        :param kept: for each record whether it is to be kept.
        """
        group, rows, is_primary = self.group[kept], self.rows[kept], self.is_primary[kept]
        if len(group):
            sizes = np.bincount(group)
            kept = sizes[group] > 1
            group, rows, is_primary = group[kept], rows[kept], is_primary[kept]
        return Repeated(self.attribute, group, rows, is_primary)

    def spread(self, marks: Any) -> None:
        """Mark each row that has its identifier in common with one that is marked.

        :param marks: for each row of the source.
        """
        marked = np.unique(self.group[marks[self.rows]])
        marks[self.rows[np.isin(self.group, marked)]] = True

    @property
    def starts(self) -> Any:
        """Where each group begins."""
        return np.flatnonzero(np.diff(self.group.astype(np.int64), prepend=-1))

    @property
    def sizes(self) -> Any:
        """How many records each group has."""
        return np.diff(self.starts, append=len(self.group))


def find_repeated(identities: Sequence[IdentityFiles]) -> list[Repeated]:
    """Find for each identifier the records whose digest comes more than once."""
    with ThreadPoolExecutor(thread_name_prefix="repeated") as pool:  # sorting leaves Python
        return list(pool.map(_repeated, identities))


def spread_over_people(repeated: Sequence[Repeated], marks: Any) -> None:
    """Mark all rows of people with a row that is marked, whichever rows and identifiers lead to it.

    :param marks: for each row of the source.
    """
    before = 0
    # One pass follows the identifiers in their order only; a chain of rows may lead back and forth.
    while (now := int(np.count_nonzero(marks))) > before:
        before = now
        for records in repeated:
            records.spread(marks)


def find_duplicates(repeated: Iterable[Repeated], *, policy: str) -> Pairs:
    """Find the rows in whose place another one counts.

    :param policy: ``"first"``: the first row about a contact counts; else the last.
    """
    rows, others = [], []
    for records in repeated:
        known = records.only(records.is_primary)
        counting = known.starts if policy == FIRST else known.starts + known.sizes - 1
        winners = np.repeat(known.rows[counting], known.sizes)
        is_losing = known.rows != winners
        rows.append(known.rows[is_losing])
        others.append(winners[is_losing])
    return _sorted(rows, others, [])


def find_conflicts(repeated: Iterable[Repeated], is_duplicate: Any) -> Pairs:
    """Find the rows that count and share an identifier.

    :param is_duplicate: ``Pairs.marked`` of the duplicates.
    """
    rows, others, attributes = [], [], []
    for records in repeated:
        counting = records.only(~is_duplicate[records.rows])
        if not len(counting.rows):
            continue
        # Each row names the first other one.
        first = np.repeat(counting.rows[counting.starts], counting.sizes)
        second = np.repeat(
            counting.rows[np.minimum(counting.starts + 1, len(counting.rows) - 1)], counting.sizes
        )
        rows.append(counting.rows)
        others.append(np.where(counting.rows == first, second, first))
        attributes += [records.attribute] * len(counting.rows)
    return _sorted(rows, others, attributes)


def _repeated(identities: IdentityFiles) -> Repeated:
    groups, rows, primary = [], [], []
    before = 0
    for records in identities.buckets():
        group, some = _grouped(records)
        groups.append((group + before).astype(np.uint32))
        rows.append(some["row"])
        primary.append(are_primary(some))
        before += int(group[-1]) + 1 if len(group) else 0
    return Repeated(identities.attribute, *map(np.concatenate, (groups, rows, primary)))


def _grouped(records: Records) -> tuple[Any, Records]:
    """Keep the records whose digest comes more than once; number the groups."""
    some = records[np.flatnonzero(_may_repeat(np.ascontiguousarray(records["high"])))]
    some, is_like_before = in_order_of_digests(some)
    is_same = np.zeros(len(some) + 1, bool)
    is_same[1:-1] = is_like_before
    group = np.cumsum(~is_same[:-1]) - 1
    is_repeated = is_same[1:] | is_same[:-1]
    return group[is_repeated], some[is_repeated]


def _may_repeat(digests: Any) -> Any:
    """Mark digests that share a slot of a table with another one: all that repeat, and few more.

    Sorting those only is much quicker than sorting all.
    """
    bits = 3 + len(digests).bit_length()
    slots = digests >> np.uint64(64 - bits)  # the low bits led the digests here
    last = np.zeros(1 << bits, np.uint32)
    numbers = np.arange(len(digests), dtype=np.uint32)
    last[slots] = numbers
    is_shared = np.zeros(len(last), bool)
    is_shared[slots[last[slots] != numbers]] = True
    return is_shared[slots]


def _sorted(rows: list[Numbers], others: list[Numbers], attributes: list[str]) -> Pairs:
    if not rows:
        return Pairs(np.empty(0, np.uint32), np.empty(0, np.uint32))
    number, other = np.concatenate(rows), np.concatenate(others)
    order = np.argsort(number, kind="stable")
    return Pairs(number[order], other[order], [attributes[place] for place in order] if attributes else ())
