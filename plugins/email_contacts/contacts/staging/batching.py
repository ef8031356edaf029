"""Contacts packed into request bodies.

Knows JSON arrays and their size. A batch is the value of "jsonBody" in bytes, ready to be sent as it is; the
rest of the request needs room too, so that the whole stays within 8,000,000 bytes (api-contract §2.1).
"""

from __future__ import annotations

from hashlib import sha256

from email_contacts.contacts.errors import InvalidOption
from email_contacts.contacts.staging.manifest import Batch
from email_contacts.contacts.staging.stage import Stage, batch_name

MAX_REQUEST_BYTES = 8_000_000
ENVELOPE_BYTES = 16_384
MAX_BATCH_BYTES = MAX_REQUEST_BYTES - ENVELOPE_BYTES
MIN_BATCH_BYTES = 1_024


def check_batch_bytes(limit: int) -> int:
    """See that a limit lies between what one contact needs and what a request may carry.

    :raises InvalidOption: when it does not.
    """
    if not MIN_BATCH_BYTES <= limit <= MAX_BATCH_BYTES:
        raise InvalidOption(
            f"max_batch_bytes={limit} is not between {MIN_BATCH_BYTES:,} and {MAX_BATCH_BYTES:,}, what "
            "a request may carry (api-contract §2.1)."
        )
    return limit


class BatchWriter:
    """Packs contacts, in their order, into as few files as their order allows.

    :param stage: where the files go.
    :param limit: bytes that a file may have.
    """

    def __init__(self, stage: Stage, *, limit: int) -> None:
        self._stage = stage
        self._limit = limit
        self._batches: list[Batch] = []
        self._array = bytearray(b"[")
        self._contacts = 0

    @property
    def count(self) -> int:
        """Batches written so far."""
        return len(self._batches)

    def add(self, body: bytes) -> None:
        """Add a contact; writes the batch before it when there is no more room.

        :param body: the contact's JSON; at most ``limit - 2`` bytes.
        """
        if len(self._array) + len(body) + len(b"]") > self._limit:
            self._write()
        self._array += body
        self._array += b","
        self._contacts += 1

    def finish(self) -> tuple[Batch, ...]:
        """Write what is left and give all batches."""
        if self._contacts:
            self._write()
        return tuple(self._batches)

    def _write(self) -> None:
        self._array[-1:] = b"]"  # in place of the comma after the last contact
        name = batch_name(len(self._batches) + 1)
        with self._stage.create(name) as file:
            file.write(self._array)
        self._batches.append(
            Batch(
                uri=self._stage.uri(name),
                bytes=len(self._array),
                contacts=self._contacts,
                fingerprint=sha256(self._array).hexdigest(),
            )
        )
        self._array = bytearray(b"[")
        self._contacts = 0
