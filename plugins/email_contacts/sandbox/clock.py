"""Time as the platform keeps it (milliseconds since 1970) and as it writes it (api-contract §1.7, §4)."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

_OFFSET = timezone(timedelta(hours=2))


def now_ms() -> int:
    """Return the present moment in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def written(moment_ms: int, style: str) -> str:
    """Write a time as the platform does.

    :param moment_ms: milliseconds since 1970.
    :param style: ``utc`` (seconds and Z, as documented) or ``offset`` (milliseconds and +02:00, as observed).
    """
    if style == "offset":
        return datetime.fromtimestamp(moment_ms / 1000, tz=_OFFSET).isoformat(timespec="milliseconds")
    return datetime.fromtimestamp(moment_ms // 1000, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(text: str) -> int:
    """Read a time of a filter; one without an offset counts as UTC.

    :raises ValueError: when it is not an RFC 3339 date-time; so is one whose ``+`` was not url-encoded.
    """
    if "T" not in text:
        raise ValueError("a date-time has a T between date and time")
    moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return round(moment.timestamp() * 1000)
