"""Every hour: was each audience with ``fresh_within`` confirmed recently enough?"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from airflow.sdk import DAG

from email_contacts.audiences.document import Audience
from email_contacts.audiences.reading import read_audiences
from email_contacts.connection import DEFAULT_CONN_ID
from email_contacts.operators.snapshots import CheckFreshnessOperator
from email_contacts.retry_policy import ContactsRetryPolicy

AUDIENCES = Path(__file__).resolve().parents[1] / "include" / "audiences"

DOC = """
### Are the lists fresh?

One task for each audience with `fresh_within`. It fails if no run of the audience was confirmed for that
long, for whatever reason: its DAG failed, is paused, or never ran. To be told, give `default_args` a notifier
as `on_failure_callback`; docs/audiences.md shows how.
"""

with DAG(
    dag_id="check_freshness",
    description="Fails where an audience was not confirmed for longer than its fresh_within.",
    schedule="@hourly",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    doc_md=DOC,
    tags={"email contacts", "audience"},
    default_args={
        "owner": "data platform",
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "retry_policy": ContactsRetryPolicy(),
        "execution_timeout": timedelta(minutes=10),
    },
):
    for audience in read_audiences(AUDIENCES):
        # A broken file has a DAG that says so.
        if isinstance(audience, Audience) and audience.fresh_within:
            CheckFreshnessOperator(
                task_id=audience.name,
                conn_id=audience.connection or DEFAULT_CONN_ID,
                snapshot=audience.name,
                fresh_within=audience.fresh_within,
            )
