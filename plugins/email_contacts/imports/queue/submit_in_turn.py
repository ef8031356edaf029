"""Submitting when it is this task's turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from email_contacts.imports.submission.submitter import Blocked

if TYPE_CHECKING:
    from email_contacts.imports.import_run import ImportRun
    from email_contacts.imports.queue.submission_queue import Turn
    from email_contacts.imports.submission.import_record import ImportRecord
    from email_contacts.imports.waiting.newest_page import NewestPage


def submit_in_turn(
    turn: Turn,
    run: ImportRun,
    *,
    page: NewestPage | None,
    before_sending: Callable[[], None],
    wait_here: Callable[[Blocked], None] | None,
) -> ImportRecord | Blocked:
    """Submit, or find out what has to be waited for first; the turn is given back either way.

    :param page: what the poller saw when it called this task; counts only if no task had the turn since.
    :param before_sending: called before each request that may begin an import.
    :param wait_here: waits in this worker until fewer imports run, and keeps the turn; None: the task
        defers, and keeps its place.
    """

    def confirm() -> None:
        before_sending()
        # Last, for it has to hold when the request leaves.
        turn.confirm()

    with turn:
        came = run.submit(confirm, page if turn.was_called else None)
        while isinstance(came, Blocked) and came.waits_for_slot:
            if wait_here is None:
                turn.keep_place()
                break
            wait_here(came)
            came = run.submit(confirm)
    return came
