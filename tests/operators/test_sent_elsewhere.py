"""The connection is pointed at another platform, which has a process of the same number as our import."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from email_contacts.api import ContactsClient, ImportRequest, OutcomeUnknown
from email_contacts.operators.receipts import VerifyImportOperator
from email_contacts.sandbox import SandboxServer
from email_contacts.sensor import ImportCompletedSensor
from tests.conftest import connect
from tests.deferral import carried_through, fired
from tests.imports.conftest import until_ended
from tests.operators.conftest import LIST
from tests.operators.test_import_life import an_import, cleared, deferral, hand_on
from tests.task_context import StateStore, make_context, pushed

if TYPE_CHECKING:
    from airflow.sdk import Context


@pytest.fixture
def other() -> Iterator[SandboxServer]:
    """Another platform, on which a stranger's process 1 has completed."""
    with SandboxServer(api_key="test-key") as server:
        with ContactsClient(server.url, server.api_key, requests_per_second=1000) as client:
            request = ImportRequest(json_body=[{"email": "stranger@example.com"}], list_ids=[LIST])
            until_ended(client, client.import_contacts(request))
        yield server


@pytest.fixture
def point_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[SandboxServer], None]:
    """Point the connection at a platform."""
    return partial(connect, monkeypatch, stage=tmp_path / "stage", requests_per_second=1000)


def address(server: SandboxServer) -> str:
    return server.url.removeprefix("http://")


def ours(server: SandboxServer) -> int:
    """How many imports the other platform accepted beside the stranger's."""
    return server.imports_accepted() - 1


def test_a_retry_stops_and_names_both_and_putting_it_back_waits(
    context: Context,
    store: StateStore,
    sandbox: SandboxServer,
    other: SandboxServer,
    point_at: Callable[[SandboxServer], None],
) -> None:
    sandbox.set_knobs(hold="in_process")
    first = deferral(an_import(), context)
    point_at(other)
    words = f"{address(sandbox)} .process 1.*{address(other)}"
    for _ in range(2):
        with pytest.raises(AirflowFailException, match=words):
            carried_through(an_import(), make_context(store))
    assert ours(other) == 0
    point_at(sandbox)
    sandbox.set_knobs(hold="none")
    assert [carried_through(an_import(), cleared(store))] == first.trigger.process_ids
    assert sandbox.imports_accepted() == 1
    (entry,) = (one for key, one in store.items() if key.startswith("email_contacts.import."))
    assert entry["stopped_in"] is None, "another move would be told of again"


def test_clearing_a_task_that_stopped_imports_to_the_other_platform(
    context: Context,
    store: StateStore,
    sandbox: SandboxServer,
    other: SandboxServer,
    point_at: Callable[[SandboxServer], None],
) -> None:
    sandbox.set_knobs(hold="in_process")
    deferral(an_import(), context)
    point_at(other)
    with pytest.raises(AirflowFailException, match="clear this task"):
        carried_through(an_import(), make_context(store))
    last = cleared(store)
    assert carried_through(an_import(), last) == 2
    assert pushed(last)["submission"]["sent_to"] == address(other)
    assert (ours(other), sandbox.imports_accepted()) == (1, 1)


def test_a_task_that_is_cleared_before_it_was_told_of_the_other_platform_stops_first(
    context: Context,
    store: StateStore,
    sandbox: SandboxServer,
    other: SandboxServer,
    point_at: Callable[[SandboxServer], None],
) -> None:
    sandbox.set_knobs(hold="in_process")
    deferral(an_import(), context)
    point_at(other)
    with pytest.raises(AirflowFailException, match="was sent to"):
        carried_through(an_import(), cleared(store))
    assert ours(other) == 0


def test_what_a_trigger_saw_on_the_other_platform_is_no_end(
    context: Context, sandbox: SandboxServer, other: SandboxServer, point_at: Callable[[SandboxServer], None]
) -> None:
    sandbox.set_knobs(hold="in_process")
    deferred = deferral(an_import(), context)
    point_at(other)
    with pytest.raises(AirflowFailException, match="was sent to"):
        an_import().execute_complete(context, fired(deferred), **(deferred.kwargs or {}))


def test_a_lost_answer_is_not_looked_for_on_the_other_platform(
    context: Context,
    store: StateStore,
    sandbox: SandboxServer,
    other: SandboxServer,
    point_at: Callable[[SandboxServer], None],
) -> None:
    sandbox.set_knobs(faults=["import:524:0"])
    with pytest.raises(OutcomeUnknown):
        hand_on(context)
    point_at(other)
    with pytest.raises(AirflowFailException, match="its answer was lost"):
        hand_on(make_context(store))
    assert ours(other) == 0


def test_clearing_a_task_that_ended_well_imports_to_the_other_platform(
    context: Context,
    store: StateStore,
    sandbox: SandboxServer,
    other: SandboxServer,
    point_at: Callable[[SandboxServer], None],
) -> None:
    an_import(deferrable=False).execute(context)
    point_at(other)
    assert an_import(deferrable=False).execute(cleared(store)) == 2
    assert (ours(other), sandbox.imports_accepted()) == (1, 1)


def test_a_record_that_names_no_platform_is_followed_as_before(
    context: Context, store: StateStore, sandbox: SandboxServer
) -> None:
    first = hand_on(context)
    store.ledger_entry.pop("sent_to")
    assert hand_on(make_context(store)) == first


def test_the_tasks_after_it_stop_too(
    context: Context, sandbox: SandboxServer, other: SandboxServer, point_at: Callable[[SandboxServer], None]
) -> None:
    sandbox.set_knobs(hold="in_process")
    hand_on(context)
    told = [pushed(context)["submission"]]
    wait = ImportCompletedSensor(task_id="wait", submissions=told, deferrable=True, poke_interval=0.02)
    with pytest.raises(TaskDeferred) as deferred:
        wait.execute(make_context(StateStore()))
    point_at(other)
    event = fired(deferred.value)
    wait = ImportCompletedSensor(task_id="wait", submissions=told)
    verify = VerifyImportOperator(
        task_id="verify", manifest_uri="", process_ids=(), list_ids=[LIST], submissions=told, patience=0
    )
    for task in (wait, verify):
        with pytest.raises(
            AirflowFailException, match=rf"sent to {address(sandbox)}.*names {address(other)}"
        ):
            task.execute(make_context(StateStore()))
    with pytest.raises(AirflowFailException, match="sent to"):
        wait.execute_complete(make_context(StateStore()), event)
