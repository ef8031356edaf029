"""The hourly rate budget of an account, which all workers and triggerers of an Airflow share.

One shared variable holds it, and its *name* says everything: until when the bucket is not full, and how many
tokens were taken last. Listing names asks no secrets backend. A request costs one list, one write and the
removal of what the list showed, at most: where the budget is large, tokens for the next seconds are taken
together.

Two that take tokens at the same moment may both get the last ones. None is forgotten: each leaves a variable
of its own, and the next reader adds them up.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from email_contacts.imports.shared_store import SharedStore, digest
from email_contacts.imports.waiting.rate_budget import HOUR, Bucket

log = logging.getLogger(__name__)

# Seconds for which tokens are taken together. What is not used by then is lost.
TOGETHER = 10.0
# One of so many tokens of a full bucket is kept back for requests that cannot wait, such as a submission's.
KEPT_BACK = 4
# A name holds microseconds.
_PER_SECOND = 1_000_000
# Seconds by which the rounding of many names may add up; the bucket leaves a whole one to spare in an hour.
_ROUNDING = 0.05


@dataclass(frozen=True, order=True)
class _Record:
    """What the name of a variable says.

    :param full_at: when the bucket is full again, seconds since the epoch.
    :param taken: how many tokens its writer took.
    """

    full_at: float
    taken: int

    @classmethod
    def parse(cls, name: str) -> _Record | None:
        """Read a name; None where it is none of ours."""
        found = _NAME.fullmatch(name)
        return cls(int(found[1]) / _PER_SECOND, int(found[2])) if found else None

    def name(self) -> str:
        """Form a name that nobody else uses."""
        return f"{round(self.full_at * _PER_SECOND)}.{self.taken}.{secrets.token_hex(4)}"


_NAME = re.compile(r"(\d{1,19})\.(\d{1,6})\.[0-9a-f]{8}")


class AccountBudget:
    """Tokens for requests to the process route of one account; may be shared by threads.

    Where the shared variables cannot be used, nothing is held back and nothing is counted.

    :param account: the connection id.
    :param per_hour: the most that any hour may hold, at least 1.
    :param now: seconds since the epoch; the clocks of all workers and triggerers count as one.
    """

    def __init__(
        self, store: SharedStore, account: str, per_hour: int, *, now: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._account = account
        self._bucket = Bucket(per_hour)
        self._prefix = f"email_contacts.budget.{digest(account)}."
        self._now = now
        self._at_once = max(1, round(TOGETHER / self._bucket.seconds_per_token))
        # Tokens that were taken together, and until when they may be used.
        self._in_hand = 0
        self._in_hand_until = 0.0
        self._reserved = 0
        self._is_broken = False
        self._lock = threading.Lock()

    def take(self, *, overdraw: bool = False) -> float:
        """Take a token.

        :param overdraw: take one that is not there yet, for a request that cannot wait; those after it wait
            longer for it.
        :return: 0.0 when it is taken; otherwise the seconds until there is one, and nothing is taken.
        """
        try:
            with self._lock:
                pause = self._take(overdraw=overdraw)
        except Exception as error:  # noqa: BLE001  no error of Airflow's store keeps anybody from looking
            if not self._is_broken:
                log.warning(
                    "process requests of connection %s are not counted: Airflow variables cannot be used: %s",
                    self._account,
                    error,
                )
            self._is_broken = True
            return 0.0
        self._is_broken = False
        return pause

    def reserve(self) -> float:
        """Take a token for the next :meth:`spend`.

        :return: as :meth:`take` does.
        """
        pause = self.take()
        if not pause:
            self._reserved += 1
        return pause

    def spend(self) -> None:
        """Count a request that is made now: from what was reserved, or overdrawn."""
        if self._reserved:
            self._reserved -= 1
        else:
            self.take(overdraw=True)

    def _take(self, *, overdraw: bool) -> float:
        now, token = self._now(), self._bucket.seconds_per_token
        if self._in_hand and now < self._in_hand_until:
            self._in_hand -= 1
            return 0.0
        shown = {key: _Record.parse(key.removeprefix(self._prefix)) for key in self._store.keys(self._prefix)}
        found = {key: one for key, one in shown.items() if one is not None}
        # All but the latest are of requests that its writer has not seen, or are about to be removed.
        *others, latest = sorted(found.values()) or [_Record(0.0, 0)]
        owed = latest.full_at + token * sum(one.taken for one in others)
        # No debt is held longer than an hour; a greater one may be the mistake of a clock.
        bound = now + HOUR + token
        full_at = min(max(now, owed), bound)
        kept_back = self._bucket.capacity // KEPT_BACK
        left = self._bucket.capacity - kept_back - (full_at - now) / token
        pause = (1.0 - left) * token
        if pause > _ROUNDING and not overdraw:
            return pause
        taken = 1 if overdraw else max(1, min(self._at_once, int(left)))
        self._in_hand, self._in_hand_until = taken - 1, now + TOGETHER
        after = min(full_at + taken * token, bound)
        self._store.set(f"{self._prefix}{_Record(after, taken).name()}", self._account)
        for key in found:
            self._store.delete(key)
        return 0.0
