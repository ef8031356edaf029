"""How often the platform was asked: by a client, in all its threads.

Must not import any other room.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class RequestCount:
    """How often the platform was asked.

    :param made: requests that went out, or tried to.
    :param retried: how many of them repeated an earlier one.
    """

    made: int = 0
    retried: int = 0


class RequestCounter:
    """Counts requests; shared by threads."""

    def __init__(self) -> None:
        self.count = RequestCount()
        self._lock = threading.Lock()

    def add(self, *, retried: bool) -> None:
        """Count one more."""
        with self._lock:
            self.count = RequestCount(self.count.made + 1, self.count.retried + retried)
