"""The queue as a task in a worker sees it: join, enter when it is its turn, leave.

Two tasks never both have the turn: each writes that it claims it, and goes on only when a list read *after*
that shows no other claim. Of two that see each other the one that arrived later withdraws.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from email_contacts.imports import failpoints
from email_contacts.imports.queue.entries import Entry, Phase, QueueEntries, Ticket
from email_contacts.imports.queue.observer import BEAT, READ_EVERY, QueueObserver
from email_contacts.imports.shared_store import SharedStore, TaskKey
from email_contacts.imports.waiting.worker_wait import Orphaned, Supervision

log = logging.getLogger(__name__)

_MEMORY = "email_contacts.queue"
# A rival that claims the turn in the same moment withdraws within this time.
_RIVAL_PAUSES = (0.1, 0.2, 0.4, 0.8)


class TurnLost(RuntimeError):
    """The turn was given to another task, because this one did not renew its lease; worth a retry."""


class QueueTimeout(TimeoutError):
    """Other tasks were still before this one when its time in the queue was over; worth a retry."""


class TaskMemory(Protocol):
    """What is needed of ``context["task_state_store"]``, which survives tries and deferral."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the stored JSON value, or the default."""

    def set(self, key: str, value: Any) -> None:
        """Store a JSON value."""

    def delete(self, key: str) -> None:
        """Remove a key; nothing happens when it is not there."""


@dataclass(frozen=True)
class Place:
    """Where a task stands in the queue, and until when it waits there.

    :param deadline: seconds since the epoch.
    """

    ticket: Ticket
    deadline: float

    def to_json(self, generation: int) -> dict[str, Any]:
        """For the task's own memory."""
        return {"arrived": self.ticket.arrived, "deadline": self.deadline, "generation": generation}


class SubmissionQueue:
    """The queue of an account, for one task.

    :param store: shared by all tasks of this Airflow.
    :param account: the connection id.
    :param memory: the task's own state store: a retry comes back to the place that an earlier try had.
    :param generation: a number that clearing the task changes and a retry does not.
    :param timeout: seconds that the task waits in the queue, counted from its first try.
    """

    def __init__(
        self,
        store: SharedStore,
        *,
        account: str,
        task: TaskKey,
        memory: TaskMemory,
        generation: int = 0,
        timeout: float = 24 * 3600.0,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.task = task
        self.entries = QueueEntries(store, account, now=now)
        self._now = now
        self._memory = memory
        self._generation = generation
        self._timeout = timeout
        self._sleep = sleep

    def join(self) -> Place:
        """Take a place at the end, or the place that an earlier try had.

        A deadline that passed was reported by the try that met it; the next one waits as long again.
        """
        now = self._now()
        kept = self._memory.get(_MEMORY)
        arrived = int(now * 1000)
        if isinstance(kept, Mapping) and kept.get("generation") == self._generation:
            arrived = int(kept["arrived"])
            if kept["deadline"] > now:
                return Place(Ticket.of(self.task, arrived=arrived), float(kept["deadline"]))
        place = Place(Ticket.of(self.task, arrived=arrived), now + self._timeout)
        self._memory.set(_MEMORY, place.to_json(self._generation))
        return place

    def enter(self) -> Turn | None:
        """Take the turn.

        :return: None when it is not this task's turn; it has a place in the queue then.
        """
        ticket = self.join().ticket
        seen = self.entries.read()
        if not any(one.ticket == ticket for one in seen):
            seen = self.entries.write(ticket, Phase.WAITING, self.task)
        failpoints.reached(failpoints.QUEUED)
        was_called = any(one.ticket == ticket and one.phase is Phase.CALLED for one in seen)
        if seen[0].ticket != ticket:
            return None
        if _rivals(seen, ticket):
            self.entries.write(ticket, Phase.WAITING, self.task)
            return None
        seen = self.entries.write(ticket, Phase.SUBMITTING, self.task)
        for pause in _RIVAL_PAUSES:
            rivals = _rivals(seen, ticket)
            if not rivals:
                return Turn(self, ticket, was_called=was_called)
            if any(one.ticket < ticket for one in rivals):
                break
            self._sleep(pause)
            seen = self.entries.read()
        self.entries.write(ticket, Phase.WAITING, self.task)
        return None

    def wait_here(self) -> Turn:
        """Wait in this thread for the turn; costs a read of the queue every few seconds, and no request.

        :raises QueueTimeout: when the deadline passes first.
        """
        observer, supervision = QueueObserver(self.entries), Supervision()
        while True:
            supervision.check()
            observer.observe()
            if turn := self.enter():
                return turn
            place = self.join()
            if self._now() >= place.deadline or self._timeout <= 0:
                self.entries.remove(place.ticket)
                raise QueueTimeout(
                    f"other tasks were still before this one in the submission queue of connection "
                    f"{self.entries.account!r} after {self._timeout:g} s"
                )
            self._sleep(READ_EVERY)

    def leave(self) -> None:
        """Give the place up, if there is one: what this task submits next comes last."""
        if self._memory.get(_MEMORY) is not None:
            self.entries.remove(Ticket.of(self.task, arrived=0))
            self._memory.delete(_MEMORY)


class Turn:
    """The turn of an account, held for the length of a ``with`` block.

    A thread gives the signs of life, for however long the block takes; where none may, the block has to end
    within the lease.

    :param was_called: whether no other task had the turn since this one was called from its wait.
    """

    def __init__(self, queue: SubmissionQueue, ticket: Ticket, *, was_called: bool = False) -> None:
        self.was_called = was_called
        self._queue = queue
        self._ticket = ticket
        self._keeps_place = False
        self._is_lost = False
        self._supervision = Supervision()
        # Two writes at once would remove each other's entry.
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="queue lease", daemon=True)

    def __enter__(self) -> Turn:
        if self._queue.entries.store.takes_threads:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._keeps_place and error is None:
            self._queue.entries.write(self._ticket, Phase.WAITING, self._queue.task)
        else:
            self._queue.entries.remove(self._ticket)

    def keep_place(self) -> None:
        """Stay first in the queue after the block, to enter again."""
        self._keeps_place = True

    def confirm(self) -> None:
        """Check that the turn is still held; to be called directly before what only its holder may do.

        :raises TurnLost: when it is not.
        :raises email_contacts.imports.waiting.worker_wait.Orphaned: when Airflow has given this task up.
        """
        self._supervision.check()
        with self._lock:
            if not self._is_lost:
                entries = self._queue.entries
                held = any(one.ticket == self._ticket and one.is_submitting for one in entries.read())
                self._is_lost = not held or bool(
                    _rivals(entries.write(self._ticket, Phase.SUBMITTING, self._queue.task), self._ticket)
                )
        if self._is_lost:
            raise TurnLost(
                "this task did not renew its lease in time, and the queue moved on; nothing was "
                "sent, and a retry comes back to its place in the queue"
            )

    def _beat(self) -> None:
        while not self._is_over.wait(BEAT) and self._gave_sign_of_life():
            pass

    def _gave_sign_of_life(self) -> bool:
        try:
            self.confirm()
        except (TurnLost, Orphaned) as error:
            log.warning("the claim is released: %s", error)
            return False
        except Exception as error:  # noqa: BLE001  whatever it is, the next renewal may get through
            log.warning("the lease could not be renewed: %s", error)
        return True


def _rivals(seen: list[Entry], ticket: Ticket) -> list[Entry]:
    return [one for one in seen if one.is_submitting and one.ticket != ticket]
