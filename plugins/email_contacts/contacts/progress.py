"""How far a preparation is, and what it takes: rows, seconds, memory.

Knows counts only.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True)
class Progress:
    """How far a preparation is.

    :param read: rows read.
    :param rejected: rows rejected.
    :param batches: bodies written; 0 until all rows are read.
    :param seconds: since the start.
    """

    read: int
    rejected: int
    batches: int
    seconds: float


class Clock:
    """Tells a listener how far a preparation is, and how long it has taken."""

    def __init__(self, listener: Callable[[Progress], None] | None) -> None:
        self._started = monotonic()
        self._listener = listener

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return round(monotonic() - self._started, 3)

    def tell(self, read: int, rejected: int, batches: int = 0) -> None:
        """Tell the listener, when there is one."""
        if self._listener is not None:
            self._listener(Progress(read, rejected, batches, self.seconds))


def peak_memory_bytes() -> int:
    """Most memory that this process has had: the kernel counts kilobytes, but bytes on macOS."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
