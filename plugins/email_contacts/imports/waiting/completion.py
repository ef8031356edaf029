"""Completion sources: where a wait learns that imports have ended, and what they show so far.

The process route tells most, and not every platform has it. A callback and the growth of the lists are
believed in its place (api-contract §2.3, §2.4). Which of them count is the ``completion_source`` of the
connection. One picture serves the worker's look and the trigger's wait.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from email_contacts.imports.errors import CannotTell
from email_contacts.imports.waiting.list_growth import has_grown
from email_contacts.imports.waiting.process_status import (
    BY_CALLBACK,
    BY_LIST_GROWTH,
    BY_PROCESS,
    UNKNOWN_ID,
    ProcessStatuses,
    ask,
)

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, Process
    from email_contacts.imports.waiting.completion_signals import CompletionSignals

log = logging.getLogger(__name__)

AUTO = "auto"
PROCESSES = "processes"
CALLBACK = "callback"
LIST_GROWTH = "list_growth"
SOURCES = (AUTO, PROCESSES, CALLBACK, LIST_GROWTH)

# The status of an import of which nobody has told yet; taken as running, like any that is not documented.
NOT_SEEN = "not seen"
_COMPLETED = "completed"


class Completion:
    """What is known of some imports.

    :param process_ids: one for each import; None where the platform's answer to the submission was lost.
    :param evidence: of each import in the same order; or none at all.
    :param source: the connection's ``completion_source``.
    :raises ValueError: when these do not fit together.
    """

    def __init__(
        self,
        process_ids: Sequence[int | None],
        evidence: Sequence[CompletionSignals] = (),
        source: str = AUTO,
    ) -> None:
        if evidence and len(evidence) != len(process_ids):
            raise ValueError(f"{len(evidence)} pieces of evidence for {len(process_ids)} imports")
        if source not in SOURCES:
            raise ValueError(f"completion source {source!r} is not one of {', '.join(SOURCES)}")
        self.route_missing = ""
        self._source = source
        self._ids = [one or UNKNOWN_ID for one in process_ids]
        self._evidence: list[CompletionSignals | None] = list(evidence) or [None] * len(self._ids)
        self._seen: dict[int, Process] = {}
        self._believed: dict[int, str] = {}
        self._called: set[int] = set()
        self._is_last = False

    @property
    def process_ids(self) -> list[int | None]:
        """The imports, as they were given."""
        return [one or None for one in self._ids]

    @property
    def can_be_called(self) -> bool:
        """Whether the platform was asked to call at an import's end; a call brings a look at the least."""
        return any(one is not None and one.can_be_called for one in self._evidence)

    @property
    def statuses(self) -> ProcessStatuses:
        """What is known now; empty as long as nothing is."""
        from email_contacts.api.processes import IMPORT_PROCESS, Process

        if not self._seen and not self._believed:
            return ProcessStatuses(())
        processes, tellers = [], []
        for index, process_id in enumerate(self._ids):
            teller = self._believed.get(index, BY_PROCESS)
            status = _COMPLETED if index in self._believed else NOT_SEEN
            processes.append(self._seen.get(process_id) or Process(process_id, IMPORT_PROCESS, status))
            tellers.append(teller)
        return ProcessStatuses(tuple(processes), tuple(tellers))

    def open_ids(self) -> list[int]:
        """The processes to ask for now."""
        return [
            one for index, one in enumerate(self._ids) if self._asks_process(index) and not self._ended(index)
        ]

    def see(self, process: Process) -> None:
        """Take in what the process route shows."""
        self._seen[process.id] = process

    def lose_route(self, why: str) -> None:
        """Take in that there is no process route; calls that were heard are believed from now on."""
        self.route_missing = why
        for index in self._called:
            self.hear(index)

    def callable(self) -> list[tuple[int, CompletionSignals]]:
        """The imports whose callback would tell something now, by their index."""
        return [
            (index, evidence) for index, evidence in enumerate(self._evidence)
            if evidence and self._may_be_called(index)
        ]  # fmt: skip

    def hear(self, index: int) -> None:
        """Take in that an import was called back. The process, where there is one, has the last word."""
        self._called.add(index)
        if not self._asks_process(index):
            self._believe(index, BY_CALLBACK)

    def growable(self) -> list[tuple[int, CompletionSignals]]:
        """The imports whose lists would tell something now, by their index."""
        return [
            (index, evidence) for index, evidence in enumerate(self._evidence)
            if evidence and self._may_grow(index)
        ]  # fmt: skip

    def grow(self, index: int) -> None:
        """Take in that an import's contacts have arrived."""
        self._believe(index, BY_LIST_GROWTH)

    def begin_last_look(self) -> bool:
        """Note that the deadline has come: the processes count now where only a callback did before.

        :return: whether that means that there is more to ask.
        """
        before = self.open_ids()
        self._is_last = True
        return self.open_ids() != before

    def raise_unless_somebody_can_tell(self) -> None:
        """Say what to configure when waiting cannot succeed.

        :raises CannotTell: when it cannot be known how an import ends that has not ended.
        """
        for index in range(len(self._ids)):
            if not (
                self._ended(index)
                or self._asks_process(index)
                or self._may_be_called(index)
                or self._may_grow(index)
            ):
                raise CannotTell(self._why_nobody(index))

    def _asks_process(self, index: int) -> bool:
        if self.route_missing or self._ids[index] == UNKNOWN_ID:
            return False
        if self._source == CALLBACK:
            return index in self._called or self._is_last
        return self._source in (AUTO, PROCESSES)

    def _may_be_called(self, index: int) -> bool:
        evidence = self._evidence[index]
        counts = self._source == CALLBACK or (self._source == AUTO and not self._asks_process(index))
        waits = index not in self._called and not self._ended(index)
        return bool(counts and waits and evidence and evidence.can_be_called)

    def _may_grow(self, index: int) -> bool:
        evidence = self._evidence[index]
        counts = self._source == LIST_GROWTH or (self._source == AUTO and not self._asks_process(index))
        return bool(counts and not self._ended(index) and evidence and evidence.can_grow)

    def _believe(self, index: int, teller: str) -> None:
        # Two imports whose ids were lost would share one; what was seen of a process is kept elsewhere.
        self._seen.pop(self._ids[index], None)
        self._believed[index] = teller

    def _ended(self, index: int) -> bool:
        process = self._seen.get(self._ids[index])
        return index in self._believed or (process is not None and process.is_finished)

    def _why_nobody(self, index: int) -> str:
        why = self.route_missing or (
            "The platform's answer to the submission was lost, and with it the process id."
            if self._ids[index] == UNKNOWN_ID
            else f"completion_source is {self._source}, and this import was not submitted for it."
        )
        return (
            f"{why} It cannot be known when an import ends: set callback_url and callback_secret on the "
            "connection, and leave completion_source at auto, so that a callback or the growth of the lists "
            "can tell; or submit with wait_for_completion=False, and verify the list afterwards."
        )


