"""A run over its brakes asks before it sends anything, and takes an approval of what it prepared only."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
import requests

from local.processes import wait_until
from local.rest import CONFLICT, insist
from local.stack import Stack
from tests.e2e.conftest import imports_accepted

DAG_ID = "sync_newsletter"  # its brakes: half of the list
ASKS = "awaiting_input"


@pytest.fixture(scope="module")
def asking(stack: Stack) -> str:
    """A second run, of the whole list: its id, when it waits for an answer."""
    wait_until(
        lambda: stack.rest.has_dag(DAG_ID), services=stack.services, seconds=900, what="waited for the DAG"
    )
    stack.rest.patch(f"dags/{DAG_ID}", {"is_paused": False})
    first = stack.rest.trigger(DAG_ID)
    assert ended(stack, first) == "success", stack.rest.tasks(
        DAG_ID, first
    )  # the list was empty: nobody was asked
    run_id = stack.rest.trigger(DAG_ID, {"full_sync": True})
    await_question(stack, run_id)
    return run_id


def state(stack: Stack, run_id: str, task_id: str) -> str:
    tasks = stack.rest.tasks(DAG_ID, run_id)
    return next((str(one["state"]) for one in tasks if one["task_id"] == task_id), "")


def ended(stack: Stack, run_id: str) -> str:
    done = ("success", "failed")
    wait_until(
        lambda: stack.rest.run(DAG_ID, run_id)["state"] in done,
        services=stack.services,
        seconds=900,
        what="waited for the end of the run",
    )
    return str(stack.rest.run(DAG_ID, run_id)["state"])


def await_question(stack: Stack, run_id: str) -> None:
    wait_until(
        lambda: state(stack, run_id, "brakes") == ASKS,
        services=stack.services,
        seconds=900,
        what="waited for the question",
    )


def question_path(run_id: str) -> str:
    return f"dags/{DAG_ID}/dagRuns/{quote(run_id, safe='')}/taskInstances/brakes/-1/hitlDetails"


def answer(stack: Stack, run_id: str, option: str, fingerprint: str) -> None:
    document = {"chosen_options": [option], "params_input": {"fingerprint": fingerprint}}
    try:
        stack.rest.patch(question_path(run_id), document)
    except requests.HTTPError as error:
        # A request that was answered with a failure may have been taken.
        if error.response.status_code != CONFLICT:
            raise


def ask_again(stack: Stack, run_id: str) -> None:
    document = {
        "dag_run_id": run_id,
        "task_ids": ["brakes"],
        "include_downstream": True,
        "only_failed": False,
        "reset_dag_runs": True,
        "dry_run": False,
    }
    insist(lambda: stack.rest.post(f"dags/{DAG_ID}/clearTaskInstances", document))
    await_question(stack, run_id)


def test_a_run_is_held_until_what_it_prepared_is_approved(stack: Stack, asking: str) -> None:
    before = imports_accepted(stack)
    question: dict[str, Any] = stack.rest.get(question_path(asking))
    assert "contacts are to be sent; max_changes is 50% of the" in question["body"]
    assert "Nothing has been sent yet." in question["body"]
    fingerprint = question["params"]["fingerprint"]["value"]

    answer(stack, asking, "Approve", "0" * 64)
    assert ended(stack, asking) == "failed"
    assert (state(stack, asking, "brakes"), state(stack, asking, "import")) == ("failed", "upstream_failed")
    assert stack.rest.xcom(DAG_ID, asking, "receipt", key="receipt")["state"] == "failed"

    assert imports_accepted(stack) == before

    ask_again(stack, asking)
    answer(stack, asking, "Approve", fingerprint)
    assert ended(stack, asking) == "success"
    assert imports_accepted(stack) == before + 1
