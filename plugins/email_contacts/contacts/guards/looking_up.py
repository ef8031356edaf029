"""Rows looked up in the mirror: which must not be sent, and why.

Knows digests, row numbers and ids of contacts. Memory holds one of ``BUCKETS`` parts of the digests, and what
is held back; the mirror is read once, from its start to its end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import starmap
from typing import Any

import numpy as np

from email_contacts.contacts.batches.contact_bytes import Chosen
from email_contacts.contacts.batches.spool import NamelessFiles
from email_contacts.contacts.choices import HOLD_BACK, IGNORE
from email_contacts.contacts.guards.column_digests import digests_of
from email_contacts.contacts.guards.findings import (
    FINDING,
    PAIR,
    Findings,
    first_of_each_row,
    found_in_rows,
    neighbours_of_two,
    of_one_contact,
    spread_of,
    together,
)
from email_contacts.contacts.guards.joining import between, joined, last_and_differing
from email_contacts.contacts.guards.plain_identifiers import Plain, plain_reader
from email_contacts.contacts.guards.settings import OPTED_OUT, WOULD_MERGE, Guards
from email_contacts.contacts.mirror.account_contacts import (
    MIRRORED,
    OF_EMAIL,
    UNREACHABLE,
    identity_key,
    rows_concern,
)
from email_contacts.contacts.mirror.errors import MirrorUnusable
from email_contacts.contacts.mirror.folder import MirrorFolder, Version
from email_contacts.contacts.mirror.identity_digests import IdentityDigester
from email_contacts.contacts.read_ahead import ahead
from email_contacts.contacts.snapshot.contact_keys import identifier_reader
from email_contacts.contacts.snapshot.digests import DIGEST, Digests
from email_contacts.contacts.snapshot.errors import SnapshotUnusable
from email_contacts.contacts.snapshot.records import (
    BUCKETS,
    Buckets,
    Records,
    blocks_in_buckets,
    records,
    taken,
)

# One identifier of a row.
IDENTIFIER = np.dtype([*DIGEST.descr, ("row", "<u4")])
# A row has several identifiers, a contact of the account too, and two buckets of both are in memory.
_BUCKETS_OF_ALL = 2 * BUCKETS


@dataclass(frozen=True)
class Found:
    """What looking rows up came to.

    :param version: of the mirror.
    :param findings: reason → the rows, each once and sorted; a row may be there for several reasons.
    :param to_opt_out: ids of the contacts of rows that say no, and who can still be blocklisted.
    """

    version: Version
    findings: dict[str, Findings]
    to_opt_out: Any = field(default_factory=lambda: np.empty(0, "<u8"))


def look_up(
    guards: Guards,
    contacts: Iterable[Chosen],
    superseded: Iterable[Chosen],
    *,
    body: str,
    head: bytes,
    identifiers: Collection[str],
    said_no: Any,
) -> Found:
    """Look up the contacts that count.

    :param superseded: those in whose place they do, under their numbers: what a person opted out of shows by
        the identifiers of all her rows; who would be merged, by those that are sent.
    :param body: the form that they are written in.
    :param head: what a body begins with.
    :param identifiers: which ones the rows have.
    :param said_no: for each row, numbered from 1, whether the source says that the person does not consent.
    :raises MirrorUnusable: when there is no mirror, or it is damaged, too old, or of another account.
    """
    folder = MirrorFolder(guards.folder, guards.name)
    version, reader = folder.open_current()
    with closing(reader), closing(NamelessFiles()) as spool:
        _check(guards, version)
        digester = IdentityDigester(guards.name, reader.header["digest"])
        search = _Search(guards, digester, spool, said_no)
        search.note(contacts, body, head, identifiers)
        search.note(superseded, body, head, identifiers, are_sent=False)
        try:
            search.compare(blocks_in_buckets(reader.blocks(), MIRRORED, _BUCKETS_OF_ALL))
        except SnapshotUnusable as error:
            raise MirrorUnusable(f"{error} Refresh it") from error
        return Found(version, search.findings(), search.to_opt_out())


def _check(guards: Guards, version: Version) -> None:
    age = datetime.now(timezone.utc) - version.as_of
    if age > guards.max_age:
        raise MirrorUnusable(
            f"the mirror in {guards.folder} is of {version.as_of.isoformat(timespec='seconds')}, older than "
            f"{guards.max_age} (mirror_max_age): opt-outs since then are not in it. Refresh it before the "
            "preparation."
        )
    if guards.account and version.account != guards.account:
        raise MirrorUnusable(
            f"the mirror in {guards.folder} is that of another account, or the API key changed since. "
            "Refresh it with this connection."
        )


class _Search:
    """Compares the identifiers of rows with those of the account.

    :param digester: of the mirror.
    :param spool: where what is found is kept.
    :param said_no: for each row, numbered from 1, whether the person does not consent.
    """

    def __init__(
        self, guards: Guards, digester: IdentityDigester, spool: NamelessFiles, said_no: Any
    ) -> None:
        self._guards = guards
        self._digester = digester
        self._said_no = said_no
        self._to_opt_out: list[Any] = []
        # For each row, which opt-outs forbid to send it.
        self._concern = np.zeros(len(said_no), np.uint8)
        self._scale = np.uint64((1 << 64) // (len(said_no) + 1))
        self._identifiers = Buckets(spool, "identifiers", IDENTIFIER, _BUCKETS_OF_ALL)
        self._superseded = Buckets(spool, "superseded", IDENTIFIER, _BUCKETS_OF_ALL)
        self._opted_out = Buckets(spool, "opted out", PAIR)
        self._by_row = Buckets(spool, "by row", PAIR)
        self._by_contact = Buckets(spool, "by contact", PAIR)
        self._shared: list[Findings] = []

    def note(
        self,
        contacts: Iterable[Chosen],
        body: str,
        head: bytes,
        names: Collection[str],
        *,
        are_sent: bool = True,
    ) -> None:
        """Keep who the contacts of the rows are.

        :param are_sent: whether these rows are; what concerns a row goes by what is sent.
        """
        to = self._identifiers if are_sent else self._superseded
        read, read_each = plain_reader(body, head, names), identifier_reader(body, head)

        def identifiers(some: Chosen, plain: Plain) -> list[Records]:
            if are_sent:
                self._concern[some.rows] = concern_of(plain)
            found = [
                _identifiers(digests_of(self._digester, name, values), some.rows[places])
                for name, (places, values) in plain.columns.items()
            ]
            if not plain.is_plain.all():
                others = read_each(some.only(~plain.is_plain).each())
                found.append(self._of_each(some.rows[~plain.is_plain], others, are_sent=are_sent))
            return found

        # Three stages, each on contacts of its own: read, digested, kept.
        plain = ahead((some, read(some)) for some in contacts)
        for found in ahead(starmap(identifiers, plain)):
            for some in found:
                to.add(some)

    def _of_each(self, rows: Any, contacts: Iterable[Mapping[str, str]], *, are_sent: bool) -> Records:
        keys: list[bytes] = []
        counts: list[int] = []
        for row, given in zip(rows.tolist(), contacts, strict=True):
            keys += [identity_key(name, value) for name, value in given.items()]
            counts.append(len(given))
            if are_sent:
                self._concern[row] = rows_concern(given)
        return _identifiers(self._digester.keys(keys), np.repeat(rows, counts))

    def compare(self, account: Iterator[list[Records]]) -> None:
        """Hold them against the account's."""
        walks = ahead(self._identifiers.sorted()), self._superseded.sorted(), ahead(account)
        for ours, superseded, blocks in zip(*walks, strict=True):
            for theirs in blocks:
                self._look_for(between(ours, theirs), theirs, are_sent=True)
                if len(superseded):
                    self._look_for(between(superseded, theirs), theirs, are_sent=False)
            if self._guards.merges == HOLD_BACK:
                self._look_for_shared(ours)

    def findings(self) -> dict[str, Findings]:
        """Say which rows must not be sent."""
        found = {OPTED_OUT: together(first_of_each_row(some) for some in self._opted_out.unsorted())}
        of_two = [self._of_two_contacts(some) for some in self._by_row.unsorted()]
        of_one = [of_one_contact(some, spread_of(some)) for some in self._by_contact.unsorted()]
        found[WOULD_MERGE] = together([*of_two, *of_one, *self._shared])
        return found

    def to_opt_out(self) -> Any:
        """Return the ids of contacts whose opt-out the account does not know yet."""
        return np.unique(np.concatenate([np.empty(0, "<u8"), *self._to_opt_out]))

    def _look_for(self, ours: Records, theirs: Records, *, are_sent: bool) -> None:
        mine, known = (taken(*some) for some in zip((ours, theirs), joined(ours, theirs), strict=True))
        self._look_for_opt_outs(mine, known)
        if self._guards.propagates:
            is_new = self._said_no[mine["row"]] & ((known["flags"] & (OF_EMAIL | UNREACHABLE)) == 0)
            self._to_opt_out.append(np.unique(known["contact"][is_new]))
        if self._guards.merges == HOLD_BACK and are_sent:
            self._keep_contacts(mine, known)

    def _look_for_opt_outs(self, ours: Records, theirs: Records) -> None:
        if self._guards.consent == IGNORE:
            return
        lists = theirs["list"]
        is_out = (theirs["flags"] & self._concern[ours["row"]]) != 0
        is_out |= np.isin(lists, self._guards.lists) if self._guards.lists else lists != 0
        self._add_by_row(self._opted_out, ours["row"][is_out], theirs["contact"][is_out])

    def _keep_contacts(self, ours: Records, theirs: Records) -> None:
        is_first = theirs["list"] == 0
        self._add_by_row(self._by_row, ours["row"][is_first], theirs["contact"][is_first])

    def _of_two_contacts(self, some: Records) -> Findings:
        """Find the rows whose identifiers belong to different contacts, and keep each row's contacts once."""
        if not len(some):
            return np.empty(0, FINDING)
        places = some["row"] - some["row"].min()
        is_last, is_of_two = last_and_differing(places, some["contact"])
        kept = np.flatnonzero(is_last | is_of_two)
        some, is_of_two = taken(some, kept), is_of_two[kept]
        self._by_contact.add(some, spread_of(some))
        return neighbours_of_two(some[is_of_two])

    def _look_for_shared(self, ours: Records) -> None:
        """Find rows that share an identifier: one would take it from the other."""
        is_same = (ours["high"][1:] == ours["high"][:-1]) & (ours["low"][1:] == ours["low"][:-1])
        is_same &= ours["row"][1:] != ours["row"][:-1]
        places = np.flatnonzero(is_same)
        if len(places):
            one, other = ours["row"][places], ours["row"][places + 1]
            self._shared += [found_in_rows(one, other_row=other), found_in_rows(other, other_row=one)]

    def _add_by_row(self, to: Buckets, rows: Any, contacts: Any) -> None:
        to.add(records(PAIR, row=rows, contact=contacts), rows.astype("<u8") * self._scale)


def _identifiers(digests: Digests, rows: Any) -> Records:
    return records(IDENTIFIER, high=digests["high"], low=digests["low"], row=rows)


def concern_of(plain: Plain) -> Any:
    """Return for each contact which opt-outs forbid to send it."""
    names = list(plain.columns)
    has = np.zeros(len(plain.is_plain), np.uint8)
    for bit, (places, _) in enumerate(plain.columns.values()):
        has[places] |= 1 << bit
    given = ([name for bit, name in enumerate(names) if has >> bit & 1] for has in range(1 << len(names)))
    return np.array([rows_concern(some) for some in given], "<u4")[has]
