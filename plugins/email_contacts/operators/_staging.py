"""What operators of a preparation share: how rows are read, how many may be rejected, what is handed on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.arguments import as_choice, as_text
from email_contacts.operators._source_arguments import read_mapping
from email_contacts.operators.base import ContactsOperator

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

    from email_contacts.arguments import TextArg
    from email_contacts.contacts.mapping.attributes import AccountAttribute
    from email_contacts.contacts.preparation import Progress
    from email_contacts.contacts.staging.manifest import Manifest

FORMATS = ("auto", "csv", "ndjson", "parquet")
UNKNOWN_COLUMNS = ("", "fail", "drop")
BODIES = ("json_body", "file_body", "file_url")
PROGRESS_EVERY = 5.0


class PreparingOperator(ContactsOperator):
    """An operator that works in a stage of its own, and bears so many rejected rows.

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

    def reject_limit(self) -> int | str | None:
        """Read how many rows may be rejected."""
        given = "" if self.max_rejects is None else str(self.max_rejects)
        limit = given or self.hook.settings.max_rejects
        return int(limit) if limit.isdigit() else limit or None

    def hand_on(self, context: Context, manifest: Manifest, stage: ObjectStoragePath) -> list[str]:
        """Report what was prepared, and give the batches' addresses.

        :raises AirflowFailException: when there is nothing to import.
        """
        from email_contacts.contacts.staging.stage import MANIFEST

        self._report(context, manifest, uri=str(stage / MANIFEST))
        if not manifest.batches:
            raise AirflowFailException(
                f"none of the {manifest.rows.read} rows of {manifest.source} can be imported: "
                f"{_counted(manifest.reject_reasons)}. The rejects are in {manifest.rejects_uri}"
            )
        return [batch.uri for batch in manifest.batches]

    def _report(self, context: Context, manifest: Manifest, *, uri: str) -> None:
        rows = manifest.rows
        self.log.info(
            "prepared %s: %d rows read = %d accepted + %d rejected + %d duplicates; %d batches, %.1f s",
            manifest.source, rows.read, rows.accepted, rows.rejected, rows.duplicates,
            len(manifest.batches), manifest.seconds,
        )  # fmt: skip
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
        context["ti"].xcom_push("rows", asdict(rows))


class ReadingOperator(PreparingOperator):
    """An operator that reads contacts and validates every row.

    :param source_root: the folder that a relative ``source`` or ``mapping`` is looked up in. Templated.
    :param source_format: ``csv``, ``ndjson``, ``parquet``, or ``auto`` (by the file's name). Templated.
    :param delimiter: of a CSV file; empty: detected from its header. Templated.
    :param encoding: of the file; empty: a byte order mark decides, otherwise UTF-8. Templated.
    :param mapping: path of a mapping document (YAML or JSON), or the document itself as a dictionary; empty:
        columns are mapped by their names. Templated.
    :param unknown_columns: ``fail`` or ``drop`` columns that the account has no attribute for, which the
        platform would drop in silence (api-contract §3); empty (default): what the mapping says, otherwise
        ``fail``. Templated.
    :param body: the form that batches are sent in: ``json_body`` (default), ``file_body``, or ``file_url``,
        one file of any size that the platform fetches from the stage. Templated.
    :param check_attributes: read the account's attributes first, and map and check columns by them.
    """

    template_fields: Sequence[str] = (
        *PreparingOperator.template_fields,
        "source_root", "source_format", "delimiter", "encoding", "mapping", "unknown_columns", "body",
    )  # fmt: skip
    template_fields_renderers = {"mapping": "json"}  # noqa: RUF012  Airflow's own declaration

    def __init__(
        self,
        *,
        source_root: TextArg = "",
        source_format: TextArg = "auto",
        delimiter: TextArg = "",
        encoding: TextArg = "",
        mapping: TextArg | Mapping[str, Any] = "",
        unknown_columns: TextArg = "",
        body: TextArg = "json_body",
        check_attributes: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source_root = source_root
        self.source_format = source_format
        self.delimiter = delimiter
        self.encoding = encoding
        self.mapping = mapping
        self.unknown_columns = unknown_columns
        self.body = body
        self.check_attributes = check_attributes

    def reading_options(self) -> dict[str, Any]:
        """Read the options of a preparation that say how rows are read."""
        source_format = as_choice(self.source_format, "source_format", FORMATS)
        return {
            "mapping": read_mapping(self),
            "account_attributes": self._account_attributes() if self.check_attributes else None,
            "source_format": None if source_format == "auto" else source_format,
            # No as_text: a tab is blank, and a delimiter all the same.
            "delimiter": str(self.delimiter) if self.delimiter else None,
            "encoding": as_text(self.encoding, "encoding") if self.encoding else None,
            "unknown_columns": as_choice(self.unknown_columns, "unknown_columns", UNKNOWN_COLUMNS) or None,
            "body": as_choice(self.body, "body", BODIES),
            "max_rejects": self.reject_limit(),
        }

    def _account_attributes(self) -> tuple[AccountAttribute, ...]:
        from email_contacts.contacts.mapping.attributes import AccountAttribute

        known = (
            AccountAttribute.from_api(
                name=attribute.name,
                category=attribute.category,
                type=attribute.type,
                labels=attribute.enumeration or attribute.options,
            )
            for attribute in self.hook.client.attributes()
        )
        return tuple(attribute for attribute in known if attribute is not None)


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
