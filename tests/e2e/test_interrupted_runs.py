"""People mark and clear tasks of a running Airflow, which kills what runs: the receipt stays true."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

import pytest
import requests

from local.processes import wait_until
from local.stack import Stack, sandbox_connection
from tests.e2e.conftest import DAG_ID, Run, follow, hold, imports_accepted

PATIENT = "patient_connection"
FOREVER = 600  # seconds; as long as a connection may wait for an answer


@pytest.fixture
def patient(stack: Stack) -> str:
    """A connection that waits for an answer as long as one may."""
    document = sandbox_connection(
        stack.sandbox_url, stage=f"file://{stack.home.stage}", callback_url=stack.home.url
    )
    extra = {**json.loads(document["extra"]), "timeout": FOREVER, "callback_url": ""}
    stack.rest.put_connection({**document, "connection_id": PATIENT, "extra": json.dumps(extra)})
    return PATIENT


def task_path(run_id: str, task_id: str) -> str:
    return f"dags/{DAG_ID}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}"


def task(stack: Stack, run_id: str, task_id: str) -> dict[str, Any]:
    """A task as the REST API shows it; of a mapped one the only one; empty before it is there."""
    tasks = stack.rest.tasks(DAG_ID, run_id)
    return next((one for one in tasks if one["task_id"] == task_id), {})


def await_state(stack: Stack, run_id: str, task_id: str, state: str) -> None:
    wait_until(
        lambda: task(stack, run_id, task_id).get("state") == state,
        services=stack.services,
        seconds=900,
        what=f"waited for {task_id} to be {state}",
    )


def clear(stack: Stack, run_id: str, task_id: str) -> None:
    """Clear a task and all that follows, as the UI does."""
    stack.rest.post(
        f"dags/{DAG_ID}/clearTaskInstances",
        {
            "dag_run_id": run_id,
            "task_ids": [task_id],
            "include_downstream": True,
            "only_failed": False,
            "reset_dag_runs": True,
            "dry_run": False,
        },
    )


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def assert_adds_up(run: Run) -> None:
    rows = dict(run.receipt["rows"])
    assert rows.pop("read") == sum(rows.values()) == 1000


def test_an_import_that_is_marked_as_failed_is_killed_and_found_again_when_it_is_cleared(
    stack: Stack, patient: str
) -> None:
    """The platform has accepted it, and its answer never comes."""
    before = imports_accepted(stack)
    fault = {"route": "import", "kind": "slow", "seconds": FOREVER, "times": 1}
    requests.patch(
        f"{stack.sandbox_url}/sandbox/knobs", json={"faults": [fault]}, timeout=60
    ).raise_for_status()
    run_id = stack.rest.trigger(DAG_ID, {"conn_id": patient, "list": "Interrupted"})
    wait_until(
        lambda: imports_accepted(stack) == before + 1,
        services=stack.services,
        seconds=900,
        what="waited for the import",
    )
    pid = task(stack, run_id, "import")["pid"]
    stack.rest.patch(f"{task_path(run_id, 'import')}/0", {"new_state": "failed"})
    run = follow(stack, run_id)
    assert (run.state, run.tasks["import"], run.tasks["wait"]) == ("failed", "failed", "upstream_failed")
    assert_adds_up(run)
    assert run.receipt["state"] == "unknown"
    assert run.receipt["held_back"] == {"outcome_unknown": 971}
    assert "1 of 1 batches were sent, or about to be" in run.receipt["reason"]
    wait_until(lambda: not is_alive(pid), services=stack.services, seconds=300, what="waited for its end")

    clear(stack, run_id, "import")
    run = follow(stack, run_id)
    assert run.state == "success", run.tasks
    assert_adds_up(run)
    assert (run.receipt["state"], run.receipt["rows"]["accepted"]) == ("completed_with_rejects", 971)
    assert "adopted" in run.receipt["recovered"][0]
    assert imports_accepted(stack) == before + 1


@pytest.mark.parametrize("state", ["failed", "skipped"])
def test_a_wait_that_is_marked_while_its_import_runs_goes_on_when_it_is_cleared(
    state: str, stack: Stack
) -> None:
    before = imports_accepted(stack)
    hold(stack, "in_process")
    run_id = stack.rest.trigger(DAG_ID, {"list": f"Marked as {state}"})
    await_state(stack, run_id, "wait", "deferred")
    stack.rest.patch(task_path(run_id, "wait"), {"new_state": state})
    run = follow(stack, run_id)
    assert (run.state, run.tasks["wait"], run.tasks["receipt"]) == ("failed", state, "failed")
    assert_adds_up(run)
    assert run.receipt["state"] == "unknown"
    assert run.receipt["held_back"] == {"outcome_unknown": 971}
    assert len(run.receipt["process_ids"]) == 1
    hold(stack, "none")
    clear(stack, run_id, "wait")
    run = follow(stack, run_id)
    assert run.state == "success", run.tasks
    assert_adds_up(run)
    assert (run.receipt["state"], run.receipt["rows"]["accepted"]) == ("completed_with_rejects", 971)
    assert imports_accepted(stack) == before + 1
