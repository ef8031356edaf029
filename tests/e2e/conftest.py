"""A really running Airflow (API server, scheduler, DAG processor, triggerer) with the sandbox beside it."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from local.home import Home
from local.processes import wait_until
from local.stack import Stack
from tests.grouping import SHARED
from tests.preloading import PRELOADING

DAG_ID = "import_contacts"
# No file of DAGs changes here; one that could not be parsed is parsed again after two minutes (30 s).
SETTINGS = {"AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120", **PRELOADING}


@dataclass(frozen=True)
class Run:
    """A DAG run that has ended."""

    stack: Stack
    run_id: str
    state: str

    @property
    def tasks(self) -> dict[str, str]:
        """Task id → state; of mapped tasks the last one's."""
        return {task["task_id"]: task["state"] for task in self.stack.rest.tasks(DAG_ID, self.run_id)}

    @property
    def receipt(self) -> dict[str, Any]:
        """The receipt, from XCom."""
        found: dict[str, Any] = self.stack.rest.xcom(DAG_ID, self.run_id, "receipt", key="receipt")
        return found

    @property
    def logs(self) -> Path:
        """The folder of the run's task logs."""
        return self.stack.home.logs / f"dag_id={DAG_ID}" / f"run_id={self.run_id}"


@pytest.fixture(scope="session")
def stack() -> Stack:
    """Airflow and the sandbox, started once for all tests of this folder."""
    folder = Path(tempfile.mkdtemp(prefix="airflow-e2e-"))
    SHARED.callback(shutil.rmtree, folder, ignore_errors=True)
    return SHARED.enter_context(Stack(Home(folder), settings=SETTINGS))


def run_to_the_end(stack: Stack, **conf: Any) -> Run:
    """Trigger the DAG as the form does, and follow it."""
    return follow(stack, stack.rest.trigger(DAG_ID, conf))


def follow(stack: Stack, run_id: str, *, seconds: float = 900) -> Run:
    """Follow a run to its end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for service in stack.services:
            service.check()
        state = str(stack.rest.run(DAG_ID, run_id)["state"])
        if state in ("success", "failed"):
            return Run(stack, run_id, state)
        time.sleep(0.5)
    states = Run(stack, run_id, "?").tasks
    raise AssertionError(f"run {run_id} has not ended within {seconds:.0f} s: {states}")


@pytest.fixture(scope="session")
def sample_run(stack: Stack) -> Run:
    """One run with the form's defaults; several tests look at it.

    The platform holds its import until the wait was deferred, however fast or slow this machine is.
    """
    hold(stack, "in_process")
    run_id = stack.rest.trigger(DAG_ID)
    wait_until(
        lambda: any(task["state"] == "deferred" for task in stack.rest.tasks(DAG_ID, run_id)),
        services=stack.services,
        seconds=900,
        what="waited for a deferred task",
    )
    hold(stack, "none")
    return follow(stack, run_id)


def hold(stack: Stack, status: str) -> None:
    """Have the platform hold its imports in a status, or ``none``."""
    requests.patch(f"{stack.sandbox_url}/sandbox/knobs", json={"hold": status}, timeout=60).raise_for_status()


def imports_accepted(stack: Stack) -> int:
    """How many imports the sandbox has accepted so far."""
    accepted: int = stack.sandbox("/sandbox/journal").json()["imports_accepted"]
    return accepted
