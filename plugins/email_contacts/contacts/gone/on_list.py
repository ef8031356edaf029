"""Which contacts of a list are those that are gone from the source.

Knows contacts as the platform returns them, digests, and ids of contacts. Memory holds one of ``BUCKETS``
parts of the list's digests, and ids.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import numpy as np

from email_contacts.contacts.batches.spool import NamelessFiles
from email_contacts.contacts.gone.in_source import PRESENT_CONTACTS, PRESENT_FILE, UNSENT_FILE
from email_contacts.contacts.mirror.account_contacts import identities
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.snapshot.comparison import (
    GONE_CONTACTS,
    GONE_FILE,
    SPARED_CONTACTS,
    SPARED_FILE,
)
from email_contacts.contacts.snapshot.digests import DIGEST, Digester, Digests
from email_contacts.contacts.snapshot.records import Buckets, Records, found_in, in_buckets, records
from email_contacts.contacts.snapshot.sealed_file import SealedReader, SealedWriter

# One identifier of a contact, and whether a rejected row that cannot be told apart may be about the contact.
_LISTED = np.dtype([*DIGEST.descr, ("contact", "<u8"), ("is_unclear", "<u4")])
_CONTACTS_AT_ONCE = 5_000


@dataclass(frozen=True)
class GoneOnList:
    """The contacts of a list that are gone from the source.

    :param ids: the platform's ids of them.
    :param in_source: contacts that seemed gone, and are in the source under another identifier.
    :param unclear: contacts that may be in a rejected row, which has none of their identifiers.
    :param spared: who of the last two is in no row that is sent, as the snapshot knows them.
    """

    ids: tuple[int, ...]
    in_source: int
    unclear: int
    spared: Digests


def find_gone(
    stage: AnyPath,
    name: str,
    contacts: Iterable[Mapping[str, Any]],
    *,
    known_only_by: Collection[Collection[str]] = (),
) -> GoneOnList:
    """Look the contacts of a list up among those that a comparison found gone.

    :param stage: the folder that the preparation filled.
    :param name: of the snapshot.
    :param contacts: of the list, as the platform returns them.
    :param known_only_by: which identifiers can be read of rejected rows of which others cannot.
    :raises SnapshotUnusable: when a file of the stage is not there, or damaged.
    """
    digester, walk = Digester(name), iter(contacts)
    with (
        closing(NamelessFiles()) as spool,
        closing(SealedReader(cast("AnyPath", stage / GONE_FILE), GONE_CONTACTS)) as gone,
        closing(SealedReader(cast("AnyPath", stage / PRESENT_FILE), PRESENT_CONTACTS)) as present,
        closing(SealedReader(cast("AnyPath", stage / UNSENT_FILE), PRESENT_CONTACTS)) as unsent,
    ):
        listed = Buckets(spool, "listed", _LISTED)
        while some := list(islice(walk, _CONTACTS_AT_ONCE)):
            listed.add(_listed(some, digester, known_only_by))
        found, sent, kept = [np.empty(0, _LISTED)], [np.empty(0, "<u8")], [np.empty(0, "<u8")]
        files = (in_buckets(file.blocks(), DIGEST) for file in (gone, present, unsent))
        for ours, out, is_sent, is_kept in zip(listed.sorted(), *files, strict=True):
            found.append(ours[found_in(ours, out)[1]])
            sent.append(ours["contact"][found_in(ours, is_sent)[1]])
            kept.append(ours["contact"][found_in(ours, is_kept)[1]])
    seeming = np.concatenate(found)
    is_sent = np.isin(seeming["contact"], np.concatenate(sent))
    is_kept = np.isin(seeming["contact"], np.concatenate(kept)) & ~is_sent
    is_unclear = (seeming["is_unclear"] == 1) & ~is_sent & ~is_kept
    spared = seeming[is_kept | is_unclear]
    return GoneOnList(
        tuple(np.unique(seeming["contact"][~is_sent & ~is_kept & ~is_unclear]).tolist()),
        _count(seeming[is_sent | is_kept]),
        _count(seeming[is_unclear]),
        records(DIGEST, high=spared["high"], low=spared["low"]),
    )


def write_spared(stage: AnyPath, name: str, spared: Iterable[Digests]) -> None:
    """Write who stays in the snapshot, for the confirmation.

    :param stage: the folder that the preparation filled.
    :param name: of the snapshot.
    :param spared: of each list, as ``find_gone`` gives them.
    """
    path = cast("AnyPath", stage / SPARED_FILE)
    with closing(SealedWriter(path, SPARED_CONTACTS, {"name": name})) as writer:
        writer.add(np.unique(np.concatenate([np.empty(0, DIGEST), *spared])))
        writer.seal()


def _listed(
    contacts: Iterable[Mapping[str, Any]], digester: Digester, known_only_by: Collection[Collection[str]]
) -> Records:
    keys: list[bytes] = []
    said: list[tuple[int, bool]] = []
    for contact in contacts:
        given = dict.fromkeys(identities(contact))
        names = set(map(_attribute, given))
        is_unclear = any(names.isdisjoint(some) for some in known_only_by)
        keys += given
        said += [(int(contact["id"]), is_unclear)] * len(given)
    digests = digester.keys(keys)
    columns = np.array(said, "<u8").reshape(-1, 2)
    return records(
        _LISTED, high=digests["high"], low=digests["low"], contact=columns[:, 0], is_unclear=columns[:, 1]
    )


def _attribute(key: bytes) -> str:
    """Return which identifier it is, as ``contact_keys.key_of`` has written it."""
    return key.partition(b"\0")[0].decode()


def _count(listed: Records) -> int:
    return len(np.unique(listed["contact"]))
