"""Seeing who in the queue is alive, and removing who is not.

An entry's holder renews its lease every ``BEAT`` seconds while it is first in the queue or has the turn.
Whoever waits behind it counts the seconds without one by its own clock, so that clocks need not agree.
Removing an entry takes the turn from its holder: one that was only slow finds that out before it sends, and
rejoins at its old place.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from email_contacts.imports.queue.entries import Entry, Phase, QueueEntries

log = logging.getLogger(__name__)

# Seconds between reads of the queue.
READ_EVERY = 2.0
# Seconds between signs of life.
BEAT = 5.0
# Without one for so long, an entry is removed: three may be lost.
LEASE = 20.0
# After this many seconds without one, Airflow is asked whether the task still is one that may go on.
DOUBT = 4.0
# A task that was called and that Airflow has not started yet is passed over after so many seconds.
NOT_STARTED = 120.0

_GOING_TO_START = ("scheduled", "queued", "restarting")
_GOING_ON = ("running", "deferred", *_GOING_TO_START)


class QueueObserver:
    """Watches the queue of one account over many reads. For one thread at a time.

    :param now: seconds that never go back.
    """

    def __init__(self, entries: QueueEntries, *, now: Callable[[], float] = time.monotonic) -> None:
        self._entries = entries
        self._now = now
        # Entry key → since when it stands there as one that owes signs of life.
        self._since: dict[str, float] = {}
        self._asked_at: dict[str, float] = {}

    def observe(self) -> list[Entry]:
        """Read the queue, and remove what is dead of those everybody waits for."""
        seen = self._entries.read()
        owing = [entry for index, entry in enumerate(seen) if index == 0 or entry.phase is not Phase.WAITING]
        self._keep_only(owing)
        gone = [entry for entry in owing if self._is_gone(entry)]
        for entry in gone:
            self._entries.remove(entry.ticket)
        return [entry for entry in seen if entry not in gone]

    def _keep_only(self, owing: Iterable[Entry]) -> None:
        now = self._now()
        self._since = {one.key: self._since.get(one.key, now) for one in owing}
        self._asked_at = {key: at for key, at in self._asked_at.items() if key in self._since}

    def _is_gone(self, entry: Entry) -> bool:
        silent = self._now() - self._since[entry.key]
        if silent < DOUBT or self._now() < self._asked_at.get(entry.key, 0.0) + DOUBT:
            return False
        self._asked_at[entry.key] = self._now()
        try:
            state = self._entries.task_state(entry) or "none"
        except Exception as error:  # noqa: BLE001  whatever it is, the lease decides
            log.warning("the state of the task that is first in the queue could not be read: %s", error)
            state = "unknown"
        if entry.phase is Phase.CALLED and state in _GOING_TO_START:
            is_gone = silent > NOT_STARTED
        else:
            is_gone = silent > LEASE or state not in (*_GOING_ON, "unknown")
        if is_gone:
            log.warning(
                "queue of %s: entry removed; no heartbeat for %.0f s, and its task is in state %s",
                self._entries.account,
                silent,
                state,
            )
        return is_gone
