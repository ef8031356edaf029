"""Sending one import body once, and finding out what became of it when the answer was lost.

Nothing here waits for an import: what has to be waited for first is handed back as :class:`Blocked`, so that
a task can do it without a worker.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from email_contacts.imports import failpoints
from email_contacts.imports.callbacks import new_nonce
from email_contacts.imports.errors import SubmissionUnknown
from email_contacts.imports.submission.batch_rows import rows_of
from email_contacts.imports.submission.batch_sample import BatchSample
from email_contacts.imports.submission.reconciliation import Verdict, decide
from email_contacts.imports.submission.submission import Submission
from email_contacts.imports.waiting.process_status import PROCESS_PAGE, in_few_words, look

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, ImportRequest, Process
    from email_contacts.imports.submission.ledger import Entry, Ledger
    from email_contacts.imports.submission.staged_file import StagedFile

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Blocked:
    """What has to be waited for before the submission can go on.

    :param process_ids: imports of the account.
    :param enough: ``any`` of them has to end, or ``all``.
    :param reason: why, in words.
    """

    process_ids: tuple[int, ...]
    enough: str
    reason: str


class Submitter:
    """Sends one import once. To be used by one task at a time in the account (see ``submission_queue``).

    :param request: without a callback address.
    :param max_running: it is sent only while fewer imports than this run in the account.
    :param timeout: seconds from the first sending until waiting for it ends.
    :param patience: seconds to look for an import whose answer was lost, before it is sent again.
    :param notify_url: makes the callback address for a nonce, or None where it cannot; None for no callbacks.
    :param evidence: makes what else can tell that the import has ended: of the nonce, the sizes of its lists
        before, and the number of its contacts.
    :param measures_lists: whether list growth is to tell, so that the lists are measured before.
    :param staged: the file of ours that the request's ``file_url`` leads to.
    :param sign: makes an address of that file which is good from now on; called before each sending, for the
        request may have waited longer than its first address is good.
    """

    def __init__(
        self,
        client: ContactsClient,
        request: ImportRequest,
        ledger: Ledger,
        *,
        max_running: int,
        timeout: float,
        patience: float,
        notify_url: Callable[[str], str | None] | None = None,
        evidence: Callable[[str, Mapping[int, int], int | None], Mapping[str, Any]] | None = None,
        measures_lists: bool = False,
        staged: StagedFile | None = None,
        sign: Callable[[], str] | None = None,
    ) -> None:
        self._client = client
        self._request = request
        self._ledger = ledger
        self._max_running = max_running
        self._timeout = timeout
        self._patience = patience
        self._notify_url = notify_url
        self._evidence = evidence
        self._measures_lists = measures_lists
        self._staged = staged
        self._sign = sign
        self._sendings_left = 2

    def advance(self) -> Submission | Blocked:
        """Go as far as can be gone without waiting for an import.

        :raises SubmissionUnknown: when nobody can tell whether it was accepted, and a repeat could do harm.
        :raises email_contacts.api.OutcomeUnknown: when the answer was lost twice; a retry goes on from there.
        :raises email_contacts.api.ContactsApiError: when it provably did not run.
        """
        entry = self._ledger.entry()
        if entry is not None:
            return self._find_out(entry)
        processes = recent_processes(self._client)
        running = [one.id for one in processes or () if one.is_import and one.is_running]
        if len(running) >= self._max_running:
            return Blocked(tuple(running), "any", f"{len(running)} imports run in the account")
        failpoints.reached(failpoints.BEFORE_INTENT)
        nonce = self._new_nonce()
        return self._send(
            self._ledger.intend(
                deadline=time.time() + self._timeout,
                newest=_newest(processes),
                nonce=nonce,
                evidence=self._gather_evidence(nonce, is_shown=processes is not None),
            )
        )

    def _send(self, intent: Entry) -> Submission | Blocked:
        """Send what was just intended."""
        from email_contacts.api import ContactsApiError, OutcomeUnknown, UnexpectedAnswer

        failpoints.reached(failpoints.AFTER_INTENT)
        self._sendings_left -= 1
        nonce = intent.nonces[-1]
        request = self._request
        if nonce and self._notify_url is not None:
            request = replace(request, notify_url=self._notify_url(nonce))
        if self._sign is not None:
            request = replace(request, file_url=self._sign())
        try:
            process_id = self._client.import_contacts(request)
        except (OutcomeUnknown, UnexpectedAnswer) as error:
            log.warning("the answer to the import was lost: %s", error)
            if not self._sendings_left:
                raise
        except ContactsApiError:
            # It provably did not run; an earlier sending of the same import may have.
            if not intent.repeats:
                self._ledger.forget()
            raise
        else:
            failpoints.reached(failpoints.AFTER_ANSWER)
            entry = self._ledger.record(intent, process_id)
            failpoints.reached(failpoints.AFTER_LEDGER)
            log.info("import accepted as process %d (fingerprint %.12s)", process_id, entry.fingerprint)
            return Submission.of(entry, is_reconnected=False)
        return self._find_out(intent)

    def _find_out(self, entry: Entry) -> Submission | Blocked:
        """Decide what became of a request whose answer was lost, and act on it."""
        processes, newer = self._look_around(entry)
        decision = decide(
            heard_at=self._ledger.heard_at(entry),
            newer=newer,
            compare=lambda: BatchSample.of(self._request, self._staged).compare(
                self._client, self._request.list_ids, since=entry.intended_at
            ),
            is_harmless=self._request.update_existing_contacts and self._request.new_list is None,
        )
        log.warning(
            "the fate of the import sent at %s (fingerprint %.12s): %s. Decision: %s %s",
            entry.intended_at,
            entry.fingerprint,
            decision.reason,
            decision.verdict.value,
            in_few_words([str(one) for one in decision.process_ids]),
        )
        if decision.verdict is Verdict.ADOPT:
            (process_id,) = decision.process_ids or (None,)
            adopted = self._ledger.record(entry, process_id, decision=f"adopted: {decision.reason}")
            return Submission.of(adopted, is_reconnected=True)
        if decision.verdict is Verdict.AWAIT:
            self._ledger.suspect(entry, decision.process_ids)
            return Blocked(decision.process_ids, "all", decision.reason)
        if decision.verdict is Verdict.SEND_AGAIN:
            nonce = self._new_nonce()
            return self._send(
                self._ledger.intend_again(
                    entry,
                    newest=_newest(processes),
                    nonce=nonce,
                    evidence=self._gather_evidence(nonce, is_shown=processes is not None),
                )
            )
        self._ledger.forget()
        raise SubmissionUnknown(
            f"the answer to the import sent at {entry.intended_at} was lost; {decision.reason}. Look at the "
            "platform's newest import processes. If this import is among them, mark the task as success; if "
            "not, clear the task to submit it again"
        )

    def _look_around(self, entry: Entry) -> tuple[Sequence[Process] | None, Sequence[Process] | None]:
        """Look for what the request may have become, with patience: it may show a moment later.

        :return: the newest processes of the account, and the candidates; None where nobody can tell.
        """
        until = time.time() + self._patience
        pause = 1.0
        while True:
            processes = recent_processes(self._client)
            newer = self._imports_since(entry, processes)
            left = until - time.time()
            if newer or newer is None or left <= 0 or self._ledger.heard_at(entry):
                return processes, newer
            time.sleep(min(pause, left))
            pause *= 2

    def _imports_since(self, entry: Entry, processes: Sequence[Process] | None) -> Sequence[Process] | None:
        if processes is None or entry.newest is None:
            return None
        if not entry.candidates:
            return tuple(one for one in processes if one.is_import and one.id > entry.newest)
        shown = {one.id: one for one in processes}
        gone = [one for one in entry.candidates if one not in shown]
        looked_up = look(self._client, gone).processes if gone else ()
        return (*(shown[one] for one in entry.candidates if one in shown), *looked_up)

    def _new_nonce(self) -> str:
        return new_nonce() if self._notify_url is not None else ""

    def _gather_evidence(self, nonce: str, *, is_shown: bool) -> Mapping[str, Any] | None:
        """Note what can tell that the import has ended; the sizes only where they are needed for it."""
        if self._evidence is None:
            return None
        if is_shown and not self._measures_lists:
            return self._evidence(nonce, {}, None)
        sizes = {one: self._client.get_list(one).unique_subscribers for one in self._request.list_ids}
        contacts = len(rows_of(self._request)) or None if self._staged is None else self._staged.contacts
        return self._evidence(nonce, sizes, contacts)


def recent_processes(client: ContactsClient) -> tuple[Process, ...] | None:
    """List the newest processes of the account, whoever began them.

    :return: None where the platform has no process route, for then nobody can tell.
    """
    from email_contacts.api import RouteMissing

    try:
        return client.processes(limit=PROCESS_PAGE).items
    except RouteMissing:
        log.info("the platform has no process route: other running imports cannot be seen")
        return None


def _newest(processes: Sequence[Process] | None) -> int | None:
    return None if processes is None else max((one.id for one in processes), default=0)
