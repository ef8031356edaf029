"""Operators that prepare a source on as many workers as there are: cut, prepare each partition, merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from email_contacts.arguments import as_flag, as_texts
from email_contacts.failures import failing_at_once
from email_contacts.operators._batching import BATCHING_OPTIONS, BatchingOperator
from email_contacts.operators._partition_arguments import SplitArguments, read_partition
from email_contacts.operators._reading import ReadingOperator
from email_contacts.operators._source_access import SourceAccess
from email_contacts.operators._staging import ProgressLog, read_options
from email_contacts.operators.base import ContactsOperator

if TYPE_CHECKING:
    from airflow.sdk import XComArg

    from email_contacts.arguments import IdArg, TextArg


class SplitSourceOperator(ContactsOperator):
    """Cut a source into partitions: files by their bytes, a table by ranges of a column. No row is read.

    Exactly one of ``source`` and ``table``:

    :param source: path or address of a file, a folder or a glob; a file is never cut in two. Templated.
    :param source_root: the folder that a relative ``source`` is looked up in. Templated.
    :param table: a table, with its schema if need be (``crm.customers``). Templated.
    :param sql_conn_id: the connection of its database. Templated.
    :param column: a column of whole numbers, never NULL, evenly spread and preferably unique, such as the
        primary key. It is part of the rows, so map it or drop it. Templated.
    :param partitions: how many, at most. Templated.
    :param restrict_sources: look only at what the connection allows (``source_roots``,
        ``source_sql_conn_ids``): for DAGs whose form sets the source. Give it to
        ``PreparePartitionOperator``, too. Not templated, for a form must not decide it.
    :return: the partitions, to expand :class:`PreparePartitionOperator` over: names of files or a statement,
        never a row.
    """

    template_fields: Sequence[str] = (
        "conn_id", "source", "source_root", "table", "sql_conn_id", "column", "partitions",
    )  # fmt: skip

    def __init__(
        self,
        *,
        source: TextArg | None = None,
        source_root: TextArg = "",
        table: TextArg | None = None,
        sql_conn_id: TextArg | None = None,
        column: TextArg = "id",
        partitions: IdArg = 4,
        restrict_sources: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.source_root = source_root
        self.table = table
        self.sql_conn_id = sql_conn_id
        self.column = column
        self.partitions = partitions
        self.restrict_sources = as_flag(restrict_sources, "restrict_sources")

    @failing_at_once()
    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Look at the files' sizes, or at the column's bounds."""
        given = SplitArguments(
            source=self.source,
            table=self.table,
            sql_conn_id=self.sql_conn_id,
            column=self.column,
            partitions=self.partitions,
            root=self.source_root,
            access=self._access,
        )
        found, notes = given.cut()
        for note in notes:
            self.log.info("%s", note)
        self.log.info("%d partitions", len(found))
        return found

    @property
    def _access(self) -> SourceAccess | None:
        if not self.restrict_sources:
            return None
        return SourceAccess.of(self.hook.settings, root=str(self.source_root))


class PreparePartitionOperator(ReadingOperator):
    """Read and validate one partition of a source, and keep the result in the stage to be merged.

    How the rows are read is set as for :class:`PrepareContactsOperator`: ``mapping``, ``source_format``,
    ``delimiter``, ``encoding``, ``consent_column``, ``body`` and so on.

    :param partition: one of those that :class:`SplitSourceOperator` returned: ``.expand(partition=…)``.
        Templated.
    :return: the address of the partition's folder, for :class:`MergePartitionsOperator`.
    """

    template_fields: Sequence[str] = (*ReadingOperator.template_fields, "partition")
    template_fields_renderers = {"mapping": "json", "partition": "json"}  # noqa: RUF012

    def __init__(self, *, partition: Mapping[str, Any] | XComArg, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.partition = partition

    @failing_at_once()
    def execute(self, context: Context) -> str:
        """Prepare it, and return where it is."""
        from email_contacts.contacts.partitions import prepare_partition

        source, place = read_partition(self.partition, access=self.access)
        folder = self.stage(context)
        part = prepare_partition(
            source,
            folder,
            **place,
            options=self.options(),
            read_as=self.read_as,
            on_progress=ProgressLog(self.log),
        )
        self.log.info(
            "prepared partition %d of %d of %s: %d rows read = %d valid + %d rejected",
            part.index + 1, part.count, part.source, part.read, part.accepted, part.rejected,
        )  # fmt: skip
        return str(folder)


class MergePartitionsOperator(BatchingOperator):
    """Merge prepared partitions: find duplicates over all of them, and stage the batches to import.

    It returns and pushes what ``PrepareContactsOperator`` does, so the same tasks follow. The partitions'
    folders are removed.

    :param partitions: what the tasks of :class:`PreparePartitionOperator` returned, all of them. Templated.
    :param duplicates: which of several rows about one contact is sent: the ``last`` (default) or the
        ``first``; or ``fail``. Templated.
    :param conflicts: rows whose identifiers belong to two different rows: ``flag`` (default), ``reject`` or
        ``fail``. Templated.
    :param max_rejects: stop when more rows are rejected over all partitions: ``"100"`` or ``"5%"``; empty:
        the connection's setting. Templated.
    :param when_empty: a source without rows: ``skip`` (default): the run succeeds, sends nothing and has a
        receipt of 0 rows; or ``fail``. Templated.
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
    :return: the addresses of the batches, to expand an import over. Details are in the XComs
        ``manifest_uri`` and ``rows``.
    """

    template_fields: Sequence[str] = (*BatchingOperator.template_fields, "partitions")

    def __init__(self, *, partitions: Sequence[str] | XComArg, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.partitions = partitions

    @failing_at_once()
    def execute(self, context: Context) -> list[str]:
        """Merge, report, and hand the batches on."""
        from airflow.sdk import ObjectStoragePath

        from email_contacts.contacts.partitions import merge_partitions

        options = read_options(
            max_rejects=self.reject_limit,
            **{name: getattr(self, name) for name in BATCHING_OPTIONS},
        )
        stage = self.stage(context)
        folders = [ObjectStoragePath(uri) for uri in as_texts(self.partitions, "partitions")]
        with self.telling_of_rejects(context, stage):
            manifest = merge_partitions(
                folders,
                stage,
                options=options,
                changes_since=self.changes_since(context),
                guards=self.guards(),
                on_progress=ProgressLog(self.log),
            )
        return self.hand_on(context, manifest, stage)
