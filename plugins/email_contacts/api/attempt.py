"""What one attempt may cost: seconds in all, and bytes of its answer.

Knows real time, as sockets wait in real time, regardless of the client's clock; must not know HTTP.
"""

from __future__ import annotations

import math
import time

#: Bytes of status line and headers, interim answers such as ``100 Continue`` included.
MAX_HEADER_BYTES = 131_072


class TooLarge(Exception):
    """An answer has more bytes than any answer of the platform."""


class Attempt:
    """The budget of one attempt, from the connection to the last byte of the answer.

    :param seconds: for all of it.
    :param idle: seconds that may pass without a byte.
    """

    def __init__(self, *, seconds: float, idle: float = math.inf) -> None:
        self._ends = time.monotonic() + seconds
        self._idle = idle
        self._bytes_left = MAX_HEADER_BYTES

    def seconds_left(self) -> float:
        """Seconds that the next step may take.

        :raises TimeoutError: when none are left.
        """
        left = self._ends - time.monotonic()
        if left <= 0.0:
            raise TimeoutError("this attempt timed out")
        return min(left, self._idle)

    def may_receive(self, size: int) -> None:
        """Allow so many more bytes, as they travel, headers and framing included."""
        self._bytes_left += size

    def has_received(self, size: int) -> None:
        """Count bytes as they arrive.

        :raises TooLarge: when there are more of them than may be.
        """
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise TooLarge("the answer exceeds the size limit")
