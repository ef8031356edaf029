"""Which contacts of a list are those that are gone from the source.

Knows contacts as the platform returns them, digests, and ids of contacts. Memory holds one of ``BUCKETS``
parts of the list's digests, and ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import numpy as np

from email_contacts.contacts.batches.spool import NamelessFiles
from email_contacts.contacts.gone.in_source import PRESENT_CONTACTS, PRESENT_FILE
from email_contacts.contacts.mirror.account_contacts import MIRRORED, mirrored
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.snapshot.comparison import GONE_CONTACTS, GONE_FILE
from email_contacts.contacts.snapshot.digests import DIGEST, Digester
from email_contacts.contacts.snapshot.records import Buckets, found_in, in_buckets
from email_contacts.contacts.snapshot.sealed_file import SealedReader

_CONTACTS_AT_ONCE = 5_000


@dataclass(frozen=True)
class GoneOnList:
    """The contacts of a list that are gone from the source.

    :param ids: the platform's ids of them.
    :param in_source: contacts that seemed gone, and are in the source under another identifier.
    """

    ids: tuple[int, ...]
    in_source: int


def find_gone(stage: AnyPath, name: str, contacts: Iterable[Mapping[str, Any]]) -> GoneOnList:
    """Look the contacts of a list up among those that a comparison found gone.

    :param stage: the folder that the preparation filled.
    :param name: of the snapshot.
    :param contacts: of the list, as the platform returns them.
    :raises SnapshotUnusable: when a file of the stage is not there, or damaged.
    """
    digester, walk = Digester(name), iter(contacts)
    with (
        closing(NamelessFiles()) as spool,
        closing(SealedReader(cast("AnyPath", stage / GONE_FILE), GONE_CONTACTS)) as gone,
        closing(SealedReader(cast("AnyPath", stage / PRESENT_FILE), PRESENT_CONTACTS)) as present,
    ):
        listed = Buckets(spool, "listed", MIRRORED)
        while some := list(islice(walk, _CONTACTS_AT_ONCE)):
            listed.add(mirrored(some, digester))
        found, there = [np.empty(0, "<u8")], [np.empty(0, "<u8")]
        walks = listed.sorted(), in_buckets(gone.blocks(), DIGEST), in_buckets(present.blocks(), DIGEST)
        for ours, out, still in zip(*walks, strict=True):
            found.append(ours["contact"][found_in(ours, out)[1]])
            there.append(ours["contact"][found_in(ours, still)[1]])
    ids = np.unique(np.concatenate(found))
    is_in_source = np.isin(ids, np.concatenate(there))
    return GoneOnList(tuple(ids[~is_in_source].tolist()), int(np.count_nonzero(is_in_source)))
