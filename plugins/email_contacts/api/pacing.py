"""When the next call may go out: our own pace, and the platform's word about its limits.

Knows the two buckets of api-contract §5 and the headers that tell how full they are; must not send. One
pacer may be shared by threads.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from email_contacts.api.clock import Clock
from email_contacts.api.endpoints import Bucket


class Pacer:
    """Hands out turns, one bucket apart from the other.

    Calls of one bucket are at least ``1 / requests_per_second`` apart. A bucket that the platform reports as
    used up is held until its reset.
    """

    def __init__(self, *, requests_per_second: float, clock: Clock) -> None:
        self._interval = 1.0 / requests_per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next = dict.fromkeys(Bucket, -math.inf)
        self._held_until = dict.fromkeys(Bucket, -math.inf)

    def take_turn(self, bucket: Bucket, *, patience: float) -> float:
        """Wait for a turn, unless the bucket is held for too long.

        :param patience: the longest hold to sit out, in seconds. Keeping our own pace does not count.
        :return: seconds of the hold that were sat out; 0.0 when there was none.
        :raises HeldTooLong: when the bucket is held beyond ``patience``; no turn is used up then.
        """
        with self._lock:
            now = self._clock.monotonic()
            hold = max(0.0, self._held_until[bucket] - now)
            if hold > patience:
                raise HeldTooLong(hold)
            turn = max(now + hold, self._next[bucket])
            self._next[bucket] = turn + self._interval
        # Outside the lock: other threads take the turns after this one meanwhile.
        if turn > now:
            self._clock.sleep(turn - now)
        return hold

    def hold(self, bucket: Bucket, seconds: float) -> None:
        """Give no turns for so long, to any thread; a longer hold that stands is kept."""
        with self._lock:
            until = self._clock.monotonic() + seconds
            self._held_until[bucket] = max(self._held_until[bucket], until)

    def heed(self, bucket: Bucket, headers: Mapping[str, str]) -> None:
        """Hold the bucket when the answer's headers say that its last call was just used."""
        if _seconds(headers.get("x-sib-ratelimit-remaining")) == 0.0:
            self.hold(bucket, _seconds(headers.get("x-sib-ratelimit-reset")) or 0.0)


class HeldTooLong(Exception):
    """A bucket is held for more seconds than the caller would wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def advised_wait(headers: Mapping[str, str], *, clock: Clock) -> float | None:
    """Read how long the platform asks to wait (api-contract §5).

    :param headers: of a refusal, looked up without regard to case.
    :return: seconds, from ``Retry-After`` (a number or a date), else from ``x-sib-ratelimit-reset``;
        ``None`` without readable advice.
    """
    retry_after = headers.get("retry-after")
    advice = _seconds(retry_after)
    if advice is None and retry_after is not None:
        advice = _seconds_until(retry_after, clock=clock)
    return _seconds(headers.get("x-sib-ratelimit-reset")) if advice is None else advice


def _seconds(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0.0 <= number < math.inf else None


def _seconds_until(date: str, *, clock: Clock) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - clock.wall())
    except (ValueError, TypeError, OverflowError):
        return None
