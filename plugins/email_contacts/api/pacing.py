"""When the next call may go out: our own pace, and the platform's word about its limits.

Knows the two buckets of api-contract §5; must not send. One pacer may be shared by threads.
"""

from __future__ import annotations

import math
import threading

from email_contacts.api.advice import LONGEST_WAIT
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

    def take_turn(self, bucket: Bucket, *, patience: float, within: float = math.inf) -> float:
        """Wait for a turn, unless the bucket is held for too long.

        :param patience: the longest hold to sit out, in seconds. Keeping our own pace does not count.
        :param within: seconds in which the caller needs the answer. When the turn would take more than half
            of them, the call goes out at once: a hold is advice, and a call that is not made cannot succeed.
        :return: seconds of the hold that were sat out; 0.0 when there was none.
        :raises HeldTooLong: when the bucket is held beyond ``patience``; no turn is used up then.
        """
        with self._lock:
            now = self._clock.monotonic()
            hold = max(0.0, self._held_until[bucket] - now)
            turn = max(now + hold, self._next[bucket])
            if turn - now > within / 2:
                return 0.0
            if hold > patience:
                raise HeldTooLong(hold)
            self._next[bucket] = turn + self._interval
        # Outside the lock: other threads take the turns after this one meanwhile.
        if turn > now:
            self._clock.sleep(turn - now)
        return hold

    def hold(self, bucket: Bucket, seconds: float) -> None:
        """Give no turns for so long, an hour at most, to any thread; a longer hold that stands is kept."""
        with self._lock:
            until = self._clock.monotonic() + min(seconds, LONGEST_WAIT)
            self._held_until[bucket] = max(self._held_until[bucket], until)


class HeldTooLong(Exception):
    """A bucket is held for more seconds than the caller would wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds
