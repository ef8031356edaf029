"""Records with the same digest, or at the same place, brought together.

Knows arrays of numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from email_contacts.contacts.snapshot.records import Records


def between(ours: Records, theirs: Records) -> Records:
    """Leave those out that lie before the first of the account's, or behind the last."""
    if not len(theirs):
        return ours[:0]
    first = np.searchsorted(ours["high"], theirs["high"][0], side="left")
    return ours[first : np.searchsorted(ours["high"], theirs["high"][-1], side="right")]


def joined(ours: Records, theirs: Records) -> tuple[Any, Any]:
    """Return the places of all pairs with the same digest; both are sorted by its first 64 bits."""
    sought, known = np.ascontiguousarray(ours["high"]), np.ascontiguousarray(theirs["high"])
    first = np.searchsorted(known, sought, side="left")
    counts = np.searchsorted(known, sought, side="right") - first
    mine = np.repeat(np.arange(len(ours)), counts)
    before = np.cumsum(counts) - counts
    found = np.arange(len(mine)) + np.repeat(first - before, counts)
    is_same = ours["low"][mine] == theirs["low"][found]
    return mine[is_same], found[is_same]


def last_and_differing(places: Any, values: Any) -> tuple[Any, Any]:
    """Look through records without sorting them.

    :param places: where each record belongs; small numbers.
    :return: of each, whether it is the last one at its place, and whether those at its place differ in value.
    """
    order = np.arange(len(places), dtype="<u4")
    last = np.zeros(int(places.max()) + 1, "<u4")
    last[places] = order
    differs = np.zeros(len(last), bool)
    differs[places[values != values[last[places]]]] = True
    return last[places] == order, differs[places]