def nobody_called(evidence: CompletionSignals) -> bool:  # noqa: ARG001
    """Stand in for a mailbox where there is none."""
    return False


def always() -> bool:
    """Stand in for a budget where there is none."""
    return True


def look_for_end(
    client: ContactsClient,
    process_ids: Sequence[int | None],
    *,
    evidence: Sequence[CompletionSignals] = (),
    source: str = AUTO,
    called: Callable[[CompletionSignals], bool] = nobody_called,
    may_ask: Callable[[], bool] = always,
) -> ProcessStatuses | None:
    """Look once, from a worker, at everything that may tell.

    Operators and sensors call it before they defer, and again when a callback has woken them. If the statuses
    is not enough, they wait with the same source, evidence and deadline; an early callback makes no circle,
    for the trigger then watches the process itself.

    :param process_ids: one for each import; None where the platform's answer to the submission was lost.
    :param evidence: of each import in the same order; or none at all.
    :param source: the connection's ``completion_source``.
    :param called: whether the callback that a piece of evidence names was heard.
    :param may_ask: whether the process route may be asked now; called only where there is a process to ask
        for.
    :return: one process for each import; those of which nobody has told yet are running, with the status
        ``not seen``. None when nothing could be learned now, which never ends a wait.
    :raises CannotTell: when it cannot be known how an import ends; the message says what to configure.
    :raises email_contacts.api.ContactsApiError: when asking again cannot succeed (wrong key, unknown id).
    """
    completion = Completion(process_ids, evidence, source)
    look_at(client, completion, called, may_ask)
    return completion.statuses if completion.statuses.processes else None


def look_at(
    client: ContactsClient,
    completion: Completion,
    called: Callable[[CompletionSignals], bool],
    may_ask: Callable[[], bool] = always,
) -> str:
    """Look once, and complete the picture.

    :param may_ask: as in :func:`look_for_end`.
    :return: the error that may pass, if there was one; empty otherwise.
    """
    from email_contacts.api import NotSent, RateLimited, RouteMissing, Unavailable

    trouble = ""
    _listen(completion, called)
    try:
        if (ids := completion.open_ids()) and may_ask():
            for process in ask(client, ids).processes:
                completion.see(process)
    except RouteMissing as error:
        completion.lose_route(str(error))
        _listen(completion, called)
    except (NotSent, RateLimited, Unavailable) as error:
        trouble = str(error)
    completion.raise_unless_somebody_can_tell()
    try:
        for index, evidence in completion.growable():
            if has_grown(client, evidence):
                completion.grow(index)
    except (NotSent, RateLimited, Unavailable) as error:
        trouble = str(error)
    if trouble:
        log.warning("the platform could not be polled, still waiting: %s", trouble)
    log.info("imports: %s", completion.statuses.describe() or "nothing seen yet")
    return trouble


def _listen(completion: Completion, called: Callable[[CompletionSignals], bool]) -> None:
    for index, evidence in completion.callable():
        if called(evidence):
            completion.hear(index)
