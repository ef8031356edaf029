"""What the platform's headers say about waiting, and what of it cannot be (api-contract §3.1, §5)."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import Bucket, Clock, ContactsClient
from email_contacts.api.advice import LONGEST_WAIT, Advice, date_of
from email_contacts.api.pacing import Pacer
from tests.api.fake_clock import FakeClock
from tests.api.scripted_server import ScriptedServer, answers

NOW = 1_796_000_000.0  # seconds since 1970, in 2026
ADVICE = Advice(Clock(wall=lambda: NOW))
PAGE = {"contacts": [], "count": 0}


def date(instant: float) -> str:
    return format_datetime(datetime.fromtimestamp(instant, timezone.utc), usegmt=True)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("5", 5.0),
        (" 1.5 ", 1.5),
        ("3600", 3600.0),
        ("3601", None),
        ("31536000", None),
        (str(int(NOW) + 90), 90.0),
        (str(int(NOW) + 3600), 3600.0),
        (str(int(NOW) + 3601), None),
        (str(int(NOW) - 5), 0.0),
        (str(int(NOW) * 1000 + 90_500), 90.5),
        (str(int(NOW) * 1000 + 3_600_001), None),
        (str(int(NOW) * 1_000_000), None),
        ("9" * 20, None),
        ("9" * 60_000, None),
        *((odd, None) for odd in ("", "-3", "nan", "inf", "1e3", "1_0", "٥", "5, 10", "5s", "soon", "0x10")),
    ],
)
def test_a_wait_is_seconds_within_an_hour_or_an_instant_within_the_next(
    text: str, seconds: float | None
) -> None:
    assert ADVICE.retry_after({"retry-after": text}, status=503) == seconds
    assert ADVICE.retry_after({"x-sib-ratelimit-reset": text}, status=429) == seconds
    spent = {"x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": text}
    assert until_reset(spent) == (seconds or 0.0)


def until_reset(headers: dict[str, str]) -> float:
    allowance = ADVICE.allowance(headers)
    assert allowance is None or allowance.is_used_up
    return allowance.reset if allowance else 0.0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Sat, 28 Nov 2026 12:00:05 GMT", "2026-11-28T12:00:05+00:00"),
        ("Sat, 28 Nov 2026 12:00:05 -0000", "2026-11-28T12:00:05+00:00"),
        ("Sat, 28 Nov 2026 12:00:05 +0200", "2026-11-28T10:00:05+00:00"),
        *((odd, None) for odd in ("", "soon", "Sat, 99 Nov 2026 12:00:05 GMT", "Mon, " * 20_000)),
    ],
)
def test_the_date_of_an_answer_is_the_clock_of_the_platform(text: str, moment: str | None) -> None:
    found = date_of({"date": text})
    assert (found.isoformat() if found else None) == moment


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (date(NOW + 30), 30.0),
        (date(NOW - 30), 0.0),
        (date(NOW + 3601), None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Fri, 99 Foo 2026", None),
        ("Mon, " * 20_000, None),
    ],
)
def test_retry_after_may_be_a_date(text: str, seconds: float | None) -> None:
    assert ADVICE.retry_after({"retry-after": text}, status=429) == seconds
    assert ADVICE.retry_after({"x-sib-ratelimit-reset": text}, status=429) is None


@pytest.mark.parametrize(
    ("headers", "status", "seconds"),
    [
        ({"retry-after": "5", "x-sib-ratelimit-reset": "9"}, 429, 5.0),
        ({"retry-after": "31536000", "x-sib-ratelimit-reset": "9"}, 429, 9.0),
        ({"x-sib-ratelimit-reset": "9"}, 429, 9.0),
        # It comes with every answer, and says nothing about a fault.
        ({"x-sib-ratelimit-reset": "9"}, 503, None),
        ({}, 429, None),
    ],
)
def test_the_reset_of_the_allowance_counts_for_a_rate_limit_only(
    headers: dict[str, str], status: int, seconds: float | None
) -> None:
    assert ADVICE.retry_after(headers, status=status) == seconds


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_header_holds_longer_than_an_hour(retry_after: str, reset: str) -> None:
    headers = {"retry-after": retry_after, "x-sib-ratelimit-reset": reset, "x-sib-ratelimit-remaining": "0"}
    assert 0.0 <= (ADVICE.retry_after(headers, status=429) or 0.0) <= LONGEST_WAIT
    assert 0.0 <= until_reset(headers) <= LONGEST_WAIT


def test_no_hold_is_longer_than_an_hour() -> None:
    clock = FakeClock()
    pacer = Pacer(requests_per_second=1e6, clock=clock.clock)
    pacer.hold(Bucket.OTHER, 1e9)
    assert pacer.take_turn(Bucket.OTHER, patience=1e9) == LONGEST_WAIT


@pytest.mark.parametrize("header", ["retry-after", "x-sib-ratelimit-reset"])
@pytest.mark.parametrize("text", ["31536000", "1e99", "jane@example.com"])
def test_what_cannot_be_is_told_once_and_ignored(
    header: str,
    text: str,
    client: ContactsClient,
    server: ScriptedServer,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    headers = {header: text, "x-sib-ratelimit-remaining": "0"}
    server.plays(*[answers(429, headers=headers)] * 2, *[answers(200, PAGE, headers=headers)] * 2)
    client.contacts()
    client.contacts()
    assert sum(clock.slept) < 10
    (told,) = [record for record in caplog.records if "is ignored" in record.getMessage()]
    assert told.levelno == logging.WARNING
    assert header in told.getMessage()
    assert "jane" not in told.getMessage()
