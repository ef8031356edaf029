"""Waiting until imports end: the pace, the deadline, and what waiting came to.

The loop of a worker is here; the trigger has the same one for its event loop. Both look at the work first
and at the clock second, and come back with the same outcome.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from email_contacts.imports.errors import ImportNotRepeatable, ImportTimeout
from email_contacts.imports.watch import Sighting, look

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, Process

log = logging.getLogger(__name__)


class WaitingFailed(Exception):
    """Waiting came to nothing for a reason that has nothing to do with the import itself."""


@dataclass(frozen=True)
class WaitOutcome:
    """What waiting came to.

    :param sighting: the processes as they were last seen; empty when they never were.
    :param is_late: whether the deadline passed first.
    :param error: why waiting is of no use; empty otherwise.
    """

    sighting: Sighting
    is_late: bool = False
    error: str = ""

    def completed(self) -> tuple[Process, ...]:
        """Return the processes, all of them completed.

        :raises WaitingFailed: when the platform could not be asked any more.
        :raises ImportTimeout: when the deadline passed first.
        :raises email_contacts.imports.errors.ImportFailed: when an import failed.
        """
        if self.error:
            raise WaitingFailed(self.error)
        if self.is_late:
            raise ImportTimeout(
                f"not ended by the deadline; last seen: {self.sighting.describe() or 'never'}. "
                "The platform goes on, for it cannot cancel an import."
            )
        self.sighting.raise_for_failed()
        return self.sighting.processes

    def to_event(self) -> dict[str, Any]:
        """The payload of a trigger's event: JSON, no personal data."""
        outcome = "error" if self.error else "late" if self.is_late else "seen"
        return {"outcome": outcome, "processes": self.sighting.to_json(), "error": self.error}

    @classmethod
    def from_event(cls, event: Mapping[str, Any] | None) -> WaitOutcome:
        """Read a trigger's event, and fail closed on one that is missing or not understood.

        :raises ImportNotRepeatable: when the payload is lost or comes from another version of the trigger.
        """
        outcome = event.get("outcome") if event else None
        if event is None or outcome not in ("seen", "late", "error"):
            raise ImportNotRepeatable(
                f"the trigger's event {event!r} is not understood; clear the task to look at the import again"
            )
        return cls(Sighting.from_json(event["processes"]), is_late=outcome == "late", error=event["error"])


def try_to_look(client: ContactsClient, process_ids: Sequence[int]) -> Sighting | None:
    """Look once; None when the platform could not be asked now, which never ends a wait.

    :raises email_contacts.imports.errors.CannotTell: when the platform has no process route.
    :raises email_contacts.api.ContactsApiError: when asking again is of no use (wrong key, unknown id).
    """
    from email_contacts.api import NotSent, RateLimited, Unavailable

    try:
        sighting = look(client, process_ids)
    except (NotSent, RateLimited, Unavailable) as error:
        log.warning("the platform could not be asked, waiting goes on: %s", error)
        return None
    log.info("imports: %s", sighting.describe())
    return sighting


def pauses(polls_per_hour: int, *, every: float | None = None, first: float = 5.0) -> Iterator[float]:
    """Yield the seconds to pause before each next look, for ever.

    The first looks come quickly, for most imports are short; then the pauses stretch to the hourly budget.

    :param polls_per_hour: the budget of one wait (api-contract §5: 100 an hour and account).
    :param every: a fixed pause instead.
    :param first: the first pause; each next one is half as long again.
    """
    # A tenth over the plain quotient makes up for the quick start within the first hour.
    longest = max(1.0, 3600 / polls_per_hour * 1.1)
    pause = min(first, longest)
    while True:
        yield every or pause
        pause = min(pause * 1.5, longest)


def wait_here(
    client: ContactsClient,
    process_ids: Sequence[int],
    *,
    deadline: float,
    pauses: Iterator[float],
    enough: str = "all",
) -> WaitOutcome:
    """Wait in this thread.

    :param deadline: seconds since the epoch.
    :param enough: ``all`` of the imports, or ``any`` one.
    """
    sighting = Sighting(())
    for pause in pauses:
        sighting = try_to_look(client, process_ids) or sighting
        if sighting.is_enough(enough):
            break
        left = deadline - time.time()
        if left <= 0:
            return WaitOutcome(sighting, is_late=True)
        time.sleep(min(pause, left))
    return WaitOutcome(sighting)
