"""Submitting one import body once.

A retry that finds a process id waits for that import. A retry that finds only an intent stops and says
what to check, for the platform has no idempotency key (api-contract §2.2): repeating it blindly could
import twice.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from email_contacts.imports.errors import CannotTell, SubmissionUnknown
from email_contacts.imports.watch import PROCESS_PAGE, look

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient, ImportRequest
    from email_contacts.imports.ledger import Entry, Ledger

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Submission:
    """An import that the platform accepted.

    :param process_id: the platform's process id.
    :param fingerprint: SHA-256 of the request body, hexadecimal.
    :param submitted_at: ISO 8601, UTC.
    :param deadline: when waiting ends, seconds since the epoch.
    :param is_reconnected: whether an earlier try of the task submitted it.
    """

    process_id: int
    fingerprint: str
    submitted_at: str
    deadline: float
    is_reconnected: bool


def fingerprint(body: bytes) -> str:
    """SHA-256 of a request body: what makes two imports the same import."""
    return hashlib.sha256(body).hexdigest()


def reconnect(client: ContactsClient, ledger: Ledger, *, timeout: float) -> Submission | None:
    """Find the import that an earlier try of this task submitted.

    :param timeout: seconds to wait from now, if the earlier deadline has passed and been reported.
    :return: the earlier import, or None when this body is to be submitted.
    :raises SubmissionUnknown: when an earlier try was killed while it was submitting.
    """
    entry = ledger.entry()
    if entry is None:
        return None
    if entry.process_id is None:
        ledger.forget()
        raise SubmissionUnknown(
            "an earlier try of this task was killed while it submitted this import "
            f"(at {entry.intended_at}); the platform may have accepted it. {_WHAT_TO_CHECK}"
        )
    if ledger.is_past(entry) and _has_ended(client, entry.process_id):
        log.info("process %d, which this task once submitted, has ended; importing again", entry.process_id)
        return None
    if entry.deadline is None:
        entry = ledger.prolong(entry, deadline=time.time() + timeout)
    log.info("reconnecting to process %d, submitted at %s", entry.process_id, entry.submitted_at)
    return _submission(entry, is_reconnected=True)


def running_imports(client: ContactsClient) -> tuple[int, ...]:
    """List the ids of the account's running imports, whoever submitted them.

    :return: none where the platform has no process route, for then nobody can tell.
    """
    from email_contacts.api import RouteMissing

    try:
        page = client.processes(limit=PROCESS_PAGE)
    except RouteMissing:
        log.info("the platform has no process route: other running imports cannot be seen")
        return ()
    return tuple(process.id for process in page.items if process.is_import and process.is_running)


def submit(client: ContactsClient, request: ImportRequest, ledger: Ledger, *, timeout: float) -> Submission:
    """Send one import: intent, request, process id.

    :param timeout: seconds from now until waiting for it ends.
    :raises SubmissionUnknown: when the platform may have accepted it (time-out, 5xx, reset, an answer that
        nobody documented).
    :raises email_contacts.api.ContactsApiError: when it provably did not run.
    """
    from email_contacts.api import ContactsApiError, OutcomeUnknown, UnexpectedAnswer

    intent = ledger.intend(deadline=time.time() + timeout)
    try:
        process_id = client.import_contacts(request)
    except (OutcomeUnknown, UnexpectedAnswer) as error:
        ledger.forget()
        raise SubmissionUnknown(f"{error} {_WHAT_TO_CHECK}") from error
    except ContactsApiError:
        ledger.forget()
        raise
    entry = ledger.record(intent, process_id)
    log.info("import accepted as process %d (fingerprint %.12s)", process_id, ledger.fingerprint)
    return _submission(entry, is_reconnected=False)


_WHAT_TO_CHECK = (
    "Look at the platform's newest import processes. If this import is among them, mark the task as success; "
    "if not, clear the task to submit it again. A repeat into an existing list with updateExistingContacts "
    "changes no data."
)


def _submission(entry: Entry, *, is_reconnected: bool) -> Submission:
    if entry.process_id is None or entry.submitted_at is None or entry.deadline is None:
        raise ValueError(f"the ledger's entry {entry.fingerprint} is only an intent")
    return Submission(entry.process_id, entry.fingerprint, entry.submitted_at, entry.deadline, is_reconnected)


def _has_ended(client: ContactsClient, process_id: int) -> bool:
    from email_contacts.api import NotFound

    try:
        return look(client, [process_id]).is_finished
    except (NotFound, CannotTell):
        # A process that the platform no longer knows does not run any more; and where nobody can tell, the
        # person who cleared the task is taken at their word.
        return True
