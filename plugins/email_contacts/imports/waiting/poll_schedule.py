"""When a poller looks next: quickly after somebody joined, then ever more seldom, and not during trouble.

Knows a clock and wishes; the budget is counted elsewhere, and has the last word.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence

from email_contacts.imports.waiting.rate_budget import HOUR

log = logging.getLogger(__name__)

# Seconds until the first look after somebody joined: others join in the same moment, as after a restart.
GATHER = 1.0
# The pause after that look; each next one is half as long again.
FIRST_PAUSE = 5.0
# The newest page takes this share of the budget in the long run; the rest is for the ids that left it, and
# for the quick looks at new imports.
STEADY_SHARE = 0.6
# After errors the pauses double up to this many seconds.
LONGEST_REST = 60.0


class PollSchedule:
    """The moments of looking, in seconds of a clock.

    :param now: the clock.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._pause = FIRST_PAUSE
        self._due = math.inf
        self._rest_until = now()
        self._failures = 0

    @property
    def rest(self) -> float:
        """Seconds during which nothing may be asked; 0.0: go on."""
        return self._until(self._rest_until)

    @property
    def until_due(self) -> float:
        """Seconds until the next round of looks."""
        return self._until(self._due)

    def joined(self, wishes: Sequence[float | None], *, was_idle: bool) -> None:
        """Somebody joined: look soon, and quickly for a while.

        :param wishes: the pause that each wait requests; None: the poller decides.
        :param was_idle: whether nothing was waited for; otherwise a round that is overdue stays so.
        """
        self._pause = FIRST_PAUSE
        soon = self._now() + min([GATHER, *(wish for wish in wishes if wish)])
        self._due = soon if was_idle else min(self._due, soon)

    def hurry(self) -> None:
        """Look now, even during a rest: a deadline is here, and an hour's rest would be the end of it."""
        self._due = self._rest_until = self._now()

    def begin(self, wishes: Sequence[float | None], *, per_hour: int, is_sweeping: bool) -> None:
        """A round begins now: fix the next one.

        :param per_hour: the budget.
        :param is_sweeping: whether ids that left the newest page wait for their turn; then more is theirs.
        """
        self._due = self._now() + self._wished(wishes)
        steady = HOUR / (per_hour * STEADY_SHARE)
        self._pause = min(self._pause * 1.5, max(1.0, 2 * steady if is_sweeping else steady))

    def failed(self, wishes: Sequence[float | None], *, rest: float = 0.0) -> None:
        """A look failed: rest as long as the platform asked for, and longer with every failure.

        :param rest: seconds the platform asked for. No rate limit of it is longer than an hour (api-contract
            §5), so a longer one is a mistake, and ignored.
        """
        if rest > HOUR:
            log.warning("the platform asked for a pause of %.0f s; more than an hour is ignored", rest)
            rest = 0.0
        self._failures += 1
        pause = min(self._wished(wishes) * 2.0 ** min(self._failures, 20), LONGEST_REST)
        self._rest_until = self._now() + max(rest, pause)

    def succeeded(self) -> None:
        """A look succeeded."""
        self._failures = 0

    def _until(self, moment: float) -> float:
        """Seconds until then; never so few that a clock cannot move by them."""
        left = moment - self._now()
        return left if left > 0.001 else 0.0

    def _wished(self, wishes: Sequence[float | None]) -> float:
        """The shortest pause that any wait requests; without one, the poller's own."""
        return min((self._pause if wish is None else wish for wish in wishes), default=self._pause)
