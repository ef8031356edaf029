"""Bringing a mirror up to date: what changed since the last sweep, or everything.

Knows contacts as dictionaries, and digests; where they come from the caller says. Memory holds one of
``BUCKETS`` parts of the digests, and of a sweep over changes the ids that changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

import numpy as np

from email_contacts.contacts.batches.spool import NamelessFiles
from email_contacts.contacts.mirror.account_contacts import ALTERED, MIRRORED, mirrored
from email_contacts.contacts.mirror.errors import MirrorUnusable
from email_contacts.contacts.mirror.folder import MirrorFolder, Version
from email_contacts.contacts.mirror.identity_digests import SHA256, IdentityDigester
from email_contacts.contacts.snapshot.errors import SnapshotUnusable
from email_contacts.contacts.snapshot.records import Buckets, Records, found_in, in_buckets, in_order
from email_contacts.contacts.snapshot.sealed_file import SealedReader

FULL_SWEEP_EVERY = timedelta(days=7)
# The platform's clock may be behind ours by so much: without it, what changed while the last sweep ran
# would count as older than that sweep.
CLOCK_TOLERANCE = timedelta(minutes=15)
_CONTACTS_AT_ONCE = 5_000
# A sweep that found this part of the contacts is whole: some come or go while it runs.
_WHOLE = 0.99
# So often a version is brought up to others that came in force meanwhile; each time one more must have.
_CATCHES_UP = 5

Contacts = Iterable[Mapping[str, Any]]
ContactsSince = Callable[[datetime | None], Contacts]


@dataclass(frozen=True)
class Refreshed:
    """What a refresh came to; counts and instants only.

    :param version: what is in force now.
    :param swept: contacts that the platform returned.
    :param why_full: why all were asked for; empty where only changes were.
    """

    version: Version
    swept: int
    why_full: str = ""


def refresh(
    folder: MirrorFolder,
    contacts_since: ContactsSince,
    *,
    account: str,
    now: datetime,
    count: Callable[[], int] | None = None,
    full_sweep_every: timedelta = FULL_SWEEP_EVERY,
    full: bool = False,
) -> Refreshed:
    """Bring a mirror up to date; an interruption leaves the version before in force.

    :param contacts_since: gives the contacts that were modified at an instant or later; for None all.
    :param account: which account it is; the mirror of another one is not continued.
    :param now: this moment, by the platform's clock or by ours, whichever is behind; no contact may have been
        asked for before it.
    :param count: gives how many contacts the account has, by which a sweep over all is seen to be whole.
    :param full_sweep_every: after so long all contacts are asked for: only then it shows who was deleted.
    :param full: ask for all contacts in any case.
    :raises MirrorUnusable: when a sweep over all contacts found fewer than the account has.
    """
    everything = Version(uuid4().hex, now, now, account)
    try:
        before, reader = folder.open_current()
    except MirrorUnusable as error:
        made = Refreshed(everything, _sweep_all(folder, contacts_since, count, everything), str(error))
        return _in_force(folder, contacts_since, made, "")
    with closing(reader):
        why_full = "it was requested" if full else _why_full(before, account, now, full_sweep_every)
        if not why_full:
            # The clock of the refresh before may have been ahead, by the tolerance at most. A sweep asks
            # for so much more, so that the next one misses nothing when it goes on from the later instant.
            as_of = max(now, before.as_of)
            changes = replace(everything, as_of=as_of, full_sweep_at=before.full_sweep_at)
            try:
                swept = _sweep_changes(folder, contacts_since, changes, before, reader)
            except SnapshotUnusable as error:  # it shows only at the end of the file
                why_full = str(error)
            else:
                return _in_force(folder, contacts_since, Refreshed(changes, swept), before.id)
    made = Refreshed(everything, _sweep_all(folder, contacts_since, count, everything), why_full)
    return _in_force(folder, contacts_since, made, before.id)


def _why_full(before: Version, account: str, now: datetime, full_sweep_every: timedelta) -> str:
    if before.account != account:
        return "the mirror is that of another account, or the API key changed"
    if before.as_of - now > CLOCK_TOLERANCE:
        return "the mirror is of a later time than this machine's clock shows"
    if now - before.full_sweep_at >= full_sweep_every:
        return "the last full sweep is due for renewal"
    return ""


def _sweep_all(
    folder: MirrorFolder, contacts_since: ContactsSince, count: Callable[[], int] | None, version: Version
) -> int:
    """Write a version of everything; return how many contacts the platform returned."""
    with closing(NamelessFiles()) as spool:
        swept = _Sweep(spool, IdentityDigester(folder.name))
        for _ in swept.walked(contacts_since(None)):
            pass
        expected = count() if count else 0
        if swept.contacts < expected * _WHOLE:
            raise MirrorUnusable(
                f"the sweep over all contacts found {swept.contacts:,}, and the account has {expected:,}. "
                "The mirror before stays in force; refresh it again, and look at the platform if it remains."
            )
        folder.write(version, swept.records.sorted(), algorithm=SHA256)
    return swept.contacts


def _sweep_changes(
    folder: MirrorFolder,
    contacts_since: ContactsSince,
    version: Version,
    before: Version,
    reader: SealedReader,
) -> int:
    """Write a version of one before and what changed since; return how many contacts that were."""
    with closing(NamelessFiles()) as spool:
        algorithm = reader.header["digest"]
        swept = _Sweep(spool, IdentityDigester(folder.name, algorithm))
        walked = list(swept.walked(contacts_since(before.as_of - CLOCK_TOLERANCE)))
        changed = np.unique(np.concatenate(walked)) if walked else np.empty(0, "<u8")
        old = in_buckets(reader.blocks(), MIRRORED)
        folder.write(version, _merged(swept.records.sorted(), old, changed), algorithm=algorithm)
    return swept.contacts


def _merged(new: Iterator[Records], old: Iterator[Records], changed: Any) -> Iterator[Records]:
    """Put what a sweep found in the place of what was known of the same contacts and identifiers."""
    for now, then in zip(new, old, strict=True):
        # What the platform holds exactly so belongs to one contact: where another has it now, the one before
        # was deleted or gave it up. Of two forms that are digested alike, two contacts may have one each, and
        # the opt-out of either counts.
        is_taken = found_in(then, now[~_is_altered(now)])[1] & ~_is_altered(then)
        kept = then[~is_taken & ~_is_among(then["contact"], changed)]
        yield in_order(np.concatenate([kept, now]))


def _is_altered(some: Records) -> Any:
    return (some["flags"] & np.uint32(ALTERED)) != 0


def _is_among(some: Any, ids: Any) -> Any:
    if not len(ids):
        return np.zeros(len(some), bool)
    return ids[np.minimum(np.searchsorted(ids, some), len(ids) - 1)] == some


def _in_force(folder: MirrorFolder, contacts_since: ContactsSince, made: Refreshed, before: str) -> Refreshed:
    """Put a version in force, unless another task was faster with one that is newer in every way.

    Where neither is newer in every way, each may know of an opt-out that the other does not: a sweep that
    began later shows who opted out since, and a later full sweep who was deleted. Then the changes since the
    later full sweep are put into it, and the result is the one.

    :param before: the id of the version that was in force when this refresh began.
    """
    for left in range(_CATCHES_UP, -1, -1):
        mine, other = made.version, _version_in_force(folder)
        if other is None or other.id == before or other.account != mine.account or _is_newer(mine, other):
            break
        if _is_newer(other, mine) or (not left and other.as_of >= mine.as_of):
            return replace(made, version=other)
        base, ahead = (mine, other) if mine.full_sweep_at >= other.full_sweep_at else (other, mine)
        both = replace(base, id=uuid4().hex, as_of=ahead.as_of)
        try:
            _, reader = folder.open(base.id)
            with closing(reader):
                swept = _sweep_changes(folder, contacts_since, both, base, reader)
        except (MirrorUnusable, SnapshotUnusable):  # others that came in force meanwhile had it removed
            if ahead is other:
                return replace(made, version=other)
            break
        made, before = replace(made, version=both, swept=made.swept + swept), other.id
    folder.put_in_force(made.version, swept=made.swept)
    return made


def _version_in_force(folder: MirrorFolder) -> Version | None:
    with suppress(MirrorUnusable):
        version, reader = folder.open_current()
        reader.close()
        return version
    return None


def _is_newer(one: Version, other: Version) -> bool:
    """Return whether a version is newer in every way; two sweeps that began at one instant are not."""
    return one.as_of > other.as_of and one.full_sweep_at >= other.full_sweep_at


class _Sweep:
    """What a walk over contacts finds.

    :param spool: where it is kept.
    :param digester: of the mirror.
    """

    def __init__(self, spool: NamelessFiles, digester: IdentityDigester) -> None:
        self.records = Buckets(spool, "swept", MIRRORED)
        self.contacts = 0
        self._digester = digester

    def walked(self, contacts: Contacts) -> Iterator[Any]:
        """Keep contacts; gives the ids of some at a time."""
        walk = iter(contacts)
        while some := list(islice(walk, _CONTACTS_AT_ONCE)):
            self.contacts += len(some)
            self.records.add(mirrored(some, self._digester))
            yield np.array([one["id"] for one in some], "<u8")
