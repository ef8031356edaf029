"""What to do about an import, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from email_contacts.imports.verification.row_account import (
    IMPORT_FAILED,
    NOT_ARRIVED,
    NOT_SUBMITTED,
    OUTCOME_UNKNOWN,
)
from email_contacts.imports.verification.verdict import COMPLETED, COMPLETED_WITH_REJECTS

if TYPE_CHECKING:
    from email_contacts.web.pages.import_view import ImportView

_BY_REASON = {
    NOT_ARRIVED: "Look for these contacts on the platform; if they are not there, clear the run's task that "
    "prepares, so that all of it is imported again.",
    OUTCOME_UNKNOWN: "Clear the run's task that imports: it finds out whether the platform accepted the "
    "request, and waits for it or sends it again.",
    IMPORT_FAILED: "See on the platform why the import failed, then clear the run's task that imports: the "
    "batches are kept, and only those that failed are sent again.",
    NOT_SUBMITTED: "Read the log of the first task that failed, correct what it names, and clear it: the "
    "batches that were not submitted are sent then.",
}


def next_step(one: ImportView) -> str:
    """Say what a person does next."""
    rows = one.receipt.rows
    if one.state == COMPLETED:
        done = "every valid row was imported" if rows.read else "the source had no rows"
        return f"Nothing to do: {done}."
    if one.state == COMPLETED_WITH_REJECTS:
        rejected = f"{rows.rejected:,} rejected {'row' if rows.rejected == 1 else 'rows'}"
        return (
            f"Correct the {rejected} in the source and import it again: contacts that are there already are "
            "updated, not added twice."
        )
    if not rows.read:
        return (
            "Nothing was prepared: read the log of the first task that failed, correct what it names, and "
            "trigger the DAG again."
        )
    for reason, step in _BY_REASON.items():
        if rows.held_back.get(reason):
            return step
    return "Read the log of the task that wrote this receipt: it says what could not be verified."
