"""The last look at the platform, left for the people who watch an import.

A connection's poller leaves it in the shared store, one entry for a connection; a wait in a worker among the
XComs of its task. Each look replaces the one before. It tells nothing that a wait relies on: it may be late,
or missing.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from email_contacts.imports.shared_store import digest

if TYPE_CHECKING:
    from email_contacts.api import Process

log = logging.getLogger(__name__)

# The XCom of a task that waits in a worker.
LOOK = "look"
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


@dataclass(frozen=True)
class LookReport:
    """Leaves the looks of a wait in a worker where people can see them.

    :param push: pushes an XCom of the task that waits.
    :param deadline: when the wait gives up, seconds since the epoch.
    :param source: the connection's ``completion_source``.
    """

    push: Callable[[str, Any], Any]
    deadline: float
    source: str

    def __call__(self, processes: Iterable[Process], *, next_look_in: float, is_answered: bool) -> None:
        """Leave one; where that is not possible, nothing is missing.

        :param next_look_in: seconds.
        """
        note = LookNote.of(processes, at=time.time(), next_look_in=next_look_in, is_answered=is_answered)
        try:
            self.push(LOOK, {"note": note.to_text(), "deadline": self.deadline, "source": self.source})
        except Exception as error:  # noqa: BLE001  whatever Airflow may raise
            log.debug("the last look could not be noted: %s", error)
