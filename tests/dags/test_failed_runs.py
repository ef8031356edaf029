"""Whatever task of ``import_contacts`` fails, the run leaves a receipt of what is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.dags.test_import_contacts import dag, receipt_of, run

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

__all__ = ["dag"]


# A refused key fails a task at once; each of these routes is asked by one task first.
@pytest.mark.parametrize(
    ("task", "faults", "state", "held_back"),
    [
        ("folder", ["folders:401_key:0"], "failed", "not_submitted"),
        ("list", ["create_list:401_key:0"], "failed", "not_submitted"),
        ("import", ["import:401_key:0"], "failed", "not_submitted"),
        ("verify", ["list_contacts:401_key:0"], "unknown", None),
    ],
)
def test_a_run_leaves_a_true_receipt_whatever_task_fails(
    task: str,
    faults: Sequence[str],
    state: str,
    held_back: str | None,
    dag: DAG,
    sandbox: SandboxServer,
    tmp_path: Path,
) -> None:
    sandbox.set_knobs(faults=faults)
    outcome, tasks = run(dag)
    assert outcome == "failed"
    assert (tasks[task], tasks["receipt"]) == ("failed", "failed"), tasks
    receipt = receipt_of(tmp_path / "stage")
    assert_true(receipt, sandbox)
    assert receipt["state"] == state
    assert receipt.get("held_back", {}) == ({held_back: 971} if held_back else {})
    assert receipt["rows"]["accepted"] == (0 if held_back else 971)


def assert_true(receipt: dict[str, Any], sandbox: SandboxServer) -> None:
    counted = dict(receipt["rows"])
    assert counted.pop("read") == sum(counted.values()) == 1000
    assert receipt["reason"]
    assert len(receipt["process_ids"]) == sandbox.imports_accepted()
