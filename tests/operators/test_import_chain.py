"""The tasks that every import has in common, in any place of a DAG."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import DAG, TaskGroup

from email_contacts.operators.import_chain import import_and_account
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.operators.lists import GetListOperator
from email_contacts.operators.preparation import PrepareContactsOperator
from tests.operators.conftest import LIST

if TYPE_CHECKING:
    from airflow.sdk import Context


@pytest.mark.parametrize("groups", [[], ["eu"], ["eu", "shop"]])
def test_the_import_names_the_task_that_waits_in_any_group(groups: list[str]) -> None:
    with DAG("a_dag", schedule=None) as dag, ExitStack() as entered:
        for group in groups:
            entered.enter_context(TaskGroup(group))
        prepare = PrepareContactsOperator(task_id="prepare", source="/contacts.csv")
        size = GetListOperator(task_id="size_before", list_id=LIST)
        import_and_account(prepare, list_ids=[LIST], sizes_before=size.output)
    inside = ".".join([*groups, ""])
    tasks: dict[str, Any] = dict(dag.task_dict)
    batches, wait = tasks[f"{inside}import"], tasks[f"{inside}wait"]
    assert batches.partial_kwargs["wait_task_id"] == wait.task_id
    assert wait.upstream_task_ids == {batches.task_id}
    assert wait.downstream_task_ids == {f"{inside}verify", f"{inside}receipt"}
    assert f"task_ids='{prepare.task_id}'" in tasks[f"{inside}verify"].manifest_uri


@pytest.mark.parametrize(
    ("waiter", "said"),
    [("wait", "wait_task_id='wait' is not a task of the DAG"), ("eu.wait", ""), ("", "")],
)
def test_a_task_that_is_not_there_is_warned_of(
    waiter: str, said: str, context: Context, capfd: pytest.CaptureFixture[str]
) -> None:
    with DAG("a_dag", schedule=None):
        operator = ImportContactsOperator(
            task_id="import",
            json_body=[{"email": "a@example.com", "attributes": {}}],
            list_ids=[LIST],
            wait_for_completion=False,
            wait_task_id=waiter,
        )
        with TaskGroup("eu"):
            GetListOperator(task_id="wait", list_id=LIST)
    operator.execute(context)
    log = capfd.readouterr().out
    assert ("is not a task of the DAG" in log) == bool(said)
    assert said in log
    assert ("('eu.wait')" in log) == bool(said)
