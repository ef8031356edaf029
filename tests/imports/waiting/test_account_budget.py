"""One budget for an account: whoever spends it, no hour holds more, and nothing spent is forgotten."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.imports.waiting.account_budget import KEPT_BACK, TOGETHER, AccountBudget
from email_contacts.imports.waiting.rate_budget import HOUR, Bucket
from tests.imports.waiting.test_rate_budget import Clock, fullest_hour
from tests.task_context import SharedStore

LIMIT = 100
FULL = int(Bucket(LIMIT).capacity * (1 - 1 / KEPT_BACK))


def budgets(number: int, *, limit: int = LIMIT) -> tuple[list[AccountBudget], Clock, SharedStore]:
    """The same account, as so many processes see it."""
    shared, clock = SharedStore(), Clock()
    return [AccountBudget(shared, "a", limit, now=clock) for _ in range(number)], clock, shared


def left(budget: AccountBudget) -> int:
    """How many tokens there are now; takes them."""
    tokens = 0
    while not budget.take():
        tokens += 1
    return tokens


class InStep(SharedStore):
    """Shows the keys to everybody before anybody goes on, as to tasks that act at the same moment."""

    def __init__(self, parties: int) -> None:
        super().__init__()
        self.barrier = threading.Barrier(parties)

    def keys(self, prefix: str) -> Sequence[str]:
        shown = super().keys(prefix)
        self.barrier.wait(20)
        return shown


@given(
    st.integers(min_value=1, max_value=300),
    st.lists(
        st.tuples(st.integers(0, 2), st.one_of(st.just(0.0), st.floats(0, 10), st.floats(0, 2 * HOUR))),
        max_size=60,
    ),
)
def test_no_hour_holds_more_than_the_limit_whoever_asks(limit: int, calls: list[tuple[int, float]]) -> None:
    processes, clock, _ = budgets(3, limit=limit)
    moments = []
    for process, pause in calls:
        clock.seconds += pause
        while (wait := processes[process].take()) == 0.0:
            moments.append(clock.seconds)
        clock.seconds += wait / 2 if pause else wait
    assert fullest_hour(moments) <= limit


def test_what_one_process_spends_another_one_lacks() -> None:
    (one, other), _, shared = budgets(2)
    assert left(one) == FULL
    assert other.take() > 0
    assert len(shared.values) == 1, "one variable for an account"


def test_another_account_has_a_budget_of_its_own() -> None:
    shared, clock = SharedStore(), Clock()
    assert left(AccountBudget(shared, "a", LIMIT, now=clock)) == FULL
    assert left(AccountBudget(shared, "b", LIMIT, now=clock)) == FULL


def test_who_waits_as_told_gets_what_is_due() -> None:
    (one,), clock, _ = budgets(1)
    begin, taken = clock.seconds, 0
    while clock.seconds < begin + 4 * HOUR:
        wait = one.take()
        taken += not wait
        clock.seconds += wait
    assert taken >= 4 * LIMIT * 0.75


def test_requests_at_the_same_moment_are_all_counted() -> None:
    shared, clock = InStep(5), Clock()
    threads = [threading.Thread(target=AccountBudget(shared, "a", LIMIT, now=clock).take) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(shared.values) == 5
    shared.barrier = threading.Barrier(1)
    assert left(AccountBudget(shared, "a", LIMIT, now=clock)) == FULL - 5
    assert len(shared.values) == 1


def test_tokens_that_were_taken_together_at_the_same_moment_are_all_counted() -> None:
    shared, clock, limit = InStep(2), Clock(), 3600
    together = round(TOGETHER / Bucket(limit).seconds_per_token)
    threads = [threading.Thread(target=AccountBudget(shared, "a", limit, now=clock).take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    shared.barrier = threading.Barrier(1)
    full = Bucket(limit).capacity * (1 - 1 / KEPT_BACK)
    assert left(AccountBudget(shared, "a", limit, now=clock)) == full - 2 * together


def test_threads_that_share_a_budget_never_have_more_than_it_holds() -> None:
    (one,), _, _ = budgets(1, limit=3600)
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(left(one))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum(counts) == Bucket(3600).capacity * (1 - 1 / KEPT_BACK)


def test_a_process_that_dies_while_it_takes_a_token_does_not_free_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (one, other), _, shared = budgets(2)
    one.take()
    with monkeypatch.context() as dying:
        dying.setattr(shared, "delete", lambda _: None)
        one.take()
    assert len(shared.values) == 2
    assert left(other) <= FULL - 2


def test_a_request_that_cannot_wait_is_paid_back() -> None:
    (worker, poller), clock, _ = budgets(2)
    left(poller)
    for _ in range(30):
        worker.spend()
    wait = poller.take()
    assert wait > 30 * Bucket(LIMIT).seconds_per_token
    clock.seconds += wait
    assert poller.take() == 0.0


def test_a_few_requests_that_cannot_wait_fit_into_an_hour_that_others_have_filled() -> None:
    (worker, poller), clock, _ = budgets(2)
    moments = []
    for second in range(2 * int(HOUR)):
        clock.seconds += 1.0
        if not poller.take():
            moments.append(clock.seconds)
        if second % 900 == 0:
            worker.spend()
            moments.append(clock.seconds)
    assert fullest_hour(moments) <= LIMIT


def test_what_was_reserved_is_spent_once() -> None:
    (worker, other), _, _ = budgets(2)
    assert worker.reserve() == 0.0
    worker.spend()
    assert left(other) == FULL - 1
    assert worker.reserve() > 0.0


def test_a_clock_that_was_years_ahead_holds_nobody_up_for_longer_than_an_hour() -> None:
    (one, other), clock, _ = budgets(2)
    clock.seconds += 10 * 365 * 86400
    one.take()
    clock.seconds -= 10 * 365 * 86400
    assert 0 < other.take() <= HOUR


def test_variables_that_cannot_be_used_keep_nobody_from_looking(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (one,), _, shared = budgets(1)

    def broken(_: str) -> Sequence[str]:
        raise ConnectionError("the API server restarts")

    with monkeypatch.context() as breaking, caplog.at_level(logging.WARNING):
        breaking.setattr(shared, "keys", broken)
        assert [one.take() for _ in range(2 * FULL)] == [0.0] * 2 * FULL
    assert len(caplog.records) == 1, "said once"
    assert left(one) == FULL


def test_variables_of_somebody_else_are_left_alone() -> None:
    (one,), _, shared = budgets(1)
    one.take()
    (key,) = shared.values
    foreign = f"{key.rpartition('.')[0]}.not-ours"
    shared.set(foreign, "")
    one.take()
    assert foreign in shared.values


def test_a_large_budget_costs_a_write_every_few_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    (poller,), clock, shared = budgets(1, limit=3600)
    writes: list[str] = []
    write = shared.set

    def noted(key: str, value: str) -> None:
        writes.append(key)
        write(key, value)

    monkeypatch.setattr(shared, "set", noted)
    for _ in range(60):
        clock.seconds += 1.0
        assert poller.take() == 0.0
    together = round(TOGETHER / Bucket(3600).seconds_per_token)
    assert len(writes) == math.ceil(60 / together) == 8


def test_tokens_that_were_taken_together_do_not_keep() -> None:
    (poller, other), clock, _ = budgets(2, limit=3600)
    poller.take()
    while other.take() == 0.0:
        pass
    clock.seconds += TOGETHER - 1
    assert poller.take() == 0.0
    assert left(other) <= TOGETHER
    clock.seconds += 1.5
    while other.take() == 0.0:
        pass
    assert poller.take() > 0.0
