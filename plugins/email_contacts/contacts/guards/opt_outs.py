"""The contacts whose opt-out the source knows, and the account does not: ids of contacts in the stage.

An id means somebody else in another account, so the file names the account.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any, cast

import numpy as np

from email_contacts.contacts.paths import AnyPath
from email_contacts.contacts.snapshot.sealed_file import Format, SealedReader, SealedWriter
from email_contacts.contacts.staging.stage import OPT_OUTS, Stage

_CONTACTS = Format("email-contacts opt-outs", np.dtype([("contact", "<u8")]))


def write_opt_outs(stage: Stage, ids: Any, *, account: str) -> str:
    """Write whose opt-out is to be brought to the platform.

    :param ids: of contacts, sorted.
    :param account: which account they are of; empty where that is not known.
    :return: a digest of who they are.
    """
    with closing(SealedWriter(stage.path(OPT_OUTS), _CONTACTS, {"account": account})) as writer:
        writer.add(ids.astype(_CONTACTS.dtype))
        return writer.seal()


def read_opt_outs(stage: AnyPath) -> tuple[list[int], str]:
    """Read whose opt-out is to be brought to the platform.

    :param stage: the folder that the preparation filled.
    :return: ids of contacts, and which account they are of; empty where that is not known.
    :raises SnapshotUnusable: when the file is not there, or damaged.
    """
    with closing(SealedReader(cast("AnyPath", stage / OPT_OUTS), _CONTACTS)) as reader:
        ids = [int(one) for some in reader.blocks() for one in some["contact"].tolist()]
        return ids, str(reader.header.get("account", ""))
