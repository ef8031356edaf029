"""Whether brakes have let through what was prepared, as its stage says.

The tasks after the brakes look there: some of them run also if a task before them failed, and each can be
cleared by itself. Without batches, a rejected run would otherwise look like one that had nothing to send.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.staging.manifest import Manifest

NOT_APPROVED = "the brakes have not let through what is prepared now, so nothing is sent"


def note_approval(stage: ObjectStoragePath, manifest: Manifest, *, is_approved: bool) -> None:
    """Note whether what was prepared may be sent.

    :param stage: the folder of its preparation. When that runs again, the note stays, and is about what was
        there before.
    """
    from email_contacts.contacts.staging.stage import BRAKES, write_whole

    document = {"fingerprint": manifest.fingerprint, "approved": is_approved}
    write_whole(cast("Any", stage / BRAKES), json.dumps(document).encode())


def is_held(stage: ObjectStoragePath, manifest: Manifest) -> bool:
    """Say whether brakes hold what was prepared; without brakes nothing does."""
    from email_contacts.contacts.staging.stage import BRAKES

    path = stage / BRAKES
    if not path.is_file():
        return False
    with path.open("rb") as file:  # type: ignore[no-untyped-call]
        said = json.loads(file.read())
    return not (said.get("approved") and said.get("fingerprint") == manifest.fingerprint)
