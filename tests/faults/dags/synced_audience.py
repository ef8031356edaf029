"""The chain of ``dags/sync_audiences.py`` without folder and list, once with all tasks; a listener kills."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, XComArg, get_current_context

from email_contacts.imports import failpoints
from email_contacts.operators.gone import SettleGoneContactsOperator
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.mirrors import RefreshMirrorOperator
from email_contacts.operators.opt_outs import PropagateOptOutsOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.operators.snapshots import ConfirmSnapshotOperator

SYNCED, SETTLED = "synced_audience", "settled_audience"
MANIFEST_URI = "{{ ti.xcom_pull(task_ids='prepare', key='manifest_uri') }}"
LIST = 2  # every sandbox has it


def die_once(moment: str) -> None:
    """Kill this process if the run is armed for this moment; its retry finds it disarmed.

    What arms it is a file that names the moment, or a folder with a file for each task and moment.
    """
    context = get_current_context()
    if context["dag"].dag_id not in (SYNCED, SETTLED):
        return
    armed = Path(context["params"].get("armed", ""))
    of_the_task = armed / f"{context['ti'].task_id}.{moment}"
    if of_the_task.is_file():
        of_the_task.unlink()
    elif armed.is_file() and armed.read_text() == moment:
        armed.unlink()
    else:
        return
    os.kill(os.getpid(), signal.SIGKILL)


failpoints.listen(die_once)


def chain(dag_id: str, **preparation: Any) -> DAG:
    """Make a DAG.

    :param preparation: further arguments of the preparation; with any, gone contacts and opt-outs are
        settled.
    """
    with DAG(
        dag_id=dag_id,
        schedule=None,
        params={name: Param("", type="string") for name in ("conn_id", "source", "armed")},
        default_args={
            "conn_id": "{{ params.conn_id }}",
            "retries": 200,
            "retry_delay": timedelta(seconds=1),
        },
    ) as dag:
        mirror = RefreshMirrorOperator(task_id="mirror")
        prepare = PrepareContactsOperator(
            task_id="prepare",
            source="{{ params.source }}",
            snapshot="{{ params.conn_id }}",
            snapshot_target=[LIST],
            mirror=mirror.output,
            check_attributes=False,
            **preparation,
        )
        batches = ImportContactsOperator.partial(
            task_id="import", list_ids=[LIST], deferrable=False, poll_interval=0.5, reconciliation_timeout=3
        ).expand(batch_uri=prepare.output)
        submissions = XComArg(batches, "submission")
        verify = VerifyImportOperator(
            task_id="verify",
            manifest_uri=MANIFEST_URI,
            process_ids=batches.output,
            list_ids=[LIST],
            submissions=submissions,
        )
        receipt = WriteReceiptOperator(
            task_id="receipt", manifest_uri=MANIFEST_URI, verdict=verify.output, submissions=submissions
        )
        confirm = ConfirmSnapshotOperator(
            task_id="confirm", manifest_uri=MANIFEST_URI, receipt=receipt.output
        )
        if preparation:
            gone = SettleGoneContactsOperator(
                task_id="gone", manifest_uri=MANIFEST_URI, verdict=verify.output, list_ids=[LIST]
            )
            opt_outs = PropagateOptOutsOperator(task_id="opt_outs", manifest_uri=MANIFEST_URI)
            verify >> gone >> receipt
            prepare >> opt_outs >> confirm
    return dag


synced = chain(SYNCED)
settled = chain(SETTLED, gone="remove", consent_column="newsletter", propagate_opt_outs=True)
