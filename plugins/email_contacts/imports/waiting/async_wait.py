"""Waiting in an event loop: one wait, by every completion source, until the deadline.

The processes are polled together with those of all other waits of the connection
(:mod:`imports.waiting.shared_poller`); callbacks and lists only where they count.
The work is looked at first, and the clock second.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from itertools import repeat

from email_contacts.imports.errors import CannotTell
from email_contacts.imports.waiting.completion import NOT_SEEN, Completion
from email_contacts.imports.waiting.completion_signals import CompletionSignals
from email_contacts.imports.waiting.deadline import in_words, utc
from email_contacts.imports.waiting.list_growth import growth_pauses
from email_contacts.imports.waiting.poller_wait import Wait
from email_contacts.imports.waiting.process_status import ProcessStatuses, warn_of_undocumented
from email_contacts.imports.waiting.shared_poller import SharedPoller
from email_contacts.imports.waiting.worker_wait import WaitOutcome

log = logging.getLogger(__name__)

# A last look waits so long for the budget, or for a platform that is slow; one token comes in less.
LAST_LOOK = 60.0
# However quiet it is, a wait looks up so often: the poller may have died, and the wall clock may jump.
HEARTBEAT = 60.0

Called = Callable[[CompletionSignals], Awaitable[bool]]


class AsyncWait:
    """One wait for some imports.

    :param poller: of the connection; joined when the wait begins.
    :param completion: the imports.
    :param deadline: seconds since the epoch.
    :param enough: ``all`` of the imports, or ``any`` one.
    :param every: seconds between looks that this wait asks for; None: as the poller sees fit.
    :param called: reads whether the callback that a piece of evidence names was received.
    """

    def __init__(
        self,
        poller: SharedPoller,
        completion: Completion,
        *,
        deadline: float,
        enough: str,
        every: float | None,
        called: Called,
    ) -> None:
        self._poller = poller
        self._completion = completion
        self._deadline = deadline
        self._enough = enough
        self._every = every
        self._called = called
        self._pauses = growth_pauses() if every is None else repeat(every)
        self._signs_due = 0.0
        self._trouble = ""
        self._told = ""
        self._warned: set[tuple[int, str]] = set()

    async def outcome(self) -> WaitOutcome:
        """Wait."""
        with self._poller.join(every=self._every) as wait:
            is_last = False
            wait.ask_for(self._completion.open_ids())
            self._say_what_is_waited_for()
            while True:
                try:
                    await self._take_in(wait)
                    self._completion.raise_unless_somebody_can_tell()
                except CannotTell as error:
                    return WaitOutcome(self._completion.statuses, error=str(error))
                statuses = self._completion.statuses
                self._say_what_changed(statuses)
                if statuses.is_enough(self._enough):
                    return WaitOutcome(statuses)
                if why := self._why_useless(wait):
                    return WaitOutcome(statuses, error=why)
                left = self._deadline - time.time()
                if left > 0:
                    until_signs = self._signs_due - asyncio.get_running_loop().time()
                    await wait.news(min(left, HEARTBEAT, max(0.0, until_signs) if self._has_signs else left))
                elif is_last:
                    return WaitOutcome(statuses, is_late=True, error=self._poller.trouble or self._trouble)
                else:
                    is_last = True
                    self._signs_due = 0.0
                    self._completion.begin_last_look()
                    wait.ask_for(self._completion.open_ids())
                    await wait.last_look(LAST_LOOK)

    async def _take_in(self, wait: Wait) -> None:
        """Complete the picture by what the poller has seen, and by callbacks and lists when it is time."""
        self._read(wait)
        now = asyncio.get_running_loop().time()
        if self._has_signs and now >= self._signs_due:
            await self._look_for_signs()
            self._signs_due = asyncio.get_running_loop().time() + next(self._pauses)
            self._read(wait)

    def _read(self, wait: Wait) -> None:
        wait.ask_for(self._completion.open_ids())
        for one in wait.ids:
            if process := self._poller.seen(one):
                self._completion.see(process)
        if self._poller.route_missing and not self._completion.route_missing:
            self._completion.lose_route(str(self._poller.route_missing))
        wait.ask_for(self._completion.open_ids())

    @property
    def _has_signs(self) -> bool:
        return bool(self._completion.callable() or self._completion.growable())

    async def _look_for_signs(self) -> None:
        """Ask the mailboxes and the lists; what cannot be read now is read later."""
        from email_contacts.api import ContactsApiError

        self._trouble = ""
        for index, evidence in self._completion.callable():
            if await self._called(evidence):
                self._completion.hear(index)
        try:
            for index, evidence in self._completion.growable():
                # Many may be before us, and the deadline must not wait for them.
                left = max(0.0, self._deadline - time.time()) + LAST_LOOK
                if await asyncio.wait_for(self._poller.client.has_grown(evidence), left):
                    self._completion.grow(index)
        except (ContactsApiError, asyncio.TimeoutError) as error:
            self._trouble = str(error) or "the lists could not be read in time"
            log.warning("the lists could not be read, still waiting: %s", self._trouble)

    def _why_useless(self, wait: Wait) -> str:
        missing = (self._poller.missing(one) for one in wait.ids)
        return self._poller.useless or next(filter(None, missing), "")

    def _say_what_is_waited_for(self) -> None:
        """Say it once, in the log of the task that waits."""
        until_look = 0.0 if self._has_signs else self._poller.next_look_in
        log.info(
            "waiting for the end of %s; next look by %s%s, later only if the hourly budget is spent; "
            "gives up at %s",
            in_words(self._completion.process_ids),
            utc(time.time() + until_look),
            ", or when the platform calls" if self._completion.can_be_called else "",
            utc(self._deadline),
        )

    def _say_what_changed(self, statuses: ProcessStatuses) -> None:
        """Say it in the log of the task that waits."""
        told = statuses.describe()
        if told and told != self._told:
            log.info("imports: %s", told)
        self._told = told
        for process in statuses.processes:
            if process.status != NOT_SEEN and (process.id, process.status) not in self._warned:
                self._warned.add((process.id, process.status))
                warn_of_undocumented(process)
