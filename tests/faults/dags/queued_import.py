"""One import of one contact, and a listener that kills its task or freezes it in the middle of its turn.

Airflow tries it again only after ten minutes, so that whatever a killed task held up would stay held up.
"""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, Param, get_current_context

from email_contacts.imports import failpoints
from email_contacts.operators.imports import ImportContactsOperator


def strike_once(failpoint: str) -> None:
    """Send this process the signal that its run is armed with at this failpoint; a later start is spared."""
    context = get_current_context()
    armed = Path(context["params"].get("armed", ""))
    if context["dag"].dag_id != "queued_import" or not armed.is_file():
        return
    name, moment = armed.read_text().split()
    if moment == failpoint:
        # Told before it is done: who is frozen cannot tell.
        armed.rename(armed.with_suffix(".struck"))
        os.kill(os.getpid(), signal.Signals[name])


failpoints.listen(strike_once)

with DAG(
    dag_id="queued_import",
    schedule=None,
    max_active_runs=50,
    params={name: Param("", type="string") for name in ("conn_id", "list_id", "armed")},
) as dag:
    ImportContactsOperator(
        task_id="import",
        conn_id="{{ params.conn_id }}",
        list_ids="{{ params.list_id }}",
        json_body=[{"email": "person@faults.example"}],
        wait_for_completion=False,
        deferrable=True,
        poll_interval=0.5,
        reconciliation_timeout=3,
        retries=20,
        retry_delay=timedelta(minutes=10),
    )
