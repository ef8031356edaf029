"""Waiting: its pace, its deadline, and what it came to."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import ContactsClient, NotFound, Process
from email_contacts.imports.errors import CannotTell, ImportFailed, ImportNotRepeatable, ImportTimeout
from email_contacts.imports.waiting.process_status import ProcessStatuses
from email_contacts.imports.waiting.worker_wait import (
    WaitingFailed,
    WaitOutcome,
    pauses,
    wait_here,
)
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import asked, submitted, until, until_ended

HOUR = 3600


def statuses(*statuses: str) -> ProcessStatuses:
    return ProcessStatuses(
        tuple(Process(id=number, name="IMPORTUSER", status=word) for number, word in enumerate(statuses, 1))
    )


def looks_within(seconds: float, waits: Any) -> int:
    """How many looks a wait makes: the first one at once, then one after each pause."""
    moments = itertools.accumulate(waits, initial=1e-6)  # what adding up the pauses loses
    return sum(1 for _ in itertools.takewhile(lambda moment: moment < seconds, moments))


@given(st.integers(min_value=1, max_value=36_000))
def test_a_wait_keeps_to_its_hourly_budget(budget: int) -> None:
    assert looks_within(HOUR, pauses(budget)) <= budget


@given(st.integers(min_value=1, max_value=2000), st.integers(min_value=2, max_value=4))
def test_it_keeps_to_it_in_later_hours_too(budget: int, hours: int) -> None:
    assert looks_within(hours * HOUR, pauses(budget)) <= hours * budget


@given(st.integers(min_value=1, max_value=36_000))
def test_pauses_only_grow_and_are_never_below_a_second(budget: int) -> None:
    first = list(itertools.islice(pauses(budget), 50))
    assert first == sorted(first)
    assert first[0] >= 1


@given(st.integers(min_value=20, max_value=500))
def test_a_short_import_is_seen_soon_though_the_budget_is_used(budget: int) -> None:
    first = list(itertools.islice(pauses(budget), 3))
    assert first[0] == 5
    assert looks_within(HOUR, pauses(budget)) >= budget * 0.9


def test_a_fixed_pause_stays_as_it_is() -> None:
    assert list(itertools.islice(pauses(100, every=0.5), 4)) == [0.5, 0.5, 0.5, 0.5]


def test_a_wait_ends_when_the_import_has(sandbox: SandboxServer, client: ContactsClient) -> None:
    sandbox.set_knobs(hold="in_process")
    ids = submitted(client, 2)

    def ending_after_the_first_look() -> Iterator[float]:
        yield 0.02
        sandbox.set_knobs(hold="none")
        yield from pauses(100, every=0.02)

    outcome = wait_here(client, ids, deadline=time.time() + 30, pauses=ending_after_the_first_look())
    assert [process.id for process in outcome.completed()] == ids
    assert len(asked(sandbox, "processes")) > 1


def test_any_one_can_be_enough(sandbox: SandboxServer, client: ContactsClient) -> None:
    (done,) = submitted(client, 1)
    until_ended(client, done)
    sandbox.set_knobs(hold="queued")
    (held,) = submitted(client, 1)
    outcome = wait_here(
        client, [held, done], deadline=time.time() + 30, pauses=pauses(100, every=0.02), enough="any"
    )
    outcome.raise_unless_enough()
    assert not outcome.statuses.is_finished


def test_the_work_is_looked_at_before_the_clock(client: ContactsClient) -> None:
    (done,) = submitted(client, 1)
    until_ended(client, done)
    outcome = wait_here(client, [done], deadline=time.time() - 1000, pauses=pauses(100))
    assert not outcome.is_late
    assert outcome.completed()[0].id == done


def test_an_import_that_still_runs_at_the_deadline_is_late(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(hold="queued")
    ids = submitted(client, 1)
    outcome = wait_here(client, ids, deadline=time.time() - 1, pauses=pauses(100))
    with pytest.raises(ImportTimeout, match=r"1 queued.*cannot cancel"):
        outcome.completed()
    with pytest.raises(WaitingFailed, match="1 queued"):
        outcome.raise_unless_enough()


@pytest.mark.parametrize("kind", ["429", "500", "503", "524", "reset", "closed", "garbled"])
def test_errors_that_may_pass_never_end_a_wait(
    kind: str, sandbox: SandboxServer, client: ContactsClient
) -> None:
    (one,) = submitted(client, 1)
    until_ended(client, one)
    sandbox.set_knobs(faults=[{"route": "process", "kind": kind, "times": 2, "seconds": 0.01}])
    outcome = wait_here(client, [one], deadline=time.time() + 30, pauses=pauses(100, every=0.01))
    assert outcome.completed()[0].id == one
    assert sandbox.knobs.faults == ()


def test_a_platform_that_could_never_be_asked_is_late_and_not_done(
    sandbox: SandboxServer, client: ContactsClient
) -> None:
    sandbox.set_knobs(faults=[{"route": "*", "kind": "500", "times": 0}])
    outcome = wait_here(client, [1], deadline=time.time() - 1, pauses=pauses(100))
    with pytest.raises(ImportTimeout, match="never"):
        outcome.completed()


def test_errors_that_stay_end_it(sandbox: SandboxServer, client: ContactsClient) -> None:
    def wait() -> WaitOutcome:
        return wait_here(client, [999], deadline=time.time() + 30, pauses=pauses(100, every=0.01))

    with pytest.raises(NotFound):
        wait()
    sandbox.set_knobs(process_route="404")
    with pytest.raises(CannotTell):
        wait()


def test_a_wait_for_many_imports_in_a_worker_keeps_the_hourly_budget(
    sandbox: SandboxServer, client: ContactsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at two hundred processes makes four requests."""
    sandbox.set_knobs(hold="in_process")
    ids = submitted(client, 200)
    begin = client.requests.made
    now = time.time()
    deadline = now + HOUR

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    clock = SimpleNamespace(time=lambda: now, sleep=sleep)
    monkeypatch.setattr("email_contacts.imports.waiting.worker_wait.time", clock)
    assert wait_here(client, ids, deadline=deadline, pauses=pauses(100)).is_late
    assert 50 <= client.requests.made - begin <= 104, "one hour, and the look at its end"


