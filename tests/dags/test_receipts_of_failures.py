"""An import that failed before it pushed anything has a receipt, however its XComs are given."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import DAG

CODE = """
from airflow.sdk import DAG, XComArg
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from email_contacts.operators.receipts import VerifyImportOperator, WriteReceiptOperator

with DAG("one_import", schedule=None):
    prepare = PrepareContactsOperator(task_id="prepare", source="SOURCE")
    batch = "{{ ti.xcom_pull(task_ids='prepare')[0] }}"
    sent = ImportContactsOperator(task_id="import", batch_uri=batch, list_ids="no list")
    manifest_uri, submission = XComArg(prepare, "manifest_uri"), XComArg(sent, "submission")
    verify = VerifyImportOperator(
        task_id="verify", manifest_uri=manifest_uri, process_ids=sent.output, list_ids=[2],
        submissions=submission, trigger_rule="all_done",
    )
    WriteReceiptOperator(
        task_id="receipt", manifest_uri=manifest_uri, verdict=verify.output, submissions=[submission],
        trigger_rule="all_done",
    )
    prepare >> sent
"""


def test_it_has_a_receipt(dag_of: Callable[[str], DAG], tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("EMAIL\nada@example.com\n")
    done = dag_of(CODE.replace("SOURCE", str(tmp_path / "people.csv"))).test()
    states = {task.task_id: str(task.state) for task in done.get_task_instances()}
    assert states == {"prepare": "success", "import": "failed", "verify": "success", "receipt": "failed"}
    (path,) = (tmp_path / "stage").rglob("receipt.json")
    receipt = json.loads(path.read_text())
    assert (receipt["state"], receipt["rows"]["read"], receipt["process_ids"]) == ("failed", 1, [])
