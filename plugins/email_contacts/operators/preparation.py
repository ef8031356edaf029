"""The operator that turns a source of contacts into batches that are ready to import."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.arguments import as_choice, as_text
from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.personal import Personal
from email_contacts.operators.source_arguments import read_mapping, read_source

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath, XComArg

    from email_contacts.arguments import TextArg
    from email_contacts.contacts.mapping.attributes import AccountAttribute
    from email_contacts.contacts.preparation import Progress
    from email_contacts.contacts.staging.manifest import Manifest

FORMATS = ("auto", "csv", "ndjson", "parquet")
UNKNOWN_COLUMNS = ("", "fail", "drop")
BODIES = ("json_body", "file_body", "file_url")
DUPLICATES = ("last", "first", "fail")
CONFLICTS = ("flag", "reject", "fail")
PROGRESS_EVERY = 5.0


class PrepareContactsOperator(ContactsOperator):
    """Read contacts, validate every row, and stage the batches to import.

    Nothing is sent. Batches, rejects and the manifest are written to a folder of this task below the
    connection's staging folder; XCom carries where they are, never a row.

    Exactly one of ``source``, ``sql`` and ``table``:

    :param source: path or address of a file, a folder or a glob (``/data/a.csv``, ``s3://bucket/a.ndjson.gz``,
        ``s3://conn_id@bucket/customers/*.parquet``). Templated.
    :param sql: a query, or the name of a ``.sql`` file beside the DAG that holds it. Templated.
    :param table: a table, with its schema if need be (``crm.customers``). Templated.
    :param sql_conn_id: the connection of the database, for ``sql`` and ``table``. Templated.
    :param parameters: of the query, as its database takes them: a mapping or a sequence. What may be
        somebody's data belongs here: Airflow shows the statement, but not these. Templated.

    And how to read it:

    :param source_root: the folder that a relative ``source`` or ``mapping`` is looked up in. Templated.
    :param source_format: ``csv``, ``ndjson``, ``parquet``, or ``auto`` (by the file's name). Templated.
    :param delimiter: of a CSV file; empty: detected from its header. Templated.
    :param encoding: of the file; empty: a byte order mark decides, otherwise UTF-8. Templated.
    :param mapping: path of a mapping document (YAML or JSON), or the document itself as a dictionary; empty:
        columns are mapped by their names. Templated.
    :param unknown_columns: ``fail`` or ``drop`` columns that the account has no attribute for, which the
        platform would drop in silence (api-contract §3); empty (default): what the mapping says, otherwise
        ``fail``. Templated.
    :param duplicates: which of several rows about one contact is sent: the ``last`` (default) or the
        ``first``; or ``fail``. Templated.
    :param conflicts: rows whose identifiers belong to two different rows, so that the platform would merge
        two people: ``flag`` them in a list and send them (default), ``reject`` them, or ``fail``. Templated.
    :param body: the form that batches are sent in: ``json_body`` (default), ``file_body``, or ``file_url``,
        one file of any size that the platform fetches from the stage. Templated.
    :param max_rejects: stop when more rows are rejected: ``"100"`` or ``"5%"``; empty: the connection's
        setting. Templated.
    :param check_attributes: read the account's attributes first, and map and check columns by them.
    :return: the batches' addresses, to expand an import over. The XComs ``manifest_uri`` and ``rows`` say
        more.
    """

    template_fields: Sequence[str] = (
        "conn_id", "source", "source_root", "source_format", "delimiter", "encoding", "mapping",
        "unknown_columns", "max_rejects", "duplicates", "conflicts", "body", "sql", "sql_conn_id", "table",
        "parameters",
    )  # fmt: skip
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"sql": "sql", "mapping": "json"}  # noqa: RUF012  Airflow's own declaration

    def __init__(
        self,
        *,
        source: TextArg | None = None,
        sql: TextArg | None = None,
        table: TextArg | None = None,
        sql_conn_id: TextArg | None = None,
        parameters: Mapping[str, Any] | Sequence[Any] | XComArg | None = None,
        source_root: TextArg = "",
        source_format: TextArg = "auto",
        delimiter: TextArg = "",
        encoding: TextArg = "",
        mapping: TextArg | Mapping[str, Any] = "",
        unknown_columns: TextArg = "",
        duplicates: TextArg = "last",
        conflicts: TextArg = "flag",
        body: TextArg = "json_body",
        max_rejects: TextArg = "",
        check_attributes: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.sql = sql
        self.table = table
        self.sql_conn_id = sql_conn_id
        self.parameters: Any = parameters
        self.source_root = source_root
        self.source_format = source_format
        self.delimiter = delimiter
        self.encoding = encoding
        self.mapping = mapping
        self.unknown_columns = unknown_columns
        self.duplicates = duplicates
        self.conflicts = conflicts
        self.body = body
        self.max_rejects = max_rejects
        self.check_attributes = check_attributes

    def conceal(self) -> None:
        """Hide the query's parameters.

        They are not masked in the log besides: nothing writes them there, and a date among them would be
        masked in every address that holds the run's id.
        """
        if self.parameters and not isinstance(self.parameters, Personal):
            self.parameters = Personal(self.parameters)

    def act(self, context: Context) -> list[str]:
        """Prepare, report, and hand the batches on."""
        from email_contacts.contacts.staging.stage import MANIFEST

        stage = run_stage(self.hook.settings.staging_root, context)
        manifest = self._prepare(stage)
        self._report(context, manifest, uri=str(stage / MANIFEST))
        if not manifest.batches:
            raise AirflowFailException(
                f"none of the {manifest.rows.read} rows of {manifest.source} can be imported: "
                f"{_counted(manifest.reject_reasons)}. The rejects are in {manifest.rejects_uri}"
            )
        return [batch.uri for batch in manifest.batches]

    def _prepare(self, stage: ObjectStoragePath) -> Manifest:
        from email_contacts.contacts.preparation import prepare

        source_format = as_choice(self.source_format, "source_format", FORMATS)
        return prepare(
            read_source(self),
            stage,
            mapping=read_mapping(self),
            account_attributes=self._account_attributes() if self.check_attributes else None,
            source_format=None if source_format == "auto" else source_format,
            # No as_text: a tab is blank, and a delimiter all the same.
            delimiter=str(self.delimiter) if self.delimiter else None,
            encoding=as_text(self.encoding, "encoding") if self.encoding else None,
            unknown_columns=as_choice(self.unknown_columns, "unknown_columns", UNKNOWN_COLUMNS) or None,
            duplicates=as_choice(self.duplicates, "duplicates", DUPLICATES),
            conflicts=as_choice(self.conflicts, "conflicts", CONFLICTS),
            body=as_choice(self.body, "body", BODIES),
            max_rejects=self._max_rejects(),
            on_progress=_ProgressLog(self.log),
        )

    def _max_rejects(self) -> int | str | None:
        given = "" if self.max_rejects is None else str(self.max_rejects)
        limit = given or self.hook.settings.max_rejects
        return int(limit) if limit.isdigit() else limit or None

    def _account_attributes(self) -> list[AccountAttribute]:
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
        return [attribute for attribute in known if attribute is not None]

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


class _ProgressLog:
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
