"""Rows of people who must not be written to, as the source itself says.

Knows marks, one byte for each row of the source. What one row says counts for all rows of the person: those
that share an identifier with it, and those that share one with these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from email_contacts.contacts.batches.duplicates import Repeated, spread_over_people
from email_contacts.contacts.batches.identity import IdentityFiles
from email_contacts.contacts.batches.parts import Part, read_opted_out, read_without_consent
from email_contacts.contacts.batches.spool import Spool
from email_contacts.contacts.column_names import EMAIL, SMS, WHATSAPP

# Parts with their files, and the number of rows before each.
Placed = Sequence[tuple[Part, Spool, int]]


@dataclass(frozen=True)
class OptedOut:
    """The rows of people who have opted out.

    :param rejected: rows that say so, which are no contacts.
    :param others: rows of the same people that do not say so.
    """

    rejected: Any
    others: Any


def without_consent(parts: Placed, repeated: Sequence[Repeated], *, rows: int) -> Any:
    """Mark all rows of people with any row that says no; one that says yes does not outweigh it.

    :param repeated: the identifiers that rows share.
    :param rows: how many rows there are; they are numbered from 1.
    """
    marks = np.zeros(rows + 1, bool)
    for part, spool, before in parts:
        marks[read_without_consent(part, spool, rows_before=before)] = True
    spread_over_people(repeated, marks)
    return marks


def opted_out(
    parts: Placed, repeated: Sequence[Repeated], identities: Sequence[IdentityFiles], *, rows: int
) -> OptedOut:
    """Mark all rows of people with a row that was rejected because they have opted out.

    An opt-out from SMS or WhatsApp concerns the rows with a number for it.

    :param repeated: the identifiers that rows share, rejected ones among them.
    :param identities: the identifiers of all rows.
    :param rows: how many rows there are; they are numbered from 1.
    """
    rejected, others = np.zeros(rows + 1, bool), np.zeros(rows + 1, bool)
    for what in (EMAIL, SMS, WHATSAPP):
        marks = np.zeros(rows + 1, bool)
        for part, spool, before in parts:
            marks[read_opted_out(part, spool, what, rows_before=before)] = True
        if not marks.any():
            continue
        rejected |= marks
        spread_over_people(repeated, marks)
        others |= marks if what == EMAIL else marks & _having(what, identities, rows)
    return OptedOut(rejected, others & ~rejected)


def _having(attribute: str, identities: Sequence[IdentityFiles], rows: int) -> Any:
    """Mark the rows that have an identifier."""
    marks = np.zeros(rows + 1, bool)
    for one in identities:
        if one.attribute == attribute:
            for numbers in one.rows():
                marks[numbers] = True
    return marks
