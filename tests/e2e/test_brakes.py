"""A run over its brakes asks before it sends anything, and takes an approval of what it prepared only."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
import requests

from email_contacts.trigger import RESUME_GRACE
from local.processes import wait_until
from local.rest import insist
from local.stack import Stack
from tests.e2e.conftest import imports_accepted

DAG_ID = "sync_newsletter"  # its brakes: half of the list
ASKS = "awaiting_input"
ENDED = ("success", "failed")


@pytest.fixture(scope="module")
def asking(stack: Stack) -> str:
    """A second run, of the whole list: its id, when it waits for an answer."""
    wait_until(
        lambda: stack.rest.has_dag(DAG_ID), services=stack.services, seconds=900, what="waited for the DAG"
    )
    stack.rest.patch(f"dags/{DAG_ID}", {"is_paused": False})
    first = stack.rest.trigger(DAG_ID)
    # The list was empty: nobody was asked.
    assert ended(stack, first) == "success", stack.rest.tasks(DAG_ID, first)
    run_id = stack.rest.trigger(DAG_ID, {"full_sync": True})
    await_question(stack, run_id)
    return run_id


def state(stack: Stack, run_id: str, task_id: str) -> str:
    tasks = stack.rest.tasks(DAG_ID, run_id)
    return next((str(one["state"]) for one in tasks if one["task_id"] == task_id), "")


def ended(stack: Stack, run_id: str) -> str:
    wait_until(
        lambda: stack.rest.run(DAG_ID, run_id)["state"] in ENDED,
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


def ended_with(stack: Stack, run_id: str, option: str, fingerprint: str) -> str:
    """Give one answer as often as the task asks, until the run has ended; return its state.

    Not at once: Airflow fails a task that goes on before the scheduler has noted that it waits
    (apache/airflow#71580). Where the scheduler takes longer, the next try asks again.
    """
    document = {"chosen_options": [option], "params_input": {"fingerprint": fingerprint}}
    asked_at = math.inf

    def has_ended() -> bool:
        nonlocal asked_at
        if state(stack, run_id, "brakes") != ASKS:
            asked_at = math.inf
            return stack.rest.run(DAG_ID, run_id)["state"] in ENDED
        asked_at = min(asked_at, time.monotonic())
        if time.monotonic() >= asked_at + RESUME_GRACE:
            with suppress(requests.HTTPError):  # it is answered already, or does not ask any more
                stack.rest.patch(question_path(run_id), document)
        return False

    wait_until(has_ended, services=stack.services, seconds=900, what="waited for the end of the run")
    return str(stack.rest.run(DAG_ID, run_id)["state"])


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

    assert ended_with(stack, asking, "Approve", "0" * 64) == "failed"
    assert (state(stack, asking, "brakes"), state(stack, asking, "import")) == ("failed", "upstream_failed")
    assert stack.rest.xcom(DAG_ID, asking, "receipt", key="receipt")["state"] == "failed"
    assert imports_accepted(stack) == before

    ask_again(stack, asking)
    assert ended_with(stack, asking, "Approve", fingerprint) == "success"
    assert imports_accepted(stack) == before + 1
