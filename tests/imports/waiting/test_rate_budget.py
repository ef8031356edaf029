"""The budget: no hour ever holds more than the limit, and it is not left unused either."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.imports.waiting.rate_budget import AT_FIRST, HOUR, RateBudget


class Clock:
    """Seconds that move only when they are told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def granted(limit: int, pauses: list[float]) -> list[float]:
    """The moments at which a token was given to somebody who asks after each pause, and who is insistent."""
    clock = Clock()
    budget = RateBudget(limit, now=clock)
    moments = []
    for pause in pauses:
        clock.seconds += pause
        while (wait := budget.take()) == 0.0:
            moments.append(clock.seconds)
        # Nothing more is to be had before that; the next pause may well be longer.
        clock.seconds += wait / 2 if pause else wait
    return moments


def fullest_hour(moments: list[float]) -> int:
    return max((sum(start <= moment <= start + HOUR for moment in moments) for start in moments), default=0)


@given(
    st.integers(min_value=1, max_value=300),
    st.lists(
        st.one_of(st.just(0.0), st.floats(0, 10), st.floats(0, 2 * HOUR), st.just(HOUR)),
        max_size=60,
    ),
)
def test_no_hour_holds_more_than_the_limit_whatever_the_calls(limit: int, pauses: list[float]) -> None:
    assert fullest_hour(granted(limit, pauses)) <= limit


@given(st.integers(min_value=1, max_value=2000))
def test_who_waits_as_told_gets_what_is_due(limit: int) -> None:
    clock = Clock()
    budget = RateBudget(limit, now=clock)
    begin, taken = clock.seconds, 0
    while clock.seconds < begin + 4 * HOUR:
        wait = budget.take()
        taken += not wait
        clock.seconds += wait
    assert taken >= 4 * limit * 0.75


@given(st.integers(min_value=1, max_value=36_000))
def test_a_restart_is_worth_a_few_requests_only(limit: int) -> None:
    budget = RateBudget(limit, now=Clock())
    assert 1 <= sum(budget.take() == 0.0 for _ in range(100)) <= AT_FIRST


def test_a_short_import_finds_a_fifth_of_the_budget_ready() -> None:
    clock = Clock()
    budget = RateBudget(100, now=clock)
    clock.seconds += HOUR
    assert sum(budget.take() == 0.0 for _ in range(100)) == 20


def test_a_changed_limit_holds_from_now_on() -> None:
    clock = Clock()
    budget = RateBudget(1000, now=clock)
    clock.seconds += HOUR
    budget.change(10)
    assert sum(budget.take() == 0.0 for _ in range(100)) == 2
    assert budget.per_hour == 10
    with pytest.raises(ValueError, match="at least 1"):
        budget.change(0)


def test_a_clock_that_goes_back_gives_nothing() -> None:
    clock = Clock()
    budget = RateBudget(100, now=clock)
    while budget.take() == 0.0:
        pass
    clock.seconds -= 10 * HOUR
    assert budget.take() > 0
