"""Digests of who contacts are, which are the same on every machine and in every version.

Knows bytes only. BLAKE2b is part of Python and fixed by RFC 7693; no engine's own hash is used, for these may
change from one release to the next. Two different contacts among ten million share a digest of 96 bits with a
chance of about 1 in 10^15.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b, sha256
from typing import Any

import numpy as np

# As the headers of snapshots say it; those of earlier releases have BLAKE2b of what was sent, too.
BLAKE2B = "BLAKE2b (RFC 7693), 12 bytes, salt = first 16 bytes of SHA-256 of the snapshot's name"
BLAKE2B_AND_XXH3 = (
    f"identities: {BLAKE2B}; contents: XXH3-128 (xxHash 0.8), its low 12 bytes, little-endian, "
    "seed = first 8 bytes of that SHA-256, little-endian"
)
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
        self._salted = blake2b(digest_size=_BYTES, salt=sha256(name.encode()).digest()[:_SALT_BYTES])

    def keys(self, keys: Iterable[bytes]) -> Digests:
        """Make a digest of who each contact is; its last bit is clear, for records to say something there."""
        made = self.of(keys).copy()
        made["low"] &= ~LAST_BIT
        return made

    def of(self, pieces: Iterable[bytes | memoryview]) -> Digests:
        """Make a digest of each piece."""
        made: list[bytes] = []
        copy, keep = self._salted.copy, made.append
        for piece in pieces:  # runs for every row: a copy of what is salted is quicker than a new one
            digest = copy()
            digest.update(piece)
            keep(digest.digest())
        return np.frombuffer(b"".join(made), DIGEST)
