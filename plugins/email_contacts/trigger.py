"""Waiting for imports without a worker: the triggers.

All triggers of one connection in one triggerer share a poller (``imports.waiting.shared_poller``), so that a
thousand waits cost the platform no more than one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from email_contacts import metrics
from email_contacts.airflow_answers import check_airflow_answers
from email_contacts.connection import ContactsConnection, InvalidConnection
from email_contacts.imports.callbacks import MAILBOX, has_mail
from email_contacts.imports.queue.entries import Ticket
from email_contacts.imports.queue.queue_wait import QueueReader, QueueWait
from email_contacts.imports.waiting.async_wait import AsyncWait
from email_contacts.imports.waiting.completion import AUTO, Completion
from email_contacts.imports.waiting.completion_signals import CompletionSignals
from email_contacts.imports.waiting.process_status import ProcessStatuses
from email_contacts.imports.waiting.shared_poller import SharedPoller
from email_contacts.imports.waiting.worker_wait import WaitOutcome
from email_contacts.variables import SharedVariables

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient

log = logging.getLogger(__name__)

# A task that is resumed sooner than the executor has noted its exit can be failed by the scheduler
# (apache/airflow#71580, #72716). [workers] min_heartbeat_interval is 5 s; one scheduler loop comes on top.
RESUME_GRACE = 8.0


class ImportCompletedTrigger(BaseTrigger):
    """Fires when imports have ended, when the deadline has passed, or when waiting cannot succeed.

    An error while polling never ends the wait; the deadline does. The wait ends early if the platform does
    not know the process, if the connection is invalid, or if there is no way to detect the end of the
    imports.

    :param conn_id: a connection of type ``email_contacts``.
    :param process_ids: the imports to wait for; None where the platform's answer to the submission was lost.
    :param deadline: seconds since the epoch; the processes are looked at once more before it counts.
    :param not_before: seconds since the epoch; no event before it (``RESUME_GRACE`` after the deferral).
    :param enough: ``all`` of them, or ``any`` one.
    :param poll_interval: seconds between polls; None: short at first, then stretched. Either way all waits of
        a triggerer together respect the connection's ``process_polls_per_hour``.
    :param source: the connection's ``completion_source``.
    :param evidence: for each import, what else shows that it has ended (``Evidence.to_json``); or none.
    """

    def __init__(
        self,
        *,
        conn_id: str,
        process_ids: Sequence[int | None],
        deadline: float,
        not_before: float,
        enough: str = "all",
        poll_interval: float | None = None,
        source: str = AUTO,
        evidence: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.process_ids = list(process_ids)
        self.deadline = deadline
        self.not_before = not_before
        self.enough = enough
        self.poll_interval = poll_interval
        self.source = source
        self.evidence = [dict(document) for document in evidence]

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
                "source": self.source,
                "evidence": self.evidence,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and fire once."""
        async with metrics.waiting(self.conn_id):
            outcome = await self._outcome()
            await self._grace()
        yield TriggerEvent(outcome.to_event())  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """Say what the end of the wait means. Airflow calls this also when a callback has woken the task."""
        self.log.info(
            "no longer waiting here for processes %s; nothing is stopped on the platform", self.process_ids
        )

    async def _outcome(self) -> WaitOutcome:
        await self._grace()
        try:
            evidence = [CompletionSignals.from_json(document) for document in self.evidence]
            completion = Completion(self.process_ids, evidence, self.source)
        except ValueError as error:
            return WaitOutcome(ProcessStatuses(()), error=str(error))
        wait = AsyncWait(
            SharedPoller.of(self.conn_id, partial(read_connection, self.conn_id), SharedVariables()),
            completion,
            deadline=self.deadline,
            enough=self.enough,
            every=self.poll_interval,
            called=_was_called,
        )
        return await wait.outcome()

    async def _grace(self) -> None:
        await asyncio.sleep(max(0.0, self.not_before - time.time()))


