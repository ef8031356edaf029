"""The chain of ``dags/import_contacts.py`` without folder and list, for the kill matrix; a listener kills.

One DAG for each mode of waiting (without a worker, in the worker) and each one who waits (the operator, the
sensor). A run is told where its tasks are to die by a file that holds the name of a moment.
"""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Asset, Param, XComArg, get_current_context

from email_contacts.imports import failpoints
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.lists import GetListOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from email_contacts.sensor import ImportCompletedSensor

MANIFEST_URI = "{{ ti.xcom_pull(task_ids='prepare', key='manifest_uri') }}"
ROWS = "{{ ti.xcom_pull(task_ids='prepare', key='rows') | tojson }}"
ALWAYS = "all_done"
# Every sandbox has it; without the tasks that create one, a matrix takes a quarter less of the processor.
LIST = 2


def die_once(moment: str) -> None:
    """Kill this process if the run is armed for this moment; its retry finds it disarmed."""
    armed = Path(get_current_context()["params"]["armed"])
    if armed.is_file() and armed.read_text() == moment:
        armed.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


failpoints.listen(die_once)


def kill_matrix(*, waiter: str, deferrable: bool) -> DAG:
    """Make the chain.

    :param waiter: ``operator`` or ``sensor``.
    :param deferrable: whether it waits without a worker.
    """
    with DAG(
        dag_id=f"{waiter}_waits_{'deferred' if deferrable else 'in_worker'}",
        schedule=None,
        params={name: Param("", type="string") for name in ("conn_id", "source", "armed")},
        default_args={
            "conn_id": "{{ params.conn_id }}",
            "retries": 200,  # `make soak` strikes for as long as it is told to
            "retry_delay": timedelta(seconds=1),
        },
    ) as dag:
        prepare = PrepareContactsOperator(task_id="prepare", source="{{ params.source }}")
        before = GetListOperator(task_id="size_before", list_id=LIST)
        batches = ImportContactsOperator.partial(
            task_id="import",
            list_ids=[LIST],
            wait_for_completion=waiter == "operator",
            wait_task_id="wait" if waiter == "sensor" else "",
            deferrable=deferrable,
            poll_interval=1,
            reconciliation_timeout=3,
        ).expand(batch_uri=prepare.output)
        submissions = XComArg(batches, "submission")
        wait = None
        if waiter == "sensor":
            wait = ImportCompletedSensor(
                task_id="wait",
                process_ids=batches.output,
                submissions=submissions,
                deferrable=deferrable,
                poke_interval=1,
            )
        completions = wait.output if wait is not None else None
        # From here on as in dags/import_contacts.py.
        verify = VerifyImportOperator(
            task_id="verify",
            manifest_uri=MANIFEST_URI,
            process_ids=batches.output,
            list_ids=[LIST],
            completions=completions,
            submissions=submissions,
            sizes_before=before.output,
            trigger_rule=ALWAYS,
        )
        receipt = WriteReceiptOperator(
            task_id="receipt",
            manifest_uri=MANIFEST_URI,
            verdict=verify.output,
            submissions=submissions,
            completions=completions,
            rows=ROWS,
            sizes_before=before.output,
            outlets=[Asset(name="receipts_under_fire", uri="x-email-contacts://receipts-under-fire")],
            trigger_rule=ALWAYS,
        )
        prepare >> before >> batches >> verify >> receipt
        if wait is not None:
            batches >> wait >> verify
        prepare >> [verify, receipt]
    return dag


DAGS = [
    kill_matrix(waiter=waiter, deferrable=deferrable)
    for waiter in ("operator", "sensor")
    for deferrable in (True, False)
]
# Airflow finds DAGs among a module's own names.
globals().update({dag.dag_id: dag for dag in DAGS})
