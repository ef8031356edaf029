"""The poller: fair, within its budget, and never ended by an error. Hours pass in no time here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_contacts.api import (
    ContactsApiError,
    Process,
    RateLimited,
    RouteMissing,
    Unauthorized,
    Unavailable,
)
from email_contacts.imports.waiting.poller_wait import Wait
from email_contacts.imports.waiting.rate_budget import HOUR
from email_contacts.imports.waiting.shared_poller import SharedPoller
from tests.amount import amount
from tests.imports.simulated import Platform, end_of, seen_ends
from tests.imports.virtual_time import at_once, run

FOR_EVER = 1e9


def test_a_thousand_waits_stay_within_the_budget_and_nobody_starves() -> None:
    """With 100 requests an hour: a page for each fifty, a few times an hour; whoever ends is seen."""
    platform = Platform()
    late = seen_ends(platform, {one: 600.0 + one * 14 for one in range(1, 1001)})
    assert platform.fullest_hour() <= 100
    assert max(late.values()) <= 0.75 * HOUR
    assert platform.clients == platform.closed


@settings(max_examples=amount(12, quick=2), deadline=None)
@given(
    st.integers(1, 200),
    st.sampled_from([1, 7, 100, 200, 3600]),
    st.integers(0, 500),
    st.lists(st.sampled_from([Unavailable("500"), RateLimited("429", retry_after=77.0), Unauthorized("401")]),
             max_size=12),
    st.integers(0, 2**32),
)  # fmt: skip
def test_whatever_happens_the_budget_holds_and_every_end_is_seen(
    waits: int, per_hour: int, others: int, errors: list[ContactsApiError], seed: int
) -> None:
    ends = {one: float((one * 2654435761 + seed) % 7000) for one in range(1, waits + 1)}
    platform = Platform(process_polls_per_hour=per_hour, others=others, errors=list(errors))
    assert len(seen_ends(platform, ends)) == waits
    assert platform.fullest_hour() <= per_hour


def test_a_short_import_is_seen_soon_and_a_long_one_costs_little() -> None:
    platform = Platform()
    late = seen_ends(platform, {1: 3.0})
    assert late[1] <= 6
    platform = Platform()
    seen_ends(platform, {1: 10 * HOUR})
    assert len(platform.asked_at) <= 10 * 65


def test_who_joins_in_the_same_moment_is_looked_at_together() -> None:
    """As after a restart of the triggerer: two hundred waits, and hardly more requests than for one."""
    platform = Platform()

    async def restarted() -> int:
        platform.ended_at = dict.fromkeys(range(1, 201), FOR_EVER)
        poller = platform.poller()
        tasks = [asyncio.ensure_future(end_of(poller, one)) for one in platform.ended_at]
        await asyncio.sleep(60)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(platform.asked_at)

    assert run(restarted()) <= 5


def test_a_wait_may_ask_for_a_shorter_pause_and_the_budget_still_wins() -> None:
    platform = Platform(process_polls_per_hour=3600)
    assert seen_ends(platform, {1: 1000.5}, every=2.0)[1] <= 2
    platform = Platform(process_polls_per_hour=10)
    seen_ends(platform, {1: 4 * HOUR}, every=2.0)
    assert platform.fullest_hour() <= 10


def test_one_who_asks_for_a_longer_pause_gets_it_unless_others_hurry() -> None:
    platform = Platform()
    seen_ends(platform, {1: HOUR - 1}, every=600.0)
    assert len(platform.asked_at) <= 8


@pytest.mark.parametrize(
    "error", [Unavailable("503"), Unauthorized("401"), RateLimited("429", retry_after=20.0)]
)
def test_trouble_is_logged_once_and_waiting_goes_on(
    error: ContactsApiError, caplog: pytest.LogCaptureFixture
) -> None:
    platform = Platform(errors=[error] * 5, process_polls_per_hour=3600)
    with caplog.at_level(logging.INFO, logger="email_contacts.imports.waiting.shared_poller"):
        seen_ends(platform, dict.fromkeys(range(1, 30), 10.0))
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "answers again" in caplog.text


def test_a_rate_limit_is_sat_out_to_the_second() -> None:
    platform = Platform(errors=[RateLimited("429", retry_after=500.0)], process_polls_per_hour=3600)
    seen_ends(platform, {1: 5.0})
    assert platform.asked_at[1] - platform.asked_at[0] >= 500


def test_the_connection_is_read_once_and_again_after_ten_minutes_or_a_refused_key() -> None:
    platform = Platform()
    seen_ends(platform, dict.fromkeys(range(1, 50), 100.0))
    assert platform.reads == 1
    seen_ends(platform, {1: 3000.0})
    assert 5 <= platform.reads - 1 <= 7
    refused = Platform(errors=[Unauthorized("401")])
    seen_ends(refused, {1: 30.0})
    assert refused.reads == refused.clients == refused.closed == 2


async def outcome_of(poller: SharedPoller, tell: Callable[[Wait], str], ids: Sequence[int]) -> str:
    """Wait until there is something to tell."""
    with poller.join() as wait:
        wait.ask_for(ids)
        while not tell(wait):
            await wait.news(60)
        return tell(wait)


def test_an_unknown_id_is_told_to_who_waits_for_it_and_to_nobody_else() -> None:
    platform = Platform()

    async def both() -> tuple[str, float]:
        platform.ended_at = {1: asyncio.get_running_loop().time() + 100}
        poller = platform.poller()
        return await asyncio.gather(
            outcome_of(poller, lambda _: poller.missing(999), [999]), end_of(poller, 1)
        )

    assert "does not exist" in run(both())[0]


def test_a_missing_route_is_remembered_and_asked_for_once() -> None:
    platform = Platform(always=RouteMissing("no such route"))

    async def waits() -> list[str]:
        poller = platform.poller()
        return await asyncio.gather(
            *(outcome_of(poller, lambda _: str(poller.route_missing or ""), [one]) for one in range(1, 50))
        )

    assert set(run(waits())) == {"no such route"}
    assert len(platform.asked_at) == 1


def test_a_route_that_answered_is_not_believed_to_be_gone_at_once() -> None:
    platform = Platform(process_polls_per_hour=3600)

    async def through_a_deployment() -> float:
        loop = asyncio.get_running_loop()
        platform.ended_at = {1: loop.time() + 300}
        poller = platform.poller()
        waiting = asyncio.ensure_future(end_of(poller, 1))
        await asyncio.sleep(100)
        platform.errors = [RouteMissing("a gateway's 404")] * 2
        await waiting
        assert poller.route_missing is None
        return loop.time()

    run(through_a_deployment())


def test_a_connection_that_cannot_work_is_told_to_all() -> None:
    platform = Platform()

    async def refused() -> Any:
        raise ValueError("has no password")

    platform.connect = refused  # type: ignore[method-assign]

    async def waits() -> list[str]:
        poller = platform.poller()
        return await asyncio.gather(*(outcome_of(poller, lambda _: poller.useless, [one]) for one in (1, 2)))

    assert run(waits()) == ["has no password"] * 2


def test_a_connection_that_cannot_be_read_now_is_read_again() -> None:
    platform = Platform()
    fails = iter([OSError("no database"), OSError("no database"), None])
    really = platform.connect

    async def flaky() -> Platform:
        if error := next(fails, None):
            raise error
        return await really()

    platform.connect = flaky  # type: ignore[method-assign]
    seen_ends(platform, {1: 1.0})


def test_a_watch_that_dies_is_started_again_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    platform = Platform(process_polls_per_hour=3600)

    async def killed() -> float:
        platform.ended_at = {1: asyncio.get_running_loop().time() + 200}
        poller = platform.poller()
        waiting = asyncio.ensure_future(end_of(poller, 1))
        await asyncio.sleep(50)
        assert poller._task is not None
        poller._task.cancel()
        return await waiting

    run(killed())
    assert "had stopped" in caplog.text


def test_a_fault_of_our_own_is_logged_and_the_watch_goes_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = Platform(process_polls_per_hour=3600)
    really, faults = platform.process, iter([ZeroDivisionError()])

    def faulty(process_id: int) -> Process:
        if error := next(faults, None):
            raise error
        return really(process_id)

    monkeypatch.setattr(platform, "process", faulty)
    seen_ends(platform, {1: 1.0})
    assert "failed once" in caplog.text


def test_cancelled_waits_leave_nothing_behind() -> None:
    """Cancelled at any moment; the last one to leave ends the watch and closes the line."""
    platform = Platform(process_polls_per_hour=36000)

    async def come_and_go() -> SharedPoller:
        platform.ended_at = dict.fromkeys(range(1, 300), FOR_EVER)
        poller = platform.poller()
        tasks = [asyncio.ensure_future(end_of(poller, one)) for one in platform.ended_at]
        for pause, task in enumerate(tasks):
            await asyncio.sleep(pause % 7 / 3)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return poller

    poller = run(come_and_go())
    assert not poller._waits
    assert not any(value for value in vars(poller._plan).values() if isinstance(value, (dict, set)))
    assert platform.clients == platform.closed


def test_who_joins_while_the_watch_ends_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("email_contacts.imports.waiting.shared_poller._budgets", {})
    platform = Platform(process_polls_per_hour=36000)

    async def one_after_the_other() -> int:
        for one in range(1, 12):
            platform.ended_at[one] = 0.0
            poller = SharedPoller.of("c", cast("Any", platform.connect))
            poller.client._in_thread = at_once
            await end_of(poller, one)
            await asyncio.sleep(one % 3 / 1000)
        return len(platform.ended_at)

    assert run(one_after_the_other()) == 11


def test_all_who_wait_for_a_connection_share_one_watcher() -> None:
    platform = Platform()

    async def shared() -> bool:
        first = SharedPoller.of("c", cast("Any", platform.connect))
        with first.join():
            return SharedPoller.of("c", cast("Any", platform.connect)) is first

    assert run(shared())
