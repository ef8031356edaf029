"""Time and chance, in one place: so that waiting can be tested without waiting.

Must not import any other room.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Where the client gets its time from.

    :param monotonic: seconds from some fixed moment, never going back.
    :param wall: seconds since 1970, for advice that names a date.
    :param sleep: waits so many seconds.
    :param chance: a number from 0 up to 1, for jitter.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
