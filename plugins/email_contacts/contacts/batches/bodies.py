"""Contacts packed into request bodies.

Knows sizes and files. A body is ready to be sent as it is; the rest of the request needs room too, so that
the whole stays within 8,000,000 bytes (api-contract §2.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from typing import Any, BinaryIO, Protocol

import numpy as np

from email_contacts.contacts.batches.contact_bytes import Bytes, Chosen
from email_contacts.contacts.errors import InvalidOption
from email_contacts.contacts.staging.manifest import Batch
from email_contacts.contacts.staging.stage import WHOLE, Stage, batch_name

MAX_REQUEST_BYTES = 8_000_000
ENVELOPE_BYTES = 16_384
MAX_BATCH_BYTES = MAX_REQUEST_BYTES - ENVELOPE_BYTES
MIN_BATCH_BYTES = 1_024
_WRITTEN_AT_ONCE = 2


def check_batch_bytes(limit: int) -> int:
    """Check that a limit is between what one contact needs and what a request may carry.

    :raises InvalidOption: when it does not.
    """
    if not MIN_BATCH_BYTES <= limit <= MAX_BATCH_BYTES:
        raise InvalidOption(
            f"max_batch_bytes={limit} is not between {MIN_BATCH_BYTES:,} and {MAX_BATCH_BYTES:,}, what "
            "a request may carry (api-contract §2.1)."
        )
    return limit


class Bodies(Protocol):
    """Where packed contacts go."""

    @property
    def count(self) -> int:
        """Bodies written so far."""
        ...

    def add(self, contacts: Chosen) -> None:
        """Add contacts."""
        ...

    def finish(self) -> tuple[Batch, ...]:
        """Write what is left and give all bodies."""
        ...

    def close(self) -> None:
        """Let go of what is open, also where it is not finished."""
        ...


class Batches:
    """Packs contacts, in their order, into as few files as their order allows.

    :param stage: where the files go.
    :param head: what a body begins with.
    :param tail: what it ends with, in place of the last contact's separator.
    :param separator: what each contact ends with.
    :param limit: bytes that a file may have.
    """

    def __init__(self, stage: Stage, *, head: bytes, tail: bytes, separator: bytes, limit: int) -> None:
        self._stage = stage
        self._head, self._tail, self._separator = head, tail, separator
        self._limit = limit
        # Bodies are written while the next one is packed: a digest and a file leave Python.
        self._writer = ThreadPoolExecutor(_WRITTEN_AT_ONCE, thread_name_prefix="bodies")
        self._batches: list[Future[Batch]] = []
        self._begin()
        self._contacts = 0

    @property
    def count(self) -> int:
        """Bodies written so far."""
        return len(self._batches)

    def add(self, contacts: Chosen) -> None:
        """Add contacts; writes a body whenever there is no more room.

        Each contact and what a body needs in addition must fit in one.
        """
        ends = np.cumsum(contacts.sizes, dtype=np.int64)
        first, at = 0, 0
        while first < len(contacts):
            room = self._limit - self._size + len(self._separator) - len(self._tail)
            stop = int(np.searchsorted(ends, at + room, side="right"))
            if stop > first:
                self._pieces += contacts.pieces(first, stop)
                self._size += int(ends[stop - 1]) - at
                self._contacts += stop - first
                first, at = stop, int(ends[stop - 1])
            if stop < len(contacts):
                self._close_body()

    def finish(self) -> tuple[Batch, ...]:
        """Write what is left and give all bodies."""
        if self._contacts:
            self._close_body()
        return tuple(batch.result() for batch in self._batches)

    def close(self) -> None:
        """Wait for what is being written."""
        self._writer.shutdown()

    def _begin(self) -> None:
        self._pieces: list[Bytes] = [self._head]
        self._size, self._contacts = len(self._head), 0

    def _close_body(self) -> None:
        self._pieces[-1] = memoryview(self._pieces[-1])[: -len(self._separator)]
        self._pieces.append(self._tail)
        if len(self._batches) >= _WRITTEN_AT_ONCE:
            self._batches[-_WRITTEN_AT_ONCE].result()  # no more wait in memory, and a fault shows here
        number = len(self._batches) + 1
        self._batches.append(self._writer.submit(self._write, number, self._pieces, self._contacts))
        self._begin()

    def _write(self, number: int, pieces: Sequence[Bytes], contacts: int) -> Batch:
        name = batch_name(number)
        digest = sha256()
        size = 0
        with self._stage.create(name) as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                size += len(piece)
        return Batch(self._stage.uri(name), size, contacts, digest.hexdigest())


class WholeFile:
    """Writes all contacts into one file, however many they are.

    :param stage: where the file goes.
    :param head: what it begins with.
    """

    def __init__(self, stage: Stage, *, head: bytes) -> None:
        self._stage = stage
        self._head = head
        self._file: BinaryIO | None = None
        self._digest: Any = sha256()
        self._bytes = self._contacts = 0

    @property
    def count(self) -> int:
        """1 once there is a contact."""
        return int(self._file is not None)

    def add(self, contacts: Chosen) -> None:
        """Append contacts."""
        if not len(contacts):
            return
        if self._file is None:
            self._file = self._stage.create(WHOLE)
            self._append(self._file, self._head)
        for piece in contacts.pieces(0, len(contacts)):
            self._append(self._file, piece)
        self._contacts += len(contacts)

    def finish(self) -> tuple[Batch, ...]:
        """Close the file and give it, when there is one."""
        if self._file is None:
            return ()
        self.close()
        uri = self._stage.uri(WHOLE)
        return (Batch(uri, self._bytes, self._contacts, self._digest.hexdigest()),)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _append(self, file: BinaryIO, data: Bytes) -> None:
        file.write(data)
        self._digest.update(data)
        self._bytes += len(data)
