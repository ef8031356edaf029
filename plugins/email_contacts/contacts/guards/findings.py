"""What looking rows up finds: which contacts of the account, or other rows, a row has to do with.

Knows row numbers and ids of contacts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from email_contacts.contacts.guards.joining import last_and_differing
from email_contacts.contacts.snapshot.records import BUCKETS, Records

# What a row has to do with: a contact of the account, another row, or both; 0 for none.
FINDING = np.dtype([("row", "<u4"), ("contact", "<u8"), ("other_contact", "<u8"), ("other_row", "<u4")])
# A row and a contact that has one of its identifiers.
PAIR = np.dtype([("row", "<u4"), ("contact", "<u8")])
SPREADING = np.uint64(0x9E3779B97F4A7C15)  # multiplying by it spreads numbers, and no two become the same
_PLACES_FOR_EACH = 4
Findings = Any  # numpy.ndarray of FINDING


def first_of_each_row(some: Records) -> Findings:
    """Find each row of some pairs once, with the contact that has the lowest id."""
    some = some[np.lexsort((some["contact"], some["row"]))]
    is_new = np.ones(len(some), bool)
    is_new[1:] = some["row"][1:] != some["row"][:-1]
    return found_in_rows(some["row"][is_new], contact=some["contact"][is_new])


def neighbours_of_two(some: Records) -> Findings:
    """Find the rows of some pairs that are with two contacts."""
    some = some[np.lexsort((some["contact"], some["row"]))]
    is_other = (some["row"][1:] == some["row"][:-1]) & (some["contact"][1:] != some["contact"][:-1])
    places = np.flatnonzero(is_other)
    contacts = some["contact"]
    return found_in_rows(some["row"][places], contact=contacts[places], other_contact=contacts[places + 1])


def spread_of(some: Records) -> Any:
    """Return for each pair a number of 64 bits, by its contact."""
    return some["contact"] * SPREADING


def of_one_contact(some: Records, spread: Any) -> Findings:
    """Find the rows that are about the same contact, by different identifiers.

    :param spread: for each record a number that is the same for those of one contact.
    """
    if not len(some):
        return np.empty(0, FINDING)
    # Contacts that share a place by chance are told apart below.
    bits = (_PLACES_FOR_EACH * len(some)).bit_length()
    places = (spread << np.uint64(BUCKETS.bit_length() - 1)) >> np.uint64(64 - bits)
    some = some[last_and_differing(places, some["row"])[1]]
    some = some[np.lexsort((some["row"], some["contact"]))]
    is_other = (some["contact"][1:] == some["contact"][:-1]) & (some["row"][1:] != some["row"][:-1])
    places = np.flatnonzero(is_other)
    contacts, one, other = some["contact"][places], some["row"][places], some["row"][places + 1]
    return np.concatenate(
        [
            found_in_rows(one, contact=contacts, other_row=other),
            found_in_rows(other, contact=contacts, other_row=one),
        ]
    )


def found_in_rows(row: Any, *, contact: Any = 0, other_contact: Any = 0, other_row: Any = 0) -> Findings:
    """Make the findings of some rows."""
    made = np.empty(len(row), FINDING)
    made["row"], made["contact"] = row, contact
    made["other_contact"], made["other_row"] = other_contact, other_row
    return made


def together(parts: Iterable[Findings]) -> Findings:
    """Put findings together, each row once and sorted; what names two contacts goes before the rest."""
    found = np.concatenate([np.empty(0, FINDING), *parts])
    found = found[np.lexsort((found["other_row"], found["other_contact"] == 0, found["row"]))]
    is_new = np.ones(len(found), bool)
    is_new[1:] = found["row"][1:] != found["row"][:-1]
    return found[is_new]
