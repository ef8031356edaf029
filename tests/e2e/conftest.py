"""A really running Airflow (API server, scheduler, DAG processor, triggerer) with the sandbox beside it."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.home import Home
from local.stack import Stack

DAG_ID = "import_contacts"


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
def stack() -> Iterator[Stack]:
    """Airflow and the sandbox, started once for all tests of this folder."""
    folder = Path(tempfile.mkdtemp(prefix="airflow-e2e-"))
    with Stack(Home(folder), sandbox_options=["--process-seconds", "3"]) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)


def run_to_the_end(stack: Stack, *, seconds: float = 240, **conf: Any) -> Run:
    """Trigger the DAG as the form does, and follow it."""
    run_id = stack.rest.trigger(DAG_ID, conf)
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
    """One run with the form's defaults; several tests look at it."""
    return run_to_the_end(stack)
