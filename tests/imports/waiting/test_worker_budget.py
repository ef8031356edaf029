"""A wait in a worker asks for processes only as the account's budget allows."""

from __future__ import annotations

import time
from itertools import repeat
from types import SimpleNamespace

import pytest

from email_contacts.api import ContactsClient
from email_contacts.imports.waiting.account_budget import AccountBudget
from email_contacts.imports.waiting.rate_budget import HOUR
from email_contacts.imports.waiting.worker_wait import LONGEST_SLEEP, wait_here
from email_contacts.sandbox import SandboxServer
from tests.imports.conftest import asked, submitted
from tests.imports.waiting.test_rate_budget import Clock, fullest_hour
from tests.task_context import SharedStore


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of the wait, which passes only while it sleeps."""
    clock = Clock()
    clock.seconds = time.time()

    def sleep(seconds: float) -> None:
        assert 0 <= seconds <= LONGEST_SLEEP, "or nobody asks for long whether the task is still wanted"
        clock.seconds += seconds

    monkeypatch.setattr(
        "email_contacts.imports.waiting.worker_wait.time", SimpleNamespace(time=clock, sleep=sleep)
    )
    return clock


@pytest.fixture
def running(sandbox: SandboxServer, client: ContactsClient) -> list[int]:
    """An import that does not end."""
    sandbox.set_knobs(hold="in_process")
    return submitted(client, 1)


def test_without_a_token_only_the_last_look_is_made(
    running: list[int], sandbox: SandboxServer, client: ContactsClient, clock: Clock
) -> None:
    deadline = clock() + 2 * HOUR
    outcome = wait_here(client, running, deadline=deadline, pauses=repeat(1.0), reserve=lambda: HOUR)
    assert outcome.is_late
    assert clock() >= deadline
    assert asked(sandbox).count("process") == 1


def test_workers_that_wait_at_once_share_the_budget(
    running: list[int], sandbox: SandboxServer, clock: Clock
) -> None:
    shared, moments = SharedStore(), list[float]()

    for _ in range(3):
        budget = AccountBudget(shared, "a", 100, now=clock)

        def spend(budget: AccountBudget = budget) -> None:
            moments.append(clock())
            budget.spend()

        with ContactsClient(
            sandbox.url, sandbox.api_key, requests_per_second=1000, before_process_request=spend
        ) as client:
            # One after the other in the same hour, each as eager as it may be.
            wait_here(
                client, running, deadline=clock() + HOUR / 3, pauses=repeat(0.5), reserve=budget.reserve
            )
    assert len(moments) >= 80
    assert fullest_hour(moments) <= 100