def test_a_failed_import_is_a_failure_and_not_a_completion() -> None:
    with pytest.raises(ImportFailed, match="2"):
        WaitOutcome(statuses("completed", "cancelled")).completed()


@pytest.mark.parametrize("seen", [(), ("completed", "in_process"), ("marinating",)])
def test_a_wait_that_ended_too_soon_is_not_a_completion(seen: tuple[str, ...]) -> None:
    with pytest.raises(ImportNotRepeatable, match="before the imports did"):
        WaitOutcome(statuses(*seen)).completed()


def test_a_wait_that_was_called_has_seen_nothing() -> None:
    outcome = WaitOutcome.from_event({"outcome": "called", "processes": [], "error": ""})
    assert outcome.is_called
    assert outcome.to_event() == {"outcome": "called", "processes": [], "error": ""}
    with pytest.raises(ImportNotRepeatable, match="before the imports did"):
        outcome.completed()


def test_an_event_of_the_version_before_is_understood() -> None:
    event = {
        "outcome": "seen",
        "processes": [{"process_id": 5, "status": "completed", "rejects": {}}],
        "error": "",
    }
    outcome = WaitOutcome.from_event(event)
    assert outcome.completed()[0].id == 5
    assert outcome.statuses.to_json()[0]["told_by"] == "process"


def test_a_time_out_says_the_last_status_and_the_last_error() -> None:
    outcome = WaitOutcome(statuses("in_process"), is_late=True, error="401: the key")
    again = WaitOutcome.from_event(outcome.to_event())
    with pytest.raises(
        ImportTimeout, match=r"last seen: 1 in_process; last error: 401: the key\. The import continues"
    ):
        again.completed()
    with pytest.raises(WaitingFailed, match=r"last seen: 1 in_process; last error: 401: the key"):
        again.raise_unless_enough()


def test_a_wait_that_was_of_no_use_says_why() -> None:
    outcome = WaitOutcome(statuses(), error="401: the key")
    for judge in (outcome.completed, outcome.raise_unless_enough):
        with pytest.raises(WaitingFailed, match="401: the key"):
            judge()


some_words = st.lists(
    st.sampled_from(["queued", "in_process", "completed", "failed", "marinating"]), max_size=5
)


@given(some_words, st.sampled_from([(False, ""), (True, ""), (False, "the key"), (True, "the key")]))
def test_an_outcome_survives_the_event(words: list[str], rest: tuple[bool, str]) -> None:
    outcome = WaitOutcome(statuses(*words), is_late=rest[0], error=rest[1])
    again = WaitOutcome.from_event(outcome.to_event())
    assert (again.is_late, again.error) == rest
    assert again.statuses.to_json() == outcome.statuses.to_json()


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        {"outcome": "success", "processes": [], "error": ""},
        {"outcome": "seen"},
        {"outcome": "seen", "processes": None, "error": ""},
        {"outcome": "seen", "processes": [{"id": 5}], "error": ""},
        {"status": "success"},
    ],
)
def test_an_event_that_is_not_understood_is_no_success(event: dict[str, Any] | None) -> None:
    with pytest.raises(ImportNotRepeatable, match="is unknown; clear the task"):
        WaitOutcome.from_event(event)


SUPERVISED = """
import os, sys, time
from itertools import repeat
from email_contacts.api import ContactsClient
from email_contacts.imports.waiting.worker_wait import Orphaned, wait_here

if os.fork():
    time.sleep(600)
url, key, process_id = sys.argv[1], sys.argv[2], int(sys.argv[3])
try:
    wait_here(ContactsClient(url, key), [process_id], deadline=time.time() + 600, pauses=repeat(0.02))
except Orphaned as error:
    print(error, flush=True)
"""


def test_a_wait_whose_supervisor_was_killed_ends(sandbox: SandboxServer, client: ContactsClient) -> None:
    """Killed alone, it leaves a task that nobody else would end before the deadline."""
    sandbox.set_knobs(hold="in_process")
    (process_id,) = submitted(client, 1)
    command = [sys.executable, "-c", SUPERVISED, sandbox.url, sandbox.api_key, str(process_id)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as supervisor:
        until(lambda: "process" in asked(sandbox))
        supervisor.kill()
        assert supervisor.stdout is not None
        assert b"supervisor of this task has died" in supervisor.stdout.read()