class ImportQueueTrigger(BaseTrigger):
    """Fires when a task is first in the submission queue of its connection and a further import may run.

    Also fires when the deadline has passed, or the connection is invalid. Only the first in the queue has the
    platform asked, together with all other waits of the connection.

    :param conn_id: a connection of type ``email_contacts``.
    :param waiting_task: the task that waits: DAG id, run id, task id, map index.
    :param arrived: its ticket: when it arrived, milliseconds since the epoch.
    :param deadline: seconds since the epoch.
    :param not_before: seconds since the epoch; no event before it (``RESUME_GRACE`` after the deferral).
    :param max_running: how many imports may run in the account.
    :param poll_interval: seconds between looks at the account; None: as in ``ImportCompletedTrigger``.
    """

    def __init__(
        self,
        *,
        conn_id: str,
        waiting_task: Sequence[Any],
        arrived: int,
        deadline: float,
        not_before: float,
        max_running: int,
        poll_interval: float | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.waiting_task = list(waiting_task)
        self.arrived = arrived
        self.deadline = deadline
        self.not_before = not_before
        self.max_running = max_running
        self.poll_interval = poll_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Numbers and strings only, so that a later version can still read them."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "conn_id": self.conn_id,
                "waiting_task": self.waiting_task,
                "arrived": self.arrived,
                "deadline": self.deadline,
                "not_before": self.not_before,
                "max_running": self.max_running,
                "poll_interval": self.poll_interval,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and fire once."""
        await asyncio.sleep(max(0.0, self.not_before - time.time()))
        dag_id, run_id, task_id, map_index = self.waiting_task
        task = (str(dag_id), str(run_id), str(task_id), int(map_index))
        wait = QueueWait(
            QueueReader.of(self.conn_id, SharedVariables()),
            SharedPoller.of(self.conn_id, partial(read_connection, self.conn_id), SharedVariables()),
            Ticket.of(task, arrived=self.arrived),
            task,
            max_running=self.max_running,
            deadline=self.deadline,
            every=self.poll_interval,
        )
        async with metrics.waiting(self.conn_id):
            outcome = await wait.outcome()
        yield TriggerEvent(outcome.to_event())  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class PollerSettings:
    """A checked connection as the poller needs it; the requests of its clients are counted."""

    connection: ContactsConnection

    @property
    def process_polls_per_hour(self) -> int:
        """The most that all waits together may ask in any hour."""
        return self.connection.process_polls_per_hour

    def client(self, *, max_wait: float) -> ContactsClient:
        """Make a client.

        :param max_wait: as the connection's.
        """
        counted = partial(metrics.count, "process_requests", conn_id=self.connection.conn_id)
        return self.connection.client(max_wait=max_wait, before_process_request=counted)


async def read_connection(conn_id: str) -> PollerSettings:
    """Read a connection on behalf of a poller.

    :raises InvalidConnection: when it is missing, or cannot work.
    :raises AirflowRuntimeError: when Airflow does not answer.
    """
    try:
        connection = await BaseHook.aget_connection(conn_id)
    except AirflowNotFoundException as error:
        await asyncio.to_thread(check_airflow_answers)
        raise InvalidConnection(str(error)) from error
    # In a thread, for the first one of a process loads a library, which takes a while.
    return PollerSettings(await asyncio.to_thread(ContactsConnection.from_airflow, connection))


async def _was_called(evidence: CompletionSignals) -> bool:
    """Read the mailbox of the task that submitted the import."""
    from airflow.sdk.execution_time.xcom import XCom

    dag_id, run_id, task_id, map_index = evidence.task
    try:
        mail = await XCom.aget_one(
            key=MAILBOX, dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index
        )
    except Exception as error:  # noqa: BLE001  whatever it is, it is read again
        log.warning("the mailbox of task %s could not be read: %s", task_id, error)
        return False
    return has_mail(mail, evidence.nonce)
