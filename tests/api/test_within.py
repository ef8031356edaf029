"""Calls that must end in time: neither a hold nor our own pace takes the last look from a caller."""

from __future__ import annotations

import pytest

from email_contacts.api import ContactsClient, InvalidRequest, RateLimited, Unavailable
from email_contacts.api.pacing import SLACK
from tests.api.conftest import API_KEY
from tests.api.fake_clock import FakeClock
from tests.api.scripted_server import ScriptedServer, answers, stays_silent

PROCESSES = {"processes": [], "count": 0}
SPENT = {"x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": "1800"}


@pytest.mark.parametrize("max_wait", [0.0, 60.0])
def test_a_call_goes_out_though_its_bucket_is_held(
    max_wait: float, server: ScriptedServer, clock: FakeClock
) -> None:
    server.plays(answers(200, PROCESSES, headers=SPENT), answers(200, PROCESSES))
    with ContactsClient(server.url, API_KEY, clock=clock.clock, max_wait=max_wait) as client:
        client.processes()
        with pytest.raises(RateLimited, match="was not sent"):
            client.processes()
        client.within(10.0).processes()
        with pytest.raises(RateLimited, match="was not sent"):  # it lifts no hold for others
            client.processes()
        assert client.requests.made == 2
    assert sum(clock.slept) <= 60.0


def test_a_short_hold_is_sat_out(client: ContactsClient, server: ScriptedServer, clock: FakeClock) -> None:
    headers = {**SPENT, "x-sib-ratelimit-reset": "4"}
    server.plays(answers(200, PROCESSES, headers=headers), answers(200, PROCESSES))
    client.processes()
    client.within(10.0).processes()
    assert clock.waits == pytest.approx([4.0])


def test_our_own_pace_takes_no_more_than_half_of_the_time(server: ScriptedServer, clock: FakeClock) -> None:
    server.plays(*[answers(200, PROCESSES)] * 3)
    with ContactsClient(server.url, API_KEY, clock=clock.clock, requests_per_second=0.01) as client:
        client.processes()
        client.within(10.0).processes()
        assert clock.slept == []
        client.within(500.0).processes()
        assert clock.slept == pytest.approx([100.0 * (1 + SLACK)])


def test_repeats_end_in_time(client: ContactsClient, server: ScriptedServer, clock: FakeClock) -> None:
    server.plays(*[answers(503)] * 9)
    with pytest.raises(Unavailable):
        client.within(0.6).processes()
    assert clock.waits == pytest.approx([0.25])
    server.plays(*[answers(429, headers={"retry-after": "7"})] * 9)
    with pytest.raises(RateLimited):
        client.within(3.0).processes()
    assert clock.waits == pytest.approx([0.25])


def test_an_attempt_ends_in_time(server: ScriptedServer) -> None:
    server.plays(stays_silent)
    with (
        ContactsClient(server.url, API_KEY, timeout=600) as client,
        pytest.raises(Unavailable, match="no answer within the time-out"),
    ):
        client.within(0.3).processes()


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "5", None])
def test_seconds_must_be_some(client: ContactsClient, seconds: float) -> None:
    with pytest.raises(InvalidRequest, match="seconds="):
        client.within(seconds)
