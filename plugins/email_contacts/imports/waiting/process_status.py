"""Looking at import processes: one request for many ids.

``/v3/processes`` is the scarcest route (api-contract §5: 100 requests an hour and account).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from email_contacts.imports.errors import CannotTell, ImportFailed

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, Process

log = logging.getLogger(__name__)

PROCESS_PAGE = 50  # api-contract §4: the cap of GET /v3/processes

# The platform's answer to the submission was lost, and with it the id. No process has this one.
UNKNOWN_ID = 0

# Who told how an import stands.
BY_PROCESS = "process"
BY_CALLBACK = "callback"
BY_LIST_GROWTH = "list_growth"


@dataclass(frozen=True)
class ProcessStatuses:
    """The processes of some imports, as the platform showed them at one moment.

    :param told_by: the source of each process's status: ``process``, ``callback`` or ``list_growth``;
        empty: all came from the process route.
    """

    processes: tuple[Process, ...]
    told_by: tuple[str, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether every import has ended, well or badly."""
        return all(process.is_finished for process in self.processes)

    def is_enough(self, enough: str) -> bool:
        """Whether ``all`` imports have ended, or ``any`` one; never, when none was seen."""
        ended = [process.is_finished for process in self.processes]
        return any(ended) if enough == "any" else bool(ended) and all(ended)

    def to_json(self) -> list[dict[str, Any]]:
        """Ids, statuses, reported rejects and their sources; no personal data.

        An id is None where the platform's answer to the submission was lost.
        """
        tellers = self.told_by or (BY_PROCESS,) * len(self.processes)
        return [
            {
                "process_id": process.id or None,
                "status": process.status,
                "rejects": dict(process.rejects),
                "told_by": told_by,
            }
            for process, told_by in zip(self.processes, tellers, strict=True)
        ]

    @classmethod
    def from_json(cls, documents: Sequence[Mapping[str, Any]]) -> ProcessStatuses:
        """Read what :meth:`to_json` made, or its earlier version, which did not name the sources."""
        from email_contacts.api.processes import IMPORT_PROCESS, Process

        return cls(
            tuple(
                Process(
                    id=document["process_id"] or UNKNOWN_ID,
                    name=IMPORT_PROCESS,
                    status=document["status"],
                    info={"import": dict(document["rejects"])},
                )
                for document in documents
            ),
            tuple(document.get("told_by", BY_PROCESS) for document in documents),
        )

    def describe(self) -> str:
        """Count the processes by status, for a log line: ``3 completed, 1 in_process``."""
        counts: dict[str, int] = {}
        for process in self.processes:
            counts[process.status] = counts.get(process.status, 0) + 1
        return ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))

    def raise_for_failed(self) -> None:
        """Fail when an import failed.

        :raises ImportFailed: naming each process and its status.
        """
        failed = [process for process in self.processes if process.has_failed]
        if failed:
            named = in_few_words([f"{process.id} ({process.status})" for process in failed])
            raise ImportFailed(
                f"{len(failed)} of {len(self.processes)} imports did not complete: process {named}. "
                "What they had already written stays; clearing the import task imports again."
            )


def in_few_words(items: Sequence[str], *, most: int = 10) -> str:
    """Name a few of many, and count the others; a receipt and a log line have no room for thousands."""
    others = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + others


def look(client: ContactsClient, process_ids: Sequence[int]) -> ProcessStatuses:
    """Ask for the processes: the newest page for all, then singly for those that have left it.

    Where a page showed several of many, the next one is likely to do so too, and is cheaper than asking for
    each of them.

    :param process_ids: at least one id.
    :raises CannotTell: when the platform has no process route.
    :raises email_contacts.api.NotFound: when the platform does not know an id.
    """
    from email_contacts.api import RouteMissing

    try:
        return ask(client, process_ids)
    except RouteMissing as error:
        raise CannotTell(
            f"{error} Without it, it cannot be known when an import ends; submit with "
            "wait_for_completion=False, and verify the list afterwards."
        ) from error


def ask(client: ContactsClient, process_ids: Sequence[int]) -> ProcessStatuses:
    """Do what :func:`look` does, and leave a missing route to the caller.

    :raises email_contacts.api.RouteMissing: when the platform has no process route.
    """
    seen: dict[int, Process] = {}
    missing = set(process_ids)
    offset = 0
    while len(missing) > 1:
        page = client.processes(limit=PROCESS_PAGE, offset=offset).items
        found = {process.id: process for process in page if process.id in missing}
        seen |= found
        missing -= found.keys()
        offset += PROCESS_PAGE
        if len(found) < 2 or len(page) < PROCESS_PAGE:
            break
    processes = tuple(seen[one] if one in seen else client.process(one) for one in process_ids)
    for process in processes:
        warn_of_undocumented(process)
    return ProcessStatuses(processes)


def warn_of_undocumented(process: Process) -> None:
    """Say that a status is not known, for then the deadline decides."""
    if not process.is_documented:
        log.warning(
            "process %d has the undocumented status %r; it is taken as running", process.id, process.status
        )
