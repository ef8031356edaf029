"""The operator that turns a source of contacts into batches that are ready to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from email_contacts.failures import failing_at_once
from email_contacts.operators._batching import BATCHING_FIELDS, BATCHING_OPTIONS, BatchingOperator
from email_contacts.operators._personal import Personal, shown
from email_contacts.operators._reading import ReadingOperator
from email_contacts.operators._source_arguments import SourceArguments
from email_contacts.operators._staging import ProgressLog

if TYPE_CHECKING:
    from airflow.sdk import XComArg

    from email_contacts.arguments import TextArg


class PrepareContactsOperator(BatchingOperator, ReadingOperator):
    """Read contacts, validate every row, and stage the batches to import.

    Nothing is sent. Batches, rejects and the manifest are written to a folder of this task below the
    connection's staging folder; XCom carries where they are, never a row.

    Exactly one of ``source``, ``sql`` and ``table``:

    :param source: path or address of a file, a folder or a glob (``/data/a.csv``, ``s3://bucket/a.ndjson.gz``,
        ``s3://conn_id@bucket/customers/*.parquet``). Templated.
    :param sql: a query, or the name of a ``.sql`` file next to the DAG file. Templated.
    :param table: a table, with its schema if need be (``crm.customers``). Templated.
    :param sql_conn_id: the connection of the database, for ``sql`` and ``table``. Templated.
    :param parameters: of the query, as its database takes them: a mapping or a sequence. Put personal data
        here: Airflow shows the statement, but not its parameters. Templated.

    And how to read it:

    :param source_root: the folder that a relative ``source`` or ``mapping`` is looked up in. Templated.
    :param source_format: ``csv``, ``ndjson``, ``json``, ``parquet``, ``xlsx``, or ``auto`` (by the file's
        name, otherwise by its content). Templated.
    :param delimiter: of a CSV file; empty: detected from its header. Templated.
    :param encoding: of the file; empty: taken from the byte order mark, otherwise UTF-8. Templated.
    :param header_row: the line of a CSV file or a sheet that has the columns' names, counted from 1; empty:
        the first line that is not blank. Templated.
    :param skip_rows: the number of lines above the header, instead of ``header_row``. Templated.
    :param sheet: of a workbook; empty: the first sheet that is not hidden. Templated.
    :param opted_out: what to do with rows marked ``emailBlacklisted``, ``smsBlacklisted`` or
        ``whatsappBlacklisted``: ``reject`` them (default), or ``import`` them. Templated.
    :param consent_column: the column that says who agreed to be contacted: its name, or an object with
        ``name`` and the words for ``yes`` and ``no`` (in any case; by default those of booleans), also as
        JSON text. People with a row that says no are held back; a row that says neither is rejected. If yes
        in the column means that a person opted out, judging by its name, the words are required. Templated.
    :param mapping: path of a mapping document (YAML or JSON), or the document itself as a dictionary; empty:
        columns are mapped by their names. Templated.
    :param unknown_columns: ``fail`` or ``drop`` columns that the account has no attribute for, which the
        platform would silently drop (api-contract §3); empty (default): what the mapping says, otherwise
        ``fail``. Templated.
    :param duplicates: which of several rows about one contact is sent: the ``last`` (default) or the
        ``first``; or ``fail``. Templated.
    :param conflicts: rows whose identifiers belong to two different rows, so that the platform would merge
        two people: ``flag`` them in a list and send them (default), ``reject`` them, or ``fail``. Templated.
    :param when_empty: a source without rows: ``skip`` (default): the run succeeds, sends nothing and has a
        receipt of 0 rows; or ``fail``. Templated.
    :param body: the form that batches are sent in: ``json_body`` (default), ``file_body``, or ``file_url``,
        one file of any size that the platform fetches from the stage. Templated.
    :param max_rejects: stop when more rows are rejected: ``"100"`` or ``"5%"``; empty: the connection's
        setting. Templated.
    :param check_attributes: read the account's attributes first, and map and check columns by them.
        Templated.
    :param snapshot: send only what changed since this snapshot: its name, or the path or address of its
        folder (a name is looked up in ``snapshots`` of the connection's staging folder). The run becomes the
        next snapshot by ``ConfirmSnapshotOperator``, after its receipt. Empty (default): every row is sent.
        Templated.
    :param snapshot_target: ids of the lists that the contacts go to; if they differ from those of the
        snapshot, everything is sent. Templated.
    :param full_sync: send everything, regardless of the snapshot. Templated.
    :param retry_rejects: send contacts that the platform rejected before again, even if they did not change.
        Templated.
    :param gone: what to do with contacts that were confirmed and are no longer in the source: ``keep``
        (default) them on the lists, ``remove`` them, or ``blacklist`` them for all lists of the account.
        ``SettleGoneContactsOperator`` does it. Templated.
    :param max_unidentified: how many rejected rows without a readable identifier are tolerated when gone
        contacts are removed or blacklisted: a number (default 0), or a share of the rows read (``"0.1%"``).
        Each of them may belong to one of these contacts. Templated.
    :param mirror: the mirror of the account in which rows are looked up, to hold back people who opted out
        and rows that would make the platform merge contacts: its name, or the path or address of its folder.
        ``RefreshMirrorOperator`` must have refreshed it. Empty (default): no row is held back. Templated.
    :param mirror_max_age: the greatest age of the mirror in hours (default 24); the task fails if it is
        older. Templated.
    :param consent: with a mirror, what to do with rows of people who opted out: ``hold_back`` (default);
        ``override``: send them, for a stated reason; ``ignore``: do not look them up. Unsubscriptions count
        from the lists in ``snapshot_target``; without it, from any list. Templated.
    :param consent_reason: why opt-outs are overridden; it is in the log and in the receipt. Templated.
    :param merges: with a mirror, what to do with rows that would make the platform merge contacts, or move an
        identifier from one to another (api-contract §3.1): ``hold_back`` (default) or ``allow``. Templated.
    :param propagate_opt_outs: with a mirror and a consent column: record opt-outs that are in the source and
        not in the account, for ``PropagateOptOutsOperator``. Templated.
    :param restrict_sources: read only what the connection allows (``source_roots``,
        ``source_sql_conn_ids``), and query in read-only transactions: for DAGs whose form sets the source.
        Not templated, because a form must not be able to change it.
    :return: the addresses of the batches, to expand an import over. Details are in the XComs
        ``manifest_uri`` and ``rows``.
    """

    template_fields: Sequence[str] = (
        *ReadingOperator.template_fields,
        *BATCHING_FIELDS,
        "source", "sql", "table", "sql_conn_id", "parameters",
    )  # fmt: skip
    template_ext: Sequence[str] = (".sql",)
    concealed_fields = ("parameters",)
    template_fields_renderers = {"sql": "sql", "mapping": "json"}  # noqa: RUF012  Airflow's own declaration

    def __init__(
        self,
        *,
        source: TextArg | None = None,
        sql: TextArg | None = None,
        table: TextArg | None = None,
        sql_conn_id: TextArg | None = None,
        parameters: Mapping[str, Any] | Sequence[Any] | XComArg | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.sql = sql
        self.table = table
        self.sql_conn_id = sql_conn_id
        self.parameters: Any = parameters

    def conceal(self, name: str, value: Any) -> Any:
        """Hide the query's parameters.

        Nor are they masked in the log: nothing writes them there, and a date among them would be
        masked in every address that holds the run's id.
        """
        return Personal(value) if value and not isinstance(value, Personal) else value

    @failing_at_once()
    def execute(self, context: Context) -> list[str]:
        """Prepare, report, and hand the batches on."""
        from email_contacts.contacts.preparation import prepare

        stage = self.stage(context)
        source = SourceArguments(
            source=self.source,
            sql=self.sql,
            table=self.table,
            sql_conn_id=self.sql_conn_id,
            parameters=shown(self.parameters),
            root=self.source_root,
            access=self.access,
        ).open()
        options = self.options(*BATCHING_OPTIONS)
        with self.telling_of_rejects(context, stage):
            manifest = prepare(
                source,
                stage,
                options,
                changes_since=self.changes_since(context),
                guards=self.guards(),
                read_as=self.read_as,
                on_progress=ProgressLog(self.log),
            )
        return self.hand_on(context, manifest, stage)
