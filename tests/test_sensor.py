"""The sensor: both of its modes end alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
)

from email_contacts.api import ContactsClient, UnexpectedAnswer
from email_contacts.imports.waiting.worker_wait import WaitingFailed
from email_contacts.sandbox import SandboxServer
from email_contacts.sensor import ImportCompletedSensor
from email_contacts.trigger import RESUME_GRACE
from tests.api.scripted_server import ScriptedServer, answers
from tests.conftest import connect
from tests.deferral import carried_through, fired
from tests.imports.conftest import asked, submitted, until, until_ended
from tests.operators.lazy_xcoms import lazy
from tests.sensing import both_modes, deferral, sensor
from tests.task_context import StateStore, make_context

if TYPE_CHECKING:
    from airflow.sdk import Context


@pytest.fixture(autouse=True)
def connection(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default connection without a pace to keep; nothing waits for a better moment."""
    connect(monkeypatch, sandbox, stage=tmp_path, requests_per_second=1000)
    monkeypatch.setattr("email_contacts.connection.MAX_WAIT", 0.0)
    monkeypatch.setattr("email_contacts.sensor.RESUME_GRACE", 0.0)
    # No test is to spend what another one needs.
    monkeypatch.setattr("email_contacts.imports.waiting.shared_poller._budgets", {})


@pytest.fixture
def platform(sandbox: SandboxServer) -> Iterator[ContactsClient]:
    """A client of the test's own."""
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        yield client


