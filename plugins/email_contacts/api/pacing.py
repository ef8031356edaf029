"""When the next call may go out: our own pace, and the platform's word about its limits.

Knows the two buckets of api-contract §5; must not send. One pacer may be shared by threads.
"""

from __future__ import annotations

import math
import threading

from email_contacts.api.advice import LONGEST_WAIT, Allowance
from email_contacts.api.clock import Clock
from email_contacts.api.endpoints import Bucket

#: Calls are this part further apart than the limit asks for: one that travels faster than the one before it
#: must not arrive within the same second as the ten before.
SLACK = 0.025


class Pacer:
    """Hands out turns, one bucket apart from the other.

    Calls of one bucket are a little more than ``1 / requests_per_second`` apart. A bucket that the platform
    reports as used up is held until its reset.
    """

    def __init__(self, *, requests_per_second: float, clock: Clock) -> None:
        self._interval = (1.0 + SLACK) / requests_per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next = dict.fromkeys(Bucket, -math.inf)
        self._held_until = dict.fromkeys(Bucket, -math.inf)
        self._window_ends = dict.fromkeys(Bucket, -math.inf)

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

    def answered(self, bucket: Bucket, allowance: Allowance, *, sent: float) -> None:
        """Hold a bucket until its reset where an answer says that it is used up.

        The reset is in whole seconds, rounded up: at ten calls a second, waiting for it after the tenth would
        cost half of them. The first answer of a window says best when it ends, so the earliest end that any
        of its answers gave counts; the last one bounds it to the second.

        :param sent: when the call was sent, by the clock's ``monotonic``.
        """
        with self._lock:
            end = sent + allowance.reset
            known = self._window_ends[bucket]
            window = end if sent >= known else min(known, end)
            self._window_ends[bucket] = window
            now = self._clock.monotonic()
        if allowance.is_used_up:
            until = min(now + allowance.reset, max(window + SLACK, end - 1.0))
            self.hold(bucket, until - now)


class HeldTooLong(Exception):
    """A bucket is held for more seconds than the caller would wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds
