"""How long a task waits for imports that may be its own: until one deadline, however often it is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from email_contacts.operators.imports import ImportContactsOperator
from email_contacts.sandbox import SandboxServer
from tests.deferral import carried_through
from tests.operators.conftest import LIST
from tests.task_context import StateStore, make_context

if TYPE_CHECKING:
    from airflow.sdk import Context

WHOLE_DAY = 24 * 3600.0


def an_import(**arguments: Any) -> ImportContactsOperator:
    given = {
        "list_ids": [LIST],
        "json_body": [{"email": "a@example.com"}],
        "poll_interval": 0.02,
        "reconciliation_timeout": 0.0,
        "wait_for_completion": False,
        "deferrable": True,
        **arguments,
    }
    return ImportContactsOperator(task_id="import", **given)


@pytest.fixture
def lost(sandbox: SandboxServer) -> SandboxServer:
    """A platform that accepts an import, loses its answer, and does not end it."""
    sandbox.set_knobs(
        hold="in_process", faults=[{"route": "import", "kind": "524_after_accepting", "times": 1}]
    )
    return sandbox


def deadline(context: Context, **arguments: Any) -> float:
    with pytest.raises(TaskDeferred) as caught:
        an_import(**arguments).execute(context)
    found: float = caught.value.trigger.deadline
    return found


def cleared(store: StateStore) -> Context:
    context = make_context(store)
    context["ti"].max_tries += 4
    return context


def test_every_try_waits_until_the_same_deadline(
    lost: SandboxServer, context: Context, store: StateStore
) -> None:
    first = deadline(context)
    assert deadline(make_context(store), timeout=5 * WHOLE_DAY) == first


@pytest.mark.parametrize("deferrable", [True, False])
def test_at_the_deadline_a_person_decides(
    deferrable: bool, lost: SandboxServer, context: Context, store: StateStore
) -> None:
    with pytest.raises(AirflowFailException, match="Clear this task to wait longer"):
        carried_through(an_import(timeout=0.0, deferrable=deferrable), context)
    lost.set_knobs(hold="none")
    assert carried_through(an_import(), cleared(store)) == 1
    assert lost.imports_accepted() == 1


def test_one_that_was_cleared_waits_as_long_again(
    lost: SandboxServer, context: Context, store: StateStore
) -> None:
    with pytest.raises(AirflowFailException):
        carried_through(an_import(timeout=0.0), context)
    again = deadline(cleared(store), timeout=WHOLE_DAY)
    assert deadline(cleared(store), timeout=5 * WHOLE_DAY) == again
