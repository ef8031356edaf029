"""The entries of a queue, as shared variables carry them.

Everything that decides stands in the *names* of the variables: the order of arrival, who has the turn, and
when its holder last renewed its lease. Listing names is one cheap request that no secrets backend sees; the
value, which names the task, is read only of an entry whose lease is not renewed.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from email_contacts.imports.shared_store import SharedStore, TaskKey, digest


class Phase(Enum):
    """What the holder of an entry does."""

    WAITING = "waiting"
    CALLED = "called"
    SUBMITTING = "submitting"


@dataclass(frozen=True, order=True)
class Ticket:
    """A place in the queue. Earlier tickets are served first.

    :param arrived: when its task arrived, milliseconds since the epoch.
    :param holder: digest of the task, the same for every try of it.
    """

    arrived: int
    holder: str

    @classmethod
    def of(cls, task: TaskKey, *, arrived: int) -> Ticket:
        """Make the ticket of a task that arrived then."""
        return cls(arrived, digest("/".join(map(str, task))))


@dataclass(frozen=True)
class Entry:
    """An entry as it was read.

    :param beat: when its holder last renewed its lease, milliseconds of the holder's clock. Compared with
        other beats of the same entry only, for clocks differ.
    """

    ticket: Ticket
    phase: Phase
    beat: int
    key: str

    @property
    def is_submitting(self) -> bool:
        """Whether its holder has the turn, or claims it."""
        return self.phase is Phase.SUBMITTING


class QueueEntries:
    """The entries of the queue of one account.

    :param account: the connection id.
    :param now: seconds since the epoch.
    """

    def __init__(self, store: SharedStore, account: str, *, now: Callable[[], float] = time.time) -> None:
        self.store = store
        self.account = account
        self._prefix = f"email_contacts.queue.{digest(account)}."
        self._now = now

    def read(self) -> list[Entry]:
        """Read the queue, in the order of arrival."""
        newest: dict[str, Entry] = {}
        for entry in self._all():
            known = newest.get(entry.ticket.holder)
            if known is None or known.beat < entry.beat:
                newest[entry.ticket.holder] = entry
        return sorted(newest.values(), key=lambda entry: entry.ticket)

    def write(self, ticket: Ticket, phase: Phase, task: TaskKey) -> list[Entry]:
        """Write an entry, or renew the lease of one that is there.

        :return: the queue as it was read *after* the write.
        """
        key = f"{self._prefix}{ticket.arrived}.{ticket.holder}.{phase.value}.{int(self._now() * 1000)}"
        self.store.set(key, json.dumps(task))
        entries = self._all()
        for entry in entries:
            if entry.ticket.holder == ticket.holder and entry.key != key:
                self.store.delete(entry.key)
        kept = [one for one in entries if one.ticket.holder != ticket.holder or one.key == key]
        return sorted(kept, key=lambda entry: (entry.ticket, entry.beat))

    def remove(self, ticket: Ticket) -> None:
        """Remove what there is of a ticket."""
        for entry in self._all():
            if entry.ticket.holder == ticket.holder:
                self.store.delete(entry.key)

    def task_state(self, entry: Entry) -> str | None:
        """Return the state of the task that an entry belongs to; None when it has none.

        :raises LookupError: when it cannot be told which task that is.
        """
        try:
            dag_id, run_id, task_id, map_index = json.loads(self.store.get(entry.key) or "")
        except ValueError as error:
            raise LookupError(entry.key) from error
        return self.store.task_state((dag_id, run_id, task_id, map_index))

    def _all(self) -> list[Entry]:
        return [entry for key in self.store.keys(self._prefix) if (entry := self._parse(key))]

    def _parse(self, key: str) -> Entry | None:
        found = _NAME.fullmatch(key.removeprefix(self._prefix))
        if found is None:
            return None
        arrived, holder, phase, beat = found.groups()
        return Entry(Ticket(int(arrived), holder), Phase(phase), int(beat), key)


_NAME = re.compile(rf"(\d{{1,16}})\.([0-9a-f]{{16}})\.({'|'.join(one.value for one in Phase)})\.(\d{{1,16}})")
