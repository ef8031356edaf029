"""The operator that prepares the rejected rows of an earlier import, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from email_contacts.arguments import InvalidArgument
from email_contacts.failures import failing_at_once
from email_contacts.operators._batching import BATCHING_FIELDS, BATCHING_OPTIONS, BatchingOperator
from email_contacts.operators._reading import READING_OPTIONS, ReadingOperator
from email_contacts.operators._retried_import import RetriedImport
from email_contacts.operators._source_arguments import rooted_path
from email_contacts.operators._staging import ProgressLog
from email_contacts.operators.receipts import RECEIPTS

if TYPE_CHECKING:
    from email_contacts.arguments import TextArg
    from email_contacts.contacts.sources.selection import RowSelection
    from email_contacts.operators._source_access import SourceAccess

ALL, REJECTED = "all", "rejected"
GUARDED = (
    "receipt: the import {} held rows back by a mirror of the account, and a retry without one could import "
    "people who opted out. Correct the rows in the source and run its DAG again; or give this task a mirror"
)
# How the corrected file is read that is no copy of the source is not for the old receipt to say.
_OF_THE_FILE = ("source_format", "delimiter", "encoding", "header_row", "skip_rows", "sheet")
# What the platform may do with people who opted out is said each time.
_NEVER_TAKEN_OVER = ("opted_out",)


class PrepareRejectsOperator(BatchingOperator, ReadingOperator):
    """Stage the rows that an earlier import rejected, by our rules or by the platform.

    The lists of rejects hold masked values, so the rows are read again: from the source of that import, which
    must not have changed since, or from a corrected file. Reading options that are not given are taken from
    the receipt, except ``opted_out``. Everything else is as with :class:`PrepareContactsOperator`, and rows
    keep their numbers, so that a retry can be retried.

    :param receipt: the import to retry: the address of its page, or the last part of it. Templated.
    :param source: a corrected file; empty: the source of that import. Templated.
    :param corrected_rows: which rows of the corrected file are read: ``all`` (default), or only those that
        were ``rejected``, by their numbers, if the file is a corrected copy of the source. Templated.
    :return: the addresses of the batches, to expand an import over. Details are in the XComs ``manifest_uri``
        and ``rows``; ``retry_of`` is for ``WriteReceiptOperator``, and ``list_ids`` are the lists of that
        import.
    """

    template_fields: Sequence[str] = (
        *ReadingOperator.template_fields,
        *BATCHING_FIELDS,
        "receipt", "source", "corrected_rows",
    )  # fmt: skip
    own_inlets = (RECEIPTS,)

    def __init__(
        self, *, receipt: TextArg, source: TextArg = "", corrected_rows: TextArg = ALL, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.receipt = receipt
        self.source = source
        self.corrected_rows = corrected_rows

    @failing_at_once()
    def execute(self, context: Context) -> list[str]:
        """Find the rows, prepare them, and hand the batches on."""
        from email_contacts.contacts.preparation import prepare
        from email_contacts.contacts.sources.version import version_of

        history: Any = context["asset_state_store"][RECEIPTS]
        retried = RetriedImport.find(self.receipt, history)
        if retried.conn_id != self.conn_id:
            raise InvalidArgument(
                f"conn_id={self.conn_id!r} is not the connection of the import that is retried, which is "
                f"{retried.conn_id!r}; give that one"
            )
        guards = self.guards()
        if retried.receipt.guards and guards is None:
            raise InvalidArgument(GUARDED.format(retried.key.address))
        ti = context["ti"]
        ti.xcom_push("retry_of", retried.key.address)
        ti.xcom_push("list_ids", list(retried.receipt.list_ids))
        self._read_as_before(retried)
        if not self.source and not retried.receipt.source_version:
            retried.check_source("")
        source = rooted_path(
            "source",
            self.source or retried.receipt.source,
            root=self.source_root,
            access=self._access(ti.dag_id, ti.run_id, retried.receipt.run_id),
        )
        if not self.source:
            retried.check_source(version_of(source))
        options = replace(self.options(*BATCHING_OPTIONS), only_rows=self._selection(retried))
        stage = self.stage(context)
        progress = ProgressLog(self.log)
        with self.telling_of_rejects(context, stage):
            manifest = prepare(
                source, stage, options, guards=guards, read_as=self.read_as, on_progress=progress
            )
        return self.hand_on(context, manifest, stage)

    def _access(self, dag_id: str, *run_ids: str) -> SourceAccess | None:
        """What may be read, and what was uploaded for this run and for the one that is retried."""
        from airflow.sdk import ObjectStoragePath

        from email_contacts.contacts.staging.uploads import upload_folder

        if self.access is None:
            return None
        root: Any = ObjectStoragePath(self.hook.settings.staging_root)
        uploads = (str(upload_folder(root, dag_id, one)) for one in run_ids)
        return replace(self.access, roots=(*self.access.roots, *uploads))

    def _selection(self, retried: RetriedImport) -> RowSelection | None:
        """The rows to read; None: all of the corrected file."""
        from email_contacts.contacts.sources.selection import RowSelection

        if self.corrected_rows not in (ALL, REJECTED):
            raise InvalidArgument(f"corrected_rows={self.corrected_rows!r} must be {ALL} or {REJECTED}")
        if self.source and self.corrected_rows == ALL:
            self.log.info("all rows of the corrected file are imported")
            return None
        rejected = retried.rejected(self.hook.settings.staging_root)
        self.log.info("%d rows of the import %s are read again", len(rejected.numbers), retried.key.address)
        if rejected.not_found:
            self.log.warning(
                "%d contacts that the platform rejected were not found in what was sent, and are not retried",
                rejected.not_found,
            )
        return RowSelection(rejected.numbers)

    def _read_as_before(self, retried: RetriedImport) -> None:
        """Take over how the source was read, where the arguments do not say it."""
        before: Mapping[str, Any] = retried.receipt.read_as
        if before.get("mapping_in_dag") and not self.mapping:
            raise InvalidArgument(
                f"the mapping of the import {retried.key.address} stands in its DAG; give a mapping document"
            )
        is_another_file = bool(self.source) and self.corrected_rows == ALL
        lines_said = bool(self.header_row or self.skip_rows)
        for name in ("mapping", *READING_OPTIONS):
            is_said = getattr(self, name) not in ("", None, "auto", "json_body")
            is_said = is_said or (lines_said and name in ("header_row", "skip_rows"))
            is_void = name in _NEVER_TAKEN_OVER or (is_another_file and name in _OF_THE_FILE)
            if name in before and not is_said and not is_void:
                setattr(self, name, before[name])
