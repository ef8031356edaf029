"""Digests of a column of identifiers, many at once: the same as ``mirror.identity_digests`` makes."""

from __future__ import annotations

import numpy as np
import polars as pl
import polars_hash

from email_contacts.contacts.mirror.identity_digests import SHA256, IdentityDigester
from email_contacts.contacts.snapshot.contact_keys import key_of
from email_contacts.contacts.snapshot.digests import DIGEST, Digests

# Hexadecimal digits of the two numbers of a digest.
_DIGITS_OF_HIGH, _DIGITS_OF_LOW = 16, 8


def digests_of(digester: IdentityDigester, attribute: str, values: pl.Series) -> Digests:
    """Make a digest of each identifier.

    :param digester: of the mirror that they are looked up in.
    :param attribute: which identifier they are.
    :param values: texts without nulls, as ``identity_key`` leaves them.
    """
    before = key_of(attribute, "")
    if digester.algorithm != SHA256:
        return digester.keys(before + value for value in values.cast(pl.Binary))
    key = pl.concat_str(pl.lit(digester.salt + before.decode()), pl.col("value"))
    hashed = pl.DataFrame({"value": values}).select(key.alias("key"))
    hexadecimal = hashed.select(polars_hash.col("key").chash.sha2_256()).to_series().str
    high = hexadecimal.head(_DIGITS_OF_HIGH).str.to_integer(base=16, dtype=pl.UInt64)
    low = hexadecimal.slice(_DIGITS_OF_HIGH, _DIGITS_OF_LOW).str.to_integer(base=16, dtype=pl.UInt32)
    made = np.empty(len(values), DIGEST)
    made["high"], made["low"] = high.to_numpy(), low.to_numpy()
    return made
