"""Waiting in the queue without a worker: in order, one start each, within the budget."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest

from email_contacts.api import ContactsClient, RateLimited, RouteMissing, Unavailable
from email_contacts.imports.queue.entries import Phase
from email_contacts.imports.queue.observer import LEASE
from email_contacts.imports.queue.queue_wait import QueueReader, QueueWait
from email_contacts.imports.queue.submission_queue import SubmissionQueue
from email_contacts.imports.submission.recent_imports import RecentProcesses
from email_contacts.imports.waiting.account_budget import AccountBudget
from email_contacts.imports.waiting.newest_page import NewestPage
from email_contacts.imports.waiting.shared_poller import SharedPoller
from email_contacts.imports.waiting.worker_wait import WaitOutcome
from tests.imports.queue.conftest import task
from tests.imports.simulated import Platform, end_of, wall_clock
from tests.imports.virtual_time import at_once, run
from tests.task_context import SharedStore, StateStore

WORKER_START = 3.0  # seconds that Airflow takes to start a task


@dataclass
class Account:
    """An account with its queue, and the tasks that import into it."""

    platform: Platform = field(default_factory=Platform)
    shared: SharedStore = field(default_factory=SharedStore)
    max_running: int = 1
    import_seconds: float = 40.0
    starts: int = 0
    served: list[int] = field(default_factory=list)
    most_running: int = 0
    worker_looks: int = 0

    def __post_init__(self) -> None:
        self.platform.store = self.shared
        self.poller: SharedPoller = self.platform.poller()
        self.reader = QueueReader(self.shared, "c", in_thread=at_once, now=wall_clock)

    def queue(self, number: int) -> SubmissionQueue:
        return SubmissionQueue(
            self.shared, account="c", task=task(number), memory=StateStore(), now=wall_clock
        )

    def wait(self, queue: SubmissionQueue, *, deadline: float | None = None) -> QueueWait:
        place = queue.join()
        return QueueWait(
            self.reader,
            self.poller,
            place.ticket,
            queue.task,
            max_running=self.max_running,
            deadline=place.deadline if deadline is None else deadline,
            every=None,
        )

    async def run_task(self, number: int, *, arrives: float = 0.0) -> None:
        """What a task does: try to enter, wait, submit, wait for the end. Starts are counted."""
        await asyncio.sleep(arrives)
        queue, page = self.queue(number), None
        self.starts += 1
        while not self.submits(number, queue, page):
            outcome = await self.wait(queue).outcome()
            assert not outcome.is_late, outcome
            page = outcome.newest_page
            await asyncio.sleep(WORKER_START)
            self.starts += 1
        queue.leave()

    def submits(self, number: int, queue: SubmissionQueue, page: NewestPage | None) -> bool:
        """What one start of a task comes to, as far as it is about submitting."""
        turn = queue.enter()
        if turn is None:
            return False
        with turn:
            running = self.running(page if turn.was_called else None)
            if len(running) >= self.max_running:
                turn.keep_place()
                return False
            now = asyncio.get_running_loop().time()
            self.platform.ended_at[number] = now + self.import_seconds
            self.most_running = max(self.most_running, len(running) + 1)
            self.served.append(number)
        return True

    def running(self, page: NewestPage | None) -> list[int]:
        """What a worker sees: the page it was given, or a request of its own out of the budget."""
        if page is None:
            self.worker_looks += 1
            AccountBudget(self.shared, "c", self.platform.process_polls_per_hour, now=wall_clock).spend()
        client = cast("ContactsClient", self.platform)
        recent = RecentProcesses.of(client, page.processes if page else None)
        return recent.running_imports() if recent is not None else []

    @property
    def places(self) -> list[str]:
        """What is left of the queue."""
        return [key for key in self.shared.values if key.startswith("email_contacts.queue.")]


async def all_arrive(account: Account, number: int) -> list[float]:
    """So many tasks, which arrive within a minute.

    :return: when each was served, in the order of arrival.
    """
    await asyncio.gather(*(account.run_task(one, arrives=one * 0.7) for one in range(1, number + 1)))
    return list(account.platform.ended_at.values())


@pytest.mark.parametrize("max_running", [1, 3])
def test_fifty_tasks_are_served_in_the_order_of_arrival_and_started_once_for_it(max_running: int) -> None:
    async def go() -> Account:
        account = Account(max_running=max_running)
        await all_arrive(account, 50)
        return account

    account = run(go())
    assert account.served == list(range(1, 51))
    assert account.most_running == max_running
    assert account.starts <= 2 * 50, "once to join the queue, and once to submit"
    assert account.platform.fullest_hour() <= 100, "the looks of workers included"
    assert account.worker_looks == max_running + 1, "whoever was called has the page already"
    assert account.places == []


def test_a_task_that_was_killed_with_the_turn_delays_the_others_by_less_than_half_a_minute() -> None:
    async def go() -> float:
        account = Account()
        killed = account.queue(1)
        killed.join()
        killed.entries.write(killed.join().ticket, Phase.SUBMITTING, killed.task)
        begin = asyncio.get_running_loop().time()
        await account.run_task(2)
        return asyncio.get_running_loop().time() - begin

    assert run(go()) < 30 + WORKER_START


def test_a_task_that_was_marked_as_failed_while_it_waited_delays_nobody_for_long() -> None:
    async def go() -> float:
        account = Account()
        for number in (1, 2):
            gone = account.queue(number)
            gone.entries.write(gone.join().ticket, Phase.WAITING, gone.task)
            account.shared.states[gone.task] = "failed"
        begin = asyncio.get_running_loop().time()
        await account.run_task(3)
        return asyncio.get_running_loop().time() - begin

    assert run(go()) < 20 + WORKER_START


def test_one_that_was_removed_while_it_waits_comes_back_to_its_place() -> None:
    async def go() -> list[int]:
        account = Account()
        account.platform.ended_at[99] = asyncio.get_running_loop().time() + 100
        tasks = [asyncio.create_task(account.run_task(one, arrives=one)) for one in (1, 2)]
        await asyncio.sleep(30)
        account.shared.values.clear()
        await asyncio.gather(*tasks)
        return account.served

    assert run(go()) == [1, 2]


def test_a_living_first_one_is_not_passed_over_however_long_it_waits() -> None:
    """Two triggerers: the second one watches the first, and sees its signs of life."""

    async def go() -> tuple[list[int], int]:
        account = Account()
        other = Account(platform=account.platform, shared=account.shared, served=account.served)
        account.platform.ended_at[99] = asyncio.get_running_loop().time() + 20 * LEASE
        await asyncio.gather(account.run_task(1), other.run_task(2, arrives=1))
        return account.served, account.starts + other.starts

    assert run(go()) == ([1, 2], 4)


@pytest.mark.parametrize(
    "error", [Unavailable("500"), RateLimited("429", retry_after=31_536_000.0), RateLimited("429")]
)
def test_errors_of_the_platform_do_not_end_the_wait(error: Exception) -> None:
    async def waited() -> WaitOutcome:
        account = Account(platform=Platform(errors=[error] * 3))  # type: ignore[list-item]
        queue = account.queue(1)
        queue.entries.write(queue.join().ticket, Phase.WAITING, queue.task)
        return await account.wait(queue).outcome()

    assert not run(waited()).error


def test_without_a_process_route_only_the_queue_counts() -> None:
    async def go() -> list[int]:
        account = Account(platform=Platform(always=RouteMissing("no process route")))
        await all_arrive(account, 5)
        return account.served

    assert run(go()) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("has_ended", [True, False])
def test_the_platform_is_looked_at_once_more_before_the_wait_is_given_up(has_ended: bool) -> None:
    async def go() -> tuple[WaitOutcome, list[str]]:
        account = Account(platform=Platform(process_polls_per_hour=1))
        begin = asyncio.get_running_loop().time()
        account.platform.ended_at[99] = begin + (8 if has_ended else 10_000)
        queue = account.queue(1)
        queue.entries.write(queue.join().ticket, Phase.WAITING, queue.task)
        waiting = asyncio.create_task(account.wait(queue, deadline=wall_clock() + 10).outcome())
        return await waiting, account.places

    outcome, places = run(go())
    assert outcome.is_late is not has_ended
    if not has_ended:
        assert outcome.statuses.describe() == "1 in_process"
        assert places == [], "who gives up leaves the queue"


def test_the_pollers_of_two_triggerers_and_the_workers_share_one_budget() -> None:
    """Each triggerer has long waits of its own, while twenty tasks queue, and other tasks ask unasked."""

    async def long_wait(platform: Platform, one: int, poller: SharedPoller) -> None:
        await end_of(poller, one)

    async def go() -> Platform:
        account = Account()
        platform = account.platform
        begin = asyncio.get_running_loop().time()
        platform.ended_at |= dict.fromkeys((901, 902), begin + 3 * 3600)
        account.max_running = 3
        others = [asyncio.ensure_future(long_wait(platform, one, platform.poller())) for one in (901, 902)]
        tasks = [asyncio.ensure_future(account.run_task(one, arrives=one)) for one in range(1, 21)]
        for _ in range(30):
            await asyncio.sleep(200)
            account.running(None)
        await asyncio.gather(*tasks, *others)
        return platform

    assert run(go()).fullest_hour() <= 100
