"""How a later try of a task finds the import that an earlier one submitted.

A retry that finds a process id waits for that import. A retry that finds only an intent finds out what became
of the request: that is :mod:`~email_contacts.imports.submission.submitter`'s business.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from email_contacts.imports.errors import CannotTell, PerhapsCleared
from email_contacts.imports.waiting.process_status import look

if TYPE_CHECKING:
    from email_contacts.api import ContactsClient
    from email_contacts.imports.submission.import_record import ImportRecord
    from email_contacts.imports.submission.ledger import Ledger

log = logging.getLogger(__name__)


def reconnect(
    client: ContactsClient, ledger: Ledger, *, timeout: float, import_again: bool = False
) -> ImportRecord | None:
    """Take over the import that an earlier try of this task submitted.

    :param timeout: seconds to wait from now, if the earlier deadline has passed and been reported.
    :param import_again: whether a task that was cleared imports again though it has an import already.
    :return: None when this body is to be submitted, or the outcome of its request is to be found out.
    :raises PerhapsCleared: when the import has ended, and this may be a retry or a task that was cleared.
    """
    record = ledger.take_over()
    if record is None:
        return None
    if import_again and record.generation != ledger.generation:
        log.info("importing again, as requested; the previous import was process %s", record.process_id)
        ledger.forget()
        return None
    if not record.is_submitted:
        return None
    if ledger.is_past(record) and _has_ended(client, record.process_id):
        log.info("process %s, which this task once submitted, has ended; importing again", record.process_id)
        ledger.forget()
        return None
    if ledger.may_be_past(record) and _has_ended(client, record.process_id):
        raise PerhapsCleared(
            f"it ended well with process {record.process_id}, and tasks of the run were cleared since. "
            "Whether this one was cannot be told: its retries may have been lowered. Clear it once more to "
            "import again, or mark it as success"
        )
    if record.deadline is None:
        record = ledger.prolong(record, deadline=time.time() + timeout)
    log.info("reconnecting to process %s, submitted at %s", record.process_id, record.submitted_at)
    return replace(record, is_reconnected=True)


def _has_ended(client: ContactsClient, process_id: int | None) -> bool:
    from email_contacts.api import NotFound

    try:
        return process_id is None or look(client, [process_id]).is_finished
    except (NotFound, CannotTell):
        # A process that the platform no longer knows does not run any more; and where nobody can tell, the
        # person who cleared the task is taken at their word.
        return True
