"""The account's newest processes, page by page, as far back as a question needs.

The platform lists processes of every kind, the newest first, 50 on a page: a page of exports hides the
imports behind it. Each page is one of the few requests that an account has in an hour (api-contract §5), so
no question goes further back than ``MOST_PAGES``; what it cannot answer by then it leaves open.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from email_contacts.imports.waiting.process_status import PROCESS_PAGE

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, Process

log = logging.getLogger(__name__)

# 500 processes.
MOST_PAGES = 10


class RecentProcesses:
    """The newest processes of an account. Each page is asked for once, when it is needed.

    :param page: the newest page, where it was seen already; None: ask for it.
    :raises email_contacts.api.RouteMissing: when the platform has no process route.
    """

    def __init__(self, client: ContactsClient, page: Sequence[Process] | None = None) -> None:
        self._client = client
        self._seen: dict[int, Process] = {}
        self._pages = 0
        self._is_all = False
        if page is None:
            self._read_page()
        else:
            self._add(page)

    @classmethod
    def of(cls, client: ContactsClient, page: Sequence[Process] | None = None) -> RecentProcesses | None:
        """Begin with the newest page; None where the platform has no process route."""
        from email_contacts.api import RouteMissing

        try:
            return cls(client, page)
        except RouteMissing:
            log.info("the platform has no process route: other running imports cannot be seen")
            return None

    @property
    def newest(self) -> int:
        """The newest process id; 0 where the account has none."""
        return max(self._seen, default=0)

    def running_imports(self) -> list[int]:
        """The imports that run, the newest first.

        Looks back to the newest import that has ended: all before it had ended when it started, if
        its sender kept to one import at a time.
        """
        while not any(one.is_import and one.is_finished for one in self._seen.values()):
            if not self._read_page():
                break
        else:
            return self._running()
        if not self._is_all:
            log.warning(
                "the newest %d processes hold no import that has ended: an import that was begun earlier may "
                "still run, and is not seen",
                len(self._seen),
            )
        return self._running()

    def imports_since(self, process_id: int) -> tuple[Process, ...] | None:
        """The imports that were started after a process; None where more than ``MOST_PAGES`` pages were."""
        while min(self._seen, default=0) > process_id:
            if not self._read_page():
                break
        if not self._is_all and min(self._seen, default=0) > process_id:
            return None
        return tuple(one for one in self._seen.values() if one.is_import and one.id > process_id)

    def get(self, process_id: int) -> Process | None:
        """A process that was seen."""
        return self._seen.get(process_id)

    def _running(self) -> list[int]:
        return [one.id for one in self._seen.values() if one.is_import and one.is_running]

    def _read_page(self) -> bool:
        """Read one page further back; False when there is none, or it is one too many."""
        if self._is_all or self._pages == MOST_PAGES:
            return False
        # Processes that begin meanwhile push older ones onto the next page: seen twice, but never missed.
        self._add(self._client.processes(limit=PROCESS_PAGE, offset=self._pages * PROCESS_PAGE).items)
        return True

    def _add(self, page: Sequence[Process]) -> None:
        self._pages += 1
        self._is_all = len(page) < PROCESS_PAGE
        self._seen |= {one.id: one for one in page if one.id not in self._seen}
