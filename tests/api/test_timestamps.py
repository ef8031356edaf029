"""Instants in any RFC 3339 spelling, and the one spelling that is sent."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_contacts.api import timestamps

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=OFFSETS)


@given(MOMENTS)
def test_what_isoformat_writes_is_read_back(moment: datetime) -> None:
    assert timestamps.parse(moment.isoformat()) == moment
    assert timestamps.parse(moment.isoformat()).utcoffset() == timedelta()


@given(MOMENTS)
def test_what_is_sent_is_the_same_instant_at_most_a_second_earlier(moment: datetime) -> None:
    sent = timestamps.to_wire(moment)
    assert len(sent) == len("2017-05-01T17:05:03.000Z")
    assert timedelta() <= moment - timestamps.parse(sent) < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2017-05-01T17:05:03Z", "2017-05-01T17:05:03+00:00"),
        ("2026-08-01T19:43:31.777+02:00", "2026-08-01T17:43:31.777000+00:00"),
        ("2026-08-01t19:43:31.5z", "2026-08-01T19:43:31.500000+00:00"),
        ("2026-08-01 19:43:31.123456789-0530", "2026-08-02T01:13:31.123456+00:00"),
    ],
)
def test_live_and_documented_spellings_are_read(text: str, expected: str) -> None:
    assert timestamps.parse(text).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    ["", "2026-08-01", "2026-08-01T19:43:31", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+02:00", "now"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        timestamps.parse(text)
