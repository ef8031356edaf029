"""What operators share that prepare contacts in a stage: its folder, the options, what is handed on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.arguments import as_lines
from email_contacts.operators._snapshot_arguments import SNAPSHOT_FIELDS, SnapshotArguments
from email_contacts.operators.base import ContactsOperator

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.arguments import TextArg
    from email_contacts.contacts.options import Options
    from email_contacts.contacts.preparation import Progress
    from email_contacts.contacts.snapshot.changes import ChangesSince
    from email_contacts.contacts.staging.manifest import Manifest

PROGRESS_EVERY = 5.0


class StagingOperator(ContactsOperator):
    """An operator that works in a stage of its own, with a limit on rejected rows.

    :param max_rejects: stop when more rows are rejected: ``"100"`` or ``"5%"``; empty: the connection's
        setting. Templated.
    """

    template_fields: Sequence[str] = ("conn_id", "max_rejects")

    def __init__(self, *, max_rejects: TextArg = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_rejects = max_rejects

    def stage(self, context: Context) -> ObjectStoragePath:
        """Name the folder of this task."""
        return run_stage(self.hook.settings.staging_root, context)

    def changes_since(self) -> ChangesSince | None:
        """What an operator with arguments of these names compares its contacts with; None: nothing."""
        arguments = {name: getattr(self, name) for name in SNAPSHOT_FIELDS}
        return SnapshotArguments(**arguments, conn_id=self.conn_id).since(self.hook.settings.staging_root)

    @property
    def reject_limit(self) -> Any:
        """How many rows may be rejected; the connection says it where the task does not."""
        is_given = self.max_rejects is not None and self.max_rejects != ""
        return self.max_rejects if is_given else self.hook.settings.max_rejects

    def hand_on(self, context: Context, manifest: Manifest, stage: ObjectStoragePath) -> list[str]:
        """Report what was prepared, and give the batches' addresses.

        A source without rows gives none, and the run goes on: ``when_empty`` has let it.

        :raises AirflowFailException: when there are rows, and none can be imported.
        """
        from email_contacts.contacts.staging.stage import MANIFEST

        self._report(context, manifest, uri=str(stage / MANIFEST))
        if not manifest.rows.read:
            self.log.warning("%s has no rows: there is nothing to import; the run succeeds", manifest.source)
        elif manifest.why_nothing:
            self.log.info("%s: there is nothing to import; the run succeeds", manifest.why_nothing)
        elif not manifest.batches:
            raise AirflowFailException(
                f"none of the {manifest.rows.read} rows of {manifest.source} can be imported: "
                f"{_counted(manifest.reject_reasons)}. The rejects are listed in {manifest.rejects_uri}"
            )
        return [batch.uri for batch in manifest.batches]

    def _report(self, context: Context, manifest: Manifest, *, uri: str) -> None:
        rows = manifest.rows
        self.log.info(
            "prepared %s: %d rows read = %d accepted + %d rejected + %d duplicates + %d unchanged; "
            "%d batches, %.1f s",
            manifest.source, rows.read, rows.accepted, rows.rejected, rows.duplicates, rows.unchanged,
            len(manifest.batches), manifest.seconds,
        )  # fmt: skip
        if (changes := manifest.changes) is not None:
            self.log.info(
                "snapshot %s: %d new, %d changed, %d gone", changes.name, changes.new, changes.changed,
                changes.gone,
            )  # fmt: skip
            if changes.why_full:
                self.log.warning("full sync, every row is sent: %s", changes.why_full)
            if changes.rejected_before:
                self.log.warning(
                    "%d unchanged rows were rejected by the platform before, and are sent again when they "
                    "change, or with retry_rejects", changes.rejected_before,
                )  # fmt: skip
        for note in manifest.notes:
            self.log.info("%s", note)
        if rows.rejected:
            self.log.warning("rejected: %s; see %s", _counted(manifest.reject_reasons), manifest.rejects_uri)
        if manifest.conflicts:
            self.log.warning(
                "%d rows share an identifier with another contact's row, and the platform may merge the two "
                "people: see %s", manifest.conflicts, manifest.conflicts_uri,
            )  # fmt: skip
        if manifest.unknown_columns:
            self.log.warning(
                "dropped, for the account has no such attributes: %s", list(manifest.unknown_columns)
            )
        context["ti"].xcom_push("manifest_uri", uri)
        context["ti"].xcom_push("rows", rows.to_json())
        if manifest.changes is not None:
            context["ti"].xcom_push("changes", manifest.changes.summary)


class ProgressLog:
    """Writes the preparation's progress to the task's log every few seconds."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._next = PROGRESS_EVERY

    def __call__(self, progress: Progress) -> None:
        if progress.seconds >= self._next:
            self._next = progress.seconds + PROGRESS_EVERY
            self._log.info(
                "%d rows read (%.0f a second), %d rejected, %d batches written",
                progress.read, progress.read / progress.seconds, progress.rejected, progress.batches,
            )  # fmt: skip


def read_options(**rendered: Any) -> Options:
    """Make the options of a preparation from rendered values; an empty one means the default.

    :raises email_contacts.contacts.errors.InvalidOption: when one is not among its choices.
    """
    from email_contacts.contacts.options import Options

    said = {name: value for name, value in rendered.items() if value is not None and value != ""}
    for name in ("header_row", "skip_rows"):
        if name in said:
            said[name] = as_lines(said[name], name)
    return Options(**said)


def run_stage(root: str, context: Context) -> ObjectStoragePath:
    """Name the folder of this task below the staging folder: the same for every try, and nobody else's."""
    from airflow.sdk import ObjectStoragePath

    ti = context["ti"]
    stage = ObjectStoragePath(root) / ti.dag_id / _folder_name(ti.run_id) / ti.task_id
    return stage / str(ti.map_index) if ti.map_index is not None and ti.map_index >= 0 else stage


def _folder_name(run_id: str) -> str:
    """Make a folder's name of a run id, which may hold anything; two different ones never get the same."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", run_id)
    return name if name == run_id else f"{name}-{hashlib.sha256(run_id.encode()).hexdigest()[:8]}"


def _counted(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {rule}" for rule, count in reasons.items())
