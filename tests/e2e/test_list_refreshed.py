"""The example DAG runs when a list was refreshed, and when another one was it is skipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.processes import wait_until
from local.stack import Stack
from tests.e2e.conftest import Run

LISTENER, LIST = "list_refreshed", "Sample contacts"


@pytest.fixture
def listening(sample_run: Run) -> Iterator[Run]:
    """Switch the DAG on; only here, for it would run after every import of the other tests."""
    rest = sample_run.stack.rest
    rest.patch(f"dags/{LISTENER}", {"is_paused": False})
    yield sample_run
    rest.patch(f"dags/{LISTENER}", {"is_paused": True})


def told(stack: Stack, extra: dict[str, Any], runs: int) -> dict[str, Any]:
    """Let the asset have a further event, and wait for the end of the run that it brings about."""
    rest = stack.rest
    (asset,) = rest.get("assets", name_pattern="email_contacts_receipts")["assets"]
    rest.post("assets/events", {"asset_id": asset["id"], "extra": extra})

    def ended() -> list[dict[str, Any]]:
        found = rest.get(f"dags/{LISTENER}/dagRuns", order_by="run_after")["dag_runs"]
        return [run for run in found if run["state"] in ("success", "failed")]

    wait_until(
        lambda: len(ended()) == runs, services=stack.services, seconds=900, what="waited for the listener"
    )
    return ended()[-1]


def test_the_dag_runs_with_the_fields_of_the_receipt(listening: Run) -> None:
    rest = listening.stack.rest
    events = rest.get("assets/events", limit=100)["asset_events"]
    (extra,) = [one["extra"] for one in events if one["source_run_id"] == listening.run_id]
    other = {**extra, "list_ids": [99], "list_names": {"99": "Other"}}
    # Its first run has all events so far, those of other tests' imports, too.
    ours = [one["extra"]["rows"] for one in events if LIST in one["extra"].get("list_names", {}).values()]
    assert extra["rows"] in ours

    run = told(listening.stack, other, runs=1)
    assert run["run_type"] == "asset_triggered"
    counts = rest.xcom(LISTENER, run["dag_run_id"], "report")
    assert counts == {part: sum(one[part] for one in ours) for part in ("read", "accepted", "rejected")}

    run = told(listening.stack, other, runs=2)
    tasks = {one["task_id"]: one["state"] for one in rest.tasks(LISTENER, run["dag_run_id"])}
    assert tasks == {"refreshed": "skipped", "report": "skipped"}
