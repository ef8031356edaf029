"""The account's newest processes as a poller saw them, handed on to the task that submits next."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email_contacts.api import Process

# An older page may lack imports that others have begun since.
FRESH = 60.0


@dataclass(frozen=True)
class NewestPage:
    """One page of ``GET /v3/processes``, the newest first, without what the processes report.

    :param processes: as many as the platform shows on a page, or all that it has.
    :param seen_at: seconds since the epoch.
    """

    processes: tuple[Process, ...]
    seen_at: float

    @property
    def is_fresh(self) -> bool:
        """Whether it was seen just now. The clocks of two machines may differ a little."""
        return abs(time.time() - self.seen_at) < FRESH

    def to_json(self) -> dict[str, Any]:
        """For the payload of a trigger's event: ids, names of kinds, statuses; no personal data."""
        return {
            "seen_at": self.seen_at,
            "processes": [[one.id, one.name, one.status] for one in self.processes],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any] | None) -> NewestPage | None:
        """Read what :meth:`to_json` made; None where there is nothing that can be used."""
        from email_contacts.api import Process

        with suppress(LookupError, TypeError, ValueError):
            given = document or {}
            seen_at = float(given["seen_at"])
            processes = tuple(
                Process(int(process_id), str(name), str(status))
                for process_id, name, status in given["processes"]
            )
            return cls(processes, seen_at) if math.isfinite(seen_at) else None
        return None
