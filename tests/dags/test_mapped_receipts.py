"""A mapped task group that imports a file each: every message is about the receipt of its own file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.test_notifier import sent

if TYPE_CHECKING:
    from airflow.sdk import DAG

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
    dag_of: Callable[[str], DAG], sent: list[dict[str, Any]], tmp_path: Path
) -> None:
    sources = [tmp_path / f"{name}.csv" for name in ("good", "bad")]
    sources[0].write_text("EMAIL\nada@example.com\n")
    sources[1].write_text("EMAIL\nno address\nnone either\ngrace@example.com\n")
    done = dag_of(CODE.replace("SOURCES", repr([*map(str, sources)]))).test()
    states = {(task.task_id, task.map_index): str(task.state) for task in done.get_task_instances()}
    assert str(done.state) == "success", states
    assert sorted((one["event"], "1 read" in one["text"]) for one in sent) == [
        ("completed", True),
        ("rejects", False),
    ]
