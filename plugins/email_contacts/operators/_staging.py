"""What operators share that prepare contacts in a stage: its folder, its limit, the options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from email_contacts.arguments import as_lines
from email_contacts.operators.base import ContactsOperator

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.arguments import TextArg
    from email_contacts.contacts.options import Options
    from email_contacts.contacts.progress import Progress

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

    @property
    def reject_limit(self) -> Any:
        """How many rows may be rejected; the connection says it where the task does not."""
        is_given = self.max_rejects is not None and self.max_rejects != ""
        return self.max_rejects if is_given else self.hook.settings.max_rejects


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
    from email_contacts.contacts.sources.consent_column import ConsentColumn

    said = {name: value for name, value in rendered.items() if value is not None and value != ""}
    for name in ("header_row", "skip_rows"):
        if name in said:
            said[name] = as_lines(said[name], name)
    if "consent_column" in said:
        said["consent_column"] = ConsentColumn.read(said["consent_column"])
    return Options(**said)


def run_stage(root: str, context: Context) -> ObjectStoragePath:
    """Name the folder of this task below the staging folder: the same for every try, and nobody else's."""
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.staging.stage import run_folder

    ti = context["ti"]
    stage = ObjectStoragePath(root) / ti.dag_id / run_folder(ti.run_id) / ti.task_id
    return stage / str(ti.map_index) if ti.map_index is not None and ti.map_index >= 0 else stage
