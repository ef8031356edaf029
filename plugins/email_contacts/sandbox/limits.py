"""Rate limits: two buckets per account, as documented, and their headers (§5)."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from email_contacts.sandbox.knobs import Knobs


@dataclass(frozen=True)
class Allowance:
    """What one request found in its bucket.

    :param limit: requests per window.
    :param remaining: requests left in this window after this one.
    :param reset: whole seconds until the next window, at least 1.
    :param granted: whether this request may go on.
    """

    limit: int
    remaining: int
    reset: int
    granted: bool

    def headers(self, *, retry_after: bool) -> dict[str, str]:
        """Return the x-sib-ratelimit headers, and Retry-After on a refusal if asked for."""
        headers = {
            "x-sib-ratelimit-limit": str(self.limit),
            "x-sib-ratelimit-remaining": str(self.remaining),
            "x-sib-ratelimit-reset": str(self.reset),
        }
        if retry_after and not self.granted:
            headers["retry-after"] = str(self.reset)
        return headers


class RateLimits:
    """Fixed windows: one second for /v3/contacts…, one hour for everything else.

    :param clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[int, tuple[float, int]] = {}
        self._turn = threading.Lock()

    def ask(self, path: str, knobs: Knobs) -> Allowance | None:
        """Count one request to `path`; None when its bucket has no limit."""
        if path == "/v3/contacts" or path.startswith("/v3/contacts/"):
            limit, length = knobs.contacts_per_second, 1
        else:
            limit, length = knobs.others_per_hour, 3600
        if not limit:
            return None
        with self._turn:
            now = self._clock()
            begun, used = self._windows.get(length, (now, 0))
            if now - begun >= length:
                begun, used = now, 0
            granted = used < limit
            used += granted
            self._windows[length] = (begun, used)
        reset = max(1, math.ceil(begun + length - now))
        return Allowance(limit=limit, remaining=limit - used, reset=reset, granted=granted)

    def forget(self) -> None:
        """Start every window again."""
        with self._turn:
            self._windows.clear()
