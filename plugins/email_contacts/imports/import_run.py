"""One import from its submission to its end, as far as one process of a task takes it.

Must not import Airflow: a task passes its state store in, and is handed back what to wait for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from email_contacts.imports import failpoints
from email_contacts.imports.errors import DeadlinePassed, ImportFailed, ImportTimeout, ProcessForgotten
from email_contacts.imports.submission.reconnecting import reconnect, stop_if_elsewhere
from email_contacts.imports.submission.submitter import Blocked, Submitter, is_alone
from email_contacts.imports.waiting.completion import look_for_end
from email_contacts.imports.waiting.completion_signals import CompletionSignals
from email_contacts.imports.waiting.worker_wait import WaitOutcome

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient
    from email_contacts.imports.submission.import_job import ImportJob
    from email_contacts.imports.submission.import_record import ImportRecord
    from email_contacts.imports.submission.ledger import Ledger
    from email_contacts.imports.waiting.newest_page import NewestPage

log = logging.getLogger(__name__)


class ImportRun:
    """Takes one import on from where an earlier process of the task left it.

    :param job: makes what is to be imported; called only if something has to be sent or compared, because the
        batch may be gone when its import is waited for.
    :param timeout: seconds from the first sending until waiting for it ends.
    :param reconciliation_timeout: seconds to look for an import whose answer was lost.
    :param max_running: it is sent only while fewer imports than this run in the account.
    :param completion_source: how the end is known (the connection's ``completion_source``).
    """

    def __init__(
        self,
        client: ContactsClient,
        ledger: Ledger,
        job: Callable[[], ImportJob],
        *,
        timeout: float,
        reconciliation_timeout: float,
        max_running: int,
        completion_source: str,
    ) -> None:
        self._client = client
        self.ledger = ledger
        self._job = job
        self._timeout = timeout
        self._reconciliation_timeout = reconciliation_timeout
        self._max_running = max_running
        self._source = completion_source

    @property
    def batch_fingerprint(self) -> str:
        """SHA-256 of the staged batch that is to be imported, as this try has read it."""
        return self._job().batch_fingerprint

    def reconnect(self, *, import_again: bool) -> ImportRecord | None:
        """Find the import that an earlier try submitted; None where one has to be submitted.

        :param import_again: whether a task that was cleared imports again though it has an import already.
        """
        return reconnect(self._client, self.ledger, timeout=self._timeout, import_again=import_again)

    def submit(
        self, confirm_turn: Callable[[], None] = is_alone, page: NewestPage | None = None
    ) -> ImportRecord | Blocked:
        """Submit it, or find out whether an earlier request was accepted (:meth:`Submitter.advance`).

        :param confirm_turn: raises when another task of the account has the turn by now.
        :param page: the account's newest processes, where somebody has just seen them.
        """
        return self._submitter.advance(confirm_turn, page)

    def come_back(self, outcome: WaitOutcome) -> None:
        """Evaluate a wait for other imports: it matters only that they ended, not how.

        :raises DeadlinePassed: when imports that may be this one still run at its deadline.
        :raises WaitingFailed: when it failed for another reason.
        """
        record = self.ledger.take_over()
        if outcome.is_late and record is not None and record.candidates:
            self.ledger.rest()
            raise DeadlinePassed(
                f"the answer to the import sent at {record.intended_at} was lost, and imports that may be it "
                f"still ran at the deadline: processes {record.candidates}. Clear this task to wait longer"
            )
        outcome.raise_unless_enough()

    def take_over(self) -> ImportRecord | None:
        """Take over the import that was waited for, to evaluate its end.

        :raises SentElsewhere: when the connection names another platform by now, whose process was perhaps
            looked at.
        """
        record = self.ledger.take_over()
        if record is not None:
            stop_if_elsewhere(self.ledger, record)
        return record

    def look(self, record: ImportRecord) -> WaitOutcome | None:
        """Look whether it has ended; None where it has to be waited for.

        :raises ProcessForgotten: when the platform does not know the process.
        """
        from email_contacts.api import NotFound

        signals = self.signals(record)
        try:
            statuses = look_for_end(
                self._client,
                [record.process_id],
                evidence=signals,
                source=self._source if signals else "auto",
                called=self.ledger.was_called,
            )
        except NotFound as error:
            self.ledger.forget()
            raise ProcessForgotten(f"{error}. Clear this task to import again") from error
        return WaitOutcome(statuses) if statuses is not None and statuses.is_finished else None

    def end(self, outcome: WaitOutcome) -> int:
        """Close the record according to how the import ended: completed, to import again, or to wait again.

        :return: the process id.
        :raises DeadlinePassed: when it still runs at the deadline.
        :raises ImportFailed: when it did not complete.
        """
        try:
            process = outcome.completed()[0]
        except ImportTimeout as error:
            self.ledger.rest()
            raise DeadlinePassed(
                f"{error} Clear this task to wait longer; with import_again=True, clearing it imports again."
            ) from error
        except ImportFailed:
            self.ledger.forget()
            raise
        failpoints.reached(failpoints.ENDED)
        self.ledger.close()
        return process.id

    def with_late_answers(self, record: ImportRecord) -> ImportRecord:
        """The record, with the processes that earlier tries got late answers about."""
        others = {one for one in self.ledger.late_answers(record) if one != record.process_id}
        if not others:
            return record
        log.warning("the same rows were imported by further processes of this task: %s", sorted(others))
        return replace(record, other_process_ids=tuple(sorted(others)))

    @staticmethod
    def signals(record: ImportRecord) -> list[CompletionSignals]:
        """What else can show the end of this import; none where nothing was noted."""
        return [CompletionSignals.from_json(record.evidence)] if record.evidence else []

    @cached_property
    def _submitter(self) -> Submitter:
        return Submitter(
            self._client,
            self._job(),
            self.ledger,
            max_running=self._max_running,
            timeout=self._timeout,
            reconciliation_timeout=self._reconciliation_timeout,
        )
