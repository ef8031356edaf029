"""Waiting in the queue without a worker: one read of the queue for all that wait in one triggerer.

A wait ends, and with that its task is started, only when it is first in the queue *and* a further import may
run. Only the first one has the platform asked for that, so a long queue costs the platform nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextvars import Context
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary

from email_contacts.imports.queue.entries import Entry, Phase, QueueEntries, Ticket
from email_contacts.imports.queue.observer import BEAT, READ_EVERY, QueueObserver
from email_contacts.imports.shared_store import SharedStore, TaskKey
from email_contacts.imports.waiting.deadline import utc
from email_contacts.imports.waiting.newest_page import NewestPage
from email_contacts.imports.waiting.process_status import ProcessStatuses
from email_contacts.imports.waiting.shared_poller import SharedPoller
from email_contacts.imports.waiting.worker_wait import WaitOutcome

log = logging.getLogger(__name__)

# A last look at the platform may take so long.
LAST_LOOK = 60.0


class QueueReader:
    """Reads the queue of one account, again and again, for all that wait in it in one event loop.

    :param in_thread: runs a blocking function elsewhere.
    :param now: seconds since the epoch.
    """

    def __init__(
        self,
        store: SharedStore,
        account: str,
        *,
        in_thread: Callable[..., Awaitable[Any]] = asyncio.to_thread,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.entries = QueueEntries(store, account, now=now)
        self.now = now
        #: The queue as it was last read; None: not yet.
        self.seen: list[Entry] | None = None
        self._observer = QueueObserver(self.entries, now=asyncio.get_running_loop().time)
        self._in_thread = in_thread
        self._loop = asyncio.get_running_loop()
        self._bells: dict[Ticket, Callable[[], None]] = {}
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, account: str, store: SharedStore) -> QueueReader:
        """The one reader of an account in this event loop; made when there is none."""
        readers = _readers.setdefault(asyncio.get_running_loop(), {})
        if account not in readers:
            readers[account] = cls(store, account)
        return readers[account]

    def join(self, ticket: Ticket, bell: Callable[[], None]) -> None:
        """Ring a bell whenever this ticket is first, or is missing from the queue."""
        self._bells[ticket] = bell
        if self._task is None or self._task.done():
            self._task = Context().run(self._loop.create_task, self._run(), name="queue reader")

    def leave(self, ticket: Ticket) -> None:
        """Ring no more; the last one that leaves ends the reader."""
        self._bells.pop(ticket, None)
        if self._bells:
            return
        ours = _readers.get(self._loop, {})
        if ours.get(self.entries.account) is self:
            del ours[self.entries.account]
        if self._task is not None:
            self._task.cancel()

    async def write(self, ticket: Ticket, phase: Phase, task: TaskKey) -> None:
        """Write an entry; one that cannot be written now is written with the next renewal."""
        try:
            self.seen = await self._in_thread(self.entries.write, ticket, phase, task)
        except Exception as error:  # noqa: BLE001  no error of Airflow's store ends a wait
            log.warning("the queue of %s could not be written: %s", self.entries.account, error)

    async def remove(self, ticket: Ticket) -> None:
        """Remove an entry; one that cannot be removed now is removed by those who wait behind it."""
        try:
            await self._in_thread(self.entries.remove, ticket)
        except Exception as error:  # noqa: BLE001  as above
            log.warning("an entry in the queue of %s could not be removed: %s", self.entries.account, error)

    async def _run(self) -> None:
        while self._bells:
            try:
                seen: list[Entry] = await self._in_thread(self._observer.observe)
            except Exception as error:  # noqa: BLE001  whatever it is, the queue is read again
                log.warning("the queue of %s could not be read: %s", self.entries.account, error)
            else:
                self.seen = seen
                known = {entry.ticket for entry in seen}
                for ticket, bell in list(self._bells.items()):
                    if ticket not in known or seen[0].ticket == ticket:
                        bell()
            await asyncio.sleep(READ_EVERY)


class QueueWait:
    """The wait of one task in the queue.

    :param poller: of the connection.
    :param task: whose ticket it is.
    :param max_running: a further import may be submitted while fewer than these run in the account.
    :param deadline: seconds since the epoch.
    :param every: seconds between looks at the account that this wait asks for; None: as the poller decides.
    """

    def __init__(
        self,
        reader: QueueReader,
        poller: SharedPoller,
        ticket: Ticket,
        task: TaskKey,
        *,
        max_running: int,
        deadline: float,
        every: float | None,
    ) -> None:
        self._reader = reader
        self._poller = poller
        self._ticket = ticket
        self._task = task
        self._max_running = max_running
        self._deadline = deadline
        self._every = every
        self._next_beat = 0.0
        self._answers_before: int | None = None
        self._told: int | None = None

    async def outcome(self) -> WaitOutcome:
        """Wait until this task may submit: an outcome without processes; or until it is too late."""
        with self._poller.join(every=self._every) as wait, _Place(self._reader, self._ticket, wait.tell):
            while True:
                is_first = await self._keep_place()
                wait.ask_for_page(is_first)
                if is_first and self._poller.useless:
                    return WaitOutcome(ProcessStatuses(()), error=self._poller.useless)
                if is_first and self._may_submit():
                    await self._reader.write(self._ticket, Phase.CALLED, self._task)
                    return WaitOutcome(ProcessStatuses(()), newest_page=self._newest_page)
                left = self._deadline - self._reader.now()
                if left <= 0:
                    if is_first:
                        await wait.last_look(LAST_LOOK)
                    if not (is_first and self._may_submit()):
                        await self._reader.remove(self._ticket)
                        return WaitOutcome(self._running, is_late=True, error=self._poller.trouble)
                else:
                    await wait.news(min(left, BEAT))

    async def _keep_place(self) -> bool:
        """Give signs of life while first, and rejoin when the entry is gone.

        :return: whether this ticket is first, and no task has the turn.
        """
        seen = self._reader.seen
        if seen is None:
            return False
        place = next((index for index, one in enumerate(seen) if one.ticket == self._ticket), None)
        self._say_what_changed(place, len(seen))
        is_first = place == 0
        now = asyncio.get_running_loop().time()
        if place is None or (is_first and now >= self._next_beat):
            await self._reader.write(self._ticket, Phase.WAITING, self._task)
            self._next_beat = now + BEAT
        has_turn = is_first and not any(one.is_submitting for one in seen)
        if not has_turn:
            self._answers_before = None
        elif self._answers_before is None:
            self._answers_before = self._poller.page_answers
        return has_turn

    def _may_submit(self) -> bool:
        if self._poller.route_missing:
            return True
        is_seen = self._answers_before is not None and self._poller.page_answers > self._answers_before
        return is_seen and len(self._running.processes) < self._max_running

    @property
    def _newest_page(self) -> NewestPage | None:
        if self._poller.route_missing:
            return None
        return NewestPage(self._poller.newest_page, self._reader.now())

    @property
    def _running(self) -> ProcessStatuses:
        page = self._poller.newest_page
        return ProcessStatuses(tuple(one for one in page if one.is_import and one.is_running))

    def _say_what_changed(self, place: int | None, length: int) -> None:
        if place is not None and (self._told is None or place == 0 < self._told):
            log.info(
                "place %d of %d in the submission queue of %s, which is read every %g s; gives up at %s",
                place + 1,
                length,
                self._reader.entries.account,
                READ_EVERY,
                utc(self._deadline),
            )
        self._told = self._told if place is None else place


class _Place:
    """Registers a wait at the reader for the length of a ``with`` block."""

    def __init__(self, reader: QueueReader, ticket: Ticket, bell: Callable[[], None]) -> None:
        self._reader = reader
        self._ticket = ticket
        self._bell = bell

    def __enter__(self) -> None:
        self._reader.join(self._ticket, self._bell)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.leave(self._ticket)


_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, QueueReader]] = WeakKeyDictionary()
