"""One poller for all waits of a connection: it asks the platform, and each wait reads what it saw.

Lives in the event loop of a triggerer, where everything but the requests happens, so nothing needs a lock.
Knows no Airflow: each wait brings a factory that reads the connection.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable
from contextvars import Context
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from email_contacts.imports.waiting.poll_plan import PollPlan, Question
from email_contacts.imports.waiting.poll_schedule import LONGEST_REST, PollSchedule
from email_contacts.imports.waiting.poller_client import CannotConnect, Connect, PollerClient
from email_contacts.imports.waiting.poller_wait import Wait, set_within
from email_contacts.imports.waiting.rate_budget import HOUR, RateBudget

if TYPE_CHECKING:
    from email_contacts.api import ContactsApiError, Process, RouteMissing
    from email_contacts.imports.shared_store import SharedStore

log = logging.getLogger(__name__)

READ_CONNECTION_EVERY = 600.0
# One answer such as a gateway gives during a deployment does not prove that a route is gone that was there.
ROUTE_IS_GONE_AFTER = 3


class SharedPoller:
    """Looks at the platform for all waits of one connection in one event loop.

    Runs while somebody waits, and closes its client when nobody does. Errors of a look never end a wait.
    """

    def __init__(self, client: PollerClient) -> None:
        self.client = client
        #: Why waiting cannot succeed; empty otherwise.
        self.useless = ""
        #: The last error, as long as it lasts.
        self.trouble = ""
        #: That the platform has no process route; remembered for the life of the poller.
        self.route_missing: RouteMissing | None = None
        self._loop = asyncio.get_running_loop()
        self._plan = PollPlan()
        self._schedule = PollSchedule(self._loop.time)
        self._waits: set[Wait] = set()
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._read_connection_at = 0.0
        self._missing_answers = 0
        self._has_answered = False
        # The ids of waits at their deadline, which are asked for whatever forbids it.
        self._last_looks: set[int] = set()
        self._page_is_due = False

    @classmethod
    def of(cls, conn_id: str, connect: Connect, store: SharedStore | None = None) -> SharedPoller:
        """The one poller of a connection in this event loop; made when there is none.

        :param store: where the rate budget of the account is kept; None: this process has one of its own.

        Join it before the next ``await``: a poller that nobody has joined may be replaced.
        """
        pollers = _pollers.setdefault(asyncio.get_running_loop(), {})
        if conn_id not in pollers:
            pollers[conn_id] = cls(PollerClient(conn_id, connect, budgets=_budgets, store=store))
        return pollers[conn_id]

    def join(self, *, every: float | None = None) -> Wait:
        """Begin to wait.

        :param every: seconds between looks that this wait asks for, within the budget; None: as the poller
            sees fit.
        """
        wait = Wait(self, every)
        self._waits.add(wait)
        self.keep_running()
        return wait

    def leave(self, wait: Wait) -> None:
        """End a wait; the last one that leaves ends the poller."""
        self._waits.discard(wait)
        self.spare(wait.ids)
        self._wake.set()
        if self._waits:
            return
        # At once, and not when the task has noticed: who joins next gets a new poller.
        ours = _pollers.get(self._loop, {})
        if ours.get(self.client.name) is self:
            del ours[self.client.name]
        if self._task is None or self._task.done():
            self.client.close()

    def keep_running(self) -> None:
        """Start the poller's task, or start it again should it have died."""
        if self._task is None or self._task.done():
            if self._task is not None:
                log.error("the poller of %s had stopped; it is restarted", self.client.name)
            # In a context of its own, or its log would go to the task that happened to be first.
            name = f"poller of {self.client.name}"
            self._task = Context().run(self._loop.create_task, self._run(), name=name)

    def want(self, process_ids: Iterable[int]) -> None:
        """Look at these, too, and soon."""
        was_idle = not self._plan.is_wanted
        self._plan.join(process_ids)
        self._schedule.joined(self._wishes(), was_idle=was_idle)
        self._wake.set()

    def want_page(self) -> None:
        """Look at the account's newest processes, too, and soon."""
        was_idle = not self._plan.is_wanted
        self._plan.want_page()
        self._schedule.joined(self._wishes(), was_idle=was_idle)
        self._wake.set()

    def spare_page(self) -> None:
        """Look at the newest processes no more on behalf of one wait."""
        self._page_is_due = False
        self._plan.spare_page()

    def spare(self, process_ids: set[int]) -> None:
        """Look at these no more on behalf of one wait."""
        self._last_looks.difference_update(process_ids)
        self._plan.leave(process_ids)

    def hurry(self, process_ids: Iterable[int], *, page: bool = False) -> None:
        """Look at these now: the deadline of their wait is here.

        Neither a rest nor an empty budget stands against it, nor what an earlier answer made the client hold
        back for: it gets a new client.
        """
        self._last_looks.update(process_ids)
        self._page_is_due = self._page_is_due or page
        self._plan.hurry(process_ids)
        self._schedule.hurry()
        self._read_connection_at = -math.inf
        self._wake.set()

    def seen(self, process_id: int) -> Process | None:
        """The process as it was last seen."""
        return self._plan.seen.get(process_id)

    def missing(self, process_id: int) -> str:
        """Why the platform has no such process; empty as long as it does not say so."""
        return self._plan.missing.get(process_id, "")

    def looks(self, process_id: int) -> int:
        """How often it was looked at, or tried to be."""
        return self._plan.looks[process_id]

    @property
    def next_look_in(self) -> float:
        """Seconds until the next look, unless the rate budget puts it off."""
        return max(self._schedule.rest, self._schedule.until_due)

    @property
    def newest_page(self) -> tuple[Process, ...]:
        """The account's newest processes, as they were last seen."""
        return self._plan.newest_page

    @property
    def page_answers(self) -> int:
        """How often the newest processes were seen."""
        return self._plan.page_answers

    @property
    def page_looks(self) -> int:
        """How often the newest processes were looked at, or tried to be."""
        return self._plan.page_looks

    async def _run(self) -> None:
        try:
            while self._waits:
                await self._step_safely()
        finally:
            if not self._waits:
                self.client.close()

    async def _step_safely(self) -> None:
        # Before anything is looked at: what rings from now on is not slept through.
        self._wake.clear()
        try:
            await self._step()
        except Exception:
            log.exception("the poller of %s failed once; it continues", self.client.name)
            await set_within(self._wake, LONGEST_REST)

    async def _step(self) -> None:
        """One request, or one sleep; woken when somebody joins, leaves or hurries."""
        if (pause := self._schedule.rest) and not (self._last_looks or self._page_is_due):
            await set_within(self._wake, pause)
        elif self.useless:
            await set_within(self._wake, HOUR)
        elif not self.client.is_open or self._loop.time() > self._read_connection_at + READ_CONNECTION_EVERY:
            await self._read_connection()
        elif self.route_missing or not self._plan.is_wanted:
            await set_within(self._wake, READ_CONNECTION_EVERY)
        else:
            await self._look()

    async def _look(self) -> None:
        """Ask the next question, or sleep until there is one, or until the budget allows it."""
        if not self._schedule.until_due:
            self._plan.begin()
            is_sweeping = self._plan.is_sweeping
            self._schedule.begin(self._wishes(), per_hour=self.client.per_hour, is_sweeping=is_sweeping)
        question = self._plan.next()
        if question is None:
            await set_within(self._wake, self._schedule.until_due)
        elif pause := await self.client.take(overdraw=self._is_last_look(question)):
            await set_within(self._wake, pause)
        else:
            self._last_looks -= question.expected
            self._page_is_due = self._page_is_due and not question.is_front
            await self._ask(question)
            seen = (*self._plan.newest_page, *self._plan.seen.values())
            await self.client.note(seen, next_look_in=self.next_look_in, is_answered=not self.trouble)

    def _is_last_look(self, question: Question) -> bool:
        return not self._last_looks.isdisjoint(question.expected) or (self._page_is_due and question.is_front)

    async def _ask(self, question: Question) -> None:
        from email_contacts.api import ContactsApiError, NotFound, RouteMissing

        try:
            processes, count = await self.client.ask(question)
        except RouteMissing as error:
            self._missing_answers += 1
            if not self._has_answered or self._missing_answers >= ROUTE_IS_GONE_AFTER:
                log.warning("the poller of %s: %s", self.client.name, error)
                self.route_missing = error
                self._tell_all()
            else:
                self._note_failure(question, error)
        except ContactsApiError as error:
            self._missing_answers = 0
            if isinstance(error, NotFound) and question.process_id is not None:
                self._plan.unknown(question.process_id, str(error))
                self._tell(question, question.expected)
            else:
                self._note_failure(question, error)
        else:
            self._missing_answers, self._has_answered = 0, True
            self._schedule.succeeded()
            if self.trouble:
                log.info("the poller of %s: the platform answers again", self.client.name)
                self.trouble = ""
            self._tell(question, self._plan.record(question, processes, count))

    def _note_failure(self, question: Question, error: ContactsApiError) -> None:
        from email_contacts.api import Forbidden, RateLimited, Unauthorized

        rest = error.retry_after if isinstance(error, RateLimited) else 0.0
        self._plan.failed(question)
        self._schedule.failed(self._wishes(), rest=rest)
        if isinstance(error, (Unauthorized, Forbidden)) or rest > HOUR:
            # The key may have been changed; and a client that holds back for so long cannot help any more.
            self._read_connection_at = -math.inf
        if not self.trouble:
            log.warning(
                "the poller of %s: the platform cannot be polled, still waiting: %s", self.client.name, error
            )
        self.trouble = str(error)
        self._tell(question, question.expected)

    async def _read_connection(self) -> None:
        self._read_connection_at = self._loop.time()
        try:
            await self.client.open()
        except CannotConnect as error:
            self.useless = str(error)
            self._tell_all()
        except Exception as error:  # noqa: BLE001  whatever a secrets backend may raise, it may pass
            log.warning("the poller of %s cannot read its connection yet: %s", self.client.name, error)
            self.trouble = str(error)
            self._schedule.failed(self._wishes())

    def _wishes(self) -> list[float | None]:
        return [wait.every for wait in self._waits]

    def _tell(self, question: Question, process_ids: Iterable[int]) -> None:
        told = set(process_ids)
        for wait in self._waits:
            if not told.isdisjoint(wait.ids) or (question.is_front and wait.wants_page):
                wait.tell()

    def _tell_all(self) -> None:
        for wait in self._waits:
            wait.tell()


_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, SharedPoller]] = WeakKeyDictionary()
_budgets: dict[str, RateBudget] = {}
