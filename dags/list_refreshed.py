"""An example: a DAG that runs after a list was refreshed, and reads the counts of its rows."""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException

from email_contacts.operators.receipts import RECEIPTS

if TYPE_CHECKING:
    from collections.abc import Mapping

# A list's name, or its id.
LIST = os.environ.get("LIST_REFRESHED", "Sample contacts")

DOC = """
### A list was refreshed

Every complete import is an event of the asset `email_contacts_receipts`, whichever DAG ran it. The event's
extra is the receipt. This DAG is scheduled on it: `refreshed` keeps the receipts of one list and skips
the run where there are none; what depends on the list follows it. Here that is `report`.

Which list: the environment variable `LIST_REFRESHED`, a name or an id; without it `Sample contacts`. For an
audience there is no need to filter: schedule on its own asset, `audience_<name>`.
"""

log = logging.getLogger(__name__)


def concerns(receipt: Mapping[str, Any], wanted: str) -> bool:
    """Whether an import went to a list.

    :param wanted: the list's name, or its id.
    """
    names = receipt.get("list_names", {})
    return any(wanted in (str(list_id), names.get(str(list_id))) for list_id in receipt["list_ids"])


@dag(
    dag_id="list_refreshed",
    schedule=[RECEIPTS],
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    is_paused_upon_creation=True,
    doc_md=DOC,
    tags=["email contacts", "example"],
    default_args={
        "owner": "data platform",
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(minutes=10),
    },
)
def list_refreshed() -> None:
    """Chain the tasks."""

    @task
    def refreshed(triggering_asset_events: Any = None) -> list[dict[str, Any]]:
        """Give the receipts of the list; several imports may have ended since the last run."""
        receipts = [event.extra for event in triggering_asset_events[RECEIPTS]]
        found = [receipt for receipt in receipts if concerns(receipt, LIST)]
        if not found:
            raise AirflowSkipException(f"{len(receipts)} imports ended, none of them into the list {LIST!r}")
        return found

    @task
    def report(receipts: list[dict[str, Any]]) -> dict[str, int]:
        """Put what depends on the list in the place of this task."""
        for receipt in receipts:
            rows = receipt["rows"]
            log.info(
                "%s: %d of %d rows accepted, %d rejected; imported by run %s of %s",
                receipt["source"], rows["accepted"], rows["read"], rows["rejected"], receipt["run_id"],
                receipt["dag_id"],
            )  # fmt: skip
        return {part: sum(one["rows"][part] for one in receipts) for part in ("read", "accepted", "rejected")}

    report(cast("Any", refreshed()))


list_refreshed()
