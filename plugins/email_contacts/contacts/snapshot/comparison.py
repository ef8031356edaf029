"""Today's contacts against those that were last confirmed.

Knows digests. In memory are the marks of all rows, a byte each, and one of ``BUCKETS`` parts of the digests;
the snapshot is read once, from its start to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime
from typing import Any
from uuid import uuid4

import numpy as np

from email_contacts.contacts.batches.contact_bytes import Chosen
from email_contacts.contacts.batches.rejected import RejectedRows
from email_contacts.contacts.batches.spool import NamelessFiles
from email_contacts.contacts.choices import KEEP
from email_contacts.contacts.read_ahead import ahead
from email_contacts.contacts.snapshot.changes import Changes, ChangesSince
from email_contacts.contacts.snapshot.contact_keys import key_reader
from email_contacts.contacts.snapshot.content_digests import ContentDigester
from email_contacts.contacts.snapshot.digests import DIGEST, Digester, Digests
from email_contacts.contacts.snapshot.errors import SnapshotUnusable
from email_contacts.contacts.snapshot.folder import Doubts, SnapshotFolder
from email_contacts.contacts.snapshot.records import (
    CONTACT,
    REJECTED,
    SENT,
    TODAY,
    Buckets,
    Records,
    found_in,
    in_buckets,
    in_order,
    key_digests,
    records,
)
from email_contacts.contacts.snapshot.sealed_file import Format, SealedReader, SealedWriter
from email_contacts.contacts.staging.stage import Stage

# In the stage, until the run is confirmed.
SENT_FILE, REPLACED_FILE = "changes-sent.bin", "changes-replaced.bin"
GONE_FILE, RETAINED_FILE = "changes-gone.bin", "changes-retained.bin"
SENT_CONTACTS = Format("email-contacts sent", SENT)
REPLACED_CONTACTS = Format("email-contacts replaced", DIGEST)
GONE_CONTACTS = Format("email-contacts gone", DIGEST)
RETAINED_CONTACTS = Format("email-contacts retained", DIGEST)
# Written when gone contacts are settled: those of them that may be in a row that is not sent.
SPARED_FILE, SPARED_CONTACTS = "changes-spared.bin", Format("email-contacts spared", DIGEST)
# What two runs have to have in common for the second one to send changes only.
_MADE_WITH = {
    "mapping": "the mapping",
    "body": "the form of the bodies",
    "target": "the target",
    "platform": "the platform's address",
}


class Comparison:
    """Compares the contacts of one preparation: ``unchanged``, then ``note`` for all others, then ``finish``.

    ``keep`` says who is in the source and not sent: such a contact is not gone, and stays in the snapshot
    if it is known there, with nothing said of what was sent for it.

    :param since: what they are compared with.
    :param body: the form that they are written in.
    :param head: what a body begins with.
    :param mapping: a digest of what columns become.
    """

    def __init__(self, since: ChangesSince, *, body: str, head: bytes, mapping: str) -> None:
        self._since = since
        self._folder = SnapshotFolder(since.folder, since.name)
        self._digester = Digester(since.name)
        self._contents = ContentDigester(since.name)
        self._keys_of = key_reader(body, head)
        self._made_with = {"mapping": mapping, "body": body, "target": since.target}
        if since.platform:
            self._made_with["platform"] = since.platform
        before = ",".join(map(str, self._folder.lists_before(since.target, since.platform)))
        self._lists_before = {"lists_before": before} if before else {}
        self._spool = NamelessFiles()
        self._based_on = self._folder.current_id()
        self._confirmed_run = self._folder.current_run()
        self._doubts: Doubts = self._folder.doubts()
        self._attempt = uuid4().hex
        self._why_full = ""
        self._is_continued = False
        self._begin()

    def close(self) -> None:
        """Let the files go."""
        self._spool.close()

    def unchanged(self, contacts: Callable[[], Iterable[Chosen]], *, rows: int) -> Any:
        """Mark the rows whose contacts are as they were confirmed.

        :param contacts: gives those that count.
        :param rows: how many rows there are.
        :return: a mark for each row, which are numbered from 1.
        """
        marks = np.zeros(rows + 1, bool)
        try:
            reader = self._folder.open_current()
        except SnapshotUnusable as error:
            self._why_full = str(error)
            return marks
        try:
            with closing(reader):
                self._why_full = self._reason_to_send_all(reader)
                if not self._why_full:
                    self._contents = ContentDigester(self._since.name, reader.header["digest"])
                self._compare(reader, contacts, marks)
        except SnapshotUnusable as error:
            self._why_full = str(error)
            self._is_continued = False
            self._contents = ContentDigester(self._since.name)
            self._begin()
            marks[:] = False
        return marks

    def note(self, contacts: Chosen) -> None:
        """Note contacts that are sent."""
        if not len(contacts):
            return
        digests = self._contents.of(contacts)
        keys = self._digester.keys(self._keys_of(contacts.each()))
        self._sent_keys.add(keys)
        self._sent.add(
            records(
                SENT, high=digests["high"], low=digests["low"],
                key=keys["high"], key_low=keys["low"], row=contacts.rows,
            )
        )  # fmt: skip

    def keep(self, contacts: Chosen) -> None:
        """Note contacts that are in the source, and are not sent."""
        self.keep_keys(self._keys_of(contacts.each()))

    def keep_keys(self, keys: Iterable[bytes]) -> None:
        """Note who is in the source, and is not sent.

        :param keys: as ``contact_keys.key_of`` writes them.
        """
        self._kept_keys.add(self._digester.keys(keys))

    def finish(self, stage: Stage, *, rejected: RejectedRows, read: int) -> Changes:
        """Write what is needed to confirm the run, and note which contacts it may change on the platform.

        :param rejected: rows of the source that break a rule.
        :param read: rows of the source.
        """
        withheld = self._why_withheld(rejected.unidentified, read) if self._since.gone != KEEP else ""
        header = {"attempt": self._attempt, "digest": self._contents.algorithm}
        with closing(SealedWriter(stage.path(SENT_FILE), SENT_CONTACTS, header)) as sent:
            for some in self._sent.sorted():
                sent.add(some)
            sent.seal()
        with closing(self._writer(stage, REPLACED_FILE, REPLACED_CONTACTS)) as replaced:
            for some in self._replaced.sorted():
                replaced.add(some)
            replaced.seal()
        new, changed, gone, gone_digest = self._count(stage, retains_gone=bool(withheld))
        changes = Changes(
            folder=self._folder.uri,
            name=self._since.name,
            attempt=self._attempt,
            based_on=self._based_on,
            made_with=self._made_with | self._lists_before,
            why_full=self._why_full,
            new=new,
            changed=changed,
            gone=gone,
            rejected_before=self._rejected_before,
            settles=self._doubts.attempts,
            gone_digest=gone_digest if gone else "",
            when_gone=self._since.gone,
            gone_withheld=withheld if gone else "",
            run_after=self._since.run_after,
            unidentified=rejected.unidentified,
            known_only_by=rejected.known_only_by,
        )
        self._note_in_doubt(with_gone=bool(changes.to_settle))
        return changes

    def _note_in_doubt(self, *, with_gone: bool) -> None:
        """Note who may change: who is sent, and who is to be removed and could be back in the next source.

        Where nobody is, it is noted all the same: the runs before are overtaken.
        """
        walks = zip(self._sent_keys.sorted(), self._gone_keys.sorted(), strict=True)
        keys = (in_order(np.concatenate([now, gone])) if with_gone else now for now, gone in walks)
        settles = self._doubts.attempts
        is_all = bool(self._why_full and self._sent.count)
        self._folder.note_in_doubt(self._attempt, keys, is_all=is_all, settles=settles)

    def _why_withheld(self, unidentified: int, read: int) -> str:
        if self._why_full:
            return f"everything is sent: {self._why_full}"
        due, confirmed = self._since.run_after, self._confirmed_run
        if due and confirmed and confirmed > datetime.fromisoformat(due):
            return f"the snapshot is that of a later run, due at {confirmed.isoformat()}"
        if self._since.limit.is_passed(unidentified, of=read):
            return (
                f"{unidentified:,} rejected rows have no identifier that can be read (max_unidentified is "
                f"{self._since.limit}), and may belong to contacts that seem gone; correct them"
            )
        return ""

    def _begin(self) -> None:
        self._spool.close()
        self._spool = NamelessFiles()
        self._rejected_before = 0
        self._sent = Buckets(self._spool, "sent", SENT)
        self._sent_keys = Buckets(self._spool, "sent keys", DIGEST)
        self._kept_keys = Buckets(self._spool, "kept keys", DIGEST)
        self._gone_keys = Buckets(self._spool, "gone keys", DIGEST)
        self._replaced = Buckets(self._spool, "replaced", DIGEST)
        self._replaced_keys = Buckets(self._spool, "replaced keys", DIGEST)
        self._replaced_keys.add(self._doubts.keys)

    def _reason_to_send_all(self, reader: SealedReader) -> str:
        before = reader.header.get("made_with", {})
        # Snapshots of earlier versions do not name the platform.
        before = {"platform": self._made_with.get("platform"), **before}
        different = [_MADE_WITH[name] for name, value in self._made_with.items() if before.get(name) != value]
        self._is_continued = not different
        if self._since.full:
            return "a full sync was requested"
        if different:
            return f"{' and '.join(different)} changed since the snapshot"
        return self._doubts.of_all

    def _compare(self, reader: SealedReader, contacts: Callable[[], Iterable[Chosen]], marks: Any) -> None:
        today = Buckets(self._spool, "today", TODAY)
        for some in () if self._why_full else ahead(map(self._digested, contacts())):
            today.add(some)
        walks = ahead(today.sorted()), ahead(in_buckets(reader.blocks(), CONTACT))
        for now, before in zip(*walks, strict=True):
            places, is_found = found_in(now, before)
            is_kept = np.zeros(len(before), bool)
            is_kept[places[is_found]] = True
            is_kept &= ~self._must_be_sent(before)
            is_found[is_found] = is_kept[places[is_found]]
            marks[now["row"][is_found]] = True
            self._rejected_before += int(np.count_nonzero(before["key_low"][is_kept] & REJECTED))
            replaced = before[~is_kept]
            if not self._why_full:
                self._replaced.add(records(DIGEST, high=replaced["high"], low=replaced["low"]))
            self._replaced_keys.add(key_digests(replaced))

    def _digested(self, some: Chosen) -> Records:
        digests = self._contents.of(some)
        return records(TODAY, high=digests["high"], low=digests["low"], row=some.rows)

    def _must_be_sent(self, before: Records) -> Any:
        _, is_in_doubt = found_in(key_digests(before), self._doubts.keys)
        if self._since.retry_rejects:
            is_in_doubt |= (before["key_low"] & REJECTED) == 1
        return is_in_doubt

    def _count(self, stage: Stage, *, retains_gone: bool) -> tuple[int, int, int, str]:
        """Count who is new, changed and gone; write who is gone, and who stays in the snapshot unsent.

        :param retains_gone: whether those who are gone stay in it, too, to be found gone again.
        """
        new = changed = gone = 0
        with (
            closing(self._writer(stage, GONE_FILE, GONE_CONTACTS)) as writer,
            closing(self._writer(stage, RETAINED_FILE, RETAINED_CONTACTS)) as retained,
        ):
            walks = (self._sent_keys.sorted(), self._replaced_keys.sorted(), self._kept_keys.sorted())
            for now, before, kept in zip(*walks, strict=True):
                _, is_known = found_in(now, before)
                changed += int(np.count_nonzero(is_known))
                new += len(now) - int(np.count_nonzero(is_known))
                _, is_there = found_in(before, now)
                _, is_kept = found_in(before, kept)
                left = _each_once(before[~is_there & ~is_kept])
                gone += len(left)
                writer.add(left)
                self._gone_keys.add(left)
                if self._is_continued:
                    is_retained = ~is_there if retains_gone else ~is_there & is_kept
                    retained.add(_each_once(before[is_retained]))
            retained.seal()
            return new, changed, gone, writer.seal()

    def _writer(self, stage: Stage, name: str, kind: Format) -> SealedWriter:
        return SealedWriter(stage.path(name), kind, {"name": self._since.name})


def _each_once(keys: Digests) -> Digests:
    """Drop repetitions of keys that are sorted by their first number."""
    is_new = np.ones(len(keys), bool)
    is_new[1:] = keys[1:] != keys[:-1]
    return keys[is_new]
