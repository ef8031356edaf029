"""A clock that moves only when somebody sleeps."""

from __future__ import annotations

import threading

from email_contacts.api import Clock


class FakeClock:
    """Time that passes by ``sleep`` alone, and chance that is always the same.

    :param chance: what every throw of the dice gives.
    """

    def __init__(self, *, chance: float = 0.0) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()
        self.clock = Clock(
            monotonic=lambda: self.now, wall=lambda: self.now, sleep=self._sleep, chance=lambda: chance
        )

    def _sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.now += seconds

    @property
    def waits(self) -> list[float]:
        """What was slept beyond keeping the pace, which the tests set far below a millisecond."""
        return [seconds for seconds in self.slept if seconds > 0.001]
