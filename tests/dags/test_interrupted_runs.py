"""Whatever ends a task of ``import_contacts``, the run leaves a receipt that is true.

A task times out, is failed, skipped or marked as success, at its beginning or in the middle of its work; in a
running Airflow, ``tests/e2e/test_interrupted_runs.py`` marks, clears and kills.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from email_contacts.imports import failpoints
from tests.dags.test_import_contacts import dag, members, receipt_of

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

__all__ = ["dag"]

NEW_LIST = 4  # the first that is made in a fresh account
TASKS = ("prepare", "list", "import", "wait", "verify")


def time_out() -> None:
    """Let the execution timeout of the running task pass now."""
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    while True:  # pause() would wait for ever for a signal that came just before it
        time.sleep(0.01)


def fail() -> None:
    raise AirflowFailException("marked as failed")


def skip() -> None:
    raise AirflowSkipException("marked as skipped")


WAYS: dict[str, Callable[[], None]] = {"timed out": time_out, "failed": fail, "skipped": skip}


@pytest.fixture
def impatient(dag: DAG) -> DAG:
    """The DAG with one try for each task, and time limits that pass only when a test says so."""
    tasks: list[Any] = list(dag.task_dict.values())
    for task in tasks:
        settings = task.partial_kwargs if task.is_mapped else vars(task)
        settings |= {"retries": 0, "execution_timeout": timedelta(hours=1)}
    dag.get_task("verify").patience = 0  # type: ignore[union-attr]
    return dag


def end(dag: DAG, task_id: str, way: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a task end in a way as soon as it begins."""
    task: Any = dag.get_task(task_id)
    kind = task.operator_class if task.is_mapped else type(task)
    begin = kind.execute

    def execute(self: Any, context: Any) -> Any:
        if self.task_id == task_id:
            way()
        return begin(self, context)

    monkeypatch.setattr(kind, "execute", execute)


def run(dag: DAG, **how: Any) -> dict[str, str]:
    """Run the DAG; the state of each task."""
    done = dag.test(**how)
    return {task.task_id: str(task.state) for task in done.get_task_instances()}


def assert_true(receipt: dict[str, Any], sandbox: SandboxServer) -> None:
    """Hold a receipt against what the platform knows."""
    rows, held_back = receipt["rows"], receipt.get("held_back", {})
    assert rows["read"] == rows["accepted"] + rows["rejected"] + rows["duplicates"] + rows["held_back"]
    assert rows["held_back"] == sum(held_back.values())
    assert (held_back.get("not_submitted", 0) == 0) == (sandbox.imports_accepted() > 0 or not rows["read"])
    if rows["accepted"]:
        (list_id,) = receipt["list_ids"] or (NEW_LIST,)
        assert rows["accepted"] == members(sandbox, list_id) == 971
    assert bool(receipt["reason"]) == (receipt["state"] in ("failed", "unknown"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("task_id", TASKS)
def test_a_task_that_ends_before_it_did_anything(
    task_id: str,
    way: str,
    impatient: DAG,
    sandbox: SandboxServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end(impatient, task_id, WAYS[way], monkeypatch)
    tasks = run(impatient)
    assert tasks[task_id] == ("skipped" if way == "skipped" else "failed"), tasks
    receipt = receipt_of(tmp_path / "stage")
    assert_true(receipt, sandbox)
    assert sandbox.imports_accepted() == (task_id in ("wait", "verify"))
    state = {"wait": "completed_with_rejects", "verify": "unknown"}.get(task_id, "failed")
    assert receipt["state"] == state
    assert tasks["receipt"] == ("success" if task_id == "wait" else "failed")


@pytest.mark.parametrize("task_id", TASKS)
def test_a_task_that_is_marked_as_success_though_it_never_ran(
    task_id: str, impatient: DAG, sandbox: SandboxServer, tmp_path: Path
) -> None:
    tasks = run(impatient, mark_success_pattern=f"^{task_id}$")
    assert tasks[task_id] == "success", tasks
    receipt = receipt_of(tmp_path / "stage")
    assert_true(receipt, sandbox)
    assert sandbox.imports_accepted() == (task_id in ("wait", "verify"))
    state = {"wait": "completed_with_rejects", "verify": "unknown"}.get(task_id, "failed")
    assert receipt["state"] == state


@pytest.mark.parametrize(
    ("moment", "reason", "is_sent"),
    [
        (failpoints.AFTER_INTENT, "not_submitted", False),
        (failpoints.AFTER_ANSWER, "outcome_unknown", True),
        (failpoints.AFTER_LEDGER, "outcome_unknown", True),
    ],
)
def test_an_import_that_times_out_around_its_request(
    moment: str,
    reason: str,
    is_sent: bool,
    impatient: DAG,
    sandbox: SandboxServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def listen(reached: str) -> None:
        if reached == moment:
            time_out()

    monkeypatch.setattr(failpoints, "_listeners", [listen])
    tasks = run(impatient)
    assert (tasks["import"], tasks["wait"], tasks["receipt"]) == ("failed", "upstream_failed", "failed")
    assert sandbox.imports_accepted() == is_sent
    receipt = receipt_of(tmp_path / "stage")
    assert_true(receipt, sandbox)
    assert receipt["held_back"] == {reason: 971}
    assert receipt["state"] == ("unknown" if is_sent else "failed")
    assert "1 of 1 batches" in receipt["reason"] or not is_sent


def test_an_import_that_still_runs_when_its_wait_is_over(
    impatient: DAG, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.set_knobs(hold="in_process")
    end(impatient, "wait", time_out, monkeypatch)
    assert run(impatient)["receipt"] == "failed"
    receipt = receipt_of(tmp_path / "stage")
    assert_true(receipt, sandbox)
    assert (receipt["state"], receipt["held_back"]) == ("unknown", {"outcome_unknown": 971})
    assert len(receipt["process_ids"]) == 1
    assert "still running when it was verified" in receipt["reason"]
