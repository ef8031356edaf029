"""One submission at a time: a lock for all tasks of one Airflow that submit with the same connection.

Between looking how many imports run and submitting one more, another task could do the same. Airflow gives
tasks shared variables, and no compare-and-set on them; this is all that is needed: whoever writes a claim,
and *then* sees no other, has the turn. Two that see each other both withdraw, and try again after pauses of
different length.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

log = logging.getLogger(__name__)

# A claim that is older belongs to a task that was killed and never tried again.
LEASE = 600.0
PATIENCE = 900.0
_LONGEST_PAUSE = 5.0


class SharedStore(Protocol):
    """What is needed of Airflow's variables. Writes are seen by every read that begins after them."""

    def keys(self, prefix: str) -> Sequence[str]:
        """List the keys that begin so."""

    def get(self, key: str) -> str | None:
        """Return the text, or None."""

    def set(self, key: str, value: str) -> None:
        """Write the text."""

    def delete(self, key: str) -> None:
        """Forget the key; nothing happens when it is not there."""


class TurnNotTaken(TimeoutError):
    """Other tasks kept on submitting; worth a retry."""


@dataclass(frozen=True)
class Clock:
    """Time and chance; for tests."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


@contextmanager
def turn(store: SharedStore, *, account: str, holder: str, clock: Clock | None = None) -> Iterator[None]:
    """Hold the turn of an account for the length of the block.

    :param account: the connection id.
    :param holder: names the task; a retry of a killed task takes over the claim that it left.
    :raises TurnNotTaken: after ``PATIENCE`` seconds.
    """
    clock = clock or Clock()
    prefix = f"email_contacts.turn.{_digest(account)}."
    key = prefix + _digest(holder)
    _take(store, prefix, key, account=account, clock=clock)
    try:
        yield
    finally:
        store.delete(key)


def _take(store: SharedStore, prefix: str, key: str, *, account: str, clock: Clock) -> None:
    until = clock.now() + PATIENCE
    longest = 0.2
    while True:
        if not _others(store, prefix, key, now=clock.now()):
            store.set(key, json.dumps({"until": clock.now() + LEASE}))
            # Only what is seen after the own claim was written counts.
            if not _others(store, prefix, key, now=clock.now()):
                return
            store.delete(key)
        if clock.now() > until:
            raise TurnNotTaken(
                f"other tasks have been submitting imports with connection {account!r} for {PATIENCE:g} s"
            )
        clock.sleep(longest * (0.2 + 0.8 * clock.chance()))
        longest = min(longest * 1.5, _LONGEST_PAUSE)


def _others(store: SharedStore, prefix: str, key: str, *, now: float) -> int:
    """Count the living claims of others, and clear away the dead ones."""
    living = 0
    for other in store.keys(prefix):
        if other == key:
            continue
        claim = store.get(other)
        if claim is None:
            continue  # given back meanwhile
        if json.loads(claim)["until"] < now:
            log.warning("a task that was submitting an import never came back; its turn is taken over")
            store.delete(other)
        else:
            living += 1
    return living


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
