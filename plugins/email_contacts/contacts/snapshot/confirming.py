"""Making a run the one that the next is compared with.

Knows the files that a comparison left in the stage. A snapshot is written in whole before it is put in force,
so an interruption leaves the one before in force.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from typing import Any, cast

import numpy as np

from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.snapshot.changes import Changes
from email_contacts.contacts.snapshot.comparison import (
    GONE_CONTACTS,
    GONE_FILE,
    REPLACED_CONTACTS,
    REPLACED_FILE,
    SENT_CONTACTS,
    SENT_FILE,
)
from email_contacts.contacts.snapshot.digests import DIGEST, Digests
from email_contacts.contacts.snapshot.errors import SnapshotSuperseded
from email_contacts.contacts.snapshot.folder import SnapshotFolder
from email_contacts.contacts.snapshot.records import (
    CONTACT,
    REJECTED,
    SENT,
    Records,
    found_in,
    in_buckets,
    key_digests,
)
from email_contacts.contacts.snapshot.sealed_file import SealedReader


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
        count = into.write(changes.attempt, changes.made_with, contacts)
        into.put_in_force(changes.attempt, contacts=count, **details)
    into.forget([*changes.settles, changes.attempt])
    return current != changes.attempt


def check_in_force(changes: Changes, folder: AnyPath) -> None:
    """See that the snapshot in force is the one that was compared with, or what became of it.

    :raises SnapshotSuperseded: when another run was confirmed since.
    """
    if SnapshotFolder(folder, changes.name).current_id() not in (changes.based_on, changes.attempt):
        raise SnapshotSuperseded(
            f"Another run was confirmed in {folder} since this one was prepared. Its snapshot stays in "
            "force, and the next run sends again what this one sent."
        )


def _contacts(
    changes: Changes, folder: SnapshotFolder, stage: AnyPath, rejected_rows: Collection[int]
) -> Iterator[Records]:
    """Walk the contacts of the next snapshot: those that were not replaced, and those that were sent.

    And those that are gone, where nothing has become of them yet.
    """
    rejected = np.array(sorted(rejected_rows), "<u4")
    with (
        closing(SealedReader(cast("AnyPath", stage / SENT_FILE), SENT_CONTACTS)) as sent,
        closing(SealedReader(cast("AnyPath", stage / REPLACED_FILE), REPLACED_CONTACTS)) as replaced,
    ):
        now = in_buckets(sent.blocks(), SENT)
        if changes.why_full and not changes.retains_gone:
            for some in now:
                yield _confirmed(some, rejected)
            return
        retained = _gone(stage) if changes.retains_gone else np.empty(0, DIGEST)
        with closing(folder.open_current()) as current:
            before = in_buckets(current.blocks(), CONTACT)
            outs = in_buckets(replaced.blocks(), DIGEST)
            for some, old, out in zip(now, before, outs, strict=True):
                _, is_replaced = found_in(old, out)
                _, is_retained = found_in(key_digests(old), retained)
                is_kept = is_retained if changes.why_full else ~is_replaced | is_retained
                merged = np.concatenate([old[is_kept], _confirmed(some, rejected)])
                yield merged[np.argsort(merged["high"], kind="stable")]


def _gone(stage: AnyPath) -> Digests:
    with closing(SealedReader(cast("AnyPath", stage / GONE_FILE), GONE_CONTACTS)) as reader:
        return np.concatenate([np.empty(0, DIGEST), *reader.blocks()])


def _confirmed(sent: Records, rejected: Any) -> Records:
    made = np.empty(len(sent), CONTACT)
    for name in CONTACT.names or ():
        made[name] = sent[name]
    made["key_low"] |= np.isin(sent["row"], rejected).astype(np.uint32) * REJECTED
    return made
