"""Waiting for imports without a worker.

The client is synchronous, so each look runs in a thread; the triggerer's event loop is never blocked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.triggers.base import BaseTrigger, TriggerEvent

from email_contacts.connection import ContactsConnection, InvalidConnection
from email_contacts.imports.errors import ImportNotRepeatable
from email_contacts.imports.waiting import WaitOutcome, pauses, try_to_look
from email_contacts.imports.watch import Sighting

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient

# A task that is resumed sooner than the executor has noted its exit can be failed by the scheduler
# (apache/airflow#71580, #72716). [workers] min_heartbeat_interval is 5 s; one scheduler loop comes on top.
RESUME_GRACE = 8.0


class ImportCompletedTrigger(BaseTrigger):
    """Fires when imports have ended, when the deadline has passed, or when waiting is of no use.

    Errors that may pass (time-outs, 5xx, rate limits) never end the wait.

    :param conn_id: a connection of type ``email_contacts``.
    :param process_ids: the imports to wait for.
    :param deadline: seconds since the epoch; the processes are looked at once more before it counts.
    :param not_before: seconds since the epoch; no event before it (``RESUME_GRACE`` after the deferral).
    :param enough: ``all`` of them, or ``any`` one.
    :param poll_interval: seconds between looks; None: quick at first, then stretched to the connection's
        ``process_polls_per_hour``.
    """

    def __init__(
        self,
        *,
        conn_id: str,
        process_ids: Sequence[int],
        deadline: float,
        not_before: float,
        enough: str = "all",
        poll_interval: float | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.process_ids = list(process_ids)
        self.deadline = deadline
        self.not_before = not_before
        self.enough = enough
        self.poll_interval = poll_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Numbers and strings only, so that a later version can still read them."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "conn_id": self.conn_id,
                "process_ids": self.process_ids,
                "deadline": self.deadline,
                "not_before": self.not_before,
                "enough": self.enough,
                "poll_interval": self.poll_interval,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and fire once."""
        outcome = await self._outcome()
        await self._grace()
        yield TriggerEvent(outcome.to_event())  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """Say what a user's kill means: the platform cannot cancel an import."""
        self.log.warning(
            "no longer waiting for processes %s; the platform goes on with them", self.process_ids
        )

    async def _outcome(self) -> WaitOutcome:
        from email_contacts.api import ContactsApiError

        try:
            # Before the grace and not after it: the first connection that a triggerer reads takes seconds.
            connection = await BaseHook.aget_connection(self.conn_id)
            # In threads, for the first of each in a process loads a library, which takes a while.
            settings = await asyncio.to_thread(ContactsConnection.from_airflow, connection)
            with await asyncio.to_thread(settings.client) as client:
                await self._grace()
                return await self._wait(
                    client, pauses(settings.process_polls_per_hour, every=self.poll_interval)
                )
        except (ContactsApiError, ImportNotRepeatable, InvalidConnection) as error:
            return WaitOutcome(Sighting(()), error=str(error))

    async def _grace(self) -> None:
        await asyncio.sleep(max(0.0, self.not_before - time.time()))

    async def _wait(self, client: ContactsClient, pauses: Iterator[float]) -> WaitOutcome:
        sighting = Sighting(())
        for pause in pauses:
            seen = await asyncio.to_thread(try_to_look, client, self.process_ids)
            sighting = seen or sighting
            if sighting.is_enough(self.enough):
                break
            # The work first, then the clock: an import that ended at the last moment has ended.
            left = self.deadline - time.time()
            if left <= 0:
                return WaitOutcome(sighting, is_late=True)
            await asyncio.sleep(min(pause, left))
        return WaitOutcome(sighting)
