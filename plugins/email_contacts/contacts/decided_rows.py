"""Rows that were decided one by one: valid contacts, rejects, and who of them has opted out.

Knows what was decided, and not why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from email_contacts.contacts.batches.contact_bytes import Contacts
from email_contacts.contacts.checks.rejected_identifiers import Identifiers
from email_contacts.contacts.column_names import EMAIL
from email_contacts.contacts.mapping.binding import Contact
from email_contacts.contacts.mirror.account_contacts import PHONE_DOMAIN
from email_contacts.contacts.sources.rows import EMPTY
from email_contacts.contacts.staging.rejects import Reject


@dataclass(frozen=True)
class OptedOut:
    """A rejected row of a person who has opted out.

    :param row: its number.
    :param opted_out: of what.
    :param who: the identifiers that can be read.
    """

    row: int
    opted_out: tuple[str, ...]
    who: Identifiers


class DecidedRows:
    """Rows that were decided one by one: valid contacts, and rejects."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.bodies: list[bytes] = []
        self.people: list[Contact] = []
        self.rejects: list[Reject] = []
        self.rejected: list[Identifiers] = []
        self.opted_out: list[OptedOut] = []

    def contacts(self) -> Contacts:
        """Give the valid ones, as they are sent."""
        lengths = np.fromiter(map(len, self.bodies), np.uint32, len(self.bodies))
        return Contacts([b"".join(self.bodies)], lengths, np.array(self.numbers, np.int64))

    def identifiers(self, names: Sequence[str]) -> pl.DataFrame:
        """Give who they are, a column for each identifier."""
        return pl.DataFrame({name: self._values(name) for name in names}, dict.fromkeys(names, pl.String))

    def _values(self, name: str) -> list[str]:
        if name == EMAIL:
            return [contact.get("email", EMPTY) for contact in self.people]
        return [contact["attributes"].get(name, EMPTY) for contact in self.people]


def opted_out_by(row: int, opted_out: tuple[str, ...], who: Identifiers) -> Iterator[OptedOut]:
    """Say who has opted out by a row, if anybody."""
    if (who.get(EMAIL) or EMPTY).endswith(PHONE_DOMAIN):
        # The platform made the address up, and blocklists it; that is no opt-out (api-contract §3.1).
        opted_out = tuple(what for what in opted_out if what != EMAIL)
    if opted_out:
        yield OptedOut(row, opted_out, who)
