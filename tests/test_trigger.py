"""The trigger: it looks first and at the clock second, and never holds up the event loop."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow._shared.module_loading import import_string

from email_contacts.api import ContactsClient
from email_contacts.imports.waiting.poller_client import _answer
from email_contacts.imports.waiting.worker_wait import WaitOutcome
from email_contacts.sandbox import SandboxServer
from email_contacts.trigger import ImportCompletedTrigger, ImportQueueTrigger
from tests.conftest import CONN_ID, connect
from tests.deferral import event_of
from tests.imports.conftest import submitted, until_ended
from tests.triggering import evidence, trigger

FOR_EVER = 1e12


@pytest.fixture(autouse=True)
def connection(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default connection without a pace to keep; a failed look is not repeated by the client."""
    connect(monkeypatch, sandbox, stage=tmp_path, requests_per_second=1000)
    monkeypatch.setattr("email_contacts.connection.MAX_WAIT", 0.0)
    # No test is to spend what another one needs.
    monkeypatch.setattr("email_contacts.imports.waiting.shared_poller._budgets", {})


@pytest.fixture
def platform(sandbox: SandboxServer) -> Iterator[ContactsClient]:
    """A client of the test's own."""
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        yield client


def test_it_survives_being_stored() -> None:
    path, kwargs = trigger(
        [5, None], enough="any", poll_interval=None, source="callback", evidence=[evidence(), evidence()]
    ).serialize()
    stored = json.loads(json.dumps(kwargs))
    again = import_string(path)(**stored)
    assert type(again) is ImportCompletedTrigger
    assert again.serialize() == (path, kwargs)
    assert again.process_ids == [5, None]


def test_one_that_an_earlier_version_stored_is_still_understood() -> None:
    old: dict[str, Any] = {
        "conn_id": CONN_ID,
        "process_ids": [5],
        "deadline": 1.0,
        "not_before": 0.0,
        "enough": "all",
        "poll_interval": None,
    }
    again = ImportCompletedTrigger(**old)
    assert (again.source, again.evidence) == ("auto", [])


def test_what_the_last_release_stored_resumes(sandbox: SandboxServer, platform: ContactsClient) -> None:
    """Character for character what it stored for a task that waits for a slot (``resume_submission``)."""
    (one,) = submitted(platform, 1)
    until_ended(platform, one)
    stored = (
        '{"conn_id": "email_contacts_default", "process_ids": [4711], "deadline": 1e12, "not_before": 0.0, '
        '"enough": "any", "poll_interval": 0.01, "source": "auto", "evidence": []}'
    ).replace("4711", str(one))
    again = import_string("email_contacts.trigger.ImportCompletedTrigger")(**json.loads(stored))
    assert again.serialize() == ("email_contacts.trigger.ImportCompletedTrigger", json.loads(stored))
    event = event_of(again)
    assert event["outcome"] == "seen"
    assert WaitOutcome.from_event(event).statuses.is_enough("any")


def test_a_wait_in_the_queue_survives_being_stored() -> None:
    path, kwargs = ImportQueueTrigger(
        conn_id=CONN_ID,
        waiting_task=("a_dag", "a_run", "import", 3),
        arrived=1_795_000_000_000,
        deadline=1e12,
        not_before=5.0,
        max_running=2,
    ).serialize()
    again = import_string(path)(**json.loads(json.dumps(kwargs)))
    assert type(again) is ImportQueueTrigger
    assert again.serialize() == (path, kwargs)


def test_it_fires_once_when_all_imports_have_ended(sandbox: SandboxServer, platform: ContactsClient) -> None:
    sandbox.set_knobs(process_seconds=0.2)
    ids = submitted(platform, 2)
    assert event_of(trigger(ids)) == {
        "outcome": "seen",
        "processes": [
            {"process_id": one, "status": "completed", "rejects": {}, "told_by": "process"} for one in ids
        ],
        "error": "",
    }


def test_a_failed_import_is_seen_and_not_judged(sandbox: SandboxServer, platform: ContactsClient) -> None:
    sandbox.set_knobs(final_status="failed")
    event = event_of(trigger(submitted(platform, 1)))
    assert (event["outcome"], event["processes"][0]["status"]) == ("seen", "failed")


def test_one_of_several_can_be_enough(sandbox: SandboxServer, platform: ContactsClient) -> None:
    ids = submitted(platform, 1)
    until_ended(platform, *ids)
    sandbox.set_knobs(hold="queued")
    ids += submitted(platform, 1)
    event = event_of(trigger(ids, enough="any"))
    assert [seen["status"] for seen in event["processes"]] == ["completed", "queued"]


def test_an_import_that_ended_after_the_deadline_has_ended(platform: ContactsClient) -> None:
    ids = submitted(platform, 1)
    until_ended(platform, *ids)
    assert event_of(trigger(ids, deadline=0.0))["outcome"] == "seen"


def test_an_import_that_runs_at_the_deadline_is_late(
    sandbox: SandboxServer, platform: ContactsClient
) -> None:
    sandbox.set_knobs(hold="in_process")
    event = event_of(trigger(submitted(platform, 1), deadline=0.0))
    assert (event["outcome"], event["processes"][0]["status"]) == ("late", "in_process")


def test_a_look_costs_one_request_however_many_imports(
    sandbox: SandboxServer, platform: ContactsClient
) -> None:
    ids = submitted(platform, 30)
    until_ended(platform, *ids)
    before = len(sandbox.journal())
    event_of(trigger(ids))
    assert [entry.route for entry in sandbox.journal()[before:]] == ["processes"]


