"""A platform on a simulated clock, and waits for its imports: hours pass in no time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

from email_contacts.api import ContactsApiError, ContactsClient, NotFound, Process
from email_contacts.api.answers import Page
from email_contacts.imports.waiting.poller_client import PollerClient
from email_contacts.imports.waiting.rate_budget import HOUR
from email_contacts.imports.waiting.shared_poller import SharedPoller
from tests.imports.virtual_time import at_once, run
from tests.task_context import SharedStore


def wall_clock() -> float:
    """Seconds since the epoch, of the loop."""
    return 1_795_000_000.0 + asyncio.get_running_loop().time()


@dataclass
class Platform:
    """A platform that answers at once, with the loop's own clock; stands for the client as well.

    :param store: what its pollers share with other processes; None: nothing.
    """

    ended_at: dict[int, float] = field(default_factory=dict)
    others: int = 0
    errors: list[ContactsApiError] = field(default_factory=list)
    always: ContactsApiError | None = None
    process_polls_per_hour: int = 100
    asked_at: list[float] = field(default_factory=list)
    clients: int = 0
    closed: int = 0
    reads: int = 0
    store: SharedStore | None = None

    async def connect(self) -> Platform:
        self.reads += 1
        return self

    def client(self, *, max_wait: float) -> ContactsClient:
        assert max_wait == 0, "the client would repeat requests that nobody counts"
        self.clients += 1
        return cast("ContactsClient", self)

    def close(self) -> None:
        self.closed += 1

    def process(self, process_id: int) -> Process:
        self._ask()
        if process_id not in self.ended_at:
            raise NotFound("Process ID does not exist", code="document_not_found")
        return self._shown(process_id)

    def processes(self, *, limit: int, offset: int, sort: str = "desc") -> Page[Process]:
        self._ask()
        ids = sorted([*self.ended_at, *range(10**6, 10**6 + self.others)], reverse=sort == "desc")
        return Page(tuple(self._shown(one) for one in ids[offset : offset + limit]), len(ids))

    def _ask(self) -> None:
        self.asked_at.append(asyncio.get_running_loop().time())
        if self.errors:
            raise self.errors.pop(0)
        if self.always:
            raise self.always

    def _shown(self, process_id: int) -> Process:
        has_ended = asyncio.get_running_loop().time() >= self.ended_at.get(process_id, 0)
        return Process(process_id, "IMPORTUSER", "completed" if has_ended else "in_process")

    def poller(self) -> SharedPoller:
        now = asyncio.get_running_loop().time
        client = PollerClient(
            "c",
            self.connect,
            budgets={},
            store=self.store,
            in_thread=at_once,
            now=now,
            wall_clock=wall_clock,
        )
        return SharedPoller(client)

    def fullest_hour(self) -> int:
        return max(sum(begin <= moment < begin + HOUR for moment in self.asked_at) for begin in self.asked_at)


async def end_of(poller: SharedPoller, process_id: int, *, every: float | None = None) -> float:
    """Wait for one import, and give the moment at which its end was seen."""
    loop = asyncio.get_running_loop()
    with poller.join(every=every) as wait:
        wait.ask_for([process_id])
        while not ((process := poller.seen(process_id)) and process.is_finished):
            await wait.news(60)
    return loop.time()


def seen_ends(platform: Platform, ends: dict[int, float], **arguments: Any) -> dict[int, float]:
    """Wait for all of them; gives how late each end was seen, in seconds."""

    async def all_of_them() -> dict[int, float]:
        begin = asyncio.get_running_loop().time()
        platform.ended_at = {one: begin + after for one, after in ends.items()}
        poller = platform.poller()
        seen = await asyncio.gather(*(end_of(poller, one, **arguments) for one in ends))
        return {one: at - platform.ended_at[one] for one, at in zip(ends, seen, strict=True)}

    return run(all_of_them())
