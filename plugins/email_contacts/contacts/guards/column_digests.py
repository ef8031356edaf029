"""Digests of a column of identifiers, many at once: the same as ``mirror.identity_digests`` makes."""

from __future__ import annotations

from binascii import unhexlify

import numpy as np
import polars as pl

from email_contacts.contacts.mirror.identity_digests import BIG_ENDIAN, SHA256, IdentityDigester
from email_contacts.contacts.snapshot.contact_keys import key_of
from email_contacts.contacts.snapshot.digests import DIGEST, Digests
from email_contacts.contacts.text_views import bytes_of

_DIGITS_OF_SHA256 = 64


def digests_of(digester: IdentityDigester, attribute: str, values: pl.Series) -> Digests:
    """Make a digest of each identifier.

    :param digester: of the mirror that they are looked up in.
    :param attribute: which identifier they are.
    :param values: texts without nulls, as ``identity_key`` leaves them.
    """
    before = key_of(attribute, "")
    if digester.algorithm != SHA256:
        return digester.keys(before + value for value in values.cast(pl.Binary))
    import polars_hash  # here: 4 MB, which a preparation without a mirror does without

    key = pl.concat_str(pl.lit(digester.salt + before.decode()), pl.col("value"))
    keys = pl.DataFrame({"value": values}).select(key.alias("key"))
    pieces, _ = bytes_of(keys.select(polars_hash.col("key").chash.sha2_256()).to_series())
    digits = np.frombuffer(b"".join(pieces), np.uint8).reshape(-1, _DIGITS_OF_SHA256)
    made = unhexlify(digits[:, : 2 * BIG_ENDIAN.itemsize].tobytes())
    return np.frombuffer(made, BIG_ENDIAN).astype(DIGEST)
