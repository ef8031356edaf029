"""The way back: contacts that changed, and who has opted out, from the platform to object storage."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone

from airflow.sdk import Param, dag

from email_contacts.operators.exports import ExportContactsOperator
from email_contacts.retry_policy import ContactsRetryPolicy

# A cron expression, or a preset such as @daily.
SCHEDULE = os.environ.get("EXPORT_CONTACTS_SCHEDULE") or None
# Not in the form: who may start a run is not to choose where contacts are copied to.
DESTINATION = os.environ.get("EXPORT_CONTACTS_PATH") or None

DOC = """
### Contacts to object storage

**export** writes the contacts that changed since the last run (in the first run, all contacts) to tables
that are partitioned by date: `contacts`, and `opt_outs` with a row for each opt-out. The watermark moves only
when all files are written, so a failed run loses and repeats nothing. It updates the asset
`email_contacts_exports` with the number of contacts and the addresses of the files.

They go to the folder `exports` of the connection's staging folder, or to that of the environment variable
`EXPORT_CONTACTS_PATH`, such as `s3://warehouse/email`. To run it on a schedule, set
`EXPORT_CONTACTS_SCHEDULE`, for example to `@daily`. docs/export.md explains the files.
"""

FORM = {
    "list_id": Param(
        None, type=["null", "integer"], minimum=1, title="List",
        description="The id of a list: only its contacts. Empty: all contacts of the account.",
    ),
    "file_format": Param(
        "parquet", type="string", enum=["parquet", "ndjson"], title="Format",
        description="Parquet has a column for each attribute; NDJSON is what the platform answers.",
    ),
    "full": Param(
        False, type="boolean", title="Export everything",
        description="Also contacts that did not change since the last run.",
    ),
    "conn_id": Param(
        "email_contacts_default", type="string", minLength=1, title="Connection",
        description="An Airflow connection of type Email Contacts.",
    ),
}  # fmt: skip


@dag(
    dag_id="export_contacts",
    schedule=SCHEDULE,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,  # two at a time would begin at the same watermark
    params=FORM,
    doc_md=DOC,
    tags=["email contacts"],
    default_args={
        "owner": "data platform",
        "conn_id": "{{ params.conn_id }}",
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_policy": ContactsRetryPolicy(),
        "execution_timeout": timedelta(hours=6),
    },
)
def export_contacts() -> None:
    """One task; what it does stands in its own room."""
    ExportContactsOperator(
        task_id="export",
        path=DESTINATION,
        list_id="{{ params.list_id or '' }}",
        file_format="{{ params.file_format }}",
        full="{{ params.full }}",
    )


export_contacts()
