"""The operators that end an import run: verify what arrived, and write the receipt."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import Asset, Context
from airflow.sdk.exceptions import AirflowRuntimeError, AirflowSkipException

from email_contacts import metrics
from email_contacts.arguments import InvalidArgument, as_documents, as_flag, as_id, as_ids, as_seconds
from email_contacts.failures import failing_at_once
from email_contacts.imports import failpoints, history
from email_contacts.imports.verification.import_report import ImportReport
from email_contacts.imports.verification.receipt import Receipt
from email_contacts.imports.verification.verdict import DRY_RUN, FAILED, Verdict
from email_contacts.imports.verification.verification import Verification
from email_contacts.imports.waiting.process_status import BY_PROCESS
from email_contacts.lineage import Lineage
from email_contacts.links import ImportLink, ListLink, import_page
from email_contacts.operators._approvals import NOT_APPROVED
from email_contacts.operators._prepared_run import PreparedRun, read_names, read_rows, read_sizes
from email_contacts.operators._staging import run_stage
from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.gone import read_settled
from email_contacts.operators.stages import remove_sent
from email_contacts.sent_with import check_sent_with

if TYPE_CHECKING:
    from airflow.sdk import XComArg

    from email_contacts.arguments import FlagArg, IdArg, IdsArg, TextArg

RECEIPTS = Asset(name=history.ASSET_NAME, uri=history.ASSET_URI)
"""Every complete import is an event of this asset; its state store is the history of all imports."""


class VerifyImportOperator(ContactsOperator):
    """Check the result of an import: its processes and their reports, its contacts, and its lists.

    A sample of the contacts, which grows with the number sent, is looked up on the platform and compared with
    what was sent, as is the growth of the lists. The task does not fail if the result is bad, because a
    failed import needs a receipt, too. Contacts that the platform rejected, according to its reports, are
    listed in ``platform_rejects.csv`` next to the other lists. Use it with ``trigger_rule="all_done"``
    directly after the wait, and pass its result to ``WriteReceiptOperator``, which fails the run.

    :param manifest_uri: what ``PrepareContactsOperator`` pushed as ``manifest_uri``. Templated.
    :param process_ids: the processes of the submitted batches. Templated.
    :param list_ids: the lists imported into. Templated.
    :param completions: what ``ImportCompletedSensor`` returned: processes that it saw complete are not
        requested again, and if the platform shows no processes, this result counts. Templated.
    :param submissions: the XCom ``submission`` of the import task, or of all its mapped ones: they say which
        batch a process carried, when, and whether contacts that existed were updated. Templated.
    :param sizes_before: what ``GetListOperator`` returned before the import, once or per list. Templated.
    :param is_dry_run: whether nothing was to be sent; the verdict is then ``dry_run``. Templated.
    :param patience: how many seconds to keep looking while contacts are missing, because the platform's
        answers may lag, or while an import still runs.
    :return: the verdict: ``state``, ``reason``, ``process_ids``, ``processes_by_status``, ``platform``,
        ``list_sizes``, ``verification``, ``has_arrived``, ``remark``, ``platform_rejects_uri``,
        ``conn_id``.
    """

    template_fields: Sequence[str] = (
        "conn_id", "manifest_uri", "process_ids", "list_ids", "completions", "submissions", "sizes_before",
        "is_dry_run",
    )  # fmt: skip
    follows_failures = True

    def __init__(
        self,
        *,
        manifest_uri: TextArg,
        process_ids: IdsArg,
        list_ids: IdsArg,
        completions: Sequence[Mapping[str, Any]] | XComArg | None = None,
        submissions: Mapping[str, Any] | Sequence[Mapping[str, Any]] | XComArg = (),
        sizes_before: Any = (),
        is_dry_run: FlagArg = False,
        patience: float = 30,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.manifest_uri = manifest_uri
        self.process_ids = process_ids
        self.list_ids = list_ids
        self.completions = completions
        self.submissions = submissions
        self.sizes_before = sizes_before
        self.is_dry_run = is_dry_run
        self.patience = patience

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, Any]:
        """Check the result, and check again while the platform's answers may lag."""
        run = PreparedRun.read(self.manifest_uri, submissions=self.submissions, process_ids=self.process_ids)
        if as_flag(self.is_dry_run, "is_dry_run") and run.manifest and not run.batches.is_anything_submitted:
            return Verdict(DRY_RUN, "").to_json()
        if run.is_held:
            return Verdict(FAILED, NOT_APPROVED).to_json()
        check_sent_with(run.batches.submissions, self.hook)
        verification = Verification(
            self.hook.client,
            run.batches,
            list_ids=as_ids(self.list_ids, "list_ids"),
            completions=_completions(self.completions),
            sizes_before=read_sizes(self.sizes_before),
            conflicts=run.manifest.conflicts if run.manifest else 0,
            had_rows=run.manifest is None or run.manifest.rows.read > 0,
            unverifiable=run.what_is_missing,
            why_nothing=run.manifest.why_nothing if run.manifest else "",
        )
        verdict = verification.settled(as_seconds(self.patience, "patience"))
        if run.stage is not None:
            verdict = verification.list_rejects(verdict, cast("Any", run.stage))
        self.log.info("the import is %s %s", verdict.state, verdict.reason or verdict.remark)
        if run.manifest is not None and run.manifest.overriding:
            self.log.warning("%s", run.manifest.overriding)
        return {**verdict.to_json(), "conn_id": self.conn_id}


