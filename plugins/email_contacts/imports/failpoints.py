"""The moments of an import at which a kill tells most.

Nothing listens to them in production. The tests of ``tests/faults`` do, and kill the process there: a moment
that only a test can hit from outside by luck is hit for certain from here.
"""

from __future__ import annotations

from collections.abc import Callable

BEFORE_INTENT = "before_intent"
AFTER_INTENT = "after_intent"
AFTER_ANSWER = "after_answer"
AFTER_LEDGER = "after_ledger"
BEFORE_DEFERRAL = "before_deferral"
WOKEN = "woken"
ENDED = "ended"
RECEIPT_WRITTEN = "receipt_written"

_listeners: list[Callable[[str], None]] = []


def reached(moment: str) -> None:
    """Tell whoever listens that the code has come to this moment."""
    for listener in _listeners:
        listener(moment)


def listen(listener: Callable[[str], None]) -> None:
    """Have a function called at every moment, for the life of this process."""
    _listeners.append(listener)
