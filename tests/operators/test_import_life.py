"""The life of an import as a task sees it: waited for here or in the triggerer, retried, cleared, killed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from email_contacts.api import ContactsClient, RateLimited, Unavailable
from email_contacts.imports.waiting.look_note import LOOK, LookNote
from email_contacts.imports.waiting.worker_wait import WaitingFailed
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.sandbox import SandboxServer
from tests.deferral import carried_through, fired
from tests.imports.conftest import until
from tests.operators.conftest import LIST, asked
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context

PEOPLE = [{"email": "a@example.com"}]


def an_import(**arguments: Any) -> ImportContactsOperator:
    given = {
        "list_ids": [LIST],
        "json_body": PEOPLE,
        "poll_interval": 0.02,
        "reconciliation_timeout": 0.0,
        "timeout": 30.0,
        **arguments,
    }
    return ImportContactsOperator(task_id="import", **given)


def deferral(operator: ImportContactsOperator, context: Context) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as caught:
        operator.execute(context)
    return caught.value


def cleared(store: StateStore) -> Context:
    """The context of the first try after somebody cleared the task."""
    context = make_context(store)
    context["ti"].max_tries += 4
    return context


def hand_on(context: Context, **arguments: Any) -> int:
    """Submit without waiting for the end."""
    process_id = an_import(wait_for_completion=False, **arguments).execute(context)
    assert process_id is not None
    return process_id


def test_an_import_can_be_waited_for_in_the_worker_and_its_looks_are_seen(
    context: Context, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.set_knobs(hold="in_process")
    push = context["ti"].xcom_push

    def push_and_let_end(key: str, value: Any) -> None:
        push(key, value)
        # A look may come before the platform has begun.
        if key == LOOK and "in_process" in value["note"]:
            sandbox.set_knobs(hold="none")

    monkeypatch.setattr(context["ti"], "xcom_push", push_and_let_end)
    process_id = an_import(deferrable=False).execute(context)
    note = LookNote.parse(pushed(context)[LOOK]["note"])
    assert note is not None
    assert note.statuses == {process_id: "in_process"}
    submission = pushed(context)["submission"]
    assert submission["process_id"] == process_id
    assert submission["is_reconnected"] is False
    assert submission["requests"]["made"] >= 2
    assert len(submission["fingerprint"]) == 64


def test_an_import_can_be_waited_for_without_a_worker(
    context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    deferred = deferral(an_import(), context)
    sandbox.set_knobs(hold="none")
    assert deferred.method_name == "execute_complete"
    done = an_import().execute_complete(context, fired(deferred), **(deferred.kwargs or {}))
    assert done == pushed(context)["submission"]["process_id"]
    assert platform.process(done).is_completed


def test_an_import_that_has_ended_already_needs_no_waiting(
    context: Context, sandbox: SandboxServer, platform: ContactsClient, store: StateStore
) -> None:
    process_id = hand_on(context)
    until(lambda: platform.process(process_id).is_finished)
    assert an_import().execute(make_context(store)) == process_id


def test_it_need_not_be_waited_for_at_all(context: Context, sandbox: SandboxServer) -> None:
    sandbox.set_knobs(hold="queued")
    assert hand_on(context) == pushed(context)["submission"]["process_id"]
    assert asked(sandbox) == ["processes", "import"]


def test_the_end_is_judged_though_the_batch_is_gone(
    context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    deferred = deferral(an_import(), context)
    sandbox.set_knobs(hold="none")
    gone = an_import(json_body=None, batch_uri="file:///swept/away.json")
    gone.execute_complete(context, fired(deferred), **(deferred.kwargs or {}))
    assert store.ledger_entry["closed_in"] is not None


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_retry_after_a_dead_worker_waits_for_the_same_import(
    deferrable: bool, context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    first = deferral(an_import(), context)  # and here the worker dies
    retry = make_context(store)
    sandbox.set_knobs(hold="none")
    assert [carried_through(an_import(deferrable=deferrable), retry)] == first.trigger.process_ids
    assert pushed(retry)["submission"]["is_reconnected"] is True
    assert sandbox.imports_accepted() == 1


def test_a_try_that_was_killed_while_submitting_is_followed_by_one_that_finds_out(
    context: Context, sandbox: SandboxServer, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any, **__: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ContactsClient, "import_contacts", killed)
        with pytest.raises(KeyboardInterrupt):
            hand_on(context)
    assert sandbox.imports_accepted() == 0
    retry = make_context(store)
    hand_on(retry)
    assert sandbox.imports_accepted() == 1
    assert pushed(retry)["submission"]["repeats"] == 1, "nobody could tell, so it is said"


@pytest.mark.parametrize("wait_for_completion", [True, False])
@pytest.mark.parametrize("deferrable", [True, False])
def test_an_answer_that_was_lost_imports_no_second_time(
    deferrable: bool, wait_for_completion: bool, context: Context, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(faults=["import:524_after_accepting"], process_seconds=0.2)
    operator = an_import(wait_for_completion=wait_for_completion, deferrable=deferrable)
    process_id = carried_through(operator, context)
    submission = pushed(context)["submission"]
    assert (submission["process_id"], submission["repeats"]) == (process_id, 0)
    assert submission["decision"].startswith("adopted")
    assert sandbox.imports_accepted() == 1


@pytest.mark.parametrize(("fault", "error"), [("import:429", RateLimited), ("processes:500", Unavailable)])
def test_what_provably_did_not_run_is_worth_a_retry(
    fault: str, error: type[Exception], context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    sandbox.set_knobs(faults=[fault])
    with pytest.raises(error):
        hand_on(context)
    assert list(store) == ["email_contacts.queue"], "only its place in the queue is kept"
    hand_on(make_context(store))
    assert sandbox.imports_accepted() == 1


def test_trouble_right_after_submitting_does_not_cost_a_retry(
    context: Context, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(faults=["process:500"])
    an_import(deferrable=False).execute(context)
    assert sandbox.imports_accepted() == 1


def test_another_batch_under_the_same_index_inherits_nothing(
    context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    first = an_import(deferrable=False).execute(context)
    second = an_import(deferrable=False, json_body=[{"email": "b@example.com"}]).execute(make_context(store))
    assert second != first
    assert sandbox.imports_accepted() == 2


def test_clearing_a_task_whose_import_ended_imports_again_and_a_retry_does_not(
    context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    first = an_import(deferrable=False).execute(context)
    assert an_import(deferrable=False).execute(make_context(store)) == first
    assert an_import(deferrable=False).execute(cleared(store)) != first
    assert sandbox.imports_accepted() == 2


def test_an_import_that_failed_fails_at_once_and_clearing_imports_again(
    context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    sandbox.set_knobs(final_status="failed")
    with pytest.raises(AirflowFailException, match="1 of 1 imports did not complete"):
        an_import(deferrable=False).execute(context)
    sandbox.set_knobs(final_status="completed")
    an_import(deferrable=False).execute(make_context(store))
    assert sandbox.imports_accepted() == 2


@pytest.mark.parametrize("deferrable", [True, False])
def test_after_the_deadline_clearing_waits_longer_for_the_same_import(
    deferrable: bool, context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    sandbox.set_knobs(hold="queued")
    operator = an_import(deferrable=deferrable, timeout=0.0)
    with pytest.raises(AirflowFailException, match=r"1 queued.*Clear this task to wait longer"):
        carried_through(operator, context)
    sandbox.set_knobs(hold="none")
    an_import(deferrable=False).execute(cleared(store))
    assert sandbox.imports_accepted() == 1


def test_a_retry_inherits_the_deadline(context: Context, sandbox: SandboxServer, store: StateStore) -> None:
    sandbox.set_knobs(hold="in_process")
    first, second = deferral(an_import(), context), deferral(an_import(timeout=9e9), make_context(store))
    assert second.trigger.deadline == first.trigger.deadline


def test_a_process_that_the_platform_forgot_can_be_imported_again(
    context: Context, sandbox: SandboxServer, store: StateStore
) -> None:
    hand_on(context)
    sandbox.reset()
    with pytest.raises(AirflowFailException, match=r"Process ID does not exist.*import again"):
        an_import().execute(make_context(store))
    an_import(deferrable=False).execute(cleared(store))


@pytest.mark.parametrize("deferrable", [True, False])
def test_without_a_process_route_the_growth_of_the_lists_tells(
    deferrable: bool, context: Context, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(process_route="404", process_seconds=0.1)
    carried_through(an_import(deferrable=deferrable), context)
    assert pushed(context)["submission"]["evidence"]["list_sizes"] == {str(LIST): 0}
    assert sandbox.imports_accepted() == 1


def test_where_nobody_can_tell_waiting_fails_at_once_and_says_what_to_do(
    context: Context, sandbox: SandboxServer, store: StateStore, platform: ContactsClient
) -> None:
    """No process route, no callbacks, and a file of which nobody here knows how many contacts it holds."""
    hand_on(context)
    store.ledger_entry["evidence"]["contacts"] = None
    sandbox.set_knobs(process_route="404")
    with pytest.raises(AirflowFailException, match=r"set callback_url.*wait_for_completion=False"):
        an_import().execute(make_context(store))


@pytest.mark.parametrize(
    "event", [None, {"outcome": "done"}, {"outcome": "seen", "processes": [], "error": ""}]
)
def test_an_event_that_is_not_understood_is_no_success(
    event: dict[str, Any] | None, context: Context
) -> None:
    with pytest.raises(AirflowFailException, match="lear the task"):
        an_import().execute_complete(context, event)


def test_a_trigger_that_gave_up_is_worth_a_retry(context: Context) -> None:
    event = {"outcome": "error", "processes": [], "error": "401: wrong key"}
    for comes_back in (an_import().execute_complete, an_import().resume_submission):
        with pytest.raises(WaitingFailed, match="401: wrong key"):
            comes_back(context, event)


def test_a_kill_says_that_the_import_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    an_import().on_kill()
    assert "cannot cancel it" in capfd.readouterr().out


@pytest.mark.parametrize("setting", ["True", "False"])
def test_a_state_store_that_is_cleared_on_success_is_warned_of(
    setting: str, context: Context, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIRFLOW__STATE_STORE__CLEAR_ON_SUCCESS", setting)
    hand_on(context)
    assert ("clear_on_success is on" in capfd.readouterr().out) == (setting == "True")
