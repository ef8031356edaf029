"""Making a run the one that the next is compared with.

Knows the files that a comparison left in the stage. A snapshot is written in whole before it is put in force,
so an interruption leaves the one before in force.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any, cast

import numpy as np

from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.snapshot.changes import Changes
from email_contacts.contacts.snapshot.comparison import (
    REPLACED_CONTACTS,
    REPLACED_FILE,
    RETAINED_CONTACTS,
    RETAINED_FILE,
    SENT_CONTACTS,
    SENT_FILE,
    SPARED_CONTACTS,
    SPARED_FILE,
)
from email_contacts.contacts.snapshot.digests import BLAKE2B, DIGEST, Digests
from email_contacts.contacts.snapshot.errors import SnapshotMissing, SnapshotSuperseded
from email_contacts.contacts.snapshot.folder import SnapshotFolder
from email_contacts.contacts.snapshot.records import (
    CONTACT,
    REJECTED,
    SENT,
    Records,
    found_in,
    in_buckets,
    in_order,
    records,
)
from email_contacts.contacts.snapshot.sealed_file import Format, SealedReader


def confirm(
    changes: Changes, folder: AnyPath, stage: AnyPath, *, rejected_rows: Collection[int] = (), **details: Any
) -> bool:
    """Put the snapshot of a run in force; doing it again does nothing.

    :param changes: what the comparison came to, from the manifest.
    :param folder: of the snapshot.
    :param stage: the folder that the preparation filled.
    :param rejected_rows: rows whose contacts the platform rejected; they are sent again only when they
        change, or when that is asked for.
    :param details: what else ``current.json`` is to say.
    :return: whether it was done now.
    :raises SnapshotSuperseded: when another run was confirmed since this one was prepared; what this one sent
        stays in doubt, so that the next run sends it again.
    :raises SnapshotUnusable: when the snapshot that was compared with, or a file of the stage, is gone or
        damaged.
    """
    into = SnapshotFolder(folder, changes.name)
    current = into.current_id()
    if current != changes.attempt:
        check_in_force(changes, folder)
        contacts = _contacts(changes, into, stage, rejected_rows)
        algorithm = _algorithm(stage)
        count = into.write(changes.attempt, changes.made_with, contacts, algorithm=algorithm)
        if changes.run_after:
            # A past run that is repeated, such as by a backfill, does not make the runs after it the latest.
            due = datetime.fromisoformat(changes.run_after)
            details["run_after"] = max(due, into.current_run() or due).isoformat()
        into.put_in_force(changes.attempt, contacts=count, **details)
    into.forget([*changes.settles, changes.attempt])
    return current != changes.attempt


def check_in_force(changes: Changes, folder: AnyPath) -> None:
    """Check that the snapshot in force is the one that was compared with, or the one made from it.

    :raises SnapshotSuperseded: when another run was confirmed since.
    """
    if SnapshotFolder(folder, changes.name).current_id() not in (changes.based_on, changes.attempt):
        raise SnapshotSuperseded(
            f"Another run was confirmed in {folder} since this one was prepared. Its snapshot stays in "
            "force; what this run sent is sent again, by that run or by the next one."
        )


def check_latest(changes: Changes, folder: AnyPath) -> None:
    """Check that no other run was confirmed or prepared since, so that this one may change contacts.

    What an overtaken run would send is older than what the other one has sent, and nobody would mend it: the
    other run took it out of doubt, or does so when it is confirmed.

    :raises SnapshotSuperseded: when one was.
    """
    check_in_force(changes, folder)
    if SnapshotFolder(folder, changes.name).is_taken_over(changes.attempt):
        raise SnapshotSuperseded(
            f"Another run was prepared in {folder} since this one, and sends what this one was to send. To "
            "send the source of this run after all, clear it from its preparation on."
        )


def _algorithm(stage: AnyPath) -> str:
    """Say how what was sent is digested; a stage that an earlier release filled does not."""
    with closing(SealedReader(cast("AnyPath", stage / SENT_FILE), SENT_CONTACTS)) as sent:
        return str(sent.header.get("digest", BLAKE2B))


def _contacts(
    changes: Changes, folder: SnapshotFolder, stage: AnyPath, rejected_rows: Collection[int]
) -> Iterator[Records]:
    """Walk the contacts of the next snapshot: those that were not replaced, and those that were sent.

    And those that were not sent and stay known: what was sent for them is written as their key, which no
    content's digest is.
    """
    rejected = np.array(sorted(rejected_rows), "<u4")
    with (
        closing(SealedReader(cast("AnyPath", stage / SENT_FILE), SENT_CONTACTS)) as sent,
        closing(SealedReader(cast("AnyPath", stage / REPLACED_FILE), REPLACED_CONTACTS)) as replaced,
    ):
        now = in_buckets(sent.blocks(), SENT)
        retained = zip(
            in_buckets(_digests(stage, RETAINED_FILE, RETAINED_CONTACTS), DIGEST),
            in_buckets(_digests(stage, SPARED_FILE, SPARED_CONTACTS), DIGEST),
            strict=True,
        )
        if changes.why_full:
            for some, staying in zip(now, retained, strict=True):
                yield in_order(np.concatenate([_confirmed(some, rejected), *map(_known, staying)]))
            return
        with closing(folder.open_current()) as current:
            before = in_buckets(current.blocks(), CONTACT)
            outs = in_buckets(replaced.blocks(), DIGEST)
            for some, staying, old, out in zip(now, retained, before, outs, strict=True):
                _, is_replaced = found_in(old, out)
                kept = old[~is_replaced]
                yield in_order(np.concatenate([kept, _confirmed(some, rejected), *map(_known, staying)]))


def _digests(stage: AnyPath, name: str, kind: Format) -> Iterator[Digests]:
    try:
        reader = SealedReader(cast("AnyPath", stage / name), kind)
    except SnapshotMissing:  # nobody is spared where nobody was to be removed
        return
    yield from reader.blocks()


def _known(keys: Digests) -> Records:
    return records(CONTACT, high=keys["high"], low=keys["low"], key=keys["high"], key_low=keys["low"])


def _confirmed(sent: Records, rejected: Any) -> Records:
    made = np.empty(len(sent), CONTACT)
    for name in CONTACT.names or ():
        made[name] = sent[name]
    made["key_low"] |= np.isin(sent["row"], rejected).astype(np.uint32) * REJECTED
    return made
