"""Which row of the source each contact of a body was.

Knows ``row_numbers.bin``: 32 bits for each contact, little-endian, body after body.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from email_contacts.contacts.errors import StageError
from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.staging.manifest import Batch, Manifest
from email_contacts.contacts.staging.stage import MANIFEST, ROW_NUMBERS

_BYTES = 4


def row_numbers(batch: Batch, stage: AnyPath) -> Sequence[int]:
    """Return the rows of a body's contacts, in their order.

    :param batch: one of those that the stage's manifest names.
    :param stage: the folder that a preparation filled.
    :raises StageError: when the stage does not have it, or no longer.
    """
    manifest = Manifest.read(cast("AnyPath", stage / MANIFEST))
    before = 0
    for one in manifest.batches:
        if one.fingerprint == batch.fingerprint and one.uri == batch.uri:
            break
        before += one.contacts
    else:
        raise StageError(f"{batch.uri} is not a body of the preparation in {stage}.")
    with (stage / ROW_NUMBERS).open("rb") as file:
        file.seek(before * _BYTES)
        numbers = file.read(batch.contacts * _BYTES)
    if len(numbers) != batch.contacts * _BYTES:
        raise StageError(f"{stage / ROW_NUMBERS} is not complete. Prepare the source again.")
    return cast("Sequence[int]", np.frombuffer(numbers, "<u4").tolist())
