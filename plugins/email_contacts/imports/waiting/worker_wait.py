"""Waiting until imports end: the pauses, the deadline, and what waiting came to.

The loop of a worker is here; :mod:`~email_contacts.imports.waiting.async_wait` has that of a trigger. Both
look at the work first and at the clock second, and come back with the same outcome.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

from email_contacts.imports.errors import ImportNotRepeatable, ImportTimeout
from email_contacts.imports.waiting.completion import AUTO, Completion, look_at, nobody_called
from email_contacts.imports.waiting.deadline import in_words, utc
from email_contacts.imports.waiting.list_growth import growth_pauses
from email_contacts.imports.waiting.newest_page import NewestPage
from email_contacts.imports.waiting.process_status import ProcessStatuses

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, Process
    from email_contacts.imports.waiting.completion_signals import CompletionSignals
    from email_contacts.imports.waiting.look_note import LookReport

log = logging.getLogger(__name__)

# Seconds that a look may take which begins near the deadline, or at it.
LAST_LOOK = 30.0
# Seconds after which a wait for a token asks whether its task is still wanted.
LONGEST_SLEEP = 60.0


class WaitingFailed(Exception):
    """Waiting came to nothing for a reason that has nothing to do with the import itself."""


class Orphaned(RuntimeError):
    """The process that supervises this one has died; Airflow tries the task again elsewhere."""


class Supervision:
    """Sees whether the process that started this one still lives.

    Airflow supervises a task from its parent process. Should that be killed alone, nobody would end the task,
    and no error of a look ends a wait: it would go on asking the platform until its deadline.
    """

    def __init__(self) -> None:
        self._parent = os.getppid()

    def check(self) -> None:
        """Complain when it has died.

        :raises Orphaned: then.
        """
        if os.getppid() != self._parent:
            raise Orphaned(
                "the supervisor of this task has died; the wait ends here, and a retry continues it"
            )


@dataclass(frozen=True)
class WaitOutcome:
    """What waiting came to.

    :param statuses: the processes as they were last seen; empty when they never were.
    :param is_late: whether the deadline passed first.
    :param error: why waiting cannot succeed; of a late one the last error met while waiting; empty otherwise.
    :param is_called: whether a callback ended the wait. It says only that it is time to look: the imports
        may have ended or not, so look, and wait again with the same deadline if they have not.
    :param newest_page: the account's newest processes, where a wait in the queue has just seen them.
    """

    statuses: ProcessStatuses
    is_late: bool = False
    error: str = ""
    is_called: bool = False
    newest_page: NewestPage | None = None

    def completed(self) -> tuple[Process, ...]:
        """Return the processes, all of them completed.

        :raises WaitingFailed: when the platform could not be asked any more.
        :raises ImportTimeout: when the deadline passed first.
        :raises email_contacts.imports.errors.ImportFailed: when an import failed.
        :raises ImportNotRepeatable: when not all of them ended, though nothing else went wrong.
        """
        if self.is_late:
            raise ImportTimeout(
                f"not ended by the deadline; {self._last_seen}. "
                "The import continues, because the platform cannot cancel it."
            )
        if self.error:
            raise WaitingFailed(self.error)
        self.statuses.raise_for_failed()
        if not self.statuses.is_enough("all"):
            raise ImportNotRepeatable(
                f"the wait ended before the imports did; {self._last_seen}. "
                "Clear the task to look at them again"
            )
        return self.statuses.processes

    def raise_unless_enough(self) -> None:
        """Judge a wait for other people's imports: how they ended is not ours to judge, only that one did.

        :raises WaitingFailed: when the deadline passed first, or the platform could not be asked any more.
        """
        if self.is_late:
            raise WaitingFailed(f"other imports still ran at the deadline; {self._last_seen}")
        if self.error:
            raise WaitingFailed(self.error)

    @property
    def _last_seen(self) -> str:
        seen = f"last seen: {self.statuses.describe() or 'never'}"
        return f"{seen}; last error: {self.error}" if self.error else seen

    def to_event(self) -> dict[str, Any]:
        """The payload of a trigger's event: JSON, no personal data."""
        event: dict[str, Any] = {
            "outcome": self._kind,
            "processes": self.statuses.to_json(),
            "error": self.error,
        }
        return event if self.newest_page is None else {**event, "page": self.newest_page.to_json()}

    @property
    def _kind(self) -> str:
        return "called" if self.is_called else "late" if self.is_late else "error" if self.error else "seen"

    @classmethod
    def from_event(cls, event: Mapping[str, Any] | None) -> WaitOutcome:
        """Read a trigger's event, and fail closed on one that is missing or not understood.

        :raises ImportNotRepeatable: when the payload is lost or comes from another version of the trigger.
        """
        with suppress(LookupError, TypeError, ValueError):
            given = dict(event or {})
            outcome, statuses = given["outcome"], ProcessStatuses.from_json(given["processes"])
            if outcome in ("seen", "late", "error", "called"):
                return cls(
                    statuses,
                    is_late=outcome == "late",
                    error=given["error"],
                    is_called=outcome == "called",
                    newest_page=NewestPage.from_json(given.get("page")),
                )
        raise ImportNotRepeatable(
            f"the trigger's event {event!r} is unknown; clear the task to check the import again"
        )


