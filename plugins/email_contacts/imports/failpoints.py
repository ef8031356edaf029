"""Named places in the life of an import at which tests kill or freeze the process.

Nothing listens to them in production. The tests in ``tests/faults`` do: a point that is hit from outside only
by luck is hit from here every time.
"""

from __future__ import annotations

from collections.abc import Callable

QUEUED = "queued"
BEFORE_INTENT = "before_intent"
AFTER_INTENT = "after_intent"
AFTER_ANSWER = "after_answer"
AFTER_LEDGER = "after_ledger"
BEFORE_DEFERRAL = "before_deferral"
WOKEN = "woken"
ENDED = "ended"
RECEIPT_WRITTEN = "receipt_written"
SWEPT = "swept"
GONE_FOUND = "gone_found"
PORTION_SETTLED = "portion_settled"
GONE_SETTLED = "gone_settled"
BEFORE_CONFIRMATION = "before_confirmation"
CONFIRMED = "confirmed"

_listeners: list[Callable[[str], None]] = []


def reached(failpoint: str) -> None:
    """Notify the listeners that the code has reached this failpoint."""
    for listener in _listeners:
        listener(failpoint)


def listen(listener: Callable[[str], None]) -> None:
    """Call a function at every failpoint, for the life of this process."""
    _listeners.append(listener)
