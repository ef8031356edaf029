"""Calls of the platform: what they do in Airflow's metadata database."""

from __future__ import annotations

from tests.web.door import Door, eventually
from tests.web.runs import Run


def test_a_call_is_remembered_and_wakes_the_task_that_waits(door: Door, run: Run) -> None:
    run.add("send", "deferred")
    address = run.address()
    run.open_mailbox("send", address.nonce)
    assert door.call(address) == 204
    assert set(run.remembered(address)) == {"called_at"}
    assert run.mailbox("send") == {"nonce": address.nonce, **run.remembered(address)}
    eventually(lambda: run.state("send") == "scheduled")
    assert run.event("send") == {"outcome": "called", "processes": [], "error": ""}