def pauses(polls_per_hour: int, *, every: float | None = None, first: float = 5.0) -> Iterator[float]:
    """Yield the seconds to pause before each next look, for ever.

    The first looks come quickly, for most imports are short; then the pauses stretch to the hourly budget.

    :param polls_per_hour: the budget of one wait in any hour (api-contract §5: 100 an hour and account).
    :param every: a fixed pause instead.
    :param first: the first pause; each next one is half as long again.
    """
    if every:
        yield from repeat(every)
    quick, spent, pause = 0, 0.0, first
    # At most a fifth of the budget goes into the quick start; the rest is spread evenly over what is left.
    while quick < polls_per_hour // 5 and pause < 3600 / polls_per_hour:
        yield pause
        quick, spent, pause = quick + 1, spent + pause, pause * 1.5
    yield from repeat(max(1.0, (3600 - spent) / (polls_per_hour - quick)))


def at_once() -> float:
    """Stand in for a budget where there is none."""
    return 0.0


def wait_here(
    client: ContactsClient,
    process_ids: Sequence[int | None],
    *,
    deadline: float,
    pauses: Iterator[float],
    enough: str = "all",
    evidence: Sequence[CompletionSignals] = (),
    source: str = AUTO,
    called: Callable[[CompletionSignals], bool] = nobody_called,
    reserve: Callable[[], float] = at_once,
    report: LookReport | None = None,
) -> WaitOutcome:
    """Wait in this thread. Errors that may pass never end the wait, nor does a key that is refused by now.

    :param deadline: seconds since the epoch.
    :param pauses: seconds to pause after each request for processes; where callbacks or lists are to tell,
        their own pace is kept.
    :param enough: ``all`` of the imports, or ``any`` one.
    :param evidence: as in :func:`~email_contacts.imports.waiting.completion.look_for_end`;
        ``source`` and ``called``, too.
    :param reserve: reserves a request to the process route in the account's budget; 0.0, or the seconds until
        there is one. The last look before the deadline does not wait for it.
    :param report: is given each look but the last.
    :raises Orphaned: when the supervisor of this process dies.
    """
    from email_contacts.api import Forbidden, Unauthorized

    completion, signs = Completion(process_ids, evidence, source), growth_pauses()
    supervision, is_last = Supervision(), False
    log.info("waiting in this worker for the end of %s; gives up at %s", in_words(process_ids), utc(deadline))
    until_token = 0.0

    def may_ask() -> bool:
        nonlocal until_token
        until_token = reserve()
        return not until_token or time.time() >= deadline

    while True:
        supervision.check()
        until_token = 0.0
        # Near the deadline neither a rate limit that is sat out nor a slow answer may take the last look.
        asked = client if deadline - time.time() > LAST_LOOK else client.within(LAST_LOOK)
        made_before = asked.requests.made
        try:
            trouble = look_at(asked, completion, called, may_ask)
        except (Unauthorized, Forbidden) as error:
            trouble = str(error)
            log.warning("the platform could not be polled, still waiting: %s", trouble)
        statuses = completion.statuses
        if statuses.is_enough(enough):
            return WaitOutcome(statuses)
        # The work first, then the clock: an import that ended at the last moment has ended.
        left = deadline - time.time()
        if left > 0:
            # A look at many processes makes several requests; each of them is paid for with a pause.
            made = max(1, asked.requests.made - made_before)
            pause = sum(islice(pauses, made)) if completion.open_ids() else next(signs)
            pause = min(max(pause, min(until_token, LONGEST_SLEEP)), left)
            if report is not None and not until_token:
                report(statuses.processes, next_look_in=pause, is_answered=not trouble)
            time.sleep(pause)
        elif is_last or not completion.begin_last_look():
            return WaitOutcome(statuses, is_late=True, error=trouble)
        else:
            is_last = True
