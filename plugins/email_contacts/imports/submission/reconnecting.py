"""How a later try of a task finds the import that an earlier one submitted.

A retry that finds a process id waits for that import. A retry that finds only an intent finds out what became
of the request: that is :mod:`~email_contacts.imports.submission.submitter`'s business.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from email_contacts.imports.errors import CannotTell, PerhapsCleared, SentElsewhere
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
    :raises SentElsewhere: when it is for another platform than the connection names.
    :raises PerhapsCleared: when the import has ended, and this may be a retry or a task that was cleared.
    """
    record = ledger.take_over()
    if record is None:
        return None
    if import_again and record.generation != ledger.generation:
        log.info("importing again, as requested; the previous import was process %s", record.process_id)
        ledger.forget()
        return None
    if ledger.is_elsewhere(record) and _is_left(ledger, record):
        log.warning(
            "importing to %s; process %s, which this task once submitted to %s, is left alone",
            ledger.platform,
            record.process_id,
            record.sent_to,
        )
        ledger.forget()
        return None
    stop_if_elsewhere(ledger, record)
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


def stop_if_elsewhere(ledger: Ledger, record: ImportRecord) -> None:
    """Stop a task whose import is for another platform than the connection names now.

    :raises SentElsewhere: it can neither be waited for there, nor be looked for.
    """
    if not ledger.is_elsewhere(record):
        return
    ledger.stop(record)
    was = f"process {record.process_id}" if record.is_submitted else "its answer was lost"
    raise SentElsewhere(
        f"this import was sent to {record.sent_to} ({was}), and the connection names {ledger.platform} now. "
        f"To wait for it, put the connection back to {record.sent_to} and clear this task. To import to "
        f"{ledger.platform} instead, clear this task; not if that is the same account under another address"
    )


def _is_left(ledger: Ledger, record: ImportRecord) -> bool:
    """Whether a person has cleared the task after it ended well, or after it stopped because of this."""
    return ledger.is_past(record) or record.stopped_in not in (None, ledger.generation)


def _has_ended(client: ContactsClient, process_id: int | None) -> bool:
    from email_contacts.api import NotFound

    try:
        return process_id is None or look(client, [process_id]).is_finished
    except (NotFound, CannotTell):
        # A process that the platform no longer knows does not run any more; and where nobody can tell, the
        # person who cleared the task is taken at their word.
        return True
