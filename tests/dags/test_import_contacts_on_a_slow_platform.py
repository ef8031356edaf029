"""``import_contacts`` in one process while the lease of its turn has to be renewed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.dags.test_import_contacts import dag, members, receipt_of, run

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

__all__ = ["dag"]


def test_nothing_disturbs_the_task_within_its_process(
    dag: DAG, sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that asked Airflow for something would take its connection from the task, now and then."""
    monkeypatch.setattr("email_contacts.imports.queue.submission_queue.BEAT", 0.0001)
    sandbox.set_knobs(latency_seconds=0.1)
    state, tasks = run(dag)
    assert state == "success", tasks
    assert sandbox.imports_accepted() == 1
    receipt = receipt_of(tmp_path / "stage")
    assert members(sandbox, *receipt["list_ids"]) == receipt["rows"]["accepted"] == 971