@both_modes
def test_completed_imports_are_reported(
    deferrable: bool, context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(process_seconds=0.2)
    ids = submitted(platform, 2)
    assert carried_through(sensor(ids, deferrable=deferrable), context) == [
        {"process_id": one, "status": "completed", "rejects": {}, "told_by": "process"} for one in ids
    ]


@both_modes
@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_failed_import_fails_for_good(
    status: str, deferrable: bool, context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(final_status=status, process_seconds=0.1)
    (one,) = submitted(platform, 1)
    with pytest.raises(AirflowFailException, match=rf"process {one} \({status}\)"):
        carried_through(sensor(one, deferrable=deferrable), context)


@both_modes
@pytest.mark.parametrize("forgiving", ["soft_fail", "never_fail"])
@pytest.mark.parametrize("process_seconds", [0.0, 0.2], ids=["at once", "later"])
def test_a_forgiving_sensor_skips_a_failed_import(
    process_seconds: float,
    forgiving: str,
    deferrable: bool,
    context: Context,
    sandbox: SandboxServer,
    platform: ContactsClient,
) -> None:
    sandbox.set_knobs(final_status="failed", process_seconds=process_seconds)
    (one,) = submitted(platform, 1)
    if not process_seconds:
        until_ended(platform, one)
    with pytest.raises(AirflowSkipException):
        carried_through(sensor(one, deferrable=deferrable, **{forgiving: True}), context)


@both_modes
def test_an_import_that_takes_too_long_is_a_time_out(
    deferrable: bool, context: Context, sandbox: SandboxServer, platform: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    ids = submitted(platform, 1)
    with pytest.raises(AirflowSensorTimeout):
        carried_through(sensor(ids, deferrable=deferrable, timeout=0), context)
    with pytest.raises(AirflowSkipException):
        carried_through(sensor(ids, deferrable=deferrable, timeout=0, soft_fail=True), make_context(store))


@both_modes
def test_an_unknown_process_fails_for_good(deferrable: bool, context: Context) -> None:
    with pytest.raises(AirflowFailException, match="Process ID does not exist"):
        carried_through(sensor(999, deferrable=deferrable), context)


@both_modes
def test_a_platform_without_a_process_route_fails_for_good(
    deferrable: bool, context: Context, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(process_route="404")
    with pytest.raises(AirflowFailException, match="It cannot be known when an import ends"):
        carried_through(sensor(1, deferrable=deferrable), context)


@both_modes
@pytest.mark.parametrize("kind", ["429", "500", "reset"])
def test_trouble_that_may_pass_does_not_end_the_wait(
    kind: str, deferrable: bool, context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    ids = submitted(platform, 1)
    sandbox.set_knobs(faults=[{"route": "process", "kind": kind, "times": 2, "seconds": 0.01}])
    assert carried_through(sensor(ids, deferrable=deferrable), context)[0]["status"] == "completed"


@both_modes
@pytest.mark.parametrize("nothing", [[], "", "[]", None, [None]])
def test_nothing_to_wait_for_is_refused(nothing: Any, deferrable: bool, context: Context) -> None:
    with pytest.raises(AirflowFailException, match="process_ids is empty"):
        carried_through(sensor(nothing, deferrable=deferrable), context)


def test_ids_come_in_many_shapes(
    context: Context, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = submitted(platform, 2)
    until_ended(platform, *ids)
    shapes = (ids, tuple(map(str, ids)), str(ids), lazy(ids, monkeypatch), f"{{{{ {ids} }}}}")
    for shape in shapes:
        task = sensor(shape)
        task.render_template_fields(context)
        assert [seen["process_id"] for seen in task.execute(context)] == ids
    assert [seen["process_id"] for seen in sensor(str(ids[0])).execute(context)] == [ids[0]]


def test_imports_that_have_ended_need_no_triggerer(
    context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    ids = submitted(platform, 3)
    until_ended(platform, *ids)
    before = len(asked(sandbox, "processes"))
    assert len(sensor(ids).execute(context)) == 3
    assert len(asked(sandbox, "processes")) == before + 1
    assert context["task_state_store"] == {}


def test_a_retry_inherits_the_deadline_and_other_imports_do_not(
    context: Context, sandbox: SandboxServer, platform: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="queued")
    ids = submitted(platform, 2)
    first = deferral(sensor(ids, timeout=100), context).trigger
    retry = deferral(sensor(ids, timeout=9e6), make_context(store)).trigger
    assert retry.deadline == first.deadline
    other = deferral(sensor(ids[:1], timeout=9e6), make_context(store)).trigger
    assert other.deadline > first.deadline + 10**6


def test_a_deadline_that_a_version_before_kept_holds(
    context: Context, sandbox: SandboxServer, platform: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="queued")
    task = sensor(submitted(platform, 1))
    deferral(task, context)
    (key,) = store
    store[key] = 5e9
    assert deferral(task, make_context(store)).trigger.deadline == 5e9


def test_a_task_that_was_marked_as_failed_waits_anew_when_it_is_cleared(
    context: Context,
    sandbox: SandboxServer,
    platform: ContactsClient,
    store: StateStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sandbox.set_knobs(hold="queued")
    (one,) = submitted(platform, 1)
    for now, tries in ((1000.0, 3), (1040.0, 3), (2000.0, 7), (2040.0, 7)):
        monkeypatch.setattr("email_contacts.sensor.time", SimpleNamespace(time=lambda now=now: now))
        again = make_context(store)
        again["ti"].max_tries = tries
        deadline = deferral(sensor(one, timeout=50), again).trigger.deadline
        assert deadline == (1050 if tries == 3 else 2050)


def test_clearing_after_a_time_out_waits_anew(
    context: Context, sandbox: SandboxServer, platform: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="queued")
    ids = submitted(platform, 1)
    with pytest.raises(AirflowSensorTimeout, match="Clear this task to wait longer"):
        carried_through(sensor(ids, timeout=0), context)
    sandbox.set_knobs(hold="none")
    assert carried_through(sensor(ids), make_context(store))


def test_the_trigger_is_not_resumed_too_soon(
    context: Context, sandbox: SandboxServer, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("email_contacts.sensor.RESUME_GRACE", RESUME_GRACE)
    monkeypatch.setattr("email_contacts.sensor.time", SimpleNamespace(time=lambda: 1000.0))
    sandbox.set_knobs(hold="queued")
    trigger = deferral(sensor(submitted(platform, 1), timeout=50, poke_interval=None), context).trigger
    assert trigger.not_before == 1000 + RESUME_GRACE
    assert trigger.deadline == 1050
    assert trigger.poll_interval is None


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        {"outcome": "done", "processes": [], "error": ""},
        {"outcome": "seen", "processes": [], "error": ""},
        {
            "outcome": "seen",
            "processes": [{"process_id": 1, "status": "in_process", "rejects": {}}],
            "error": "",
        },
    ],
)
def test_an_event_that_is_not_understood_is_no_success(
    event: dict[str, Any] | None, context: Context
) -> None:
    with pytest.raises(AirflowFailException, match="lear the task"):
        sensor(1).execute_complete(context, event)


def test_a_trigger_that_gave_up_is_left_to_the_retries_which_look_first(
    context: Context, sandbox: SandboxServer, platform: ContactsClient, store: StateStore
) -> None:
    sandbox.set_knobs(hold="in_process")
    ids = submitted(platform, 1)
    deferred = deferral(sensor(ids), context)
    sandbox.set_knobs(hold="none", process_route="404")
    with pytest.raises(WaitingFailed, match="completion_source"):
        sensor(ids).execute_complete(context, fired(deferred))
    sandbox.set_knobs(process_route="on")
    assert carried_through(sensor(ids), make_context(store))


def test_an_answer_that_nobody_documented_is_left_to_the_retries(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer([answers(418), answers(418)]) as server:
        document = {"conn_type": "email_contacts", "host": server.url, "password": "key"}
        monkeypatch.setenv("AIRFLOW_CONN_EMAIL_CONTACTS_DEFAULT", json.dumps(document))
        with pytest.raises(UnexpectedAnswer, match="418"):
            sensor(1).execute(context)
        with pytest.raises(AirflowSkipException, match="418"):
            sensor(1, never_fail=True).execute(context)


def test_in_the_worker_airflows_reschedule_mode_works(
    context: Context, sandbox: SandboxServer, platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.set_knobs(hold="queued")
    task = sensor(submitted(platform, 1), deferrable=False, mode="reschedule")
    monkeypatch.setattr(context["ti"], "get_first_reschedule_date", lambda _: None, raising=False)
    with pytest.raises(AirflowRescheduleException):
        task.execute(context)


def test_a_pause_that_was_not_given_is_a_minute_in_the_worker() -> None:
    task = ImportCompletedSensor(task_id="wait", process_ids=1)
    assert (task.poke_interval, task.trigger_interval, task.deferrable) == (60, None, True)


def test_a_pause_may_be_a_timedelta_as_for_airflows_sensors() -> None:
    task = ImportCompletedSensor(task_id="wait", process_ids=1, poke_interval=timedelta(minutes=2))
    assert json.dumps([task.poke_interval, task.trigger_interval]) == "[120.0, 120.0]"


def test_an_undocumented_status_is_waited_for(
    context: Context, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(final_status="marinating")
    (one,) = submitted(platform, 1)
    until(lambda: platform.process(one).status == "marinating")
    with pytest.raises(AirflowSensorTimeout, match="1 marinating"):
        carried_through(sensor(one, timeout=0), context)
