"""Who is woken by a call, and when: not too early, not twice, and never somebody else."""

from __future__ import annotations

import logging

import pytest

from email_contacts.imports.callbacks import has_mail
from email_contacts.trigger import RESUME_GRACE, ImportCompletedTrigger
from email_contacts.web.airflow_core import TRIGGER, wake
from email_contacts.web.notify import Patience
from tests.web.door import Door, eventually, opened
from tests.web.runs import JUST_NOW, OUR_TRIGGER, Run

GRACE = 0.5
ROOM = "email_contacts.web"


def test_the_grace_is_the_triggers_own() -> None:
    assert Patience().grace == RESUME_GRACE >= 8
    assert ImportCompletedTrigger(conn_id="c", process_ids=[], deadline=0, not_before=0).serialize()[0] == (
        TRIGGER
    )
    assert TRIGGER == OUR_TRIGGER


def test_a_call_before_the_task_has_deferred_is_remembered_and_wakes_it_after_the_grace(run: Run) -> None:
    run.add("send", "running")
    address = run.address()
    run.open_mailbox("send", address.nonce)
    with opened(Patience(grace=GRACE)) as door:
        assert door.call(address) == 204
        assert has_mail(run.mailbox("send"), address.nonce)
        assert run.state("send") == "running"
        run.defer("send", deferred_for=JUST_NOW)
        eventually(lambda: run.state("send") == "scheduled")
    assert run.waited_before_it_was_woken("send") >= GRACE
    assert run.event("send")["outcome"] == "called"


def test_a_task_that_has_only_just_deferred_is_woken_after_the_grace(run: Run) -> None:
    run.add("send", "deferred", deferred_for=JUST_NOW)
    with opened(Patience(grace=GRACE)) as door:
        assert door.call(run.address()) == 204
        eventually(lambda: run.state("send") == "scheduled")
    assert run.waited_before_it_was_woken("send") >= GRACE


@pytest.mark.parametrize("deferred_for", [JUST_NOW, -3600.0])
def test_within_the_grace_nobody_is_woken_whatever_the_clocks_say(run: Run, deferred_for: float) -> None:
    run.add("send", "deferred", deferred_for=deferred_for)
    attempt = wake(run.address(), RESUME_GRACE)
    assert attempt.again_in is not None
    assert 0 < attempt.again_in <= RESUME_GRACE
    assert run.state("send") == "deferred"


@pytest.mark.parametrize("state", ["success", "failed", "skipped", "upstream_failed", "removed"])
def test_a_late_call_is_remembered_and_wakes_nobody(
    door: Door, run: Run, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, ROOM)
    run.add("send", state)
    address = run.address()
    assert door.call(address) == 204
    eventually(lambda: f"task 'send' has ended ({state})" in caplog.text)
    assert run.remembered(address)
    assert run.state("send") == state


@pytest.mark.parametrize("state", ["running", "queued", "scheduled", "up_for_retry", "up_for_reschedule"])
def test_a_task_that_does_not_defer_is_let_be_after_a_while(
    run: Run, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, ROOM)
    run.add("send", state)
    with opened(Patience(grace=0.01, total=0.3)) as door:
        assert door.call(run.address()) == 204
        eventually(lambda: f"task 'send' does not wait (yet), it is {state}" in caplog.text)
    assert run.state("send") == state


def test_a_task_that_ends_meanwhile_is_let_be(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, ROOM)
    run.add("send", "running")
    with opened(Patience(grace=0.01)) as door:
        assert door.call(run.address()) == 204
        run.end("send", "failed")
        eventually(lambda: "task 'send' has ended (failed)" in caplog.text)
    assert run.state("send") == "failed"


def test_a_task_that_waits_for_something_else_is_let_be(door: Door, run: Run) -> None:
    run.add("send", "deferred", trigger="airflow.providers.standard.triggers.temporal.DateTimeTrigger")
    attempt = wake(run.address(), RESUME_GRACE)
    assert attempt.again_in is not None
    assert run.state("send") == "deferred"


def test_it_wakes_once(run: Run) -> None:
    run.add("send", "deferred")
    assert [wake(run.address(), RESUME_GRACE).outcome for _ in range(2)] == [
        "was woken",
        "does not wait (yet), it is scheduled",
    ]


def test_a_task_that_waits_for_another_is_woken_instead_of_it(door: Door, run: Run) -> None:
    run.add("send", "success")
    run.add("wait", "deferred")
    address = run.address(waiter="wait")
    assert door.call(address) == 204
    eventually(lambda: run.state("wait") == "scheduled")
    assert has_mail(run.mailbox("send"), address.nonce)
    assert run.mailbox("wait") is None
    assert run.state("send") == "success"


def test_of_mapped_waiters_the_one_with_the_same_index_is_woken(door: Door, run: Run) -> None:
    for index in (0, 1):
        run.add("send", "success", map_index=index)
        run.add("wait", "deferred", map_index=index)
    run.add("wait", "deferred")
    assert door.call(run.address(map_index=1, waiter="wait")) == 204
    eventually(lambda: run.state("wait", 1) == "scheduled")
    assert run.state("wait", 0) == run.state("wait") == "deferred"


def test_one_task_may_wait_for_all_the_mapped_ones(door: Door, run: Run) -> None:
    for index in (0, 1):
        run.add("send", "success", map_index=index)
    run.add("wait", "deferred")
    assert door.call(run.address(map_index=1, waiter="wait")) == 204
    eventually(lambda: run.state("wait") == "scheduled")


def test_a_waiter_that_is_not_there_is_no_reason_to_forget(
    door: Door, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, ROOM)
    run.add("send", "success")
    address = run.address(waiter="nobody")
    assert door.call(address) == 204
    eventually(lambda: "task 'nobody' does not exist" in caplog.text)
    assert run.remembered(address)


def test_another_run_is_let_be(door: Door, run: Run) -> None:
    other = Run()
    for one in (run, other):
        one.add("send", "deferred")
    assert door.call(run.address()) == 204
    eventually(lambda: run.state("send") == "scheduled")
    assert other.state("send") == "deferred"
