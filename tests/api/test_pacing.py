"""The pace of our own, and the platform's word about its limits (api-contract §5)."""

from __future__ import annotations

import math
import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import Bucket, Clock, ContactsClient, RateLimited
from email_contacts.api.advice import Allowance
from email_contacts.api.pacing import SLACK, HeldTooLong, Pacer
from tests.api.conftest import API_KEY
from tests.api.fake_clock import FakeClock
from tests.api.scripted_server import ScriptedServer, answers

PAGE = {"contacts": [], "count": 0}
PROCESSES = {"processes": [], "count": 0}


def pacer(clock: FakeClock, per_second: float) -> Pacer:
    return Pacer(requests_per_second=per_second, clock=clock.clock)


@given(per_second=st.floats(0.1, 1000), idle=st.lists(st.floats(0, 5), max_size=30))
def test_turns_keep_their_distance_however_they_are_asked_for(per_second: float, idle: list[float]) -> None:
    clock = FakeClock()
    turns = pacer(clock, per_second)
    taken = []
    for seconds in idle:
        clock.now += seconds
        turns.take_turn(Bucket.CONTACTS, patience=0)
        taken.append(clock.now)
    gaps = [later - earlier for earlier, later in pairwise(taken)]
    assert all(gap >= 1 / per_second - 1e-6 for gap in gaps)
    # and nobody waits without need
    assert sum(clock.slept) <= (1 + SLACK) * len(idle) / per_second + 1e-6


def test_threads_share_one_pace() -> None:
    # Time stands still while the threads ask, so that each must be given a turn of its own.
    asked: list[float] = []
    turns = Pacer(requests_per_second=10.0, clock=Clock(monotonic=lambda: 0.0, sleep=asked.append))
    threads = [
        threading.Thread(target=turns.take_turn, args=(Bucket.CONTACTS,), kwargs={"patience": 0})
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(asked) == pytest.approx([(1 + SLACK) * n / 10 for n in range(1, 20)])


def test_buckets_do_not_hold_each_other_up(clock: FakeClock) -> None:
    turns = pacer(clock, 1.0)
    turns.hold(Bucket.OTHER, 3600)
    assert turns.take_turn(Bucket.CONTACTS, patience=0) == 0
    with pytest.raises(HeldTooLong) as caught:
        turns.take_turn(Bucket.OTHER, patience=60)
    assert caught.value.seconds == 3600
    assert clock.slept == []


def test_a_longer_hold_stands(clock: FakeClock) -> None:
    turns = pacer(clock, 1e6)
    turns.hold(Bucket.CONTACTS, 9)
    turns.hold(Bucket.CONTACTS, 2)
    assert turns.take_turn(Bucket.CONTACTS, patience=60) == 9


@pytest.mark.parametrize("latency", [0.0, 0.02, 0.3, 0.75])
@pytest.mark.parametrize("per_second", [10.0, 1000.0])
def test_an_allowance_of_whole_seconds_is_used_up_and_not_exceeded(
    per_second: float, latency: float, clock: FakeClock
) -> None:
    """A platform that takes ten calls a second and says, in whole seconds, when it takes the next ones."""
    turns = pacer(clock, per_second)
    window_began, used, refused = -math.inf, 0, 0
    answers: list[tuple[float, Allowance, float]] = []
    began = clock.now
    for _ in range(400):
        while answers and (per_second > 10 or answers[0][0] <= clock.now):
            # Far beyond the limit only one call is in flight at a time.
            received, allowance, sent = answers.pop(0)
            clock.now = max(clock.now, received)
            turns.answered(Bucket.CONTACTS, allowance, sent=sent)
        turns.take_turn(Bucket.CONTACTS, patience=60)
        arrived = clock.now + latency / 4
        if arrived - window_began >= 1:
            window_began, used = arrived, 0
        used += 1
        refused += used > 10
        reset = max(1.0, math.ceil(window_began + 1 - arrived))
        answers.append((clock.now + latency, Allowance(is_used_up=used >= 10, reset=reset), clock.now))
    assert refused == 0
    if per_second == 10:
        assert 400 / (clock.now - began) > 9.5


def test_an_hour_is_held_to_its_end(clock: FakeClock) -> None:
    """A window that the platform began again is not taken for the one before, but for the last second."""
    turns = pacer(clock, 1e6)
    turns.answered(Bucket.OTHER, Allowance(is_used_up=False, reset=100), sent=clock.now)
    turns.answered(Bucket.OTHER, Allowance(is_used_up=True, reset=3600), sent=clock.now)
    assert turns.take_turn(Bucket.OTHER, patience=3600) == 3599


def test_the_last_call_of_an_allowance_makes_the_next_one_wait(
    client: ContactsClient, server: ScriptedServer, clock: FakeClock
) -> None:
    spent = {"x-sib-ratelimit-limit": "10", "x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": "3"}
    server.plays(answers(200, PAGE, headers=spent), answers(200, PAGE))
    client.contacts()
    assert clock.waits == []
    client.contacts()
    assert clock.waits == pytest.approx([3.0])
    assert client.requests.retried == 0


def test_a_spent_hourly_allowance_is_told_before_anything_is_sent(
    client: ContactsClient, server: ScriptedServer, clock: FakeClock
) -> None:
    spent = {"x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": "1800"}
    server.plays(answers(200, PROCESSES, headers=spent), answers(200, PAGE))
    client.processes()
    with pytest.raises(RateLimited, match=r"GET /v3/processes was not sent.*1800 s") as caught:
        client.processes()
    assert caught.value.retry_after == 1800
    client.contacts()  # another bucket
    assert [seen.path.partition("?")[0] for seen in server.seen] == ["/v3/processes", "/v3/contacts"]


@pytest.mark.parametrize("remaining", ["1", "", "many", "-1"])
def test_an_allowance_that_is_not_spent_delays_nothing(
    remaining: str, client: ContactsClient, server: ScriptedServer, clock: FakeClock
) -> None:
    headers = {"x-sib-ratelimit-remaining": remaining, "x-sib-ratelimit-reset": "50"}
    server.plays(*[answers(200, PAGE, headers=headers)] * 2)
    client.contacts()
    client.contacts()
    assert clock.waits == []


def test_a_refusal_without_advice_backs_off(
    client: ContactsClient, server: ScriptedServer, clock: FakeClock
) -> None:
    server.plays(answers(429), answers(200, PAGE))
    client.contacts()
    assert clock.waits == pytest.approx([2.0])


def test_a_refusal_beyond_max_wait_is_raised_with_its_advice(
    client: ContactsClient, server: ScriptedServer, clock: FakeClock
) -> None:
    server.plays(answers(429, {"message": "Too many"}, headers={"x-sib-ratelimit-reset": "61"}))
    with pytest.raises(RateLimited, match="Too many") as caught:
        client.contacts()
    assert (caught.value.retry_after, caught.value.status, caught.value.safe_to_retry) == (61.0, 429, True)
    assert clock.slept == []


def test_a_wait_of_exactly_max_wait_is_made(server: ScriptedServer) -> None:
    clock = FakeClock(chance=0.9)
    server.plays(answers(429, headers={"retry-after": "60"}), answers(200, PAGE))
    with ContactsClient(server.url, API_KEY, clock=clock.clock, max_wait=60) as client:
        client.contacts()
    assert clock.waits == pytest.approx([60.0])