@pytest.mark.parametrize("kind", ["429", "500", "503", "524", "reset", "closed", "truncated"])
def test_trouble_that_may_pass_never_ends_the_wait(
    kind: str, sandbox: SandboxServer, platform: ContactsClient
) -> None:
    ids = submitted(platform, 1)
    sandbox.set_knobs(faults=[{"route": "process", "kind": kind, "times": 3, "seconds": 0.01}])
    assert event_of(trigger(ids))["outcome"] == "seen"
    assert sandbox.knobs.faults == ()


def test_a_platform_that_was_never_reached_is_late_and_not_done(sandbox: SandboxServer) -> None:
    sandbox.set_knobs(faults=[{"route": "*", "kind": "500", "times": 0}])
    event = event_of(trigger([1], deadline=0.0))
    assert (event["outcome"], event["processes"]) == ("late", [])
    assert "500" in event["error"]


def test_a_key_that_is_refused_for_a_while_does_not_end_the_wait(
    sandbox: SandboxServer, platform: ContactsClient
) -> None:
    ids = submitted(platform, 1)
    sandbox.set_knobs(faults=["process:401_ip:2", "process:401_key"])
    assert event_of(trigger(ids))["outcome"] == "seen"
    assert sandbox.knobs.faults == ()


def test_a_key_that_was_changed_meanwhile_is_read_again(
    sandbox: SandboxServer, platform: ContactsClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = submitted(platform, 1)
    wrong = {
        "conn_type": "email_contacts",
        "host": sandbox.url,
        "password": "wrong",
        "extra": {"process_polls_per_hour": 36000},
    }
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(wrong))

    async def mend_while_waiting() -> Any:
        waiting = asyncio.ensure_future(anext(trigger(ids).run()))
        while not any(entry.status == 401 for entry in sandbox.journal()):
            await asyncio.sleep(0.01)
        connect(monkeypatch, sandbox, stage=tmp_path)
        return await waiting

    assert asyncio.run(mend_while_waiting()).payload["outcome"] == "seen"


def test_what_does_not_fit_together_ends_the_wait_with_the_reason() -> None:
    assert "2 imports" in event_of(trigger([1, 2], evidence=[evidence()]))["error"]
    assert "guess" in event_of(trigger([1], source="guess"))["error"]


@pytest.mark.parametrize(
    ("knobs", "error"),
    [
        ({"process_route": "404"}, "It cannot be known when an import ends"),
        ({}, "Process ID does not exist"),
    ],
)
def test_a_wait_that_is_of_no_use_ends_with_the_reason(
    knobs: dict[str, Any], error: str, sandbox: SandboxServer
) -> None:
    sandbox.set_knobs(**knobs)
    event = event_of(trigger([999]))
    assert event["outcome"] == "error"
    assert error in event["error"]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"password": ""}, "has no password"),
        ({"host": "http://api.example.com"}, "unencrypted"),
        ({"extra": {"timeout": "soon"}}, "'timeout'"),
    ],
)
def test_a_connection_that_cannot_work_ends_it_with_the_reason(
    settings: dict[str, Any], error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {
        "conn_type": "email_contacts",
        "host": "https://api.example.com",
        "password": "key",
        **settings,
    }
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", json.dumps(document))
    event = event_of(trigger([1]))
    assert event["outcome"] == "error"
    assert error in event["error"]


def slept_by(run: ImportCompletedTrigger, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The sleeps that a trigger asks for, by a clock that begins at 1000 and moves by them alone."""
    asked_for: list[float] = []

    async def sleep(seconds: float) -> None:
        asked_for.append(seconds)

    # The room's own names, not the modules: the sandbox lives in this process and keeps real time.
    clock = SimpleNamespace(time=lambda: 1000 + sum(asked_for))
    monkeypatch.setattr("email_contacts.trigger.time", clock)
    loop = SimpleNamespace(sleep=sleep, to_thread=asyncio.to_thread)
    monkeypatch.setattr("email_contacts.trigger.asyncio", loop)
    event_of(run)
    return [seconds for seconds in asked_for if seconds]


def test_nothing_is_asked_before_the_task_may_be_resumed(
    platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = submitted(platform, 1)
    until_ended(platform, *ids)
    assert slept_by(trigger(ids, not_before=1008.0), monkeypatch) == [8.0]


def test_a_wait_that_is_of_no_use_does_not_end_before_that_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{CONN_ID.upper()}", '{"conn_type": "email_contacts"}')
    assert slept_by(trigger([1], not_before=1008.0), monkeypatch) == [8.0]


def test_a_look_does_not_hold_up_the_event_loop(
    platform: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look comes back only after another task of the same loop has made progress."""
    ids = submitted(platform, 1)
    until_ended(platform, *ids)
    progress = threading.Event()

    def answer_after_progress(*arguments: Any) -> Any:
        assert progress.wait(30), "the event loop stood still while the trigger looked"
        return _answer(*arguments)

    monkeypatch.setattr("email_contacts.imports.waiting.poller_client._answer", answer_after_progress)

    async def together() -> Any:
        async def ticks() -> None:
            for _ in range(100):
                await asyncio.sleep(0)
            progress.set()

        event, _ = await asyncio.gather(anext(trigger(ids).run()), ticks())
        return event

    assert asyncio.run(together()).payload["outcome"] == "seen"


def test_its_end_stops_nothing_and_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    asyncio.run(trigger([5]).on_kill())
    assert "nothing is stopped on the platform" in capfd.readouterr().out
