"""How long the platform asks to wait, read from the headers of an answer (api-contract §3.1, §5).

Knows the headers and what in them can be true; must not wait. An unchecked header could hold all
calls of a connection for a year: what cannot be is logged and ignored.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from email_contacts.api.clock import Clock

#: Seconds, the longest window of the platform's limits; no advice reaches further.
LONGEST_WAIT = 3600.0

RETRY_AFTER = "retry-after"
RESET = "x-sib-ratelimit-reset"
REMAINING = "x-sib-ratelimit-remaining"

_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,9})?").fullmatch
_LONGEST_DATE = 64
_TOO_MANY_REQUESTS = 429

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Allowance:
    """What is left of an allowance.

    :param is_used_up: whether the next call would be refused.
    :param reset: seconds until it is full again; the platform gives whole ones.
    """

    is_used_up: bool
    reset: float


class Advice:
    """Reads the headers of answers; looked up without regard to case.

    :param clock: says what an instant in a header means in seconds.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._warned: set[str] = set()

    def allowance(self, headers: Mapping[str, str]) -> Allowance | None:
        """Read what is left of the allowance that a call used; ``None`` where the answer does not say."""
        remaining = _number(headers.get(REMAINING))
        reset = None if remaining is None else self._seconds(headers, RESET)
        return None if reset is None else Allowance(is_used_up=remaining == 0.0, reset=reset)

    def retry_after(self, headers: Mapping[str, str], *, status: int) -> float | None:
        """Seconds to wait after a refusal: ``Retry-After``, and of a 429 also the reset of the allowance.

        :return: from 0 to 3600; ``None`` without advice that can be followed.
        """
        seconds = self._seconds(headers, RETRY_AFTER)
        if seconds is None and status == _TOO_MANY_REQUESTS:
            seconds = self._seconds(headers, RESET)
        return seconds

    def _seconds(self, headers: Mapping[str, str], name: str) -> float | None:
        text = headers.get(name)
        if text is None:
            return None
        number = _number(text)
        seconds = self._until_date(text) if number is None and name == RETRY_AFTER else self._until(number)
        if seconds is None:
            self._warn(name, text)
        return seconds

    def _until(self, number: float | None) -> float | None:
        """Take seconds; or an instant, in seconds or milliseconds since 1970."""
        if number is None or number <= LONGEST_WAIT:
            return number
        for instant in (number, number / 1000):
            left = instant - self._clock.wall()
            if abs(left) <= LONGEST_WAIT:
                return max(0.0, left)
        return None

    def _until_date(self, text: str) -> float | None:
        try:
            left = parsedate_to_datetime(text[:_LONGEST_DATE]).timestamp() - self._clock.wall()
        except (ValueError, TypeError, OverflowError):
            return None
        return max(0.0, left) if left <= LONGEST_WAIT else None

    def _warn(self, name: str, text: str) -> None:
        # Once for each header, as it may come with every answer. Only numbers are shown: the rest is foreign.
        shown = text if _number(text) is not None else f"{len(text):,} characters"
        logger.log(
            logging.DEBUG if name in self._warned else logging.WARNING,
            "the header %s is ignored: %s is neither seconds within an hour nor a moment within the next "
            "hour (api-contract §5)",
            name,
            shown,
        )
        self._warned.add(name)


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Read when the platform sent an answer, by its own clock, to the second."""
    try:
        moment = parsedate_to_datetime(headers.get("date", "")[:_LONGEST_DATE])
        # Without a zone it is UTC (RFC 9110, 5.6.7).
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, TypeError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    stripped = (text or "").strip()
    return float(stripped) if _NUMBER(stripped) and math.isfinite(float(stripped)) else None
