"""Who is in the source today, by all identifiers, so that nobody who is counts as gone.

Knows digests. A contact is known by its first identifier, and may be in the source under another one: its
address was removed from its row, or its row is held back under a new address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

from email_contacts.contacts.batches.contact_bytes import Chosen
from email_contacts.contacts.batches.spool import NamelessFiles
from email_contacts.contacts.mirror.account_contacts import identity_key
from email_contacts.contacts.snapshot.contact_keys import identifier_reader
from email_contacts.contacts.snapshot.digests import DIGEST, Digester
from email_contacts.contacts.snapshot.records import Buckets
from email_contacts.contacts.snapshot.sealed_file import Format, SealedWriter
from email_contacts.contacts.staging.stage import Stage

# Of rows whose contacts are in the next snapshot; and of the others: rejected, held back, superseded.
PRESENT_FILE, UNSENT_FILE = "changes-present.bin", "changes-unsent.bin"
PRESENT_CONTACTS = Format("email-contacts present", DIGEST)


def identities_of(contacts: Iterable[Chosen], *, body: str, head: bytes) -> Iterator[list[bytes]]:
    """Walk all identifiers of contacts as they are digested, some at a time.

    :param body: the form that the contacts are written in.
    :param head: what a body begins with.
    """
    read = identifier_reader(body, head)
    for some in contacts:
        yield [identity_key(*one) for each in read(some.each()) for one in each.items()]


def write_identifiers(file: str, identities: Iterable[Iterable[bytes]], stage: Stage, name: str) -> None:
    """Write the digests of identifiers to the stage.

    :param file: its name.
    :param identities: as ``identity_key`` writes them, some at a time.
    :param name: of the snapshot, with which digests are salted.
    """
    digester = Digester(name)
    with closing(NamelessFiles()) as spool:
        present = Buckets(spool, "present", DIGEST)
        for some in identities:
            present.add(digester.keys(some))
        with closing(SealedWriter(stage.path(file), PRESENT_CONTACTS, {"name": name})) as writer:
            for digests in present.sorted():
                writer.add(digests)
            writer.seal()
