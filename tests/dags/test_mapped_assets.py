"""Mapped tasks have the assets that their operators bring along, and so the state that is kept there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airflow.sdk import DAG, Asset

from email_contacts.operators.exports import EXPORTS, ExportContactsOperator
from email_contacts.operators.receipts import RECEIPTS, WriteReceiptOperator
from email_contacts.operators.rejects import PrepareRejectsOperator
from tests.exports.warehouse import let_a_day_pass

if TYPE_CHECKING:
    from email_contacts.sandbox import SandboxServer

MINE = Asset("my_contacts")


@pytest.mark.parametrize("given", [MINE, [MINE], (MINE, EXPORTS), {MINE}, None])
def test_they_are_added_to_those_that_the_dag_names(given: object) -> None:
    mapped = ExportContactsOperator.partial(task_id="export", outlets=given).expand(list_id=[1, 2])
    named = [MINE] if given else []
    assert list(mapped.outlets) == [*named, EXPORTS]
    assert list(ExportContactsOperator(task_id="one", outlets=given).outlets) == [*named, EXPORTS]


def test_they_are_added_to_those_of_the_default_arguments() -> None:
    with DAG("mine", schedule=None, default_args={"outlets": [MINE]}):
        mapped = ExportContactsOperator.partial(task_id="export").expand(list_id=[1, 2])
        one = ExportContactsOperator(task_id="one")
    assert list(mapped.outlets) == list(one.outlets) == [MINE, EXPORTS]


def test_receipts_are_outlets_where_they_are_written_and_inlets_where_they_are_read() -> None:
    written = WriteReceiptOperator.partial(task_id="receipt", verdict={}).expand(manifest_uri=["a", "b"])
    read = PrepareRejectsOperator.partial(task_id="rejects").expand(receipt=["a", "b"])
    assert (list(written.outlets), list(read.inlets)) == ([RECEIPTS], [RECEIPTS])


CODE = """
from airflow.sdk import DAG
from email_contacts.operators.exports import ExportContactsOperator

with DAG("lists_to_warehouse", schedule=None, max_active_runs=1):
    ExportContactsOperator.partial(task_id="export", path="PATH").expand(list_id=[2, None])
"""


def test_each_of_several_lists_is_exported_by_a_mapped_task(
    dag_of: Callable[[str], DAG], sandbox: SandboxServer, tmp_path: Path
) -> None:
    dag = dag_of(CODE.replace("PATH", (tmp_path / "out").as_uri()))
    sandbox.seed_contacts(2, list_ids=[2])
    sandbox.seed_contacts(3)
    let_a_day_pass(sandbox)
    for expected in (["2 True", "5 True"], ["0 False", "0 False"]):
        assert str(dag.test().state) == "success"
        written = sorted((tmp_path / "out" / "_manifests").iterdir())[-2:]
        said = [json.loads(path.read_text()) for path in written]
        assert sorted(f"{one['contacts']} {one['full']}" for one in said) == expected
