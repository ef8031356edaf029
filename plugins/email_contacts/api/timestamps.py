"""Instants as the platform writes and reads them: RFC 3339 in, UTC milliseconds out (api-contract §1.7, §4).

Must not read a clock: it only converts.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

# datetime.fromisoformat of Python 3.10 knows neither "Z" nor any number of decimals but 3 and 6.
_RFC3339 = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?"
    r"(?P<zone>[Zz]|[+-]\d\d:?\d\d)"
)


def parse(text: str) -> datetime:
    """Read any RFC 3339 date-time, with or without decimals, at any offset.

    :param text: e.g. ``"2017-05-01T17:05:03Z"`` or ``"2026-08-01T19:43:31.777+02:00"``.
    :return: the same instant in UTC, to the microsecond.
    :raises ValueError: when it is not one, or names no time zone.
    """
    match = _RFC3339.fullmatch(text.strip())
    if match is None:
        raise ValueError("not an RFC 3339 date-time with a time zone, such as 2026-08-01T19:43:31Z")
    moment = datetime.fromisoformat(f"{match['date']}T{match['time']}")
    microseconds = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        moment = moment.replace(microsecond=microseconds) - _offset(match["zone"])
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None
    return moment.replace(tzinfo=timezone.utc)


def to_wire(moment: datetime) -> str:
    """Write an instant as the filters take it, e.g. ``"2026-08-01T17:43:31.000Z"``.

    Rounded down to the whole second: the filters are inclusive, so nothing is lost by asking from a
    little earlier, and the platform's own samples hold no smaller unit.

    :raises ValueError: when ``moment`` has no time zone.
    """
    if moment.utcoffset() is None:
        raise ValueError("a date-time without a time zone names no instant; add one, such as timezone.utc")
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z").rjust(24, "0")


def _offset(zone: str) -> timedelta:
    if zone in "Zz":
        return timedelta()
    size = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return -size if zone[0] == "-" else size
