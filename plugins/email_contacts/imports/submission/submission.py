"""An import that was submitted, and how a later try of the task finds it again.

A retry that finds a process id waits for that import. A retry that finds only an intent finds out what became
of the request: that is :mod:`~email_contacts.imports.submission.submitter`'s business.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from email_contacts.imports.errors import CannotTell
from email_contacts.imports.waiting.process_status import look

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient
    from email_contacts.imports.submission.ledger import Entry, Ledger

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Submission:
    """An import that the platform accepted.

    :param process_id: the platform's process id; None where only the callback told of it.
    :param fingerprint: SHA-256 of what makes it this import (``ImportRequest.identity``), hexadecimal.
    :param submitted_at: ISO 8601, UTC.
    :param deadline: when waiting ends, seconds since the epoch.
    :param is_reconnected: whether an earlier try of the task submitted it.
    :param decision: how the process id came to be known: ``accepted``, or what was found out.
    :param repeats: how often it was sent again because nobody could tell whether it had been accepted.
    :param evidence: what else can tell that it has ended, as JSON.
    """

    process_id: int | None
    fingerprint: str
    submitted_at: str
    deadline: float
    is_reconnected: bool
    decision: str
    repeats: int
    evidence: Mapping[str, Any] | None

    @classmethod
    def of(cls, entry: Entry, *, is_reconnected: bool) -> Submission:
        """Read a completed entry of the ledger."""
        if entry.submitted_at is None or entry.deadline is None:
            raise ValueError(f"the ledger's entry {entry.fingerprint} is only an intent")
        return cls(
            process_id=entry.process_id,
            fingerprint=entry.fingerprint,
            submitted_at=entry.submitted_at,
            deadline=entry.deadline,
            is_reconnected=is_reconnected,
            decision=entry.decision,
            repeats=entry.repeats,
            evidence=entry.evidence,
        )


def fingerprint(body: bytes) -> str:
    """SHA-256 of a request body: what makes two imports the same import."""
    return hashlib.sha256(body).hexdigest()


def reconnect(
    client: ContactsClient, ledger: Ledger, *, timeout: float, import_again: bool = False
) -> Submission | None:
    """Find the import that an earlier try of this task submitted.

    :param timeout: seconds to wait from now, if the earlier deadline has passed and been reported.
    :param import_again: whether a task that was cleared imports again though it has an import already.
    :return: None when this body is to be submitted, or what became of its submission is to be found out.
    """
    entry = ledger.entry()
    if entry is None:
        return None
    if import_again and entry.generation != ledger.generation:
        log.info("importing again, as asked; the earlier import was process %s", entry.process_id)
        ledger.forget()
        return None
    if not entry.is_submitted:
        return None
    if ledger.is_past(entry) and _has_ended(client, entry.process_id):
        log.info("process %s, which this task once submitted, has ended; importing again", entry.process_id)
        ledger.forget()
        return None
    if entry.deadline is None:
        entry = ledger.prolong(entry, deadline=time.time() + timeout)
    log.info("reconnecting to process %s, submitted at %s", entry.process_id, entry.submitted_at)
    return Submission.of(entry, is_reconnected=True)


def _has_ended(client: ContactsClient, process_id: int | None) -> bool:
    from email_contacts.api import NotFound

    try:
        return process_id is None or look(client, [process_id]).is_finished
    except (NotFound, CannotTell):
        # A process that the platform no longer knows does not run any more; and where nobody can tell, the
        # person who cleared the task is taken at their word.
        return True
