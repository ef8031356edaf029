"""The client that all waits of a connection share, and what it may spend.

Requests run in threads, for the client is synchronous and the event loop must not be held up.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

from email_contacts.imports.waiting.account_budget import AccountBudget
from email_contacts.imports.waiting.list_growth import has_grown
from email_contacts.imports.waiting.look_note import LookNote, look_key
from email_contacts.imports.waiting.poll_plan import Question
from email_contacts.imports.waiting.process_status import PROCESS_PAGE
from email_contacts.imports.waiting.rate_budget import RateBudget

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, Process
    from email_contacts.imports.shared_store import SharedStore
    from email_contacts.imports.waiting.completion_signals import CompletionSignals

log = logging.getLogger(__name__)

# Looks at lists are in the generous bucket (api-contract §5), and still leave most of it to others.
GROWTH_LOOKS_PER_HOUR = 7200


class Settings(Protocol):
    """What is read of a checked connection."""

    @property
    def process_polls_per_hour(self) -> int:
        """The most that all waits together may ask in any hour."""

    def client(self, *, max_wait: float) -> ContactsClient:
        """Make a client."""


Connect = Callable[[], Awaitable[Settings]]


class CannotConnect(ValueError):
    """The connection cannot work; the message says what to fix."""


class PollerClient:
    """A client of the platform, made of the connection when it is first needed.

    :param name: of the connection, for the log.
    :param connect: reads the connection; raises ``ValueError`` where it cannot work.
    :param budgets: of this process's requests for processes, by connection; they outlive the client.
    :param store: where the account's own budget is kept, which workers and other triggerers share; None: it
        has none.
    :param in_thread: runs a blocking function elsewhere.
    :param now: seconds that never go back.
    :param wall_clock: seconds since the epoch.
    """

    def __init__(
        self,
        name: str,
        connect: Connect,
        *,
        budgets: dict[str, RateBudget],
        store: SharedStore | None = None,
        in_thread: Callable[..., Awaitable[Any]] = asyncio.to_thread,
        now: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._connect = connect
        self._budgets = budgets
        self._in_thread = in_thread
        self._now = now
        self._store = store
        self._wall_clock = wall_clock
        self._account: AccountBudget | None = None
        self._client: ContactsClient | None = None
        self._is_settled = asyncio.Event()
        self._growth_turn = asyncio.Lock()
        self._growth_budget = RateBudget(GROWTH_LOOKS_PER_HOUR, now=now)

    @property
    def is_open(self) -> bool:
        """Whether there is a client."""
        return self._client is not None

    @property
    def per_hour(self) -> int:
        """The most that may be asked for processes in any hour."""
        return self._budgets[self.name].per_hour

    async def open(self) -> None:
        """Read the connection and make a client of it; one that cannot work does not replace one that did.

        :raises CannotConnect: when there was none before, and this one cannot work.
        :raises Exception: when there was none before, and the connection cannot be read now.
        """
        try:
            settings = await self._connect()
            # No repeats inside the client, which the budget would not count. In a thread, for the first
            # client of a process loads a library.
            client = await self._in_thread(lambda: settings.client(max_wait=0.0))
        except Exception as error:
            if self._client is not None:
                log.warning("the poller of %s keeps its old settings: %s", self.name, error)
                return
            if isinstance(error, ValueError):
                self._is_settled.set()
                raise CannotConnect(str(error)) from error
            raise
        # A look at a list that is under way in another thread ends well: its connection is out of the pool.
        self.close()
        self._client = client
        limit = settings.process_polls_per_hour
        if self.name in self._budgets:
            self._budgets[self.name].change(limit)
        else:
            self._budgets[self.name] = RateBudget(limit, now=self._now)
        if self._store is not None:
            self._account = AccountBudget(self._store, self.name, limit, now=self._wall_clock)
        self._is_settled.set()

    async def take(self, *, overdraw: bool = False) -> float:
        """Take a token for one request, from this process's budget and from the account's.

        :return: 0.0, or the seconds until there is one.
        """
        own = self._budgets[self.name]
        if own_pause := own.take(overdraw=overdraw):
            return own_pause
        if self._account is None:
            return 0.0
        pause: float = await self._in_thread(partial(self._account.take, overdraw=overdraw))
        if pause:
            own.put_back()
        return pause

    async def ask(self, question: Question) -> tuple[Sequence[Process], int]:
        """Make the one request of a question.

        :return: the processes, and how many there are on the platform in all.
        :raises email_contacts.api.ContactsApiError: when there is no answer.
        """
        answer: tuple[Sequence[Process], int] = await self._in_thread(_answer, self._client, question)
        return answer

    async def note(self, processes: Iterable[Process], *, next_look_in: float, is_answered: bool) -> None:
        """Leave what a look showed where people can see it; where that is not possible, nothing is missing.

        :param next_look_in: seconds.
        """
        if self._store is None:
            return
        at = self._wall_clock()
        note = LookNote.of(processes, at=at, next_look_in=next_look_in, is_answered=is_answered)
        try:
            await self._in_thread(self._store.set, look_key(self.name), note.to_text())
        except Exception as error:  # noqa: BLE001  whatever Airflow's store may raise
            log.debug("the last look of %s could not be noted: %s", self.name, error)

    async def has_grown(self, evidence: CompletionSignals) -> bool:
        """Look at the lists of one import; one such look at a time.

        :raises email_contacts.api.ContactsApiError: when the platform cannot be asked.
        """
        await self._is_settled.wait()
        async with self._growth_turn:
            for _ in range(2 * len(evidence.list_sizes)):
                while pause := self._growth_budget.take():
                    await asyncio.sleep(pause)
            if self._client is None:
                return False
            grown: bool = await self._in_thread(has_grown, self._client, evidence)
            return grown

    def close(self) -> None:
        """Close the client."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _answer(client: ContactsClient, question: Question) -> tuple[Sequence[Process], int]:
    if question.process_id is not None:
        return (client.process(question.process_id),), 0
    sort: Literal["asc", "desc"] = "asc" if question.ascending else "desc"
    page = client.processes(limit=PROCESS_PAGE, offset=question.offset, sort=sort)
    return page.items, page.count
