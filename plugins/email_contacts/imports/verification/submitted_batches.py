"""Which batch each import carried, and so how each batch ended.

Knows the manifest's batches and what ``ImportContactsOperator`` pushed as ``submission``; how an address is
opened is passed in. Must not import Airflow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from email_contacts.imports.verification.reject_reports import SentBatch
from email_contacts.imports.verification.removed_batches import processes_of
from email_contacts.imports.verification.row_account import (
    ACCEPTED,
    IMPORT_FAILED,
    NOT_SUBMITTED,
    OUTCOME_UNKNOWN,
)
from email_contacts.imports.waiting.process_status import UNKNOWN_ID

if TYPE_CHECKING:
    from email_contacts.contacts.paths import AnyPath
    from email_contacts.contacts.staging.manifest import Batch

Submission = Mapping[str, Any]


@dataclass(frozen=True)
class SubmittedBatches:
    """The batches of a run, and what is known of their submission.

    :param batches: all batches that were prepared.
    :param submissions: the XComs ``submission`` of the import tasks.
    :param process_ids: ids that the import tasks returned; they count where a submission is not available.
    :param open_path: makes a path of a batch's address; None: no batch is opened.
    """

    batches: tuple[Batch, ...] = ()
    submissions: tuple[Submission, ...] = ()
    process_ids: tuple[int, ...] = ()
    open_path: Callable[[str], AnyPath] | None = field(default=None, compare=False)

    @cached_property
    def all_process_ids(self) -> tuple[int, ...]:
        """Every process that is known, each once."""
        known = [one for said in self.submissions for one in processes_of(said)]
        return tuple(dict.fromkeys([*self.process_ids, *known]))

    @property
    def is_anything_submitted(self) -> bool:
        """Whether anything was sent, as far as is known."""
        return bool(self.submissions or self.process_ids)

    @property
    def not_submitted(self) -> int:
        """How many batches were never submitted."""
        return sum(outcome == NOT_SUBMITTED for _, outcome in self.outcomes({}))

    @property
    def unanswered(self) -> int:
        """How many batches were sent, or perhaps sent, and no answer of the platform was seen."""
        return sum(
            all(not one.get("submitted_at") and not processes_of(one) for one in said)
            for batch in self.batches
            if (said := list(self._of(batch)))
        )

    @property
    def updates_existing(self) -> bool:
        """Whether all imports update contacts that exist, so that these have the values that were sent."""
        return all(one.get("update_existing_contacts", True) for one in self.submissions)

    def outcomes(self, statuses: Mapping[int, str]) -> list[tuple[Batch, str]]:
        """Say what each batch came to.

        :param statuses: process id → status, as far as it was seen.
        """
        if self._are_placed:
            return [(batch, self._outcome(batch, statuses)) for batch in self.batches]
        # Which batch was submitted is not known, so the fewest rows are claimed: those of the smallest.
        ids = self.all_process_ids
        seen = Counter(_outcome_of(statuses.get(one)) for one in ids)
        expected = len(self.batches) if UNKNOWN_ID in statuses else len(self.submissions)
        seen[_outcome_of(statuses.get(UNKNOWN_ID))] += max(expected - len(ids), 0)
        names = [name for name in (ACCEPTED, IMPORT_FAILED, OUTCOME_UNKNOWN) for _ in range(seen[name])]
        rest = [NOT_SUBMITTED] * (len(self.batches) - len(names))
        smallest_first = sorted(self.batches, key=lambda batch: batch.contacts)
        return list(zip(smallest_first, [*names, *rest], strict=False))

    @property
    def carried(self) -> dict[int, SentBatch]:
        """The batch that each process carried, as far as that is known."""
        placed = {
            process_id: batch
            for batch in self.batches
            for one in self._of(batch)
            for process_id in processes_of(one)
        }
        if not placed and len(self.all_process_ids) == len(self.batches) == 1:
            placed = {self.all_process_ids[0]: self.batches[0]}
        opened = {one: self._opened(batch) for one, batch in placed.items()}
        return {one: batch for one, batch in opened.items() if batch is not None}

    @property
    def sent(self) -> list[tuple[SentBatch, str]]:
        """All batches, each with the moment at which it was about to be sent (ISO 8601; empty: unknown)."""
        opened = ((self._opened(batch), self._since(batch)) for batch in self.batches)
        return [(batch, since) for batch, since in opened if batch is not None]

    def extra_processes(self, process_ids: Collection[int]) -> int:
        """How many more processes there are than batches that were submitted: one was imported twice."""
        submitted = len(self.batches) - self.not_submitted
        return max(len(process_ids) - submitted, 0) if self.batches else 0

    def _since(self, batch: Batch) -> str:
        moments = [moment for one in self._of(batch) if (moment := _sent_at(one))]
        return min(moments, default="")

    def _opened(self, batch: Batch) -> SentBatch | None:
        from email_contacts.contacts.staging.row_numbers import row_numbers

        if self.open_path is None:
            return None
        path = self.open_path(batch.uri)
        return SentBatch(path, partial(row_numbers, batch, path.parent), batch.contacts, batch.fingerprint)

    @property
    def _are_placed(self) -> bool:
        """Whether it is known which batch each submission carried."""
        if self.process_ids and not self.submissions:
            return False
        uris = {batch.uri for batch in self.batches}
        return all(one.get("batch_fingerprint") or one.get("batch_uri") in uris for one in self.submissions)

    def _of(self, batch: Batch) -> Iterator[Submission]:
        """Give the submissions of a batch; what was sent before it was prepared again was another one."""
        for one in self.submissions:
            content = one.get("batch_fingerprint")  # which earlier versions do not say
            if content == batch.fingerprint if content else one.get("batch_uri") == batch.uri:
                yield one

    def _outcome(self, batch: Batch, statuses: Mapping[int, str]) -> str:
        outcomes = {
            _outcome_of(statuses.get(process_id)) if one.get("submitted_at") else OUTCOME_UNKNOWN
            for one in self._of(batch)
            for process_id in processes_of(one) or [UNKNOWN_ID]
        }
        # A batch that was imported twice is in once one of the imports completed.
        return next(
            (one for one in (ACCEPTED, OUTCOME_UNKNOWN, IMPORT_FAILED) if one in outcomes), NOT_SUBMITTED
        )


def _outcome_of(status: str | None) -> str:
    from email_contacts.api.processes import COMPLETED_STATUSES, FAILED_STATUSES

    if status in COMPLETED_STATUSES:
        return ACCEPTED
    return IMPORT_FAILED if status in FAILED_STATUSES else OUTCOME_UNKNOWN


def _sent_at(submission: Submission) -> str:
    signals = submission.get("evidence") or {}
    return str(signals.get("since") or submission.get("submitted_at") or "")
