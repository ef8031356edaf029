"""Three imports that are waited for in three ways; ``benchmarks/waking.py`` runs them."""

from __future__ import annotations

from datetime import datetime, timezone

from airflow.sdk import dag

from email_contacts.operators.imports import ImportContactsOperator


@dag(schedule=None, start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), catchup=False)
def waking() -> None:
    """No dependencies: all are submitted, and wait, at once."""
    for name, interval in (("callback", None), ("poll_5_s", 5.0), ("poll_60_s", 60.0)):
        ImportContactsOperator(
            task_id=name,
            conn_id=name,
            json_body=[{"email": f"{name}@example.com"}],
            list_ids=[2],
            poll_interval=interval,
            deferrable=True,
        )


waking()
