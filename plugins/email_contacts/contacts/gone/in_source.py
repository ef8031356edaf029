"""Who is in the source today, by all identifiers, so that nobody who is counts as gone.

Knows digests. A contact is known by its first identifier, and may be in the source under another one: its
address was removed from its row, or its row is held back under a new address.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from email_contacts.contacts.batches.contact_bytes import Chosen
from email_contacts.contacts.batches.spool import NamelessFiles
from email_contacts.contacts.mirror.account_contacts import identity_key
from email_contacts.contacts.snapshot.contact_keys import identifier_reader
from email_contacts.contacts.snapshot.digests import DIGEST, Digester
from email_contacts.contacts.snapshot.records import Buckets
from email_contacts.contacts.snapshot.sealed_file import Format, SealedWriter
from email_contacts.contacts.staging.stage import Stage

PRESENT_FILE = "changes-present.bin"
PRESENT_CONTACTS = Format("email-contacts present", DIGEST)


def write_identifiers(contacts: Iterable[Chosen], stage: Stage, name: str, *, body: str, head: bytes) -> None:
    """Write the digests of all identifiers of all valid rows to the stage.

    :param contacts: of all rows, also of those that are not sent.
    :param name: of the snapshot, with which digests are salted.
    :param body: the form that they are written in.
    :param head: what a body begins with.
    """
    digester, read = Digester(name), identifier_reader(body, head)
    with closing(NamelessFiles()) as spool:
        present = Buckets(spool, "present", DIGEST)
        for some in contacts:
            given = read(some.each())
            present.add(digester.keys(identity_key(*one) for each in given for one in each.items()))
        with closing(SealedWriter(stage.path(PRESENT_FILE), PRESENT_CONTACTS, {"name": name})) as writer:
            for digests in present.sorted():
                writer.add(digests)
            writer.seal()
