"""The last look of a connection's poller, left in the shared store for the people who watch an import.

One entry for a connection, replaced with each look. It tells nothing that a wait relies on: it may be late,
or missing, and nobody waits for it to be written.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from email_contacts.imports.shared_store import digest

if TYPE_CHECKING:
    from email_contacts.api import Process

MAX_PROCESSES = 200
_MAX_STATUS = 40


def look_key(account: str) -> str:
    """The key of a connection's entry.

    :param account: the connection id.
    """
    return f"email_contacts.look.{digest(account)}"


@dataclass(frozen=True)
class LookNote:
    """What a look showed. No personal data.

    :param at: when it was, seconds since the epoch.
    :param next_at: when the next one is due, unless the hourly budget puts it off.
    :param statuses: process id → status, of the newest processes and of those that are waited for.
    :param is_answered: whether the platform answered.
    """

    at: float
    next_at: float
    statuses: Mapping[int, str] = field(default_factory=dict)
    is_answered: bool = True

    @classmethod
    def of(
        cls, processes: Iterable[Process], *, at: float, next_look_in: float, is_answered: bool
    ) -> LookNote:
        """Make it of what was seen; the newest processes stay where there are too many."""
        statuses = {one.id: one.status[:_MAX_STATUS] for one in processes}
        newest = sorted(statuses, reverse=True)[:MAX_PROCESSES]
        return cls(at, at + next_look_in, {one: statuses[one] for one in newest}, is_answered)

    def to_text(self) -> str:
        """The entry: JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> LookNote | None:
        """Read an entry; None for anything else."""
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            given = json.loads(text)
            statuses = {int(one): str(status) for one, status in given["statuses"].items()}
            at, next_at = float(given["at"]), float(given["next_at"])
            if math.isfinite(at) and math.isfinite(next_at):
                return cls(at, next_at, statuses, bool(given["is_answered"]))
        return None
