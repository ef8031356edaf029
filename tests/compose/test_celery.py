"""The set of docker-compose.yaml, running: the import on CeleryExecutor with PostgreSQL and Redis."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import create_engine, text

from local.celery import CeleryStack
from local.demo import DAG_ID, Demo, Outcome
from local.processes import wait_until
from local.servers import missing_programs

MISSING = missing_programs()
CONNECTION = "connections/email_contacts_default"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CeleryStack]:
    """Every service of the file, started by its depends_on and health checks."""
    if MISSING:
        reason = f"CeleryExecutor's servers are not installed: {', '.join(MISSING)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(f"{reason}; apt-get install postgresql redis-server curl")
    with CeleryStack(tmp_path_factory.mktemp("celery") / "airflow") as running:
        yield running


@pytest.fixture(scope="module")
def outcome(stack: CeleryStack) -> Outcome:
    """One import of the sample contacts."""
    return Demo(Console(file=io.StringIO())).watch(stack)


def celery_results(stack: CeleryStack) -> list[tuple[str, str]]:
    """The state and the traceback of each task, by Celery's result backend."""
    environment = stack.machine.environment(stack.compose.services["airflow-worker"])
    engine = create_engine(environment["AIRFLOW__CELERY__RESULT_BACKEND"].removeprefix("db+"))
    with engine.connect() as connection:
        rows: Any = connection.execute(text("SELECT status, traceback FROM celery_taskmeta"))
        results = [(str(status), str(traceback)) for status, traceback in rows]
    engine.dispose()
    return results


def test_the_import_accounts_for_every_row(outcome: Outcome) -> None:
    assert outcome.state == "success"
    assert outcome.is_whole
    assert outcome.receipt is not None
    assert outcome.receipt["rows"]["read"] == 1000


def test_every_task_went_through_celery(stack: CeleryStack, outcome: Outcome) -> None:
    tasks = stack.rest.tasks(DAG_ID, outcome.run_id)
    assert len(tasks) > 5

    def all_have_ended() -> bool:
        states = [state for state, _ in celery_results(stack)]
        return states.count("SUCCESS") >= len(tasks) and "STARTED" not in states

    # A task has ended for Airflow some seconds before its process has ended for Celery; one that was deferred
    # has a process for each of its two parts.
    wait_until(
        all_have_ended,
        services=stack.services,
        seconds=600,
        what="waited for Celery to record that every task succeeded",
    )
    # A busy API server may not let a task begin in time; Airflow sends it again.
    others = [traceback for state, traceback in celery_results(stack) if state != "SUCCESS"]
    assert [traceback for traceback in others if "httpx.ReadTimeout" not in traceback] == []


def test_the_sandbox_called_back(stack: CeleryStack, outcome: Outcome) -> None:
    """By the name and with the secret that the file gives to both."""
    said = stack.service("airflow-apiserver").log.read_text()
    assert f"callback for {DAG_ID}.import[0] of run {outcome.run_id}: remembered" in said
    assert "callback refused" not in said


def test_the_log_of_a_task_is_shown_by_the_api_server(stack: CeleryStack, outcome: Outcome) -> None:
    path = f"dags/{DAG_ID}/dagRuns/{outcome.run_id}/taskInstances/prepare/logs/1"
    assert "1000" in str(stack.rest.get(path)["content"])


def test_a_second_up_leaves_a_changed_connection_alone(stack: CeleryStack) -> None:
    stack.rest.patch(
        f"{CONNECTION}?update_mask=host",
        {
            "connection_id": "email_contacts_default",
            "conn_type": "email_contacts",
            "host": "https://api.example.com",
        },
    )
    init = stack.compose.services["airflow-init"]
    again = subprocess.run(
        stack.machine.command(init), env=stack.machine.environment(init), capture_output=True, check=False
    )
    assert again.returncode == 0
    kept = stack.rest.get(CONNECTION)
    assert kept["host"] == "https://api.example.com"
    assert "allow_http" in kept["extra"]
    passwords = stack.machine.folder / "auth" / "passwords.json"
    assert passwords.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["sandbox", "airflow-worker", "airflow-scheduler", "redis"])
def test_a_health_check_sees_that_its_service_is_gone(stack: CeleryStack, name: str) -> None:
    assert stack.is_healthy(name)
    stack.service(name).stop()
    assert not stack.is_healthy(name)


def test_nothing_of_it_is_left(stack: CeleryStack) -> None:
    services = list(stack.services)
    private = list(stack.private_folders)
    assert {service.name for service in services} == set(stack.compose.services) - {"airflow-init"}
    assert all(folder.exists() for folder in private)
    stack.stop()
    assert all(service.process is not None and service.process.poll() is not None for service in services)
    assert not any(folder.exists() for folder in private)


def test_programs_are_found_or_named_with_their_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "redis-server (Debian: redis-server)" in missing_programs()
