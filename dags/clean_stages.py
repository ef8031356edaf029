"""The caretaker: what preparations staged is removed when it is old."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

from airflow.sdk import Param, dag

from email_contacts.operators.stages import CleanStagesOperator
from email_contacts.retry_policy import ContactsRetryPolicy

# "" switches the schedule off.
SCHEDULE = os.environ.get("CLEAN_STAGES_SCHEDULE", "@daily") or None

DOC = """
### Old stages

**clean** removes the stages of runs below the connection's staging folder if their newest file is older than
`days`: batches, lists of rejects, receipts. Only folders that a preparation filled are touched, and in them
only files that this package wrote.

The batches of a completed import are already gone: `receipt` removes them. This DAG removes those of imports
that failed or were never sent. A run that is older than this can no longer be resumed.

It runs daily; the environment variable `CLEAN_STAGES_SCHEDULE` sets another schedule, or none.
"""

WHAT = "What"
FORM = {
    "days": Param(
        7, type="integer", minimum=1, title="Days",
        description="Stages whose newest file is older than this are removed.", section=WHAT,
    ),
    "conn_id": Param(
        "email_contacts_default", type="string", minLength=1, title="Connection",
        description="An Airflow connection of type Email Contacts, whose staging folder is cleaned.",
        section=WHAT,
    ),
}  # fmt: skip


@dag(
    dag_id="clean_stages",
    schedule=SCHEDULE,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    params=FORM,
    doc_md=DOC,
    tags=["email contacts"],
    default_args={
        "owner": "data platform",
        "conn_id": "{{ params.conn_id }}",
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_policy": ContactsRetryPolicy(),
        "execution_timeout": timedelta(hours=1),
    },
)
def clean_stages() -> None:
    """One task; what it does stands in its own room."""
    CleanStagesOperator(task_id="clean", older_than="{{ params.days }}")


clean_stages()
