"""How many imports run at once in an account, whoever submitted them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from email_contacts.api import ContactsClient
from email_contacts.imports.waiting.worker_wait import WaitingFailed
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.sandbox import SandboxServer
from email_contacts.trigger import ImportQueueTrigger
from tests.conftest import connect
from tests.deferral import carried_through, fired
from tests.imports.conftest import submitted, until
from tests.operators.conftest import LIST, asked
from tests.task_context import SharedStore, StateStore, make_context

if TYPE_CHECKING:
    from airflow.sdk import Context


def an_import(**arguments: Any) -> ImportContactsOperator:
    given = {
        "list_ids": [LIST],
        "json_body": [{"email": "a@example.com"}],
        "poll_interval": 0.02,
        "reconciliation_timeout": 0.0,
        **arguments,
    }
    return ImportContactsOperator(task_id="import", wait_for_completion=False, **given)


def test_an_import_waits_for_its_slot_without_a_worker(
    context: Context, sandbox: SandboxServer, platform: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    (other,) = submitted(platform, 1)
    with pytest.raises(TaskDeferred) as caught:
        an_import().execute(context)
    deferred = caught.value
    assert deferred.method_name == "resume_submission"
    assert type(deferred.trigger) is ImportQueueTrigger
    assert list(store) == ["email_contacts.queue"], "nothing is intended before there is a slot"
    sandbox.set_knobs(hold="none")
    mine = an_import().resume_submission(make_context(store), fired(deferred), **(deferred.kwargs or {}))
    assert mine != other
    assert sandbox.imports_accepted() == 2


def test_a_slot_that_was_taken_meanwhile_is_waited_for_again(
    context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    submitted(platform, 1)
    event = {"outcome": "seen", "processes": [], "error": ""}
    with pytest.raises(TaskDeferred):
        an_import().resume_submission(context, event)


def test_it_can_wait_for_its_slot_in_the_worker(
    context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    submitted(platform, 1)

    def let_go() -> None:
        until(lambda: asked(sandbox).count("process") >= 2)
        sandbox.set_knobs(hold="none")

    release = threading.Thread(target=let_go)
    release.start()
    an_import(deferrable=False, timeout=30).execute(context)
    release.join()
    assert sandbox.imports_accepted() == 2


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_slot_that_never_comes_is_worth_a_retry_and_no_endless_wait(
    deferrable: bool, context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    submitted(platform, 1)
    operator = an_import(deferrable=deferrable, timeout=0)
    with pytest.raises(WaitingFailed, match="other imports still ran"):
        carried_through(operator, context)
    assert sandbox.imports_accepted() == 1


def test_the_connection_says_how_many_may_run(
    context: Context,
    sandbox: SandboxServer,
    platform: ContactsClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect(monkeypatch, sandbox, stage=tmp_path, max_running_imports=2)
    sandbox.set_knobs(hold="in_process")
    submitted(platform, 1)
    an_import().execute(context)
    assert sandbox.imports_accepted() == 2
    with pytest.raises(TaskDeferred):
        an_import(json_body=[{"email": "b@example.com"}]).execute(context)


def test_tasks_that_look_at_the_same_moment_do_not_both_submit(sandbox: SandboxServer) -> None:
    """As tasks of two DAGs do at midnight: each would see no import running, and submit its own."""
    sandbox.set_knobs(hold="in_process", latency_seconds=0.05)
    came: list[str] = []

    def submit(number: int) -> None:
        context = make_context(StateStore())
        context["ti"].map_index = number
        try:
            an_import(json_body=[{"email": f"p{number}@example.com"}]).execute(context)
            came.append("submitted")
        except TaskDeferred:
            came.append("waits for its slot")

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(came) == ["submitted", *["waits for its slot"] * 3]
    assert sandbox.imports_accepted() == 1


def queued(variables: SharedStore) -> list[str]:
    return [key for key in variables.values if key.startswith("email_contacts.queue.")]


def test_a_task_that_waits_keeps_its_place_and_not_the_turn(
    context: Context, sandbox: SandboxServer, platform: ContactsClient, variables: SharedStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    submitted(platform, 1)
    with pytest.raises(TaskDeferred):
        an_import().execute(context)
    (key,) = queued(variables)
    assert ".waiting." in key


def test_nothing_is_left_of_a_task_that_has_submitted(
    context: Context, store: StateStore, variables: SharedStore
) -> None:
    an_import().execute(context)
    assert queued(variables) == []
    assert not [key for key in store if "queue" in key]