class WriteReceiptOperator(ContactsOperator):
    """Write the receipt of an import run, and fail the run if the import is not complete.

    The receipt is this task's XCom, a file next to the rejects, an entry of the history that the page
    *Contact imports* shows, and the extra of the events of its outlets. :data:`RECEIPTS` is always one of
    these. If nothing was prepared, the file is in this task's own stage. Use the operator with
    ``trigger_rule="all_done"``, so that the receipt is written even if a task of the run fails. After a
    completed import the batches are removed from the stage; otherwise they stay. After a dry run the
    task is skipped, so that its outlets emit no events.

    :param manifest_uri: what ``PrepareContactsOperator`` pushed as ``manifest_uri``. Templated.
    :param verdict: what ``VerifyImportOperator`` returned. Templated.
    :param submissions: the XCom ``submission`` of the import task, or of all its mapped ones. Templated.
    :param completions: what ``ImportCompletedSensor`` returned, for a run without a verdict. Templated.
    :param rows: the XCom ``rows`` of ``PrepareContactsOperator``, for a run without a stage. Templated.
    :param folder_id: the folder, for the record. Templated.
    :param sizes_before: what ``GetListOperator`` returned before the import, once or per list. Templated.
    :param retry_of: what ``PrepareRejectsOperator`` pushed as ``retry_of``: the import whose rejected rows
        these are. Templated.
    :param keep_batches: leave the batches of a completed import in the stage.
    :return: the receipt, with ``receipt_uri``.
    """

    template_fields: Sequence[str] = (
        "conn_id", "manifest_uri", "verdict", "submissions", "completions", "rows", "folder_id",
        "sizes_before", "retry_of",
    )  # fmt: skip
    follows_failures = True
    operator_extra_links = (ImportLink(), ListLink())
    own_outlets = (RECEIPTS,)

    def __init__(
        self,
        *,
        manifest_uri: TextArg,
        verdict: Mapping[str, Any] | XComArg,
        submissions: Mapping[str, Any] | Sequence[Mapping[str, Any]] | XComArg = (),
        completions: Sequence[Mapping[str, Any]] | XComArg | None = None,
        rows: Mapping[str, int] | TextArg | None = None,
        folder_id: IdArg | None = None,
        sizes_before: Any = (),
        retry_of: TextArg = "",
        keep_batches: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.manifest_uri = manifest_uri
        self.verdict = verdict
        self.submissions = submissions
        self.completions = completions
        self.rows = rows
        self.folder_id = folder_id
        self.sizes_before = sizes_before
        self.retry_of = retry_of
        self.keep_batches = as_flag(keep_batches, "keep_batches")
        self.import_page = ""

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, Any]:
        """Build the receipt and publish it, and only then fail the run if it is not complete."""
        from email_contacts.contacts.staging.stage import RECEIPT, write_whole

        run = PreparedRun.read(self.manifest_uri, submissions=self.submissions)
        receipt = self._receipt(context, run)
        stage = run.stage if run.stage is not None else run_stage(self.hook.settings.staging_root, context)
        path = stage / RECEIPT
        document = {**receipt.to_json(), "receipt_uri": str(path)}
        if receipt.lists:
            self.list_page = self.hook.settings.list_page(int(next(iter(receipt.lists))))
        metrics.of_receipt(document, conn_id=self.conn_id)
        self.lineage = Lineage.of(receipt, platform=self.hook.settings.base_url)
        # First, so that it is there also where the stage cannot be written to.
        context["ti"].xcom_push("receipt", document)
        self._keep(context, document)
        stage.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(cast("Any", path), json.dumps(document, indent=2).encode())
        failpoints.reached(failpoints.RECEIPT_WRITTEN)
        report = ImportReport(receipt)
        self.log.info("receipt: %s\n%s", path, "\n".join(report.lines))
        receipt.raise_for_unaccounted(report.account)
        if run.manifest is not None and not self.keep_batches:
            remove_sent(run.manifest, stage)
        if receipt.state == DRY_RUN:
            raise AirflowSkipException("dry run: nothing was sent, and the outlets emit no events")
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = document
        return document

    def _receipt(self, context: Context, run: PreparedRun) -> Receipt:
        ti = context["ti"]
        started_at = context["dag_run"].start_date
        return Receipt.of(
            run.manifest,
            self._verdict(run),
            run.batches,
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            folder_id=as_id(self.folder_id, "folder_id") if self.folder_id else None,
            sizes_before=read_sizes(self.sizes_before),
            started_at=_instant(started_at or datetime.now(timezone.utc)),
            finished_at=_instant(datetime.now(timezone.utc)),
            prepared=None if run.manifest else read_rows(self.rows),
            list_names=read_names(self.sizes_before),
            told_by=[str(one.get("told_by") or BY_PROCESS) for one in self._completions],
            settled=_settled(run),
            rejects_uri=run.unfinished_rejects,
            reject_reasons=run.unfinished_reasons,
            retry_of=key.address if (key := history.EntryKey.parse_address(str(self.retry_of))) else "",
        )

    def _keep(self, context: Context, document: Mapping[str, Any]) -> None:
        """Enter the receipt in the history; a missing entry does not fail the import."""
        try:
            history.keep(
                document,
                conn_id=self.conn_id,
                history=cast("Any", context)["asset_state_store"][RECEIPTS],
                task=cast("Any", context)["task_state_store"],
            )
            self.import_page = import_page(document)
        except AirflowRuntimeError as error:
            self.log.warning("the receipt is not in the history of imports: %s", error)

    @property
    def _completions(self) -> list[Mapping[str, Any]]:
        return _completions(self.completions)

    def _verdict(self, run: PreparedRun) -> Verdict:
        if isinstance(self.verdict, Mapping) and self.verdict:
            try:
                return Verdict.from_json(self.verdict)
            except (KeyError, TypeError, ValueError) as error:
                raise InvalidArgument("verdict must be what VerifyImportOperator returned") from error
        if not run.batches.is_anything_submitted:
            return Verdict(FAILED, run.what_is_missing or "nothing was submitted")
        return Verdict.unverified(
            run.batches.all_process_ids,
            self._completions,
            reason="the import was not verified; see the log of that task",
        )


def _completions(given: Any) -> list[Mapping[str, Any]]:
    documents = as_documents(given, "completions")
    if any(not {"process_id", "status", "rejects"} <= one.keys() for one in documents):
        raise InvalidArgument("completions must be what ImportCompletedSensor returned")
    return documents


def _settled(run: PreparedRun) -> dict[str, int] | None:
    if run.stage is None or run.manifest is None:
        return None
    done = read_settled(run.stage, run.manifest.fingerprint)
    return done.to_json() if done else None


def _instant(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")
