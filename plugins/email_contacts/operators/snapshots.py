"""Operators on snapshots: confirm the snapshot of a run, and check that the last one is recent enough."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.arguments import as_hours
from email_contacts.failures import failing_at_once
from email_contacts.imports import failpoints
from email_contacts.imports.verification.verdict import GOOD_STATES
from email_contacts.operators._named_folders import named_folder
from email_contacts.operators._prepared_run import manifest_path
from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.gone import read_settled

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath, XComArg

    from email_contacts.arguments import TextArg
    from email_contacts.contacts.staging.manifest import Manifest

# Clocks of workers differ; what is later than that was confirmed by a wrong one.
_CLOCK_TOLERANCE = timedelta(minutes=15)


class ConfirmSnapshotOperator(ContactsOperator):
    """Put the snapshot of a run in force, if its receipt says that every row arrived.

    Place it after ``WriteReceiptOperator``, with Airflow's default trigger rule: until it has run, the
    previous snapshot stays in force, and the next run sends again what this one sent. Contacts that the
    platform rejected are recorded as such: they are sent again when they change, or with ``retry_rejects``.

    :param manifest_uri: what ``PrepareContactsOperator`` pushed as ``manifest_uri``. Templated.
    :param receipt: what ``WriteReceiptOperator`` returned. Templated.
    :return: ``snapshot``, the address of its folder, and ``is_confirmed``; False where the source was empty,
        or the preparation did not compare with a snapshot.
    """

    template_fields: Sequence[str] = ("conn_id", "manifest_uri", "receipt")

    def __init__(self, *, manifest_uri: TextArg, receipt: Mapping[str, Any] | XComArg, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.manifest_uri = manifest_uri
        self.receipt: Any = receipt

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, Any]:
        """Check the receipt, and confirm."""
        from airflow.sdk import ObjectStoragePath

        from email_contacts.contacts.snapshot.confirming import confirm
        from email_contacts.contacts.staging.manifest import Manifest

        path = manifest_path(self.manifest_uri)
        manifest = Manifest.read(cast("Any", path))
        check_receipt(self.receipt, manifest)
        if manifest.overriding:
            self.log.warning("%s", manifest.overriding)
        changes = manifest.changes
        if changes is None:
            self.log.info("nothing to confirm: the source was empty, or was not compared with a snapshot")
            return {"snapshot": None, "is_confirmed": False}
        if changes.to_settle and read_settled(path.parent, manifest.fingerprint) is None:
            raise AirflowFailException(
                f"{changes.to_settle} gone contacts are still to be settled ({changes.when_gone}), so the "
                "previous snapshot stays in force; place SettleGoneContactsOperator before the receipt"
            )
        failpoints.reached(failpoints.BEFORE_CONFIRMATION)
        is_done_now = confirm(
            changes,
            cast("Any", ObjectStoragePath(changes.folder)),
            cast("Any", path.parent),
            rejected_rows=_rejected_rows(str(self.receipt.get("platform_rejects_uri") or "")),
            receipt_id=self.receipt.get("receipt_id"),
            run_id=context["ti"].run_id,
        )
        failpoints.reached(failpoints.CONFIRMED)
        said = "is in force" if is_done_now else "was already in force"
        self.log.info("snapshot %s %s: the next run compares its source with it", changes.name, said)
        return {"snapshot": changes.folder, "is_confirmed": True}


class CheckFreshnessOperator(ContactsOperator):
    """Fail if a snapshot was not confirmed recently enough, even if the DAG that confirms it never ran.

    Run it in a separate DAG with its own schedule, and give it a notifier as ``on_failure_callback``.

    :param snapshot: the snapshot's name, such as that of an audience, or its folder's address. Templated.
    :param fresh_within: the longest time since the last confirmed run: a ``timedelta``, or a number of hours.
        Templated.
    :return: when it was confirmed, ISO 8601.
    """

    template_fields: Sequence[str] = ("conn_id", "snapshot", "fresh_within")

    def __init__(self, *, snapshot: TextArg, fresh_within: timedelta | float | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.snapshot = snapshot
        self.fresh_within = fresh_within

    @failing_at_once()
    def execute(self, context: Context) -> str:
        """Compare the time of the last confirmed run with now."""
        from email_contacts.contacts.snapshot.errors import SnapshotMissing
        from email_contacts.contacts.snapshot.folder import SnapshotFolder

        fresh_within = self.fresh_within
        if not isinstance(fresh_within, timedelta):
            fresh_within = timedelta(hours=as_hours(fresh_within, "fresh_within"))
        folder = named_folder("snapshot", self.snapshot, self.hook.settings.staging_root)
        try:
            current = SnapshotFolder(cast("Any", folder), folder.name).current()
        except SnapshotMissing as error:
            raise AirflowFailException(f"{folder.name}: {error}. Run its DAG, and see its receipt") from error
        confirmed_at = datetime.fromisoformat(current["confirmed_at"])
        age = datetime.now(timezone.utc) - confirmed_at
        if age < -_CLOCK_TOLERANCE:
            raise AirflowFailException(
                f"{folder.name}: the last confirmed run was at {confirmed_at}, which is later than this "
                "machine's clock shows, so its age is not known. Set the clocks, and run its DAG"
            )
        if age > fresh_within:
            hours = age.total_seconds() / 3600
            raise AirflowFailException(
                f"{folder.name}: the last confirmed run was {hours:,.1f} hours ago, at {confirmed_at}; "
                f"fresh_within is {fresh_within}. See its DAG: is it paused?"
            )
        self.log.info("%s: confirmed at %s, within %s", folder.name, confirmed_at, fresh_within)
        return confirmed_at.isoformat()


def check_receipt(receipt: Any, manifest: Manifest) -> None:
    """Check that a receipt is that of a complete import of what was prepared.

    :raises AirflowFailException: when it is not.
    """
    said = receipt if isinstance(receipt, Mapping) else {}
    rows = said.get("rows") or {}
    # What a guard held back is not in the snapshot, so that the next run looks at it again.
    by_guards = sum(manifest.rows.held_back.values())
    if said.get("state") not in GOOD_STATES or rows.get("held_back", 0) != by_guards:
        raise AirflowFailException(
            f"the receipt says {said.get('state') or 'nothing'}, so the previous snapshot stays in force; "
            "pass the output of WriteReceiptOperator, and place this task after it"
        )
    if said.get("fingerprint") != manifest.fingerprint or rows.get("accepted") != manifest.rows.accepted:
        raise AirflowFailException(
            "the receipt is not about what the manifest says was prepared; pass both of the same run"
        )


def _rejected_rows(uri: str) -> set[int]:
    """Read which rows the platform rejected, as far as it named them."""
    from airflow.sdk import ObjectStoragePath

    if not uri:
        return set()
    path: ObjectStoragePath = ObjectStoragePath(uri)
    with path.open("rb") as file:  # type: ignore[no-untyped-call]
        lines = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline=""))
        return {int(line["row"]) for line in lines if line["row"]}
