"""Sending one import once, and finding out whether it was accepted when the answer was lost.

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
from email_contacts.imports.submission.recent_imports import RecentProcesses
from email_contacts.imports.submission.reconciliation import Decision, Verdict, decide
from email_contacts.imports.waiting.process_status import in_few_words, look

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, Process
    from email_contacts.imports.submission.import_job import ImportJob
    from email_contacts.imports.submission.import_record import ImportRecord
    from email_contacts.imports.submission.ledger import Ledger
    from email_contacts.imports.waiting.newest_page import NewestPage

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Blocked:
    """What has to be waited for before the submission can go on.

    :param process_ids: imports of the account.
    :param enough: ``any`` of them has to end, or ``all``.
    :param reason: why, in words.
    :param deadline: of waiting for imports that may be its own, seconds since the epoch; None: the queue's.
    """

    process_ids: tuple[int, ...]
    enough: str
    reason: str
    deadline: float | None = None

    @property
    def waits_for_slot(self) -> bool:
        """Whether it waits until fewer imports run, and not for the end of imports that may be its own."""
        return self.enough == "any"


def is_alone() -> None:
    """The confirmation for a caller without a queue: no other task submits."""


class Submitter:
    """Sends one import once. To be used by one task at a time in the account (see ``imports.queue``).

    :param max_running: it is sent only while fewer imports than this run in the account.
    :param timeout: seconds from the first sending until waiting for it ends.
    :param reconciliation_timeout: seconds to look for an import whose answer was lost.
    """

    def __init__(
        self,
        client: ContactsClient,
        job: ImportJob,
        ledger: Ledger,
        *,
        max_running: int,
        timeout: float,
        reconciliation_timeout: float,
    ) -> None:
        self._client = client
        self._job = job
        self._ledger = ledger
        self._max_running = max_running
        self._timeout = timeout
        self._reconciliation_timeout = reconciliation_timeout
        self._sendings_left = 2
        self._confirm_turn = is_alone

    def advance(
        self, confirm_turn: Callable[[], None] = is_alone, page: NewestPage | None = None
    ) -> ImportRecord | Blocked:
        """Continue as far as possible without waiting for an import.

        :param confirm_turn: called directly before sending; raises when another task of the account has the
            turn to submit by now. Nothing is sent then.
        :param page: the account's newest processes; None, and what is not fresh: ask for them.
        :raises SubmissionUnknown: when it is neither proved to be accepted nor to be lost, and a repeat could
            do harm.
        :raises IntentSuperseded: when another try of the task has taken over.
        :raises email_contacts.api.OutcomeUnknown: when the answer was lost twice; a retry continues there.
        :raises email_contacts.api.ContactsApiError: when it provably did not run.
        """
        self._confirm_turn = confirm_turn
        record = self._ledger.take_over()
        if record is not None:
            return self._find_out(record)
        recent = RecentProcesses.of(self._client, page.processes if page and page.is_fresh else None)
        running = recent.running_imports() if recent is not None else []
        if len(running) >= self._max_running:
            return Blocked(tuple(running), "any", f"{len(running)} imports run in the account")
        failpoints.reached(failpoints.BEFORE_INTENT)
        nonce = self._new_nonce()
        return self._send(
            self._ledger.intend(
                deadline=time.time() + self._timeout,
                newest=recent.newest if recent is not None else None,
                nonce=nonce,
                evidence=self._note_signals(nonce, shows_processes=recent is not None),
            )
        )

    def _send(self, intent: ImportRecord) -> ImportRecord | Blocked:
        """Send what was just intended."""
        from email_contacts.api import ContactsApiError, OutcomeUnknown, UnexpectedAnswer

        failpoints.reached(failpoints.AFTER_INTENT)
        self._sendings_left -= 1
        # A try that was suspended since the intent may have been replaced: then it must not send.
        self._ledger.confirm(intent)
        request = self._job.request_for(intent.nonces[-1])
        self._ledger.confirm(intent)
        try:
            self._confirm_turn()
        except BaseException:
            self._forget_unsent(intent)
            raise
        try:
            # Checked again after all waiting, connecting and uploading: the last byte makes it an import.
            process_id = self._client.import_contacts(request, before_last_byte=self._ledger.check_own)
        except (OutcomeUnknown, UnexpectedAnswer) as error:
            log.warning("the answer to the import was lost: %s", error)
            if not self._sendings_left:
                raise
        except ContactsApiError:
            self._forget_unsent(intent)
            raise
        else:
            failpoints.reached(failpoints.AFTER_ANSWER)
            record = self._ledger.complete(intent, process_id)
            failpoints.reached(failpoints.AFTER_LEDGER)
            log.info("import accepted as process %d (fingerprint %.12s)", process_id, record.fingerprint)
            return record
        return self._find_out(intent)

    def _forget_unsent(self, intent: ImportRecord) -> None:
        """Forget a sending that provably did not run; an earlier one of the same import may have."""
        if not intent.repeats:
            self._ledger.forget()

    def _find_out(self, record: ImportRecord) -> ImportRecord | Blocked:
        """Decide whether a request whose answer was lost was accepted, and act on it."""
        recent, newer = self._look_around(record)
        if (late := self._ledger.late_answer(record)) is not None:
            return self._adopt(record, Decision(Verdict.ADOPT, "its answer arrived late", (late,)))
        decision = decide(
            called_at=self._ledger.called_at(record),
            newer=newer,
            compare=lambda: self._job.sample().compare(
                self._client,
                self._job.request.list_ids,
                since=record.intended_at,
                reports=[one.rejects for one in newer or ()],
            ),
            is_harmless=self._job.is_harmless_to_repeat,
        )
        log.warning(
            "the import sent at %s (fingerprint %.12s): %s. Decision: %s %s",
            record.intended_at,
            record.fingerprint,
            decision.reason,
            decision.verdict.value,
            in_few_words([str(one) for one in decision.process_ids]),
        )
        if decision.verdict is Verdict.ADOPT:
            return self._adopt(record, decision)
        if decision.verdict is Verdict.AWAIT:
            # One deadline for all tries: that of the intent, or another one once it has been reported.
            deadline = record.deadline or time.time() + self._timeout
            self._ledger.suspect(replace(record, deadline=deadline), decision.process_ids)
            return Blocked(decision.process_ids, "all", decision.reason, deadline)
        if decision.verdict is Verdict.SEND_AGAIN:
            nonce = self._new_nonce()
            return self._send(
                self._ledger.intend_again(
                    record,
                    newest=recent.newest if recent is not None else None,
                    nonce=nonce,
                    evidence=self._note_signals(nonce, shows_processes=recent is not None),
                )
            )
        self._ledger.forget()
        raise SubmissionUnknown(
            f"the answer to the import sent at {record.intended_at} was lost; {decision.reason}. Look at the "
            "platform's newest import processes. If this import is among them, mark the task as success (a "
            "receipt of the run stays unknown); if not, clear the task to submit it again"
        )

    def _adopt(self, record: ImportRecord, decision: Decision) -> ImportRecord:
        """Take an import of the account for this one; the first of the decision's."""
        process_id = next(iter(decision.process_ids), None)
        adopted = self._ledger.complete(
            record, process_id, decision=f"adopted: {decision.reason}", candidates=decision.candidates
        )
        return replace(adopted, is_reconnected=True)

    def _look_around(self, record: ImportRecord) -> tuple[RecentProcesses | None, Sequence[Process] | None]:
        """Look for what the request may have become, more than once: it may show a little later.

        :return: the newest processes of the account, and the candidates; None where they are not known.
        """
        until = time.time() + self._reconciliation_timeout
        pause = 1.0
        while True:
            recent = RecentProcesses.of(self._client)
            newer = self._imports_since(record, recent)
            left = until - time.time()
            if newer or newer is None or left <= 0 or self._is_answered(record):
                return recent, newer
            time.sleep(min(pause, left))
            pause *= 2

    def _is_answered(self, record: ImportRecord) -> bool:
        return bool(self._ledger.called_at(record) or self._ledger.late_answer(record))

    def _imports_since(
        self, record: ImportRecord, recent: RecentProcesses | None
    ) -> Sequence[Process] | None:
        if recent is None or record.newest is None:
            return None
        if not record.candidates:
            return recent.imports_since(record.newest)
        shown = {one: process for one in record.candidates if (process := recent.get(one)) is not None}
        gone = [one for one in record.candidates if one not in shown]
        return (*shown.values(), *(look(self._client, gone).processes if gone else ()))

    def _new_nonce(self) -> str:
        return new_nonce() if self._job.asks_for_callback else ""

    def _note_signals(self, nonce: str, *, shows_processes: bool) -> Mapping[str, Any] | None:
        """Note what can show that the import has ended; the sizes only where they are needed for it."""
        callback = self._job.callback
        if callback is None:
            return None
        if shows_processes and not callback.measures_lists:
            return callback.signals(nonce, {}, None)
        lists = self._job.request.list_ids
        sizes = {one: self._client.get_list(one).unique_subscribers for one in lists}
        return callback.signals(nonce, sizes, self._job.contacts)
