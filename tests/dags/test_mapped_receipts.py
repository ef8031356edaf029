"""A mapped task group that imports a file each: every message is about the receipt of its own file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.test_notifier import sent

if TYPE_CHECKING:
    from email_contacts.sandbox import SandboxServer

__all__ = ["sent"]

CODE = """
from airflow.sdk import DAG, XComArg, task_group
from email_contacts.notifier import EVENTS, ImportNotifier
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator
from tests.test_notifier import Recorder

told = [ImportNotifier([Recorder()], events=EVENTS, rejects_over=1)]

with DAG("files", schedule=None, max_active_tasks=1):

    @task_group
    def each(source):
        prepare = PrepareContactsOperator(task_id="prepare", source=source)
        manifest_uri = XComArg(prepare, key="manifest_uri")
        batch = "{{ ti.xcom_pull(task_ids='each.prepare', map_indexes=ti.map_index)[0] }}"
        sent = ImportContactsOperator(task_id="import", batch_uri=batch, list_ids=[2])
        prepare >> sent
        submissions = XComArg(sent, key="submission")
        verify = VerifyImportOperator(
            task_id="verify", manifest_uri=manifest_uri, process_ids=sent.output, list_ids=[2],
            submissions=submissions,
        )
        WriteReceiptOperator(
            task_id="receipt", manifest_uri=manifest_uri, verdict=verify.output, submissions=submissions,
            trigger_rule="all_done", on_success_callback=told, on_failure_callback=told,
        )

    each.expand(source=SOURCES)
"""


def test_each_message_is_about_the_import_of_its_own_task(
    airflow_database: None,
    connection: str,
    sandbox: SandboxServer,
    sent: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    sources = [tmp_path / f"{name}.csv" for name in ("good", "bad")]
    sources[0].write_text("EMAIL\nada@example.com\n")
    sources[1].write_text("EMAIL\nno address\nnone either\ngrace@example.com\n")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "files.py").write_text(CODE.replace("SOURCES", repr([*map(str, sources)])))
    bundle = {
        "name": "mapped_receipts",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(tmp_path / "dags")},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    monkeypatch.setattr("email_contacts.operators._waiting.RESUME_GRACE", 0.0)
    done = DagBag(tmp_path / "dags").dags["files"].test()
    states = {(task.task_id, task.map_index): str(task.state) for task in done.get_task_instances()}
    assert str(done.state) == "success", states
    assert sorted((one["event"], "1 read" in one["text"]) for one in sent) == [
        ("completed", True),
        ("rejects", False),
    ]
