"""Messages about a run of ``import_contacts``, sent by its last task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from email_contacts.notifier import EVENTS, ImportNotifier
from tests.dags.test_import_contacts import dag, run
from tests.test_notifier import Recorder, sent

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from email_contacts.sandbox import SandboxServer

__all__ = ["dag", "sent"]


@pytest.mark.parametrize(("final", "event"), [("completed", "rejects"), ("failed", "failed")])
def test_the_end_of_a_run_is_told_with_its_counts(
    final: str, event: str, dag: DAG, sandbox: SandboxServer, sent: list[dict[str, Any]]
) -> None:
    sandbox.set_knobs(final_status=final)
    notifier = ImportNotifier([Recorder()], events=EVENTS)
    task = dag.task_dict["receipt"]
    task.on_success_callback = task.on_failure_callback = [notifier]
    run(dag)
    (one,) = sent
    assert one["event"] == event
    assert "Rows: 1,000 read, " in one["text"]
    assert "@" not in one["text"]
