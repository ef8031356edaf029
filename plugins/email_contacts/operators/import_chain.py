"""The tasks that every import has in common, from the prepared batches to the receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, XComArg

from email_contacts.contacts.choices import KEEP
from email_contacts.operators.gone import SettleGoneContactsOperator
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.receipts import RECEIPTS, VerifyImportOperator, WriteReceiptOperator
from email_contacts.retry_policy import ContactsRetryPolicy
from email_contacts.sensor import ImportCompletedSensor

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from email_contacts.arguments import FlagArg, TextArg
    from email_contacts.operators._batching import BatchingOperator

# A failed run needs its receipt most of all: it is written even if a task fails or was skipped.
_ALWAYS = "all_done"

TASK_DEFAULTS: dict[str, Any] = {
    # A task that is resumed early can be failed by the scheduler (apache/airflow#71580). A retry is safe:
    # every task finds what an earlier try made.
    "retries": 3,
    "retry_delay": timedelta(seconds=20),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": ContactsRetryPolicy(),
    "execution_timeout": timedelta(minutes=30),
}
"""For ``default_args`` of a DAG that imports."""


def import_and_account(
    prepare: BatchingOperator,
    *,
    list_ids: Any,
    sizes_before: XComArg,
    folder_id: XComArg | None = None,
    update_existing_contacts: FlagArg = True,
    disable_notification: FlagArg = True,
    is_dry_run: FlagArg = False,
    retry_of: TextArg = "",
    gone: str = KEEP,
    outlets: Sequence[Asset] = (),
    wait_for: Sequence[BaseOperator] = (),
) -> WriteReceiptOperator:
    """Add the tasks ``import`` (one per batch) → ``wait`` → ``verify`` → ``receipt`` to the DAG.

    :param prepare: the task that stages the batches.
    :param list_ids: the lists to import into, as ``ImportContactsOperator`` takes them.
    :param sizes_before: of ``GetListOperator``; the import waits for it.
    :param folder_id: the lists' folder, for the receipt.
    :param update_existing_contacts: see ``ImportContactsOperator``.
    :param disable_notification: see ``ImportContactsOperator``.
    :param is_dry_run: whether nothing was to be sent.
    :param retry_of: the import whose rejected rows these are.
    :param gone: as for the preparation; unless it is ``keep``, the task ``gone`` comes before the receipt.
    :param wait_for: further tasks that the import waits for, and the task ``gone``, such as brakes.
    :param outlets: assets that a complete import updates, besides that of all receipts.
    :return: the task of the receipt.
    """
    # Templates, because an XComArg of a task that pushed nothing fails the task that reads it.
    manifest_uri = f"{{{{ ti.xcom_pull(task_ids='{prepare.task_id}', key='manifest_uri') }}}}"
    rows = f"{{{{ ti.xcom_pull(task_ids='{prepare.task_id}', key='rows') | tojson }}}}"
    # First, because the import names it by its id, which has that of a task group before it.
    wait = ImportCompletedSensor(
        task_id="wait",
        deferrable=True,
        timeout=timedelta(hours=24).total_seconds(),
        execution_timeout=None,
    )
    batches = ImportContactsOperator.partial(
        task_id="import",
        list_ids=list_ids,
        update_existing_contacts=update_existing_contacts,
        disable_notification=disable_notification,
        wait_for_completion=False,
        deferrable=True,
        wait_task_id=wait.task_id,  # the platform's callback wakes that task
        execution_timeout=None,  # it may have to wait for other imports to end, in the triggerer
        # The platform is known to get stuck on several imports at once; each task sees whether one runs.
        max_active_tis_per_dagrun=1,
        map_index_template="{{ task.batch_uri.rsplit('/', 1)[-1] }}",
    ).expand(batch_uri=prepare.output)
    submissions = XComArg(batches, "submission")
    wait.process_ids = batches.output
    wait.submissions = submissions  # what else can tell the end, where the platform shows no processes
    verify = VerifyImportOperator(
        task_id="verify",
        manifest_uri=manifest_uri,
        process_ids=batches.output,
        list_ids=list_ids,
        completions=wait.output,
        submissions=submissions,
        sizes_before=sizes_before,
        is_dry_run=is_dry_run,
        trigger_rule=_ALWAYS,
    )
    receipt = WriteReceiptOperator(
        task_id="receipt",
        manifest_uri=manifest_uri,
        verdict=verify.output,
        submissions=submissions,
        completions=wait.output,
        rows=rows,
        folder_id=folder_id,
        sizes_before=sizes_before,
        retry_of=retry_of,
        outlets=[RECEIPTS, *outlets],
        trigger_rule=_ALWAYS,
    )
    [sizes_before, *wait_for] >> batches
    batches >> wait >> verify >> receipt
    prepare >> [verify, receipt]
    if gone != KEEP:
        settle = SettleGoneContactsOperator(
            task_id="gone", manifest_uri=manifest_uri, verdict=verify.output, list_ids=list_ids
        )
        [verify, *wait_for] >> settle >> receipt
    return receipt
