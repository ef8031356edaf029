"""A callback of the platform resumes a task that waits, on a really running Airflow.

Polling cannot be what resumes it: the connection allows one look-up an hour, and the import is held back
until the wait is past the guard against resuming too early.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import requests

from email_contacts.trigger import RESUME_GRACE
from local.home import Home
from local.processes import wait_until
from local.stack import API_KEY, Stack, sandbox_connection

DAGS = ("operator_is_called", "sensor_is_called")


@pytest.fixture(scope="module")
def airflow() -> Iterator[Stack]:
    """An Airflow of this module's own, whose connection allows one look-up an hour."""
    folder = Path(tempfile.mkdtemp(prefix="airflow-called-"))
    settings = {"AIRFLOW__CORE__DAGS_FOLDER": str(Path(__file__).parent / "dags")}
    with Stack(Home(folder), settings=settings, dag_ids=DAGS) as running:
        seeded = sandbox_connection(running.sandbox_url, stage="", callback_url=running.home.url)
        extra = {**json.loads(seeded["extra"]), "process_polls_per_hour": 1}
        running.rest.put_connection({**seeded, "extra": json.dumps(extra)})
        yield running
    shutil.rmtree(folder, ignore_errors=True)


def ask(airflow: Stack, method: str, path: str, document: dict[str, Any]) -> Any:
    """Ask the sandbox to change something."""
    answer = requests.request(
        method, f"{airflow.sandbox_url}{path}", json=document, headers={"api-key": API_KEY}, timeout=30
    )
    answer.raise_for_status()
    return answer.json() if answer.content else None


def until(airflow: Stack, condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, services=airflow.services, seconds=120, what=f"waited for {what}")


def state(airflow: Stack, dag_id: str, run_id: str) -> str:
    return str(airflow.rest.run(dag_id, run_id)["state"])


def waiting_task(airflow: Stack, dag_id: str, run_id: str) -> dict[str, Any]:
    (task,) = [task for task in airflow.rest.tasks(dag_id, run_id) if task["task_id"] == "waiting"]
    return task


def waits_long_enough(airflow: Stack, dag_id: str, run_id: str) -> bool:
    """Whether the task is past the guard; only then a call may resume it at once."""
    task = waiting_task(airflow, dag_id, run_id)
    if task["state"] != "deferred" or not task["trigger"]:
        return False
    began = datetime.fromisoformat(task["trigger"]["created_date"].replace("Z", "+00:00"))
    return (datetime.now(timezone.utc) - began).total_seconds() > RESUME_GRACE


def log_of(airflow: Stack, service: str) -> str:
    return airflow.service(service).log.read_text()


@pytest.mark.parametrize("dag_id", DAGS)
def test_a_call_resumes_the_task_that_waits(airflow: Stack, dag_id: str) -> None:
    folder = ask(airflow, "POST", "/v3/contacts/folders", {"name": dag_id})["id"]
    target = ask(airflow, "POST", "/v3/contacts/lists", {"name": dag_id, "folderId": folder})["id"]
    ask(airflow, "PATCH", "/sandbox/knobs", {"hold": "in_process"})
    run_id = airflow.rest.trigger(dag_id, {"list_id": target})
    until(airflow, lambda: waits_long_enough(airflow, dag_id, run_id), "the task to wait")
    ask(airflow, "PATCH", "/sandbox/knobs", {"hold": "none"})
    until(airflow, lambda: state(airflow, dag_id, run_id) in ("success", "failed"), "the run's end")

    assert state(airflow, dag_id, run_id) == "success"
    size = airflow.sandbox(f"/v3/contacts/lists/{target}").json()["uniqueSubscribers"]
    assert size == 20
    sent_by = "waiting" if dag_id == "operator_is_called" else "send"
    said = f"callback for {dag_id}.{sent_by} of run {run_id}: "
    api_server = log_of(airflow, "api-server")
    assert f"{said}remembered" in api_server
    assert f"{said}task 'waiting' was woken" in api_server
    assert {task["try_number"] for task in airflow.rest.tasks(dag_id, run_id)} == {1}


def test_no_log_has_a_token(airflow: Stack) -> None:
    """Neither Airflow's access log, which has the path of each call, nor any task's log."""
    assert "/email-contacts/notify/***" in log_of(airflow, "api-server")
    logs = [path for path in airflow.logs.rglob("*.log") if path.name != "sandbox.log"]
    assert len(logs) > 4
    assert [path.name for path in logs if "/email-contacts/notify/W" in path.read_text()] == []


def test_a_stranger_is_refused(airflow: Stack) -> None:
    for path in ("/email-contacts/notify/WyJh.junk", "/email-contacts/docs", "/email-contacts/"):
        assert requests.post(f"{airflow.home.url}{path}", timeout=30).status_code == 404
