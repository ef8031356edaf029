"""Digests of the identifiers of an account's contacts, as a mirror holds them.

Knows bytes only. SHA-256 is part of Python and of the hashing plugin of Polars (``guards.column_digests``),
so that the identifiers of millions of rows are digested many at once, and those of contacts one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import numpy as np

from email_contacts.contacts.snapshot.digests import DIGEST, Digester, Digests

# As headers say it. Mirrors of earlier releases have BLAKE2B, until their next full sweep.
BLAKE2B = "BLAKE2b (RFC 7693), 12 bytes, salt = first 16 bytes of SHA-256 of the mirror's name"
SHA256 = "SHA-256 (FIPS 180-4) of the mirror's name, a null byte and the identifier, its first 12 bytes"
# A digest as it is made.
BIG_ENDIAN = np.dtype([("high", ">u8"), ("low", ">u4")])


class IdentityDigester:
    """Makes digests for one mirror; those of another one have nothing in common with them.

    :param name: the mirror's name.
    :param algorithm: ``SHA256`` or ``BLAKE2B``.
    """

    def __init__(self, name: str, algorithm: str = SHA256) -> None:
        self.name, self.algorithm = name, algorithm
        self._earlier = Digester(name) if algorithm == BLAKE2B else None
        self._salted = sha256(self.salt.encode())

    @property
    def salt(self) -> str:
        """What goes before each identifier."""
        return f"{self.name}\0"

    def keys(self, keys: Iterable[bytes]) -> Digests:
        """Make a digest of each identifier.

        :param keys: as ``account_contacts.identity_key`` writes them.
        """
        if self._earlier is not None:
            return self._earlier.keys(keys)
        made = []
        for key in keys:
            digest = self._salted.copy()
            digest.update(key)
            made.append(digest.digest()[: BIG_ENDIAN.itemsize])
        return np.frombuffer(b"".join(made), BIG_ENDIAN).astype(DIGEST)
