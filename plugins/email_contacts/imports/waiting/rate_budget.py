"""How many requests an hour may hold: a bucket of tokens that fills up by the clock.

Any hour, wherever it begins, holds at most the limit: what the bucket can hold and what drips into it within
an hour are the limit together.
"""

from __future__ import annotations

import time
from collections.abc import Callable

HOUR = 3600.0
# What a new bucket holds: enough to look at once and a little later. A triggerer that is restarted again and
# again would otherwise spend a full bucket each time.
AT_FIRST = 3.0


class Bucket:
    """What a bucket of tokens can hold, and how fast it fills.

    :param per_hour: the most that any hour may hold, at least 1.
    """

    def __init__(self, per_hour: int) -> None:
        if per_hour < 1:
            raise ValueError(f"per_hour={per_hour} must be at least 1")
        # A fifth may be spent at once, when an import is new; the rest drips in evenly.
        self.capacity = max(1.0, per_hour // 5)
        # In any hour a full bucket and what drips into it make less than one token more than the limit.
        self.seconds_per_token = (HOUR + 1.0) / (per_hour - self.capacity + 1.0)


class RateBudget:
    """Tokens for the requests of one process; one token, one request. Not for several threads.

    :param per_hour: the most that any hour may hold, at least 1.
    :param now: seconds that never go back.
    """

    def __init__(self, per_hour: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._filled_at = now()
        self._set(per_hour)
        self._tokens = min(AT_FIRST, self._bucket.capacity)

    def change(self, per_hour: int) -> None:
        """Set another limit; it holds from now on.

        :param per_hour: at least 1.
        """
        self._fill()
        self._set(per_hour)
        self._tokens = min(self._tokens, self._bucket.capacity)

    def _set(self, per_hour: int) -> None:
        self._bucket = Bucket(per_hour)
        self.per_hour = per_hour

    def take(self, *, overdraw: bool = False) -> float:
        """Take a token.

        :param overdraw: take one that is not there yet, for a request that cannot wait; those after it wait
            longer for it.
        :return: 0.0 when it is taken; otherwise the seconds until there is one, and nothing is taken.
        """
        self._fill()
        if self._tokens >= 1.0 or (overdraw and self._tokens > -self._bucket.capacity):
            self._tokens -= 1.0
            return 0.0
        # Never so little that a clock cannot move by it.
        return max(0.001, (1.0 - self._tokens) * self._bucket.seconds_per_token)

    def put_back(self) -> None:
        """Give a token back that was not used."""
        self._tokens = min(self._tokens + 1.0, self._bucket.capacity)

    def _fill(self) -> None:
        now = self._now()
        dripped = max(0.0, now - self._filled_at) / self._bucket.seconds_per_token
        self._tokens = min(self._bucket.capacity, self._tokens + dripped)
        self._filled_at = now
