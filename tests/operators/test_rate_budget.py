"""What a task asks of the process route: out of the account's budget, and nothing that was just seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from email_contacts.api import ContactsClient
from email_contacts.hook import ContactsHook
from email_contacts.imports.waiting.account_budget import AccountBudget
from email_contacts.imports.waiting.newest_page import FRESH
from email_contacts.imports.waiting.poller_client import PollerClient
from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.sandbox import SandboxServer
from tests.conftest import connect
from tests.deferral import carried_through, fired
from tests.imports.conftest import submitted
from tests.operators.conftest import LIST, asked
from tests.task_context import SharedStore, StateStore, make_context

if TYPE_CHECKING:
    from airflow.sdk import Context

# Tokens of a full bucket with the default of 100 an hour, without those that are kept back.
FULL = 15
PROCESS_ROUTES = ("process", "processes")


def an_import(**arguments: Any) -> ImportContactsOperator:
    given = {
        "list_ids": [LIST],
        "json_body": [{"email": "a@example.com"}],
        "poll_interval": 0.02,
        "deferrable": True,
        **arguments,
    }
    return ImportContactsOperator(task_id="import", **given)


def left() -> int:
    """How many tokens the account has left; takes them."""
    tokens, budget = 0, ContactsHook().budget
    while not budget.take():
        tokens += 1
    return tokens


def looks(sandbox: SandboxServer) -> int:
    return sum(route in PROCESS_ROUTES for route in asked(sandbox))


@pytest.fixture
def called(
    context: Context, sandbox: SandboxServer, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """The event with which a task is called that waited for another import to end."""
    # No test is to spend what another one needs.
    monkeypatch.setattr("email_contacts.imports.waiting.shared_poller._budgets", {})
    sandbox.set_knobs(hold="in_process")
    submitted(platform, 1)
    with pytest.raises(TaskDeferred) as caught:
        an_import(wait_for_completion=False).execute(context)
    sandbox.set_knobs(hold="none")
    return fired(caught.value)


def test_who_is_called_submits_without_a_look_of_its_own(
    called: dict[str, Any], sandbox: SandboxServer, store: StateStore
) -> None:
    before = asked(sandbox)
    an_import(wait_for_completion=False).resume_submission(make_context(store), called)
    assert asked(sandbox)[len(before) :] == ["import"]


@pytest.mark.parametrize("reason", ["it is old", "somebody else had the turn", "an earlier version sent it"])
def test_a_page_that_may_not_hold_any_more_is_asked_for_again(
    reason: str, called: dict[str, Any], sandbox: SandboxServer, store: StateStore, variables: SharedStore
) -> None:
    if reason == "it is old":
        called["page"]["seen_at"] -= FRESH + 1
    elif reason == "somebody else had the turn":
        variables.values.clear()
    else:
        del called["page"]
    before = asked(sandbox)
    an_import(wait_for_completion=False).resume_submission(make_context(store), called)
    assert asked(sandbox)[len(before) :] == ["processes", "import"]


def test_an_import_that_was_accepted_just_now_is_not_looked_at(
    context: Context, sandbox: SandboxServer
) -> None:
    with pytest.raises(TaskDeferred):
        an_import().execute(context)
    assert asked(sandbox) == ["processes", "import"]


def test_every_look_of_a_task_and_its_triggers_comes_out_of_the_budget(
    sandbox: SandboxServer, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("email_contacts.imports.waiting.shared_poller._budgets", {})
    connect(monkeypatch, sandbox, stage=tmp_path, requests_per_second=1000, process_polls_per_hour=100)
    # Time stands still, so that nothing drips in.
    for made, clock in ((AccountBudget, "now"), (PollerClient, "wall_clock")):
        monkeypatch.setitem(made.__init__.__kwdefaults__ or {}, clock, lambda: 1e9)
    before = looks(sandbox)
    carried_through(an_import(), context)
    spent = looks(sandbox) - before
    assert spent >= 2
    assert left() == FULL - spent


def test_repeats_of_a_look_are_counted_too(sandbox: SandboxServer, variables: SharedStore) -> None:
    spent: list[str] = []
    with ContactsHook().settings.client(before_process_request=lambda: spent.append("one")) as client:
        sandbox.set_knobs(faults=[{"route": "processes", "kind": "500", "times": 1, "seconds": 0}])
        client = client.within(20)
        client.processes()
        client.contacts()
    assert len(spent) == looks(sandbox) == 2
