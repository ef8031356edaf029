"""Whether a staged batch may still be sent, looked at directly before it is.

A task may be cleared weeks after its preparation. By then another run may have sent newer data, people may
have opted out, or somebody may have rejected the run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk.exceptions import AirflowFailException

from email_contacts.operators._approvals import NOT_APPROVED, is_held

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.connection import ContactsConnection
    from email_contacts.contacts.staging.manifest import Manifest
    from email_contacts.operators._submission_report import SubmissionReport


def check_sending(report: SubmissionReport, tell: Callable[[], None], settings: ContactsConnection) -> None:
    """Check that what a batch was prepared from still holds; one that no preparation made is sent as it is.

    :param report: names the batch, and knows it as it was read.
    :param tell: called if it may be sent.
    :param settings: the task's connection.
    :raises AirflowFailException: when the batch was prepared again meanwhile, the run is not approved, or its
        mirror is too old by now, or of another account.
    :raises email_contacts.contacts.errors.PreparationError: when another run was confirmed or prepared since,
        or the manifest is damaged or not there yet.
    """
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.staging.manifest import Manifest
    from email_contacts.contacts.staging.stage import BRAKES, MANIFEST, REJECTS

    if report.batch_uri:
        stage = ObjectStoragePath(report.batch_uri).parent
        # While it is prepared again there are batches, and no manifest yet.
        if any((stage / name).is_file() for name in (MANIFEST, BRAKES, REJECTS)):
            manifest = Manifest.read(cast("Any", stage / MANIFEST))
            check_prepared(manifest, stage, account=settings.account_fingerprint)
            prepared = [one.fingerprint for one in manifest.batches if one.uri == report.batch_uri]
            if report.fingerprint() not in prepared:
                raise AirflowFailException(
                    f"{report.batch_uri} is not what its manifest says: the source was prepared again "
                    "meanwhile. Clear this task to import what was prepared last"
                )
    tell()


def check_prepared(manifest: Manifest, stage: ObjectStoragePath, *, account: str) -> None:
    """Check that what a preparation found still holds, so that contacts may be changed by it.

    :param stage: the folder of the preparation.
    :param account: of the task's connection (``account_fingerprint``).
    :raises AirflowFailException: when the run is not approved, or its mirror is too old by now, or of another
        account.
    :raises email_contacts.contacts.snapshot.errors.SnapshotSuperseded: when another run was confirmed or
        prepared since.
    """
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.snapshot.confirming import check_latest

    if is_held(stage, manifest):
        raise AirflowFailException(f"{NOT_APPROVED}. Clear the task of the brakes to ask again")
    if manifest.changes is not None:
        check_latest(manifest.changes, cast("Any", ObjectStoragePath(manifest.changes.folder)))
    looked_up_in = manifest.guards.get("account")  # which earlier versions do not say
    if looked_up_in not in (None, "", account):
        raise AirflowFailException(
            "the mirror in which the rows were looked up is that of another account, or the API key changed "
            "since: who opted out in the account of this task's connection is not known. Give the tasks that "
            "refresh the mirror, prepare and send the same conn_id, and clear the run from the task that "
            "refreshes the mirror on"
        )
    until = manifest.guards.get("send_until")
    if until and datetime.now(timezone.utc) > datetime.fromisoformat(until):
        raise AirflowFailException(
            f"people may have opted out since the mirror was refreshed ({manifest.guards['mirror_as_of']}), "
            f"so what was prepared with it could be sent until {until} only. Clear the run from the task "
            "that refreshes the mirror on"
        )
