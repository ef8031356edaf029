"""No header blinds a wait: absurd holds are ignored, and a deadline is preceded by a look in any case."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from email_contacts.api import ContactsClient, RateLimited
from email_contacts.imports.waiting.rate_budget import HOUR, RateBudget
from email_contacts.imports.waiting.shared_poller import SharedPoller
from email_contacts.sandbox import SandboxServer
from tests.conftest import connect
from tests.deferral import event_of
from tests.imports.conftest import submitted, until_ended
from tests.imports.simulated import Platform, end_of
from tests.imports.virtual_time import run
from tests.triggering import trigger

YEAR = 31_536_000.0


@pytest.fixture
def connection(sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, sandbox, stage=tmp_path, requests_per_second=1000)
    monkeypatch.setattr("email_contacts.imports.waiting.shared_poller._budgets", {})


@pytest.fixture
def platform(sandbox: SandboxServer) -> Iterator[ContactsClient]:
    with ContactsClient(sandbox.url, sandbox.api_key, requests_per_second=1000) as client:
        yield client


@pytest.mark.parametrize("hold", [YEAR, 1_795_000_000.0, 1_795_000_000_000.0])
def test_a_hold_of_more_than_an_hour_is_ignored(hold: float) -> None:
    """A year, or the moment of the reset where its distance was expected, in seconds or milliseconds."""
    platform = Platform(errors=[RateLimited("429", retry_after=hold)])

    async def seen_after() -> float:
        begin = asyncio.get_running_loop().time()
        platform.ended_at = {1: begin}
        return await end_of(platform.poller(), 1) - begin

    assert run(seen_after()) < 120
    assert platform.clients == 2, "a client that holds back for a year is replaced"


def test_the_last_look_is_made_during_a_hold_and_with_an_empty_budget() -> None:
    platform = Platform(process_polls_per_hour=1, errors=[RateLimited("429", retry_after=HOUR)])

    async def looks() -> int:
        platform.ended_at = {1: asyncio.get_running_loop().time() + 60}
        poller: SharedPoller = platform.poller()
        with poller.join() as wait:
            wait.ask_for([1])
            await asyncio.sleep(100)
            assert len(platform.asked_at) == 1, "the hold is heeded until the deadline"
            await wait.last_look(60)
            assert (process := poller.seen(1)) is not None
            assert process.is_finished
        return len(platform.asked_at)

    assert run(looks()) == 2


def test_a_debt_is_bounded_and_paid_back() -> None:
    now = 0.0
    budget = RateBudget(10, now=lambda: now)
    assert [budget.take(overdraw=True) for _ in range(4)] == [0.0] * 4, "two tokens, and a debt of two"
    assert budget.take(overdraw=True) > 0
    now = HOUR / 2
    taken = 0
    while not budget.take():
        taken += 1
    assert taken <= 4 * 3 / 4


@pytest.mark.usefixtures("connection")
def test_a_year_in_retry_after_does_not_hide_an_import_that_has_ended(
    sandbox: SandboxServer, platform: ContactsClient
) -> None:
    (one,) = submitted(platform, 1)
    until_ended(platform, one)
    sandbox.set_knobs(faults=[{"route": "process", "kind": "429", "seconds": YEAR}])
    event = event_of(trigger([one], deadline=time.time() + 4))
    assert event["outcome"] == "seen"
    assert sandbox.knobs.faults == (), "the year was asked for"
