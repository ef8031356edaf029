"""The operators that end an import run: what is seen on the platform, and the receipt."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from email_contacts.arguments import as_documents, as_id, as_ids
from email_contacts.failures import failing_at_once
from email_contacts.imports import failpoints
from email_contacts.imports.verification.receipt import Receipt
from email_contacts.imports.verification.verification import FAILED, UNKNOWN, Verdict, Verification
from email_contacts.operators.base import ContactsOperator
from email_contacts.operators.platform_lists import list_platform_rejects
from email_contacts.operators.stages import bodies_removed

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath, XComArg

    from email_contacts.arguments import IdArg, IdsArg, TextArg
    from email_contacts.contacts.staging.manifest import Manifest


class VerifyImportOperator(ContactsOperator):
    """Look at what an import came to: the reports of its processes, and the sizes of its lists.

    Judges, and does not fail: a receipt is due for a bad import most of all. Whom the platform itself
    rejected, by its reports, is listed in ``platform_rejects.csv`` beside the other lists. Use it with
    ``trigger_rule="all_done_min_one_success"`` directly after the preparation and the wait, and give its
    result to ``WriteReceiptOperator``, which fails the run.

    :param manifest_uri: what ``PrepareContactsOperator`` pushed as ``manifest_uri``. Templated.
    :param process_ids: the processes of the submitted batches. Templated.
    :param list_ids: the lists imported into. Templated.
    :param completions: what ``ImportCompletedSensor`` returned: what it saw completed is not asked for again,
        and where the platform shows no processes, its word is taken. Templated.
    :param submissions: the XCom ``submission`` of the import task, or of all its mapped ones: they say which
        batch a process carried, and so which rows its rejects are. Templated.
    :param patience: seconds to look again where that can help: while a list is still shorter than expected,
        for a platform's counters may lag, or an import still runs.
    :return: the verdict: ``state``, ``reason``, ``process_ids``, ``platform``, ``list_sizes``, ``remark``,
        ``platform_rejects_uri``.
    """

    template_fields: Sequence[str] = (
        "conn_id", "manifest_uri", "process_ids", "list_ids", "completions", "submissions",
    )  # fmt: skip

    def __init__(
        self,
        *,
        manifest_uri: TextArg,
        process_ids: IdsArg,
        list_ids: IdsArg,
        completions: Sequence[Mapping[str, Any]] | XComArg | None = None,
        submissions: Mapping[str, Any] | Sequence[Mapping[str, Any]] | XComArg = (),
        patience: float = 30,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.manifest_uri = manifest_uri
        self.process_ids = process_ids
        self.list_ids = list_ids
        self.completions = completions
        self.submissions = submissions
        self.patience = patience

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, Any]:
        """Look, and look again while the counters may lag."""
        manifest = read_manifest(self.manifest_uri)
        verification = Verification(
            self.hook.client,
            process_ids=as_ids(self.process_ids, "process_ids"),
            batches=len(manifest.batches),
            sent=manifest.rows.accepted,
            list_ids=as_ids(self.list_ids, "list_ids"),
            completions=as_documents(self.completions, "completions"),
        )
        until = time.monotonic() + self.patience
        pause = 1.0
        while True:
            verdict = verification.verdict()
            if not verdict.may_change or time.monotonic() + pause > until:
                verdict = self._with_list(verdict, verification, manifest)
                self.log.info("the import is %s %s", verdict.state, verdict.reason or verdict.remark)
                return verdict.to_json()
            time.sleep(pause)
            pause *= 2

    def _with_list(self, verdict: Verdict, verification: Verification, manifest: Manifest) -> Verdict:
        if not verdict.platform:
            return verdict
        uri, listed = list_platform_rejects(
            self.hook.client,
            verification.reports,
            manifest,
            manifest_uri=str(self.manifest_uri),
            submissions=as_documents(self.submissions, "submissions"),
        )
        return verdict.with_list(uri, listed=listed)


class WriteReceiptOperator(ContactsOperator):
    """Write the receipt of an import run, and fail the run whose receipt is not that of a complete import.

    The receipt is a file beside the rejects, this task's XCom, and the extra of the events of its outlets.
    After a completed import the batches are removed from the stage; those of any other one stay.

    :param manifest_uri: what ``PrepareContactsOperator`` pushed as ``manifest_uri``. Templated.
    :param verdict: what ``VerifyImportOperator`` returned. Templated.
    :param submissions: the XCom ``submission`` of the import task, or of all its mapped ones. Templated.
    :param folder_id: the folder, for the record. Templated.
    :param sizes_before: what ``GetListOperator`` returned before the import, once or per list. Templated.
    :param keep_batches: leave the batches of a completed import in the stage.
    :return: the receipt, with ``receipt_uri``.
    """

    template_fields: Sequence[str] = (
        "conn_id", "manifest_uri", "verdict", "submissions", "folder_id", "sizes_before",
    )  # fmt: skip

    def __init__(
        self,
        *,
        manifest_uri: TextArg,
        verdict: Mapping[str, Any] | XComArg,
        submissions: Mapping[str, Any] | Sequence[Mapping[str, Any]] | XComArg = (),
        folder_id: IdArg | None = None,
        sizes_before: Any = (),
        keep_batches: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.manifest_uri = manifest_uri
        self.verdict = verdict
        self.submissions = submissions
        self.folder_id = folder_id
        self.sizes_before = sizes_before
        self.keep_batches = keep_batches

    @failing_at_once()
    def execute(self, context: Context) -> dict[str, Any]:
        """Put the receipt together, write it, and only then judge the run."""
        from airflow.sdk import ObjectStoragePath

        manifest = read_manifest(self.manifest_uri)
        receipt = self._receipt(context, manifest)
        stage = ObjectStoragePath(str(self.manifest_uri)).parent
        path = stage / "receipt.json"
        document = {**receipt.to_json(), "receipt_uri": str(path)}
        path.write_text(json.dumps(document, indent=2))
        failpoints.reached(failpoints.RECEIPT_WRITTEN)
        context["ti"].xcom_push("receipt", document)
        self.log.info("receipt: %s", path)
        receipt.raise_for_unaccounted()
        if not self.keep_batches:
            self._tidy(manifest, stage)
        for outlet in self.outlets:
            context["outlet_events"][outlet].extra = document
        return document

    def _tidy(self, manifest: Manifest, stage: ObjectStoragePath) -> None:
        try:
            self.log.info("removed what was sent from the stage: %d files", bodies_removed(manifest, stage))
        except OSError as error:
            # The import is complete all the same; an old stage is removed as a whole.
            self.log.warning("the batches stay in the stage %s: %s", stage, type(error).__name__)

    def _receipt(self, context: Context, manifest: Manifest) -> Receipt:
        ti = context["ti"]
        # What was mapped but not submitted left no XCom, or none that holds anything.
        submissions = [one for one in as_documents(self.submissions, "submissions") if one]
        started_at = context["dag_run"].start_date
        return Receipt.of(
            manifest,
            self._verdict(submissions),
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            folder_id=as_id(self.folder_id, "folder_id") if self.folder_id else None,
            sizes_before=_sizes(self.sizes_before),
            started_at=_instant(started_at or datetime.now(timezone.utc)),
            finished_at=_instant(datetime.now(timezone.utc)),
            submissions=submissions,
        )

    def _verdict(self, submissions: Sequence[Mapping[str, Any]]) -> Verdict:
        if isinstance(self.verdict, Mapping):
            return Verdict.from_json(self.verdict)
        if not submissions:
            return Verdict(FAILED, "nothing was submitted", (), {}, {})
        process_ids = tuple(one["process_id"] for one in submissions if one["process_id"] is not None)
        return Verdict(UNKNOWN, "the import was not verified; see the log of that task", process_ids, {}, {})


def read_manifest(uri: Any) -> Manifest:
    """Read what a preparation left.

    :raises AirflowFailException: when there was none, or it did not finish.
    """
    from airflow.sdk import ObjectStoragePath

    from email_contacts.contacts.staging.manifest import Manifest

    if not uri or not (path := ObjectStoragePath(uri)).is_file():
        raise AirflowFailException(
            f"there is no manifest at {uri!r}: the preparation did not finish, and its log says why. "
            "Nothing was sent, so there is nothing to account for."
        )
    return Manifest.read(path)


def _sizes(before: Any) -> dict[int, int]:
    lists = [before] if isinstance(before, Mapping) else before or ()
    return {one["id"]: one["size"] for one in lists if one}


def _instant(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")
