"""The life of an import as a line of steps, of what its receipt and the tasks of its run say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from email_contacts.imports.verification.verdict import DRY_RUN
from email_contacts.web.pages.import_view import moment

if TYPE_CHECKING:
    from email_contacts.web.airflow_history import TaskEnd
    from email_contacts.web.pages.import_view import ImportView

PREPARE = ("PrepareContactsOperator", "PrepareRejectsOperator", "MergePartitionsOperator")
WAIT = ("ImportCompletedSensor", "ImportContactsOperator")
VERIFY = ("VerifyImportOperator",)
_TELLERS = {
    "process": "a look at the platform's processes",
    "callback": "the platform's callback",
    "list_growth": "the growth of the list",
}


class Ended(Protocol):
    """A task instance of a run, as far as its end matters."""

    @property
    def operator(self) -> str:
        """The name of its operator."""

    @property
    def state(self) -> str:
        """Its state."""

    @property
    def ended_at(self) -> datetime | None:
        """When it ended."""


@dataclass(frozen=True)
class Step:
    """A step of an import.

    :param at: when it was done; None where that is not known.
    :param is_done: False for a step that the import did not come to.
    :param is_now: whether the import is at this step.
    :param moments: further times, each with what it is.
    """

    name: str
    at: datetime | None
    note: str
    is_done: bool
    is_now: bool = False
    moments: tuple[tuple[str, datetime], ...] = ()


def timeline(one: ImportView, tasks: Sequence[TaskEnd] | None) -> list[Step]:
    """Put the steps in the order in which they are made.

    :param tasks: those of the run; None where it was deleted, and with it the times of some steps.
    """
    return list(_steps(one, tasks or ()))


def failed_first(tasks: Sequence[TaskEnd]) -> str:
    """The task that failed before all others; empty where none did."""
    ends = [(one.ended_at, one.task_id) for one in tasks if one.state == "failed" and one.ended_at]
    return min(ends, default=(None, ""))[1]


def _steps(one: ImportView, tasks: Sequence[TaskEnd]) -> Iterator[Step]:
    receipt, rows = one.receipt, one.receipt.rows
    yield Step("Started", moment(receipt.started_at), "", is_done=True)
    yield Step(
        "Prepared",
        ended(tasks, PREPARE) if receipt.fingerprint else None,
        f"{rows.read:,} rows read, {rows.to_send:,} to send" if receipt.fingerprint else "did not finish",
        is_done=bool(receipt.fingerprint),
    )
    if one.state == DRY_RUN:
        yield Step("Dry run", one.ended_at, "nothing was sent", is_done=True)
        return
    is_submitted = receipt.submitted_at is not None
    intended = moment(receipt.intended_at)
    if intended is not None:
        yield Step("Intent noted", intended, "before the first request", is_done=True)
    count = len(one.process_ids) + receipt.process_ids_left_out
    ids = f"process {one.process_ids[0]}" if count == 1 and one.process_ids else f"{count:,} processes"
    yield Step(
        "Submitted",
        moment(receipt.submitted_at),
        ids if is_submitted else "outcome unknown" if intended else "nothing was submitted",
        is_done=is_submitted,
    )
    told = " and ".join(_TELLERS[teller] for teller in receipt.told_by if teller in _TELLERS)
    yield Step("Ended on the platform", ended(tasks, WAIT) if told else None, told, is_done=bool(told))
    seen = receipt.verification
    sampled, found = seen.get("sampled"), seen.get("on_lists")
    note = f"{found:,} of {sampled:,} contacts found" if _are_counts(sampled, found) else ""
    yield Step("Verified", ended(tasks, VERIFY) if seen else None, note, is_done=bool(seen))
    yield Step("Receipt", one.ended_at, one.state.replace("_", " "), is_done=True)


def _are_counts(*values: object) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def ended(tasks: Sequence[Ended], operators: tuple[str, ...]) -> datetime | None:
    """When the last of the tasks of the first kind that the run has ended well."""
    for operator in operators:
        ends = [one.ended_at for one in tasks if one.operator == operator and one.state == "success"]
        if known := [end for end in ends if end is not None]:
            return max(known)
    return None
