"""Digests of contacts, which are the same on every machine and in every version.

Knows bytes only. BLAKE2b is part of Python and fixed by RFC 7693; no engine's own hash is used, for these may
change from one release to the next. Two different contacts among ten million share a digest of 96 bits with a
chance of about 1 in 10^15.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b, sha256
from typing import Any

import numpy as np

from email_contacts.contacts.batches.contact_bytes import Chosen

ALGORITHM = "BLAKE2b (RFC 7693), 12 bytes, salt = first 16 bytes of SHA-256 of the snapshot's name"
_BYTES = 12
_SALT_BYTES = 16
# A digest as two little-endian numbers, as records hold it.
DIGEST = np.dtype([("high", "<u8"), ("low", "<u4")])
Digests = Any  # numpy.ndarray of DIGEST
LAST_BIT = np.uint32(1)


class Digester:
    """Makes digests for one snapshot; those of another one have nothing in common with them.

    :param name: the snapshot's name.
    """

    def __init__(self, name: str) -> None:
        salt = sha256(name.encode()).digest()[:_SALT_BYTES]
        self._salted = blake2b(digest_size=_BYTES, salt=salt)

    def contacts(self, chosen: Chosen) -> Digests:
        """Make a digest of what is sent for each contact."""
        return self._of(chosen.each())

    def keys(self, keys: Iterable[bytes], *, after: bytes = b"") -> Digests:
        """Make a digest of who each contact is; its last bit is clear, for records to say something there.

        :param after: what all of them begin with.
        """
        made = self._of(keys, after).copy()
        made["low"] &= ~LAST_BIT
        return made

    def _of(self, pieces: Iterable[bytes | memoryview], after: bytes = b"") -> Digests:
        made: list[bytes] = []
        salted = self._salted.copy()
        salted.update(after)
        copy, keep = salted.copy, made.append
        for piece in pieces:  # runs for every row: a copy of what is salted is quicker than a new one
            digest = copy()
            digest.update(piece)
            keep(digest.digest())
        return np.frombuffer(b"".join(made), DIGEST)
